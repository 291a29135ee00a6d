//! Who there is.

use actix_web::web;
use sqlx::SqlitePool;

use crate::failure::Failure;

/// The work that checking a password is: some 50 ms.
const COST: u32 = 10;

/// The account's id. A name that is not there yet becomes an account, with this password.
pub(crate) async fn log_in(
    database: &SqlitePool,
    name: &str,
    password: String,
) -> Result<i64, Failure> {
    let length = name.chars().count();
    if !(1..=24).contains(&length) || name.trim() != name || !(4..=72).contains(&password.len()) {
        return Err(Failure::Refused(
            "A name has up to 24 characters, a password 4 to 72.",
        ));
    }
    let found: Option<(i64, String)> =
        sqlx::query_as("select id, password from accounts where name = ?")
            .bind(name)
            .fetch_optional(database)
            .await?;
    let Some((id, hash)) = found else {
        return register(database, name, password).await;
    };
    // On a thread for what blocks: others live on this one.
    let is_right = web::block(move || bcrypt::verify(password, &hash)).await??;
    match is_right {
        true => Ok(id),
        false => Err(Failure::Refused("This is not the password of that name.")),
    }
}

async fn register(database: &SqlitePool, name: &str, password: String) -> Result<i64, Failure> {
    let hash = web::block(move || bcrypt::hash(password, COST)).await??;
    let added = sqlx::query("insert into accounts (name, password) values (?, ?)")
        .bind(name)
        .bind(hash)
        .execute(database)
        .await;
    match added {
        Ok(added) => Ok(added.last_insert_rowid()),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            Err(Failure::Refused("Somebody was quicker."))
        }
        Err(error) => Err(error.into()),
    }
}

/// `None` for an account that is not there any more.
pub(crate) async fn name(database: &SqlitePool, id: i64) -> Result<Option<String>, Failure> {
    let name = sqlx::query_scalar("select name from accounts where id = ?").bind(id);
    Ok(name.fetch_optional(database).await?)
}
