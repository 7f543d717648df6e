//! PostgreSQL: a connection pool, one transaction per command, retries when a race is lost.

use std::sync::Arc;

use bytes::BytesMut;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Transaction};
use model::limits;
use tokio::sync::Semaphore;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{IsolationLevel, NoTls};

use crate::error::StoreError;
use crate::migrate::{self, Dialect};
use crate::tx::{Command, Query, Tx};
use crate::value::{Row, Value, check};

/// A PostgreSQL database, version 15 or later.
#[derive(Debug, Clone)]
pub(crate) struct Postgres {
    pool: Pool,
    /// Fewer than there are connections: however many heavy reads there are, others find one.
    heavy: Arc<Semaphore>,
}

impl Postgres {
    /// Connects, brings the schema up to date and keeps a pool.
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        let config: tokio_postgres::Config =
            url.parse().map_err(|error: tokio_postgres::Error| StoreError::Unavailable(error.to_string()))?;
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager)
            .max_size(limits::POSTGRES_CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(std::time::Duration::from_secs(10)))
            .create_timeout(Some(std::time::Duration::from_secs(10)))
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let store = Self { pool, heavy: Arc::new(Semaphore::new(limits::POSTGRES_HEAVY_READS)) };
        store.migrate().await?;
        Ok(store)
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let mut client = self.pool.get().await.map_err(|error| unavailable(&error))?;
        let transaction = client.transaction().await?;
        // two servers that start at once take turns
        transaction.batch_execute("select pg_advisory_xact_lock(7061726)").await?;
        let mut tx = PostgresTx(transaction);
        migrate::run(&mut tx, Dialect::Postgres).await?;
        Ok(tx.0.commit().await?)
    }

    /// Runs the command in a transaction of its own, again when it lost a race.
    pub(crate) async fn run<C: Command>(&self, command: C) -> Result<C::Out, StoreError> {
        let mut attempt = 1;
        loop {
            match self.attempt(&command).await {
                Err(StoreError::Race(_)) if attempt < limits::TRANSACTION_ATTEMPTS => {
                    tokio::time::sleep(std::time::Duration::from_millis(u64::from(attempt * attempt))).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn attempt<C: Command>(&self, command: &C) -> Result<C::Out, StoreError> {
        let mut client = self.pool.get().await.map_err(|error| unavailable(&error))?;
        let mut tx = PostgresTx(client.transaction().await?);
        let out = command.run(&mut tx).await?;
        tx.0.commit().await?;
        Ok(out)
    }

    /// Lets go of the connections.
    pub(crate) fn close(&self) {
        self.heavy.close();
        self.pool.close();
    }

    /// Reads one snapshot.
    pub(crate) async fn read<Q: Query>(&self, query: Q) -> Result<Q::Out, StoreError> {
        let _heavy = if Q::HEAVY { Some(self.heavy.acquire().await.map_err(|_| StoreError::Closed)?) } else { None };
        let mut client = self.pool.get().await.map_err(|error| unavailable(&error))?;
        let transaction = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true).start().await?;
        let mut tx = PostgresTx(transaction);
        let out = query.run(&mut tx).await?;
        tx.0.commit().await?;
        Ok(out)
    }
}

struct PostgresTx<'a>(Transaction<'a>);

impl Tx for PostgresTx<'_> {
    async fn rows(&mut self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        check(args)?;
        let statement = self.0.prepare_cached(sql).await?;
        let params: Vec<&(dyn ToSql + Sync)> = args.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let rows = self.0.query(&statement, &params).await?;
        rows.iter().map(|row| (0..row.len()).map(|index| column(row, index)).collect::<Result<_, _>>().map(Row)).collect()
    }

    async fn exec(&mut self, sql: &'static str, args: &[Value]) -> Result<u64, StoreError> {
        check(args)?;
        let statement = self.0.prepare_cached(sql).await?;
        let params: Vec<&(dyn ToSql + Sync)> = args.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        Ok(self.0.execute(&statement, &params).await?)
    }
}

impl migrate::Script for PostgresTx<'_> {
    async fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        Ok(self.0.batch_execute(sql).await?)
    }
}

fn column(row: &tokio_postgres::Row, index: usize) -> Result<Value, StoreError> {
    let value: Value = match *row.columns()[index].type_() {
        Type::INT8 => row.try_get::<_, Option<i64>>(index)?.into(),
        Type::INT4 => row.try_get::<_, Option<i32>>(index)?.map(i64::from).into(),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(index)?.into(),
        Type::BOOL => row.try_get::<_, Option<bool>>(index)?.map(i64::from).into(),
        _ => row.try_get::<_, Option<String>>(index)?.into(),
    };
    Ok(value)
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *ty == Type::INT4 => i32::try_from(*value)?.to_sql(ty, out),
            Self::Int(value) => value.to_sql(ty, out),
            Self::Text(value) => value.to_sql(ty, out),
            Self::Bytes(value) => value.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::INT4 | Type::TEXT | Type::VARCHAR | Type::BYTEA)
    }

    to_sql_checked!();
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(code)
                if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::UNIQUE_VIOLATION].contains(code) =>
            {
                Self::Race(error.to_string())
            }
            Some(_) => Self::Database(
                error.as_db_error().map_or_else(|| error.to_string(), |db| format!("{}: {}", db.code().code(), db.message())),
            ),
            None if error.is_closed() => Self::Unavailable(error.to_string()),
            None => Self::Database(error.to_string()),
        }
    }
}

fn unavailable(error: &deadpool_postgres::PoolError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
