//! The only crate that speaks SQL.
//!
//! A write is a [`Command`], a read is a [`Query`]; both are plain structs run against the two
//! methods of [`Tx`], with one SQL text for SQLite and PostgreSQL. [`Store`] is an enum of the two.
//!
//! A stored message body leaves through two doors: delivery to a member ([`query`]), or
//! [`command::reveal::Reveal`], which writes the access record in the transaction that selects it.

pub mod backup;
pub mod command;
mod error;
mod migrate;
mod postgres;
pub mod query;
mod sqlite;
mod tail;
mod tx;
mod value;

use std::path::Path;

pub use error::StoreError;
pub use tx::{Command, Query, Tx};
pub use value::{Row, Value};

/// An open database.
#[derive(Debug, Clone)]
pub struct Store(Backend);

#[derive(Debug, Clone)]
enum Backend {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Store {
    /// Opens or creates an SQLite database file.
    ///
    /// # Errors
    /// When the file cannot be opened or its schema is newer than this program.
    pub fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        sqlite::Sqlite::open(path).map(|sqlite| Self(Backend::Sqlite(sqlite)))
    }

    /// Connects to a PostgreSQL database by URL, as in `postgres://user@host/name`.
    ///
    /// # Errors
    /// When it cannot be reached or its schema is newer than this program.
    pub async fn open_postgres(url: &str) -> Result<Self, StoreError> {
        postgres::Postgres::open(url).await.map(|postgres| Self(Backend::Postgres(postgres)))
    }

    /// Runs a command; the answer comes after its commit.
    ///
    /// # Errors
    /// As the command says; on an error nothing was written.
    pub async fn run<C: Command>(&self, command: C) -> Result<C::Out, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.run(command).await,
            Backend::Postgres(postgres) => postgres.run(command).await,
        }
    }

    /// Runs a query over one snapshot.
    ///
    /// # Errors
    /// As the query says.
    pub async fn read<Q: Query>(&self, query: Q) -> Result<Q::Out, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.read(query).await,
            Backend::Postgres(postgres) => postgres.read(query).await,
        }
    }

    /// Finishes what is queued and closes the database; nothing can be asked of it afterwards. SQLite's write-ahead log
    /// is emptied into the database file.
    pub async fn close(&self) {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.close().await,
            Backend::Postgres(postgres) => postgres.close(),
        }
    }

    /// Whether this process alone writes to the database, so that what it does not know of did not happen.
    pub fn is_alone(&self) -> bool {
        matches!(self.0, Backend::Sqlite(_))
    }

    /// `sqlite` or `postgres`, for logs and metrics.
    pub fn kind(&self) -> &'static str {
        match &self.0 {
            Backend::Sqlite(_) => "sqlite",
            Backend::Postgres(_) => "postgres",
        }
    }
}
