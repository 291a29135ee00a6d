//! roomcast in an actix-web application that has sessions and a database already.

mod accounts;
mod api;
mod board;
mod database;
mod failure;
mod identity;
mod notes;

use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;

use actix_session::{SessionMiddleware, storage::CookieSessionStore};
use actix_web::cookie::{Key, SameSite};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, JsonConfig};
use actix_web::{App, HttpRequest, HttpServer};
use example_page::{Ending, Page, cannot_bind};
use roomcast::{Forbidden, Hub, Rate, signals};
use sqlx::SqlitePool;

const PAGE: Page = Page {
    name: "embedding",
    about: "Notes that people share: an actix-web application with sessions and SQL, and roomcast in it.\n\n\
            DATABASE    the file of the database: in memory unless given\n\
            COOKIE_KEY  what cookies are encrypted with, 64 bytes or more: random unless given\n\
            ORIGIN      where browsers find the page, such as https://app.example: this machine unless given",
    files: example_page::files!["index.html", "notes.css", "notes.js"],
};

#[actix_web::main]
async fn main() -> Ending {
    let Some(port) = PAGE.start()? else {
        return Ok(ExitCode::SUCCESS);
    };
    let key = cookie_key()?;
    let database = database::open(std::env::var_os("DATABASE")).await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = listener.map_err(|error| cannot_bind(port, &error))?;
    let hub = hub(database.clone(), origins(listener.local_addr()?.port()))?;
    let (app, ending) = (hub.clone(), hub.clone());
    let server = HttpServer::new(move || {
        let files = |request: HttpRequest| std::future::ready(PAGE.answer(&request));
        App::new()
            .app_data(Data::new(database.clone()))
            .app_data(Data::new(app.clone()))
            .app_data(JsonConfig::default().limit(16 * 1024))
            .configure(api::routes)
            .configure(app.mount())
            .default_service(web::get().to(files))
            // The one that is added last runs first: the session is there when `identity` asks for it.
            .wrap(from_fn(identity::tell_hub))
            .wrap(sessions(key.clone()))
    })
    .on_connect(hub.on_connect())
    .max_connections(hub.max_http_connections())
    .shutdown_signal(hub.shutdown_on(signals()))
    .shutdown_timeout(5)
    .listen(listener)?;
    println!("{} listening on http://{}", PAGE.name, server.addrs()[0]);
    server.run().await?;
    Ok(match ending.drain().await.clean {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// As any application has them. Behind TLS, `cookie_secure` is true.
fn sessions(key: Key) -> SessionMiddleware<CookieSessionStore> {
    SessionMiddleware::builder(CookieSessionStore::default(), key)
        .cookie_secure(false)
        .cookie_same_site(SameSite::Strict)
        .build()
}

/// Of the page: where this one is served, unless a proxy is before it.
fn origins(port: u16) -> Vec<String> {
    match std::env::var("ORIGIN") {
        Ok(origin) => vec![origin],
        Err(_) => ["127.0.0.1", "localhost"]
            .map(|host| format!("http://{host}:{port}"))
            .into(),
    }
}

fn hub(database: SqlitePool, origins: Vec<String>) -> Result<Hub, roomcast::BuildError> {
    Hub::builder()
        .namespace::<board::Board>("/")
        .state(database)
        // Before a connection is opened at all: who is not logged in has nothing to ask.
        .allow_request(async |handshake, _| match identity::of(handshake) {
            Some(_) => Ok(()),
            None => Err(Forbidden::new("log in first")),
        })
        // A browser sends the session's cookie along with a WebSocket that any page opens; `SameSite` keeps out those of
        // other sites, but not those of other ports and sibling domains.
        .check_origin(origins)
        .max_http_buffer_size(16 * 1024)
        .max_sockets_per_user(50)
        .event_rate(Rate::per_second(20))
        .build()
}

fn cookie_key() -> Result<Key, String> {
    let Ok(key) = std::env::var("COOKIE_KEY") else {
        return Ok(Key::generate());
    };
    Key::try_from(key.as_bytes()).map_err(|error| format!("COOKIE_KEY: {error}"))
}
