//! A database goes in, a consistent copy comes out; a copy goes in, and what it holds and the database has lost comes
//! back, save what was erased.
//!
//! A copy is encrypted with the key of its database, or not at all where that is not; the same holds of the numbers on its
//! do-not-contact list. A restore opens them with the copy's key and hides them with the database's.
//!
//! A restore adds and never replaces: the log, the tombstones, the entries not to be contacted and the standing
//! objections of the database at hand stay. So it may be done while Callgist runs, and an objection made after the
//! backup is not forgotten by it.

use super::clerk::{FORGET_PERSONS, count};
use super::log::{self, Deed, Entry};
use super::person;
use super::seal::{self, IS_OF};
use super::{Clerk, ContactsKey, Database, StoreError, Trouble, UtcMillis, key, open, reader};
use crate::call::CallId;
use rusqlite::{Connection, Transaction};
use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What a restore did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    pub calls: usize,
    /// Calls of the backup that were erased since, and stay so.
    pub buried: usize,
    pub requests: usize,
    pub objections: usize,
    /// The database was new: its log and tombstones came from the backup, and erasures made after that are unknown.
    pub began_anew: bool,
}

impl Clerk {
    /// Writes a consistent copy with nothing in its free pages; the file must not be there yet, and gets mode 0600.
    pub fn backup(&mut self, to: &Path, now: UtcMillis) -> Result<(), StoreError> {
        self.log(&Entry::new(Deed::BackedUp), now)?;
        create(to)?;
        let copied =
            self.read(|connection| connection.execute("VACUUM INTO ?1", [to.to_string_lossy()]).map(drop));
        if copied.is_err() {
            // Half a copy would be taken for a whole one.
            let _ = fs::remove_file(to);
        }
        copied
    }

    /// Brings back what `from` holds and this database does not. `contacts` is the key of the copy's do-not-contact list,
    /// where that is not the key of this database's.
    pub fn restore(
        &mut self,
        from: &Path,
        contacts: Option<&ContactsKey>,
        now: UtcMillis,
    ) -> Result<Restored, StoreError> {
        let copy = Passing::of(from, &self.database().path)?;
        // A copy from before the database was encrypted is brought back into it, too.
        let key = self.database().key.clone().filter(|_| !key::is_plain(from));
        // Checks whose it is and its pages, refuses a newer one, and brings an older one up to date.
        let plain = Database { path: copy.0.clone(), key: key.clone(), contacts: None };
        drop(open::to_write(&plain, open::PATIENCE)?);
        let key = key.map(|key| key.spelled()).unwrap_or_default();
        let attach = "ATTACH ?1 AS backup KEY ?2";
        let both = [copy.0.to_string_lossy(), key.as_str().into()];
        self.read(|connection| connection.execute(attach, both).map(drop))?;
        let restored = self.open_list_of_copy(from, contacts).and_then(|()| self.write(|t| restore(t, now)));
        self.read(|connection| connection.execute_batch("DETACH backup"))?;
        self.empty()?;
        restored
    }

    /// Has the numbers on the copy's list read with the key that they were encrypted with, if they were.
    fn open_list_of_copy(&self, from: &Path, named: Option<&ContactsKey>) -> Result<(), StoreError> {
        let proof = self.read(|connection| seal::proof(connection, "backup"))?;
        let own = self.database().contacts.as_ref();
        let key = proof.map(|proof| {
            let fitting = [named, own].into_iter().flatten().find(|key| key.fits(&proof));
            fitting.ok_or_else(|| StoreError::new(from, Trouble::CopyContactsKey))
        });
        let key = key.transpose()?;
        self.read(|connection| seal::equip_for_copy(connection, key))
    }
}

fn restore(transaction: &Transaction<'_>, now: UtcMillis) -> rusqlite::Result<Restored> {
    let mut restored = Restored { began_anew: is_new(transaction)?, ..Restored::default() };
    if restored.began_anew {
        transaction.execute_batch(TAKE_THE_LOG)?;
    }
    transaction.execute_batch("INSERT OR IGNORE INTO main.tombstones SELECT * FROM backup.tombstones")?;
    restored.buried = count(transaction, BURIED, [])?;
    let came_back = take_calls(transaction)?;
    restored.calls = came_back.len();
    // Of a call that is here, what belongs to it is here as well, or was taken away since.
    let came_back = serde_json::json!(came_back).to_string();
    for of_calls in OF_CALLS {
        let take = "WHERE call IN (SELECT value FROM json_each(?1))";
        let take = format!("INSERT INTO main.{of_calls} SELECT * FROM backup.{of_calls} {take}");
        transaction.execute(&take, [&came_back])?;
    }
    transaction.execute_batch(TAKE_THE_PERSONS)?;
    (restored.requests, restored.objections) = protect(transaction)?;
    transaction.execute(FORGET_PERSONS, [])?;
    log_restored(transaction, &came_back, now)?;
    let entry = Entry::new(Deed::Restored).detail(&restored.calls.to_string());
    log::append(transaction, &entry, now)?;
    Ok(restored)
}

/// Of each call, too: where the log has no older entry of it, it shall say why.
fn log_restored(transaction: &Transaction<'_>, came_back: &str, now: UtcMillis) -> rusqlite::Result<()> {
    let rows =
        "SELECT id, line FROM main.calls WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY offered, id";
    let mut statement = transaction.prepare(rows)?;
    let calls = statement.query_map([came_back], |row| {
        Ok((reader::read(row, "id", CallId::parse)?, reader::read(row, "line", reader::name)?))
    })?;
    for call in calls {
        let (call, line) = call?;
        log::append(transaction, &Entry::new(Deed::Restored).call(call).line(&line), now)?;
    }
    Ok(())
}

/// Brings those calls back that are neither here nor buried; their ids.
fn take_calls(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<String>> {
    let take = "INSERT OR IGNORE INTO main.calls SELECT * FROM backup.calls
                WHERE id NOT IN (SELECT id FROM main.tombstones) RETURNING id";
    let mut statement = transaction.prepare(take)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

/// Whether nothing was ever logged here.
fn is_new(connection: &Connection) -> rusqlite::Result<bool> {
    let logged = "SELECT NOT EXISTS (SELECT 1 FROM main.log UNION ALL SELECT 1 FROM main.checkpoints)
                  AND NOT EXISTS (SELECT 1 FROM main.calls)";
    connection.query_row(logged, [], |row| row.get(0))
}

/// Entries not to be contacted and standing objections that are not here and were not taken back.
fn protect(transaction: &Transaction<'_>) -> rusqlite::Result<(usize, usize)> {
    let (mut requests, mut objections) = (0, 0);
    let buried = |number: &str, created: i64| {
        let known = "SELECT EXISTS (SELECT 1 FROM main.tombstones WHERE id = ?1)";
        transaction.query_row(known, [person::key(number, created)], |row| row.get::<_, bool>(0))
    };
    let all = "SELECT id, coalesce(number, copy_open(sealed, id, hash)), created FROM backup.do_not_contact";
    let mut statement = transaction.prepare(all)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    for row in rows {
        let (id, number, created): (i64, Option<String>, i64) = row?;
        if !is_here(transaction, id, number.as_deref())? && !buried(number.as_deref().unwrap_or(""), created)?
        {
            requests += transaction.execute(TAKE_REQUEST, [id])?;
            seal::give_number(transaction, transaction.last_insert_rowid(), number.as_deref())?;
        }
    }
    let mut statement = transaction.prepare("SELECT number, at FROM backup.objections")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    for row in rows {
        let (number, at) = row?;
        if !buried(&number, at)? {
            let take = "INSERT OR IGNORE INTO main.objections VALUES (?1, ?2)";
            objections += transaction.execute(take, rusqlite::params![number, at])?;
        }
    }
    Ok((requests, objections))
}

/// Whether there is an entry with what the copy's entry `id` says; its number is this.
fn is_here(transaction: &Transaction<'_>, id: i64, number: Option<&str>) -> rusqlite::Result<bool> {
    let whose = if number.is_some() { IS_OF } else { "coalesce(number, hash) IS NULL AND ?1 IS NULL" };
    let here = format!(
        "SELECT EXISTS (SELECT 1 FROM main.do_not_contact WHERE {whose} AND (created, purpose) =
             (SELECT created, purpose FROM backup.do_not_contact WHERE id = ?2))"
    );
    let number = number.map(|number| serde_json::json!([number]).to_string());
    transaction.prepare_cached(&here)?.query_row(rusqlite::params![number, id], |row| row.get(0))
}

/// A copy of the backup beside the database, which goes away overwritten.
struct Passing(PathBuf);

impl Passing {
    fn of(from: &Path, database: &Path) -> Result<Passing, StoreError> {
        let mut name = database.as_os_str().to_owned();
        name.push(format!(".restoring-{:08x}", rand::random::<u32>()));
        let copy = Passing(name.into());
        let failed = |error: std::io::Error| StoreError::io(from, &error);
        let mut source = fs::File::open(from).map_err(failed)?;
        create(&copy.0)?;
        let mut target = fs::OpenOptions::new().write(true).open(&copy.0).map_err(failed)?;
        std::io::copy(&mut source, &mut target).map_err(failed)?;
        Ok(copy)
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let mut name = self.0.as_os_str().to_owned();
            name.push(end);
            let path = PathBuf::from(name);
            if let (Ok(found), Ok(mut file)) =
                (fs::metadata(&path), fs::OpenOptions::new().write(true).open(&path))
            {
                // What cannot be overwritten is removed all the same.
                let _ = std::io::copy(&mut std::io::Read::take(std::io::repeat(0), found.len()), &mut file);
                let _ = file.sync_all();
            }
            let _ = fs::remove_file(&path);
        }
    }
}

/// SQLite writes into an empty file, whose mode is ours.
fn create(path: &Path) -> Result<(), StoreError> {
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map(drop).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => StoreError::new(path, Trouble::Exists),
        std::io::ErrorKind::NotFound => StoreError::new(path, Trouble::Folder(error.kind())),
        _ => StoreError::io(path, &error),
    })
}

const BURIED: &str = "SELECT count(*) FROM backup.calls WHERE id IN (SELECT id FROM main.tombstones)";

const TAKE_THE_LOG: &str = "
    INSERT INTO main.log SELECT * FROM backup.log ORDER BY seq;
    INSERT INTO main.checkpoints SELECT * FROM backup.checkpoints;
    UPDATE main.sqlite_sequence SET seq = (SELECT seq FROM backup.sqlite_sequence WHERE name = 'log')
    WHERE name = 'log' AND EXISTS (SELECT 1 FROM backup.sqlite_sequence WHERE name = 'log');";

/// What belongs to calls, and comes back with them.
const OF_CALLS: [&str; 7] =
    ["topics", "segments", "marks", "kept_promises", "drafts", "consents", "announcements"];

/// Found by every number that the copy holds, since a hash made with its key says nothing here.
const TAKE_THE_PERSONS: &str = "
    INSERT OR IGNORE INTO main.persons (id, number, hash)
    SELECT id, CASE WHEN number_hash(whose) IS NULL THEN whose END, number_hash(whose) FROM (
        SELECT caller AS whose FROM backup.calls WHERE caller IS NOT NULL
        UNION SELECT number FROM backup.objections
        UNION SELECT coalesce(number, copy_open(sealed, id, hash)) FROM backup.do_not_contact
    ) JOIN backup.persons AS person ON person.number = whose OR person.hash = copy_hash(whose)
    WHERE id NOT IN (SELECT id FROM main.tombstones);";

const TAKE_REQUEST: &str = "
    INSERT INTO main.do_not_contact (call, calls, email, letters, sms, purpose, created, state, source,
        except_service, except_callback, expires, changed, line, via, received, renewed)
    SELECT CASE WHEN call IN (SELECT id FROM main.calls) THEN call END, calls, email, letters, sms, purpose,
        created, state, source, except_service, except_callback, expires, changed,
        line, via, received, renewed
    FROM backup.do_not_contact WHERE id = ?1";
