//! The store from a command's side: a wish of a person goes in, rows or a receipt come out, and what was done stands
//! in the log.
//!
//! A command is a process of its own beside the daemon. Reading is logged, too: so whoever may not write here, may not
//! read here. What belongs together happens in one transaction with its log entry, or not at all.

use super::log::{self, Deed, Entry, Logged, Verdict};
use super::{Database, Filter, Kept, StoreError, Trouble, UtcMillis, open, reader};
use crate::call::{CallId, Number};
use rusqlite::{Connection, Transaction, TransactionBehavior};

/// A connection that reads, writes and logs.
pub struct Clerk {
    connection: Connection,
    database: Database,
}

impl Clerk {
    /// Opens a database that is there and of this version.
    pub fn open(database: impl Into<Database>) -> Result<Clerk, StoreError> {
        let database = database.into();
        let connection = open::to_amend(&database, open::PATIENCE)?;
        Ok(Clerk { connection, database })
    }

    pub fn log(&mut self, entry: &Entry, now: UtcMillis) -> Result<(), StoreError> {
        self.write(|transaction| log::append(transaction, entry, now))
    }

    /// Calls as they are kept, also what is restricted: for exports and for choosing.
    pub fn calls(&self, filter: &Filter) -> Result<Vec<Kept>, StoreError> {
        self.read(|connection| reader::list(connection, filter))
    }

    pub fn call(&self, call: CallId) -> Result<Option<Kept>, StoreError> {
        self.read(|connection| reader::show(connection, call))
    }

    /// See [`log::verify`].
    pub fn verify_log(&self, known: Option<&str>) -> Result<Verdict, StoreError> {
        self.read(|connection| log::verify(connection, known))
    }

    pub fn whole_log(&self) -> Result<Vec<Logged>, StoreError> {
        self.read(log::all)
    }

    /// What the log tells of these calls and of this person.
    pub fn log_about(&self, calls: &[CallId], person: Option<&Number>) -> Result<Vec<Logged>, StoreError> {
        self.read(|connection| log::about(connection, calls, person))
    }

    /// The newest word of the log about the settings at that time.
    pub fn settings_at(&self, at: UtcMillis) -> Result<Option<Logged>, StoreError> {
        self.read(|connection| log::newest_before(connection, Deed::SettingsChanged, at))
    }

    /// Removes what is older than `before`; `None` where the log does not verify.
    pub fn prune_log(&mut self, before: UtcMillis, now: UtcMillis) -> Result<Option<usize>, StoreError> {
        let pruned = self.write(|transaction| log::prune(transaction, before, now))?;
        self.empty()?;
        Ok(pruned)
    }

    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        work(&self.connection).map_err(|error| StoreError::sqlite(&self.database.path, &error))
    }

    /// All of `work` or nothing, and nobody else writes meanwhile.
    pub(super) fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.work(|connection| write(connection, work))
    }

    /// Work that makes transactions of its own.
    pub(super) fn work<T>(
        &mut self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        work(&mut self.connection).map_err(|error| StoreError::sqlite(&self.database.path, &error))
    }

    /// What `work` would do; nothing of it is done.
    pub(super) fn rehearse<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        // The transaction is rolled back when it is dropped.
        self.work(|connection| work(&connection.transaction_with_behavior(TransactionBehavior::Immediate)?))
    }

    /// After an erasure: nothing of it stays in the write-ahead log.
    pub(super) fn empty(&self) -> Result<(), StoreError> {
        match self.read(open::empty_log)? {
            true => Ok(()),
            false => Err(StoreError::new(&self.database.path, Trouble::Locked)),
        }
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }
}

pub(super) fn write<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = work(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

/// The one figure that `query` asks for.
pub(super) fn count(
    connection: &Connection,
    query: &str,
    wish: impl rusqlite::Params,
) -> rusqlite::Result<usize> {
    let found: u32 = connection.query_row(query, wish, |row| row.get(0))?;
    // 32 bits fit.
    Ok(found as usize)
}

/// Of whom nothing is kept any more, the random id in the log leads nowhere.
pub(super) const FORGET_PERSONS: &str = "
    DELETE FROM persons WHERE coalesce(hash, number) NOT IN (
        SELECT coalesce(number_hash(caller), caller) FROM calls WHERE caller IS NOT NULL
        UNION SELECT coalesce(hash, number) FROM do_not_contact WHERE coalesce(hash, number) IS NOT NULL
        UNION SELECT coalesce(number_hash(number), number) FROM objections)";
