//! SQLite: one writer thread with group commit, a pool of read-only connections.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::{pin, thread};

use model::limits;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::error::StoreError;
use crate::migrate::{self, Dialect};
use crate::tx::{Command, Query, Tx};
use crate::value::{Row, Value};

/// What the writer owes a caller once the batch is committed or lost.
type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
type Job = Box<dyn FnOnce(&mut SqliteTx) -> Reply + Send>;

/// An SQLite database in WAL mode with `synchronous=FULL`.
#[derive(Debug, Clone)]
pub(crate) struct Sqlite {
    writer: mpsc::Sender<Job>,
    readers: Arc<Readers>,
}

#[derive(Debug)]
struct Readers {
    idle: Mutex<Vec<SqliteTx>>,
    permits: Semaphore,
}

impl Sqlite {
    /// Opens or creates the database file, brings its schema up to date and starts the writer.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut writer = SqliteTx::new(
            Connection::open(path)?,
            "pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -8000; pragma wal_autocheckpoint = 2000;",
        )?;
        block_on(migrate::run(&mut writer, Dialect::Sqlite))?;
        let mut idle = Vec::with_capacity(limits::SQLITE_READERS);
        for _ in 0..limits::SQLITE_READERS {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            idle.push(SqliteTx::new(Connection::open_with_flags(path, flags)?, "pragma query_only = on; pragma cache_size = -2000;")?);
        }
        let (sender, jobs) = mpsc::channel(limits::WRITER_QUEUE);
        thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_loop(writer, jobs))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let readers = Readers { idle: Mutex::new(idle), permits: Semaphore::new(limits::SQLITE_READERS) };
        Ok(Self { writer: sender, readers: Arc::new(readers) })
    }

    /// Queues the command to the writer and answers after the commit.
    pub(crate) async fn run<C: Command>(&self, command: C) -> Result<C::Out, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |tx| {
            let outcome = tx.savepoint(&command);
            Box::new(move |committed| {
                // the caller may have gone away; the command stands all the same
                let _gone = sender.send(committed.and(outcome));
            })
        });
        self.writer.send(job).await.map_err(|_| StoreError::Closed)?;
        receiver.await.map_err(|_| StoreError::Closed)?
    }

    /// Reads one snapshot.
    pub(crate) async fn read<Q: Query>(&self, query: Q) -> Result<Q::Out, StoreError> {
        let permit = self.readers.permits.acquire().await.map_err(|_| StoreError::Closed)?;
        let mut reader = self.readers.take()?;
        if !Q::HEAVY {
            let outcome = reader.snapshot(&query);
            self.readers.put(reader);
            return outcome;
        }
        let readers = Arc::clone(&self.readers);
        let outcome = tokio::task::spawn_blocking(move || {
            let outcome = reader.snapshot(&query);
            readers.put(reader);
            outcome
        });
        let outcome = outcome.await.map_err(|error| StoreError::Database(error.to_string()))?;
        drop(permit);
        outcome
    }
}

impl Readers {
    fn take(&self) -> Result<SqliteTx, StoreError> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().ok_or(StoreError::Closed)
    }

    fn put(&self, reader: SqliteTx) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
    }
}

/// Takes jobs as they come, runs all that wait in one transaction, answers after its commit.
fn write_loop(mut tx: SqliteTx, mut jobs: mpsc::Receiver<Job>) {
    let mut replies: Vec<Reply> = Vec::with_capacity(limits::GROUP_COMMIT);
    while let Some(first) = jobs.blocking_recv() {
        let begun = tx.batch("begin immediate");
        if let Err(error) = begun {
            first(&mut tx)(Err(error));
            continue;
        }
        replies.push(first(&mut tx));
        while replies.len() < limits::GROUP_COMMIT
            && let Ok(job) = jobs.try_recv()
        {
            replies.push(job(&mut tx));
        }
        metrics::histogram!("frankly_store_batch_commands").record(f64::from(u32::try_from(replies.len()).unwrap_or(u32::MAX)));
        let committed = tx.batch("commit");
        if committed.is_err() && tx.batch("rollback").is_err() {
            tracing::error!("the store could not roll back after a failed commit");
        }
        let failure = committed.err().map(|error| error.to_string());
        for reply in replies.drain(..) {
            reply(failure.clone().map_or(Ok(()), |text| Err(StoreError::Database(text))));
        }
    }
}

/// A connection with its cache of translated statements.
pub(crate) struct SqliteTx {
    connection: Connection,
    translated: HashMap<&'static str, String>,
}

impl std::fmt::Debug for SqliteTx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteTx").finish_non_exhaustive()
    }
}

impl SqliteTx {
    fn new(connection: Connection, pragmas: &str) -> Result<Self, StoreError> {
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        connection.execute_batch("pragma temp_store = memory;")?;
        connection.execute_batch(pragmas)?;
        connection.set_prepared_statement_cache_capacity(256);
        Ok(Self { connection, translated: HashMap::new() })
    }

    fn batch(&mut self, sql: &'static str) -> Result<(), StoreError> {
        Ok(self.connection.prepare_cached(sql)?.raw_execute().map(|_| ())?)
    }

    /// One command inside a savepoint: an error or a panic undoes this command and no other.
    fn savepoint<C: Command>(&mut self, command: &C) -> Result<C::Out, StoreError> {
        self.batch("savepoint command")?;
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| block_on(command.run(self))));
        let outcome = outcome.unwrap_or_else(|_| Err(StoreError::Database("a command panicked".to_owned())));
        if outcome.is_err() {
            self.batch("rollback to command")?;
        }
        self.batch("release command")?;
        outcome
    }

    fn snapshot<Q: Query>(&mut self, query: &Q) -> Result<Q::Out, StoreError> {
        self.batch("begin")?;
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| block_on(query.run(self))));
        self.batch("commit")?;
        outcome.unwrap_or_else(|_| Err(StoreError::Database("a query panicked".to_owned())))
    }

    fn prepare<'a>(
        connection: &'a Connection,
        translated: &mut HashMap<&'static str, String>,
        sql: &'static str,
    ) -> Result<rusqlite::CachedStatement<'a>, StoreError> {
        let text = translated.entry(sql).or_insert_with(|| number_placeholders(sql));
        Ok(connection.prepare_cached(text)?)
    }
}

/// `$n` to `?n`: SQLite numbers `$n` by first appearance, PostgreSQL by its number.
fn number_placeholders(sql: &str) -> String {
    sql.replace('$', "?")
}

impl Tx for SqliteTx {
    async fn rows(&mut self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = Self::prepare(&self.connection, &mut self.translated, sql)?;
        let width = statement.column_count();
        let mut answer = statement.query(rusqlite::params_from_iter(args))?;
        let mut rows = Vec::new();
        while let Some(row) = answer.next()? {
            let mut columns = Vec::with_capacity(width);
            for index in 0..width {
                columns.push(column(row.get_ref(index)?)?);
            }
            rows.push(Row(columns));
        }
        Ok(rows)
    }

    async fn exec(&mut self, sql: &'static str, args: &[Value]) -> Result<u64, StoreError> {
        let mut statement = Self::prepare(&self.connection, &mut self.translated, sql)?;
        let changed = statement.execute(rusqlite::params_from_iter(args))?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }
}

impl migrate::Script for SqliteTx {
    async fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch(sql)?)
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

fn column(value: ValueRef<'_>) -> Result<Value, StoreError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Text(value) => {
            Value::Text(String::from_utf8(value.to_vec()).map_err(|_| StoreError::Database("text that is not UTF-8".to_owned()))?)
        }
        ValueRef::Blob(value) => Value::Bytes(value.to_vec()),
        ValueRef::Real(_) => return Err(StoreError::Database("a floating-point column".to_owned())),
    })
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

/// Runs a future that never waits: inside a command only the connection is awaited.
fn block_on<F: Future>(future: F) -> F::Output
where
    F::Output: FromPending,
{
    let mut future = pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => F::Output::pending(),
    }
}

/// What a future that waited where it must not yields.
trait FromPending {
    fn pending() -> Self;
}

impl<T> FromPending for Result<T, StoreError> {
    fn pending() -> Self {
        Err(StoreError::Database("a command awaited something other than its transaction".to_owned()))
    }
}
