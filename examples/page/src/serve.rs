//! From the command line to a server that runs, and its end.

use std::error::Error;
use std::future::ready;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;

use actix_web::{
    App, HttpRequest, HttpServer,
    web::{self, ServiceConfig},
};
use roomcast::{Hub, signals};

use crate::{Page, options::Wanted};

/// What `main` of an example returns.
pub type Ending = Result<ExitCode, Box<dyn Error>>;

/// Serves a hub and its page until the process is told to stop, and drains the hub.
///
/// # Errors
/// If the command line is wrong, the hub cannot be built, or the port is taken.
pub async fn run<E>(page: Page, hub: impl FnOnce() -> Result<Hub, E>) -> Ending
where
    Box<dyn Error>: From<E>,
{
    run_with(page, hub, |_, _| {}).await
}

/// As [`run`], with routes besides the hub's, which may use it.
///
/// # Errors
/// As for [`run`].
pub async fn run_with<E>(
    page: Page,
    hub: impl FnOnce() -> Result<Hub, E>,
    routes: impl Fn(&mut ServiceConfig, &Hub) + Clone + Send + 'static,
) -> Ending
where
    Box<dyn Error>: From<E>,
{
    let Some(port) = page.start()? else {
        return Ok(ExitCode::SUCCESS);
    };
    let hub = hub()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = listener.map_err(|error| cannot_bind(port, &error))?;
    serve(page, hub, routes, listener).await
}

/// The last part of [`run_with`], for examples that make the others themselves.
///
/// # Errors
/// If the server fails.
pub async fn serve(
    page: Page,
    hub: Hub,
    routes: impl Fn(&mut ServiceConfig, &Hub) + Clone + Send + 'static,
    listener: TcpListener,
) -> Ending {
    let (app, ending) = (hub.clone(), hub.clone());
    let server = HttpServer::new(move || {
        let files = move |request: HttpRequest| ready(page.answer(&request));
        App::new()
            .configure(app.mount())
            .configure(|config| routes(config, &app))
            .default_service(web::get().to(files))
    })
    .on_connect(hub.on_connect())
    .max_connections(hub.max_http_connections())
    .shutdown_signal(hub.shutdown_on(signals()))
    // For requests that are under way when the hub has drained.
    .shutdown_timeout(5)
    .listen(listener)?;
    println!("{} listening on http://{}", page.name, server.addrs()[0]);
    server.run().await?;
    Ok(match ending.drain().await.clean {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

impl Page {
    /// Begins the program: reads the command line, starts logging to standard error unless the example logs in its own way
    /// already, and raises the limit of descriptors.
    /// The port to listen on; `None` if help was asked for, and was given.
    ///
    /// # Errors
    /// What is wrong with the command line.
    pub fn start(&self) -> Result<Option<u16>, String> {
        match self.wanted(std::env::args().skip(1))? {
            Wanted::Help(help) => {
                println!("{help}");
                Ok(None)
            }
            Wanted::Port(port) => {
                let lines = tracing_subscriber::fmt().with_writer(io::stderr);
                // It fails only if there is another already.
                let _ = lines.try_init();
                #[cfg(unix)]
                crate::allow_all_descriptors();
                Ok(Some(port))
            }
        }
    }
}

/// What to do when a port is taken.
#[must_use]
pub fn cannot_bind(port: u16, error: &io::Error) -> String {
    format!("port {port} (choose another with --port): {error}")
}
