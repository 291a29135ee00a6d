//! What a node knows of itself and of who is online.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, Responder, web};
use roomcast::{Hub, StoreError};
use serde::Serialize;

#[derive(Serialize)]
struct State {
    connected: bool,
    sockets: u64,
    rooms: u64,
    disconnects: u64,
    gaps: u64,
    dropped: u64,
    lost_in_flight: u64,
}

pub(crate) async fn state(hub: web::Data<Hub>) -> impl Responder {
    let stats = hub.stats();
    HttpResponse::Ok().json(State {
        connected: stats.cluster_connected == 1,
        sockets: stats.sockets,
        rooms: stats.rooms,
        disconnects: stats.cluster_disconnects,
        gaps: stats.cluster_gaps,
        dropped: stats.cluster_dropped.values().sum(),
        lost_in_flight: stats.cluster_lost_in_flight,
    })
}

/// Each user who is online, on whichever node, with the number of connections.
pub(crate) async fn online(hub: web::Data<Hub>) -> impl Responder {
    match users(&hub).await {
        Ok(users) => HttpResponse::Ok().json(users),
        Err(error) => HttpResponse::ServiceUnavailable().body(error.to_string()),
    }
}

async fn users(hub: &Hub) -> Result<BTreeMap<String, usize>, StoreError> {
    let online = hub.users_online().list().await?;
    let users = online.iter();
    Ok(users
        .map(|user| (user.key().to_owned(), user.connections()))
        .collect())
}
