//! SQLite: one writer thread with group commit, a pool of read-only connections.

mod checkpoint;
mod durable;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::{pin, thread};

use model::limits;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::error::StoreError;
use crate::migrate::{self, Dialect};
use crate::tail::Tails;
use crate::tx::{Command, Query, Tx};
use crate::value::{Row, Value, check};
use checkpoint::Checkpointer;
use durable::{Progress, Syncer};

/// A command on its way through the writer.
trait Work: Send {
    /// Runs the command and keeps its outcome; gives whether it failed.
    fn run(&mut self, tx: &mut SqliteTx) -> bool;

    /// Answers the caller once the batch is committed or lost.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Running<C: Command> {
    command: C,
    outcome: Option<Result<C::Out, StoreError>>,
    caller: oneshot::Sender<Result<C::Out, StoreError>>,
}

impl<C: Command> Work for Running<C> {
    fn run(&mut self, tx: &mut SqliteTx) -> bool {
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| block_on(self.command.run(tx))));
        let outcome = outcome.unwrap_or_else(|_| Err(StoreError::Database("a command panicked".to_owned())));
        let failed = outcome.is_err();
        self.outcome = Some(outcome);
        failed
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let outcome = self.outcome.unwrap_or(Err(StoreError::Closed));
        // the caller may have gone away; the command stands all the same
        let _gone = self.caller.send(committed.and(outcome));
    }
}

/// What the writer is told.
enum Job {
    Run(Box<dyn Work>),
    /// End: nothing that comes later is done.
    Close,
}

/// An SQLite database in WAL mode. Every answer waits for the disk, as under `synchronous=FULL` (see [`durable`]).
#[derive(Debug, Clone)]
pub(crate) struct Sqlite {
    writer: mpsc::Sender<Job>,
    readers: Arc<Readers>,
    progress: Arc<Progress>,
    thread: Arc<Mutex<Option<thread::JoinHandle<()>>>>,
}

#[derive(Debug)]
struct Readers {
    idle: Mutex<Vec<SqliteTx>>,
    permits: Arc<Semaphore>,
    /// Fewer than all: however many heavy reads there are, light ones find a reader.
    heavy: Arc<Semaphore>,
}

impl Sqlite {
    /// Opens or creates the database file, brings its schema up to date and starts the writer.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut writer = SqliteTx::new(
            Connection::open(path)?,
            "pragma page_size = 2048; pragma journal_mode = wal; pragma synchronous = normal; pragma cache_size = -16000; pragma wal_autocheckpoint = 60000;",
        )?;
        // one transaction: a step is there whole or not at all, and two programs that start at once take turns
        writer.batch("begin immediate")?;
        block_on(migrate::run(&mut writer, Dialect::Sqlite))?;
        writer.batch("commit")?;
        let mut idle = Vec::with_capacity(limits::SQLITE_READERS);
        for _ in 0..limits::SQLITE_READERS {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            idle.push(SqliteTx::new(Connection::open_with_flags(path, flags)?, "pragma query_only = on; pragma cache_size = -750;")?);
        }
        let checkpointer = Checkpointer::start(path)?;
        let syncer = Syncer::start(path)?;
        let progress = syncer.progress();
        let (sender, jobs) = mpsc::channel(limits::WRITER_QUEUE);
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_loop(writer, checkpointer, syncer, jobs))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let permits = |count| Arc::new(Semaphore::new(count));
        let readers =
            Readers { idle: Mutex::new(idle), permits: permits(limits::SQLITE_READERS), heavy: permits(limits::SQLITE_HEAVY_READERS) };
        Ok(Self { writer: sender, readers: Arc::new(readers), progress, thread: Arc::new(Mutex::new(Some(thread))) })
    }

    /// Lets reads under way end, then the writer finish what is queued, put everything into the database file and end.
    /// Whatever is asked later is refused.
    pub(crate) async fn close(&self) {
        let all = u32::try_from(limits::SQLITE_READERS).expect("a handful of readers");
        // an idle connection would keep the file of the log alive
        if let Ok(permits) = self.readers.permits.acquire_many(all).await {
            self.readers.permits.close();
            self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
            drop(permits);
        }
        if self.writer.send(Job::Close).await.is_err() {
            return; // closed before
        }
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let joined = tokio::task::spawn_blocking(move || thread.map(thread::JoinHandle::join)).await;
        if !matches!(joined, Ok(None | Some(Ok(())))) {
            tracing::error!("the store's writer did not end well");
        }
    }

    /// Queues the command to the writer and answers after the commit.
    pub(crate) async fn run<C: Command>(&self, command: C) -> Result<C::Out, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let work = Box::new(Running { command, outcome: None, caller: sender });
        self.writer.send(Job::Run(work)).await.map_err(|_| StoreError::Closed)?;
        receiver.await.map_err(|_| StoreError::Closed)?
    }

    /// Reads one snapshot, and gives it when all that it may hold is on the disk.
    pub(crate) async fn read<Q: Query>(&self, query: Q) -> Result<Q::Out, StoreError> {
        let outcome = self.snapshot(query).await?;
        self.progress.settled().await?;
        Ok(outcome)
    }

    async fn snapshot<Q: Query>(&self, query: Q) -> Result<Q::Out, StoreError> {
        let heavy = if Q::HEAVY { Some(place(&self.readers.heavy).await?) } else { None };
        let permit = place(&self.readers.permits).await?;
        let mut reader = self.readers.take()?;
        let Some(heavy) = heavy else {
            let outcome = reader.snapshot(&query);
            self.readers.put(reader);
            return outcome;
        };
        let readers = Arc::clone(&self.readers);
        let outcome = tokio::task::spawn_blocking(move || {
            let outcome = reader.snapshot(&query);
            readers.put(reader);
            // here and not by the caller, who may have gone away: the place is free once the reader is back
            drop((permit, heavy, query));
            outcome
        });
        outcome.await.map_err(|error| StoreError::Database(error.to_string()))?
    }
}

/// A place among those of `semaphore`, in the order of asking.
async fn place(semaphore: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, StoreError> {
    Arc::clone(semaphore).acquire_owned().await.map_err(|_| StoreError::Closed)
}

impl Readers {
    fn take(&self) -> Result<SqliteTx, StoreError> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().ok_or(StoreError::Closed)
    }

    fn put(&self, reader: SqliteTx) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
    }
}

/// Takes jobs as they come and runs all that wait in one transaction; they are answered once it is on the disk. While
/// the disk is at work for the batch before, the batch stays open for more. At the end the write-ahead log is emptied
/// into the database file.
fn write_loop(mut tx: SqliteTx, mut checkpointer: Checkpointer, syncer: Syncer, mut jobs: mpsc::Receiver<Job>) {
    let waits = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers needs nothing of the system");
    let mut open = true;
    while open && let Some(Job::Run(first)) = jobs.blocking_recv() {
        let mut batch = Vec::with_capacity(limits::GROUP_COMMIT);
        batch.push(first);
        let written = write_batch(&mut tx, &mut batch, &syncer, || {
            let job = next_job(&mut jobs, &syncer, &waits);
            open &= !matches!(job, Some(Job::Close));
            job
        });
        metrics::histogram!("frankly_store_batch_commands").record(f64::from(u32::try_from(batch.len()).unwrap_or(u32::MAX)));
        checkpointer.committed(batch.len());
        match written {
            Ok(number) => syncer.hand_over(number, batch),
            Err(error) => refuse(batch, &error),
        }
        if checkpointer.writers_turn()
            && let Err(error) = checkpoint::pass(&tx.connection)
        {
            tracing::warn!(%error, "the end of the write-ahead log could not be copied; the next checkpoint does it");
        }
    }
    jobs.close();
    syncer.end();
    checkpointer.end();
    if let Err(error) = tx.connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())) {
        tracing::warn!(%error, "the write-ahead log could not be emptied; the next start does it");
    }
}

/// The next job, if one waits or comes while the disk is at work.
fn next_job(jobs: &mut mpsc::Receiver<Job>, syncer: &Syncer, waits: &tokio::runtime::Runtime) -> Option<Job> {
    if let Ok(job) = jobs.try_recv() {
        return Some(job);
    }
    if !syncer.is_busy() {
        return None;
    }
    waits.block_on(async {
        tokio::select! {
            biased;
            job = jobs.recv() => job,
            () = syncer.idle() => None,
        }
    })
}

/// Answers the jobs of a batch that left no trace.
fn refuse(batch: Vec<Box<dyn Work>>, error: &StoreError) {
    let text = error.to_string();
    for job in batch {
        job.answer(Err(StoreError::Database(text.clone())));
    }
}

/// One transaction of the batch and all that waits. A command that fails after it has changed something spoils the
/// batch: all is undone and run again, each command in a savepoint of its own, so that the failure undoes that command
/// and no other. Gives the number of the commit.
/// Savepoints from the start would copy every page once more for every command.
fn write_batch(
    tx: &mut SqliteTx,
    batch: &mut Vec<Box<dyn Work>>,
    syncer: &Syncer,
    mut waiting: impl FnMut() -> Option<Job>,
) -> Result<u64, StoreError> {
    syncer.check()?;
    tx.batch("begin immediate")?;
    let mut next = 0;
    let mut spoiled = false;
    while let Some(job) = batch.get_mut(next)
        && !spoiled
    {
        let before = tx.connection.total_changes();
        spoiled = job.run(tx) && tx.connection.total_changes() != before;
        next += 1;
        if batch.len() < limits::GROUP_COMMIT
            && let Some(Job::Run(job)) = waiting()
        {
            batch.push(job);
        }
    }
    if spoiled {
        metrics::counter!("frankly_store_batches_repeated_total").increment(1);
        tx.undo();
        tx.batch("begin immediate")?;
        for job in batch.iter_mut() {
            tx.savepoint(job.as_mut()).inspect_err(|_| tx.undo())?;
        }
    }
    let number = syncer.begin();
    tx.batch("commit").inspect_err(|_| {
        tx.undo();
        syncer.hand_over(number, Vec::new());
    })?;
    Ok(number)
}

/// A connection with its cache of translated statements.
pub(crate) struct SqliteTx {
    connection: Connection,
    /// By the address and length of the statement's text: constants, which are quicker to tell apart by place than by letter.
    translated: HashMap<(usize, usize), String>,
    tails: Tails,
}

impl std::fmt::Debug for SqliteTx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteTx").finish_non_exhaustive()
    }
}

impl SqliteTx {
    fn new(connection: Connection, pragmas: &str) -> Result<Self, StoreError> {
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        // otherwise a statement with a bound limit is compiled anew whenever it is run
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.execute_batch("pragma temp_store = memory;")?;
        connection.execute_batch(pragmas)?;
        connection.set_prepared_statement_cache_capacity(256);
        Ok(Self { connection, translated: HashMap::new(), tails: Tails::default() })
    }

    fn batch(&mut self, sql: &'static str) -> Result<(), StoreError> {
        Ok(self.connection.prepare_cached(sql)?.raw_execute().map(|_| ())?)
    }

    /// One command inside a savepoint: an error or a panic undoes this command and no other.
    fn savepoint(&mut self, job: &mut dyn Work) -> Result<(), StoreError> {
        self.batch("savepoint command")?;
        if job.run(self) {
            self.tails.clear();
            self.batch("rollback to command")?;
        }
        self.batch("release command")
    }

    /// Undoes the open transaction; SQLite may have done so itself, after a full disk for instance.
    fn undo(&mut self) {
        self.tails.clear();
        if !self.connection.is_autocommit() && self.batch("rollback").is_err() {
            tracing::error!("the store could not roll back a failed transaction");
        }
    }

    fn snapshot<Q: Query>(&mut self, query: &Q) -> Result<Q::Out, StoreError> {
        self.batch("begin")?;
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| block_on(query.run(self))));
        // a transaction left open would have every later read of this connection refused
        self.batch("commit").inspect_err(|_| self.undo())?;
        outcome.unwrap_or_else(|_| Err(StoreError::Database("a query panicked".to_owned())))
    }

    fn prepare<'a>(
        connection: &'a Connection,
        translated: &mut HashMap<(usize, usize), String>,
        sql: &'static str,
    ) -> Result<rusqlite::CachedStatement<'a>, StoreError> {
        let text = translated.entry((sql.as_ptr().addr(), sql.len())).or_insert_with(|| number_placeholders(sql));
        Ok(connection.prepare_cached(text)?)
    }
}

/// `$n` to `?n`: SQLite numbers `$n` by first appearance, PostgreSQL by its number.
fn number_placeholders(sql: &str) -> String {
    sql.replace('$', "?")
}

impl Tx for SqliteTx {
    async fn rows(&mut self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        check(args)?;
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
        check(args)?;
        let mut statement = Self::prepare(&self.connection, &mut self.translated, sql)?;
        let changed = statement.execute(rusqlite::params_from_iter(args))?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    fn tails(&mut self) -> Option<&mut Tails> {
        Some(&mut self.tails)
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
