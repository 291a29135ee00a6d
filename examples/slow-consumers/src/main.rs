//! The policies for clients that read too slowly, side by side on a narrow line.

mod lane;
mod ticker;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::ExitCode;

use actix_web::rt;
use example_page::{Ending, Line, Page, cannot_bind};
use roomcast::{BuildError, Hub};
use socket2::{Domain, Protocol, Socket, Type};

const PAGE: Page = Page {
    name: "slow-consumers",
    about: "What happens to clients that read too slowly, by policy.",
    files: example_page::files!["index.html", "slow.css", "slow.js"],
};

/// What may wait for one client: small, so that one sees soon what happens then. 1 MiB is the default.
const OUTBOX: usize = 64 * 1024; // bytes

/// What the kernel keeps for a connection besides. Its own choice would be megabytes, between programs of one machine.
const SEND_BUFFER: usize = 8 * 1024; // bytes

#[actix_web::main]
async fn main() -> Ending {
    let Some(port) = PAGE.start()? else {
        return Ok(ExitCode::SUCCESS);
    };
    let (hub, line) = (hub()?, Line::default());
    let listener = listener(port).map_err(|error| cannot_bind(port, &error))?;
    rt::spawn(ticker::run(hub.clone()));
    example_page::serve(PAGE, hub, move |config, _| line.routes(config), listener).await
}

fn hub() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<lane::Lane>("/")
        .max_outbox_bytes(OUTBOX)
        .build()
}

/// As `HttpServer::bind` would make it, but for the buffer, which connections have from their listener.
fn listener(port: u16) -> io::Result<TcpListener> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    Ok(socket.into())
}
