//! The two methods that every command and query is written against.

use std::future::Future;

use crate::error::StoreError;
use crate::tail::Tails;
use crate::value::{Row, Value};

/// An open transaction. Statements use `$1`, `$2`, … and the subset of SQL that both databases
/// speak (see ADR 3); every statement is a constant beside its use.
pub trait Tx: Send {
    /// Runs a statement and gives its rows.
    fn rows(&mut self, sql: &'static str, args: &[Value]) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;

    /// Runs a statement and gives the number of rows it changed.
    fn exec(&mut self, sql: &'static str, args: &[Value]) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The first row, if there is one.
    fn row(&mut self, sql: &'static str, args: &[Value]) -> impl Future<Output = Result<Option<Row>, StoreError>> + Send {
        async move { Ok(self.rows(sql, args).await?.into_iter().next()) }
    }

    /// Last events of rooms, for a database that has but one writer.
    fn tails(&mut self) -> Option<&mut Tails> {
        None
    }
}

/// One write: one struct, one file, one transaction. Nothing but `tx` is awaited inside, so that the
/// SQLite writer never waits and PostgreSQL holds its locks briefly. May run more than once (retry).
pub trait Command: Send + Sync + 'static {
    /// What the caller learns after the commit.
    type Out: Send + 'static;

    /// Does the writing.
    fn run<T: Tx>(&self, tx: &mut T) -> impl Future<Output = Result<Self::Out, StoreError>> + Send;
}

/// One read over one snapshot of the database.
pub trait Query: Send + Sync + 'static {
    /// What is read.
    type Out: Send + 'static;

    /// Whether the read may take more than a fraction of a millisecond. On SQLite a light query runs
    /// on the calling thread, a heavy one on a thread that may block. Heavy ones wait for one another, and
    /// leave room for light ones.
    const HEAVY: bool = false;

    /// Does the reading.
    fn run<T: Tx>(&self, tx: &mut T) -> impl Future<Output = Result<Self::Out, StoreError>> + Send;
}
