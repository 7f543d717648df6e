//! Attempts to reach people one does not know: noted, counted, bounded. No text is seen here, in either mode.

use model::clock::Timestamp;
use model::contact::ContactCounters;
use model::id::OwnedUserId;
use model::limits;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// One person somebody tried to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Whom; perhaps a name that nobody has.
    pub target: OwnedUserId,
    /// Whether it is an adult who tries to reach a minor.
    pub young: bool,
    /// Whether it was refused.
    pub refused: bool,
}

/// Notes attempts. The same person twice within a day is one contact.
#[derive(Clone, Debug)]
pub struct NoteContacts {
    /// Who tried.
    pub opener: OwnedUserId,
    /// Whom, each once.
    pub contacts: Vec<Contact>,
    /// New contacts that this person may make in a day; `None`: as many as they like.
    pub most_24h: Option<i64>,
    /// When.
    pub now: Timestamp,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// Noted; these are the counts with it.
    Counted(ContactCounters),
    /// It would be more than they may make in a day; nothing was noted.
    Over {
        /// Milliseconds until there is room for one more.
        retry_after_ms: i64,
    },
}

impl Command for NoteContacts {
    type Out = Noted;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Noted, StoreError> {
        // the opener's row is the lock under which their attempts take turns
        tx.exec("update users set strikes = strikes where user_id = $1", args![&self.opener]).await?;
        if let Some(retry_after_ms) = self.over(tx).await? {
            return Ok(Noted::Over { retry_after_ms });
        }
        for contact in &self.contacts {
            self.note(tx, contact).await?;
        }
        self.trim(tx).await?;
        self.count(tx).await.map(Noted::Counted)
    }
}

impl NoteContacts {
    fn day_ago(&self) -> i64 {
        self.now.0 - DAY_MS
    }

    /// How long to wait, when these contacts are too many.
    async fn over<T: Tx>(&self, tx: &mut T) -> Result<Option<i64>, StoreError> {
        let Some(most) = self.most_24h else { return Ok(None) };
        let mut fresh = 0;
        for contact in &self.contacts {
            let sql = "select 1 from contact_attempts where opener = $1 and target = $2 and last_ms > $3";
            if tx.row(sql, args![&self.opener, &contact.target, self.day_ago()]).await?.is_none() {
                fresh += 1;
            }
        }
        let sql = "select count(*), min(first_ms) from contact_attempts where opener = $1 and first_ms > $2";
        let row = tx.row(sql, args![&self.opener, self.day_ago()]).await?;
        let (made, oldest) = row.map_or(Ok((0, None)), |row| Ok::<_, StoreError>((row.int(0)?, row.int_or_null(1)?)))?;
        let wait = oldest.unwrap_or(self.now.0) - self.day_ago();
        Ok((fresh > 0 && made + fresh > most).then_some(wait.max(1)))
    }

    async fn note<T: Tx>(&self, tx: &mut T, contact: &Contact) -> Result<(), StoreError> {
        let sql = "insert into contact_attempts (opener, target, young, refused, attempts, first_ms, last_ms) values ($1, $2, $3, $4, 1, $5, $5) \
                   on conflict (opener, target) do update set young = excluded.young, attempts = contact_attempts.attempts + 1, \
                   refused = case when excluded.refused = 1 then 1 else contact_attempts.refused end, \
                   first_ms = case when contact_attempts.last_ms <= $6 then excluded.first_ms else contact_attempts.first_ms end, \
                   last_ms = excluded.last_ms";
        tx.exec(sql, args![&self.opener, &contact.target, contact.young, contact.refused, self.now, self.day_ago()]).await?;
        Ok(())
    }

    /// Lets the oldest go where there are more than are kept of one person.
    async fn trim<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let row = tx.row("select count(*) from contact_attempts where opener = $1", args![&self.opener]).await?;
        let above = row.map_or(Ok(0), |row| row.int(0))? - limits::CONTACTS_KEPT;
        if above > 0 {
            let sql = "delete from contact_attempts where opener = $1 and target in \
                       (select target from contact_attempts where opener = $1 order by last_ms, target limit $2)";
            tx.exec(sql, args![&self.opener, above]).await?;
        }
        Ok(())
    }

    /// The counts; what lies before the last decision about this person's contacts has been judged already.
    async fn count<T: Tx>(&self, tx: &mut T) -> Result<ContactCounters, StoreError> {
        let sql = "select max(decided_ms) from cases where subject = $1 and source = 'contact'";
        let judged = tx.row(sql, args![&self.opener]).await?.map_or(Ok(None), |row| row.int_or_null(0))?;
        let since = |span_ms: i64| (self.now.0 - span_ms).max(judged.unwrap_or(i64::MIN));
        let sql = "select count(case when first_ms > $2 then 1 end), count(case when first_ms > $3 then 1 end), \
                   count(case when young = 1 and last_ms > $3 then 1 end), count(case when young = 1 and refused = 1 and last_ms > $3 then 1 end) \
                   from contact_attempts where opener = $1";
        let row = tx.row(sql, args![&self.opener, since(HOUR_MS), since(DAY_MS)]).await?;
        let row = row.ok_or_else(|| StoreError::Database("a count has no row".to_owned()))?;
        Ok(ContactCounters { contacts_1h: row.int(0)?, contacts_24h: row.int(1)?, young_24h: row.int(2)?, young_refused_24h: row.int(3)? })
    }
}

/// Forgets attempts that are older than [`limits::CONTACT_KEEP_MS`].
#[derive(Clone, Debug)]
pub struct ForgetContacts {
    /// The present moment.
    pub now: Timestamp,
}

impl Command for ForgetContacts {
    /// How many were forgotten.
    type Out = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        tx.exec("delete from contact_attempts where last_ms < $1", args![self.now.plus_ms(-limits::CONTACT_KEEP_MS)]).await
    }
}
