//! A process without sockets, which has the nodes do what a test asks of it with `POST /control`.

use std::error::Error;

use actix_web::{App, HttpServer, web};
use roomcast::{Emitter, EmitterBroadcast};
use serde_json::{Value as Json, json};

use super::{
    MAX_REQUEST,
    request::{Operation, Request, Target},
    servers,
    tagged::untagged,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

pub(super) async fn serve(emitter: Emitter, port: u16) -> Result<()> {
    let emitter = web::Data::new(emitter);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(emitter.clone())
            .app_data(web::PayloadConfig::new(MAX_REQUEST))
            .route("/control", web::post().to(control))
    })
    .workers(1)
    .bind(("127.0.0.1", port))?;
    for address in server.addrs() {
        println!("ready {}", address.port());
    }
    Ok(server.run().await?)
}

async fn control(body: web::Bytes, emitter: web::Data<Emitter>) -> web::Json<Json> {
    let done = async { perform(&emitter, serde_json::from_slice(&body)?).await };
    web::Json(match done.await {
        Ok(()) => json!({ "value": null }),
        Err(error) => json!({ "error": error.to_string() }),
    })
}

async fn perform(emitter: &Emitter, request: Request) -> Result<()> {
    let emitter = emitter.of(&request.nsp);
    let target = to(&request.target, &emitter);
    match request.operation {
        Operation::Emit { event, args } => target.emit_raw(&event, &untagged(&args)).await?,
        Operation::Join { rooms } => target.join(rooms).await?,
        Operation::Leave { rooms } => target.leave(rooms).await?,
        Operation::Disconnect { close } => target.disconnect(close).await?,
        Operation::ServerSideEmit { args, .. } => {
            emitter.server_side_emit(&servers::hello(args)).await?;
        }
        _ => return Err("emitters cannot do that".into()),
    }
    Ok(())
}

fn to<'a>(target: &'a Target, emitter: &'a Emitter) -> EmitterBroadcast<'a> {
    let mut broadcast = emitter
        .broadcast()
        .compress(target.compress.unwrap_or(true));
    for room in &target.to {
        broadcast = broadcast.to(room);
    }
    for room in &target.except {
        broadcast = broadcast.except(room);
    }
    match target.volatile {
        true => broadcast.volatile(),
        false => broadcast,
    }
}
