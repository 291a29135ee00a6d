//! What the application has over HTTP, as it would without sockets.

use actix_session::Session;
use actix_web::web::{self, Data, Json, ServiceConfig};
use actix_web::{HttpResponse, Result};
use roomcast::Hub;
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;

use crate::accounts;
use crate::failure::Failure;
use crate::identity::ACCOUNT;
use crate::notes::{self, Note};

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
}

#[derive(Serialize)]
struct Me {
    name: String,
}

#[derive(Deserialize)]
struct NewNote {
    text: String,
}

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/api/session", web::post().to(log_in))
        .route("/api/session", web::get().to(who))
        .route("/api/session", web::delete().to(log_out))
        .route("/api/notes", web::get().to(list))
        .route("/api/notes", web::post().to(add));
}

async fn log_in(
    login: Json<Login>,
    session: Session,
    database: Data<SqlitePool>,
) -> Result<Json<Me>> {
    let Login { name, password } = login.into_inner();
    let id = accounts::log_in(&database, &name, password).await?;
    session.renew();
    session.insert(ACCOUNT, id)?;
    Ok(Json(Me { name }))
}

async fn who(session: Session, database: Data<SqlitePool>) -> Result<Json<Me>> {
    let (_, name) = logged_in(&session, &database).await?;
    Ok(Json(Me { name }))
}

/// Ends the sockets of the account as well: their handshake was let in by a session that is over.
async fn log_out(session: Session, hub: Data<Hub>) -> Result<HttpResponse> {
    let account = session.get::<i64>(ACCOUNT)?;
    session.purge();
    if let Some(id) = account
        && let Err(error) = hub.user(&id.to_string()).disconnect(true).await
    {
        // Who is logged out stays so, whatever becomes of sockets on a node that does not answer.
        tracing::warn!(%error, "not all nodes have said that they ended the sockets");
    }
    Ok(HttpResponse::NoContent().finish())
}

async fn list(session: Session, database: Data<SqlitePool>) -> Result<Json<Vec<Note>>> {
    logged_in(&session, &database).await?;
    Ok(Json(notes::all(&database).await?))
}

async fn add(
    note: Json<NewNote>,
    session: Session,
    database: Data<SqlitePool>,
    hub: Data<Hub>,
) -> Result<Json<Note>> {
    let (id, name) = logged_in(&session, &database).await?;
    let text = note.into_inner().text;
    Ok(Json(notes::add(&database, &hub, id, name, text).await?))
}

async fn logged_in(session: &Session, database: &SqlitePool) -> Result<(i64, String)> {
    let id = session.get(ACCOUNT)?.ok_or(Failure::Unknown)?;
    let name = accounts::name(database, id).await?;
    Ok((id, name.ok_or(Failure::Unknown)?))
}
