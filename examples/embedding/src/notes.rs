//! What the application does with notes, whether HTTP asks for it or a socket: first in the database, then everybody is told.

use roomcast::prelude::*;
use sqlx::SqlitePool;

use crate::failure::Failure;

const KEPT: u32 = 200; // of which a page shows the newest

#[derive(Serialize, Event)]
#[event(name = "note")]
pub(crate) struct Note {
    id: i64,
    author: String,
    text: String,
}

/// The id of a note that is no more.
#[derive(Serialize, Event)]
struct Removed(i64);

pub(crate) async fn all(database: &SqlitePool) -> Result<Vec<Note>, Failure> {
    let rows: Vec<(i64, String, String)> = sqlx::query_as(
        "select notes.id, accounts.name, notes.text from notes
         join accounts on accounts.id = notes.account order by notes.id desc limit ?",
    )
    .bind(KEPT)
    .fetch_all(database)
    .await?;
    let note = |(id, author, text)| Note { id, author, text };
    Ok(rows.into_iter().map(note).collect())
}

pub(crate) async fn add(
    database: &SqlitePool,
    hub: &Hub,
    account: i64,
    author: String,
    text: String,
) -> Result<Note, Failure> {
    if !(1..=1_000).contains(&text.trim().chars().count()) {
        return Err(Failure::Refused("A note has 1 to 1,000 characters."));
    }
    let added = sqlx::query("insert into notes (account, text) values (?, ?)")
        .bind(account)
        .bind(&text)
        .execute(database)
        .await?;
    let note = Note {
        id: added.last_insert_rowid(),
        author,
        text,
    };
    hub.emit(&note)?;
    Ok(note)
}

/// Only one's own.
pub(crate) async fn remove(
    database: &SqlitePool,
    hub: &Hub,
    account: i64,
    id: i64,
) -> Result<(), Failure> {
    let removed = sqlx::query("delete from notes where id = ? and account = ?")
        .bind(id)
        .bind(account)
        .execute(database)
        .await?;
    if removed.rows_affected() == 0 {
        return Err(Failure::Refused("This is no note of yours."));
    }
    Ok(hub.emit(&Removed(id))?)
}
