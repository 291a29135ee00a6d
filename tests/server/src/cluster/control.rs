use std::{error::Error, sync::Arc, time::Duration};

use actix_web::web;
use roomcast::{Hub, Namespace, RawAck, RemoteSocket};
use serde::Serialize;
use serde_json::{Value as Json, json, to_value};

use super::{
    figures,
    load::Load,
    people,
    request::{Operation, Request},
    servers::{self, Heard},
    tagged::{Tagged, untagged},
};
use crate::value::{Value, Values};

pub(super) struct Node {
    hub: Hub,
    heard: Arc<Heard>,
    load: Load,
}

#[derive(Serialize)]
struct Answers {
    answers: Vec<Tagged>,
    complete: bool,
}

pub(super) type Result<T> = std::result::Result<T, Box<dyn Error>>;

impl Node {
    pub(super) fn new(hub: Hub, heard: Arc<Heard>) -> Self {
        Self {
            hub,
            heard,
            load: Load::default(),
        }
    }
}

pub(super) async fn control(body: web::Bytes, node: web::Data<Node>) -> web::Json<Json> {
    let done = async { node.perform(serde_json::from_slice(&body)?).await };
    web::Json(match done.await {
        Ok(value) => json!({ "value": value }),
        Err(error) => json!({ "error": error.to_string() }),
    })
}

impl Node {
    async fn perform(&self, request: Request) -> Result<Json> {
        let namespace = self
            .hub
            .namespace(&request.nsp)
            .ok_or("no such namespace")?;
        let target = request.target.of(&namespace);
        match request.operation {
            Operation::Emit { event, args } => target.emit_raw(&event, &untagged(&args))?,
            Operation::Series {
                event,
                targets,
                count,
            } => {
                for (number, target) in targets.iter().cycle().take(count).enumerate() {
                    target.of(&namespace).emit_raw(&event, &(number,))?;
                }
            }
            Operation::Ask { event, args } => {
                let acks = target.emit_raw_with_ack(&event, &untagged(&args)).await?;
                let complete = acks.is_complete();
                let answers = acks
                    .into_values()
                    .iter()
                    .map(first)
                    .collect::<Result<_>>()?;
                return Ok(to_value(Answers { answers, complete })?);
            }
            Operation::Fetch => {
                let sockets = target.fetch_sockets().await?;
                return sockets.iter().map(found).collect();
            }
            Operation::Survey => {
                let found = target.fetch_sockets().await?;
                let named = found.missing_node_ids().len();
                let missing = found.missing_nodes();
                return Ok(json!({ "found": found.len(), "missing": missing, "named": named }));
            }
            Operation::Join { rooms } => target.join(rooms).await?,
            Operation::Leave { rooms } => target.leave(rooms).await?,
            Operation::Disconnect { close } => target.disconnect(close).await?,
            Operation::RemoteEmit { id, event, args } => {
                remote(&namespace, &id)
                    .await?
                    .emit_raw(&event, &untagged(&args))?;
            }
            Operation::RemoteAsk { id, event, args } => {
                let remote = remote(&namespace, &id).await?;
                let answer = remote.emit_raw_with_ack(&event, &untagged(&args)).await?;
                return Ok(to_value(first(&answer)?)?);
            }
            Operation::RemoteJoin { id, rooms } => {
                remote(&namespace, &id).await?.join(rooms).await?
            }
            Operation::RemoteLeave { id, rooms } => {
                remote(&namespace, &id).await?.leave(rooms).await?
            }
            Operation::RemoteDisconnect { id, close } => {
                remote(&namespace, &id).await?.disconnect(close).await?;
            }
            Operation::ServerSideEmit { event, args } => {
                servers::emit(&namespace, &event, values(args))?;
            }
            Operation::ServerSideAsk { event, args } => {
                let (answers, complete) = servers::ask(&namespace, &event, values(args)).await?;
                let answers = answers.into_iter().map(Tagged).collect();
                return Ok(to_value(Answers { answers, complete })?);
            }
            Operation::ServerCount => {
                let cluster = self.hub.cluster().ok_or("no cluster")?;
                return Ok(cluster.server_count(&namespace).await?.into());
            }
            Operation::ServerIds => {
                let cluster = self.hub.cluster().ok_or("no cluster")?;
                let ids = cluster.server_ids(&namespace).await?;
                let ids: Vec<&str> = ids.iter().map(|id| &**id).collect();
                return Ok(json!({ "ids": ids, "own": cluster.server_id() }));
            }
            Operation::Heard => return Ok(to_value(self.heard.take())?),
            Operation::StartLoad { event, every } => {
                let every = Duration::from_millis(every);
                let rooms = request.target.to.clone();
                self.load.start(namespace, rooms, event, every);
            }
            Operation::Load => return Ok(self.load.count().into()),
            Operation::StopLoad => return Ok(self.load.stop().into()),
            Operation::Stats => return Ok(figures::of(&self.hub)),
            Operation::Present { room } => return people::present(&namespace, &room).await,
            Operation::User { user } => return people::user(&namespace, &user).await,
            Operation::EmitToUser { user, event, args } => {
                namespace.user(&user).emit_raw(&event, &untagged(&args))?;
            }
        }
        Ok(Json::Null)
    }
}

async fn remote(namespace: &Namespace, id: &str) -> Result<RemoteSocket> {
    let sockets = namespace.to(id).fetch_sockets().await?;
    Ok(sockets.into_iter().next().ok_or("no such socket")?)
}

/// The first argument of an answer.
fn first(answer: &RawAck) -> Result<Tagged> {
    let args: Values = answer.args()?;
    let first = args.into_iter().next();
    Ok(Tagged(first.unwrap_or(Value::Plain(Json::Null))))
}

fn found(socket: &RemoteSocket) -> Result<Json> {
    Ok(json!({
        "id": socket.id(),
        "rooms": socket.rooms().collect::<Vec<_>>(),
        "data": socket.data::<Json>()?,
        "handshake": socket.handshake::<Json>()?,
    }))
}

fn values(args: Vec<Tagged>) -> Values {
    args.into_iter().map(|Tagged(value)| value).collect()
}
