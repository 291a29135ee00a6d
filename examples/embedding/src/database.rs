//! The database: SQLite, by sqlx.

use std::ffi::OsString;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{Error, SqlitePool};

/// With `autoincrement` no id is given twice: cookies and pages that are left over know rows by it, also those that are gone.
const TABLES: &str = "
    create table if not exists accounts (
        id integer primary key autoincrement,
        name text not null unique,
        password text not null
    );
    create table if not exists notes (
        id integer primary key autoincrement,
        account integer not null references accounts (id),
        text text not null
    );
";

/// The file is made if there is none. Without a file all is in memory, and gone with the process.
pub(crate) async fn open(file: Option<OsString>) -> Result<SqlitePool, Error> {
    let pool = SqlitePoolOptions::new();
    let pool = match file {
        Some(file) => {
            let options = SqliteConnectOptions::new()
                .filename(file)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal);
            pool.max_connections(4).connect_with(options).await?
        }
        None => {
            // Every connection would have a database of its own, and take it along.
            let pool = pool.max_connections(1).idle_timeout(None);
            let options = SqliteConnectOptions::new().in_memory(true);
            pool.max_lifetime(None).connect_with(options).await?
        }
    };
    sqlx::raw_sql(TABLES).execute(&pool).await?;
    Ok(pool)
}
