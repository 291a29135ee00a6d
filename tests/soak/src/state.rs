//! What a node knows of itself and of who is online.

use std::collections::BTreeSet;

use actix_web::{HttpResponse, Responder, web};
use roomcast::Hub;
use serde::Serialize;

#[derive(Serialize)]
struct State {
    connected: bool,
    sockets: u64,
    rooms: u64,
    online: BTreeSet<String>,
}

pub(crate) async fn state(hub: web::Data<Hub>) -> impl Responder {
    let cluster = hub.cluster();
    let Ok(found) = hub.everyone().fetch_sockets().await else {
        return HttpResponse::ServiceUnavailable().finish();
    };
    let users = found.iter().filter_map(|socket| socket.data().ok()?);
    let stats = hub.stats();
    HttpResponse::Ok().json(State {
        connected: cluster.is_some_and(|cluster| cluster.is_connected()),
        sockets: stats.sockets,
        rooms: stats.rooms,
        online: users.collect(),
    })
}
