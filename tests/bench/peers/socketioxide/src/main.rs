//! The server of the benchmarks as socketioxide has it, on axum: it does what `bench-server` does.
//!
//! | variable | meaning | default |
//! | --- | --- | --- |
//! | `PORT` | where to listen on 127.0.0.1 | 21001 |
//! | `WORKERS` | threads | 1 |
//! | `REDIS` | the URL of a Redis through which it is one of several nodes | none |

use std::env;
use std::error::Error;
use std::net::Ipv4Addr;

use axum::Router;
use axum::serve::ListenerExt;
use serde_json::Value;
use socketioxide::adapter::Adapter;
use socketioxide::extract::{AckSender, Data, SocketRef};
use socketioxide::layer::SocketIoLayer;
use socketioxide::{SocketIo, TransportType};
use socketioxide_redis::drivers::redis::redis_client;
use socketioxide_redis::{RedisAdapter, RedisAdapterCtr};
use tokio::net::TcpSocket;
use tokio::runtime::Builder;

/// As our own server has it.
const BACKLOG: u32 = 8192;

type Result = std::result::Result<(), Box<dyn Error>>;

fn main() -> Result {
    let workers = number("WORKERS", 1)?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers.into())
        .enable_all()
        .build()?;
    runtime.block_on(run())
}

async fn run() -> Result {
    let server = SocketIo::builder().transports([TransportType::Websocket]);
    let Ok(redis) = env::var("REDIS") else {
        let (layer, io) = server.build_layer();
        io.ns("/", connect);
        return serve(layer).await;
    };
    // Its subscriptions need RESP3.
    let client = redis_client::Client::open(format!("{redis}?protocol=resp3"))?;
    let adapter = RedisAdapterCtr::new_with_redis(&client).await?;
    let (layer, io) = server
        .with_adapter::<RedisAdapter<_>>(adapter)
        .build_layer();
    io.ns("/", connect).await?;
    serve(layer).await
}

async fn serve<A: Adapter>(layer: SocketIoLayer<A>) -> Result {
    let port = number("PORT", 21001)?;
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    let listener = socket.listen(BACKLOG)?.tap_io(|stream| {
        // Without it what is small waits for the peer's next packet.
        if let Err(error) = stream.set_nodelay(true) {
            eprintln!("nodelay: {error}");
        }
    });
    println!("ready {port}");
    axum::serve(listener, Router::new().layer(layer)).await?;
    Ok(())
}

async fn connect<A: Adapter>(socket: SocketRef<A>) {
    socket.on("join", join);
    socket.on("publish", publish);
    socket.on("echo", echo);
}

async fn join<A: Adapter>(socket: SocketRef<A>, Data(room): Data<String>, ack: AckSender<A>) {
    socket.join(room);
    told(ack.send(&()));
}

async fn publish<A: Adapter>(socket: SocketRef<A>, Data((room, data)): Data<(String, Value)>) {
    told(socket.within(room).emit("message", &data).await);
}

async fn echo<A: Adapter>(Data(data): Data<Value>, ack: AckSender<A>) {
    told(ack.send(&data));
}

fn told<E: std::fmt::Display>(sent: std::result::Result<(), E>) {
    if let Err(error) = sent {
        eprintln!("{error}");
    }
}

fn number(name: &str, default: u16) -> std::result::Result<u16, Box<dyn Error>> {
    match env::var(name) {
        Ok(text) => Ok(text.parse()?),
        Err(_) => Ok(default),
    }
}
