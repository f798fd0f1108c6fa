//! A person's rights: a number and the calls that the operator has picked go in, a receipt comes out.
//!
//! A caller ID proves nobody: who asks is for the operator to find out, and which of a number's calls are that
//! person's, too. What protects the person stays behind an erasure (an entry not to be contacted, a standing
//! objection) unless the person takes it back.

use super::clerk::{FORGET_PERSONS, count};
use super::log::{self, Deed, Entry, Logged};
use super::reader::{self, read, spellings};
use super::seal::{IS_OF, NUMBER};
use super::{Clerk, Kept, Outcome, StoreError, UtcMillis, promise};
use crate::call::{CallId, Number};
use rusqlite::{Connection, Transaction, params};
use sha2::{Digest, Sha256};

/// What an erasure did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erasure {
    /// What stands on the receipt, and leads from there to the log's entry for whoever names the same number again.
    pub receipt: String,
    pub calls: Vec<CallId>,
    /// Entries not to be contacted that stay, or went with it.
    pub requests_kept: usize,
    pub requests_erased: usize,
    /// Whether a standing objection of the number stays.
    pub objection_kept: bool,
    /// Whether one went with it.
    pub objection_erased: bool,
}

/// What is done to a call's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Not shown and not swept.
    Restrict,
    Unrestrict,
    /// Not swept.
    Hold,
    Release,
}

impl Mark {
    fn deed(self) -> Deed {
        match self {
            Mark::Restrict => Deed::Restricted,
            Mark::Unrestrict => Deed::Unrestricted,
            Mark::Hold => Deed::Held,
            Mark::Release => Deed::Released,
        }
    }

    fn change(self) -> &'static str {
        match self {
            Mark::Restrict => "restricted = 1",
            Mark::Unrestrict => "restricted = 0",
            Mark::Hold => "held = 1",
            Mark::Release => "held = 0",
        }
    }
}

impl Clerk {
    /// Erases these calls and what leads from the log to the number; `also_requests` when the person takes back the
    /// entries not to be contacted and the standing objection. A held call is left; it is not in the answer.
    pub fn erase_calls(
        &mut self,
        calls: &[CallId],
        number: Option<&Number>,
        also_requests: bool,
        now: UtcMillis,
    ) -> Result<Erasure, StoreError> {
        let erased = self.write(|transaction| {
            let receipt = format!("{:032x}", rand::random::<u128>());
            let mut erased = Erasure { receipt, ..Erasure::default() };
            for call in calls {
                if erase_call(transaction, *call, now)? {
                    erased.calls.push(*call);
                }
            }
            if let Some(number) = number {
                forget(transaction, number, also_requests, &mut erased, now)?;
            }
            let known_by = known_by(&erased.receipt, number);
            let detail = format!("{}.{known_by}", erased.calls.len());
            log::append(transaction, &Entry::new(Deed::Erased).detail(&detail), now)?;
            Ok(erased)
        })?;
        self.empty()?;
        Ok(erased)
    }

    /// The log's entry of the erasure that this receipt is of, if the receipt was for this number; where none was named then,
    /// none is now.
    pub fn receipt(&self, receipt: &str, number: Option<&Number>) -> Result<Option<Logged>, StoreError> {
        let spelled = number.map(Number::spellings).unwrap_or_default();
        let fitting: Vec<String> = match number {
            Some(_) => spelled.iter().map(|number| known_by(receipt, Some(number))).collect(),
            None => vec![known_by(receipt, None)],
        };
        let is_it = |entry: &Logged| {
            let detail = entry.detail.as_deref().filter(|_| entry.deed == Deed::Erased.word());
            let known_by = detail.and_then(|detail| detail.split_once('.'));
            known_by.is_some_and(|(_, known_by)| fitting.iter().any(|fits| fits == known_by))
        };
        Ok(self.whole_log()?.into_iter().find(is_it))
    }

    /// Marks these calls; says how many of them there were.
    pub fn mark_calls(&mut self, calls: &[CallId], mark: Mark, now: UtcMillis) -> Result<usize, StoreError> {
        self.write(|transaction| {
            let mut marked = 0;
            for call in calls {
                marked += usize::from(mark_call(transaction, *call, mark, now)?);
            }
            Ok(marked)
        })
    }

    /// From now on calls of this number are neither announced nor heard, and its notes are restricted.
    pub fn object(&mut self, number: &Number, now: UtcMillis) -> Result<usize, StoreError> {
        self.write(|transaction| {
            let insert = "INSERT INTO objections VALUES (?1, ?2) ON CONFLICT DO UPDATE SET at = excluded.at";
            transaction.execute(insert, params![number.as_str(), now.0])?;
            log::append(transaction, &Entry::new(Deed::Objected).person(Some(number)), now)?;
            let mut restricted = 0;
            for call in noted_calls(transaction, number)? {
                restricted += usize::from(mark_call(transaction, call, Mark::Restrict, now)?);
            }
            Ok(restricted)
        })
    }

    /// Takes a standing objection back; false where there was none. Restricted notes stay so.
    pub fn withdraw_objection(&mut self, number: &Number, now: UtcMillis) -> Result<bool, StoreError> {
        self.write(|transaction| {
            let gone = transaction.execute(
                "DELETE FROM objections WHERE number IN (SELECT value FROM json_each(?1))",
                [spellings(number)],
            )?;
            if gone > 0 {
                let entry = Entry::new(Deed::ObjectionWithdrawn).person(Some(number));
                log::append(transaction, &entry, now)?;
            }
            Ok(gone > 0)
        })
    }

    /// Every standing objection, the oldest first.
    pub fn objections(&self) -> Result<Vec<(Number, UtcMillis)>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare("SELECT number, at FROM objections ORDER BY at")?;
            let rows = statement.query_map([], |row| {
                let number = read(row, "number", |text| Number::new(text).ok())?;
                Ok((number, UtcMillis(row.get("at")?)))
            })?;
            rows.collect()
        })
    }

    /// Since when calls of this number are neither announced nor heard.
    pub fn objects_since(&self, number: &Number) -> Result<Option<UtcMillis>, StoreError> {
        self.read(|connection| {
            let since = "SELECT MIN(at) FROM objections WHERE number IN (SELECT value FROM json_each(?1))";
            let at: Option<i64> = connection.query_row(since, [spellings(number)], |row| row.get(0))?;
            Ok(at.map(UtcMillis))
        })
    }

    /// Puts `text` in the place of a note's; nothing of the old one is kept. `accepted` goes to the log: what the guard found in
    /// the text and a person accepted. False where there is no such note.
    pub fn correct(
        &mut self,
        call: CallId,
        text: &str,
        accepted: &str,
        now: UtcMillis,
    ) -> Result<bool, StoreError> {
        let corrected = self.write(|transaction| {
            let before = reader::show(transaction, call)?;
            let noted = before.filter(|kept| matches!(kept.call.outcome, Outcome::Noted(_)));
            noted.as_ref().map(|before| correct(transaction, before, text, accepted, now)).transpose()
        })?;
        self.empty()?;
        Ok(corrected.is_some())
    }
}

/// A promise that reads as before keeps its mark; and what a person has put right is not discarded for want of a look.
pub(super) fn correct(
    transaction: &Transaction<'_>,
    before: &Kept,
    text: &str,
    accepted: &str,
    now: UtcMillis,
) -> rusqlite::Result<()> {
    let id = before.call.id.to_string();
    transaction
        .execute("UPDATE calls SET note = ?2 WHERE id = ?1 AND note IS NOT NULL", params![id, text])?;
    promise::unmark_changed(transaction, before, text)?;
    transaction.execute(
        "INSERT INTO marks (call, corrected) VALUES (?1, 1) ON CONFLICT (call) DO UPDATE SET corrected = 1",
        [&id],
    )?;
    transaction.execute("UPDATE drafts SET discard = 0 WHERE call = ?1", [&id])?;
    let entry = Entry::new(Deed::Corrected).call(before.call.id);
    log::append(transaction, &entry.line(&before.call.line).detail(accepted), now)
}

/// Whether this number has a standing objection.
pub(super) fn objects(connection: &Connection, number: &Number) -> rusqlite::Result<bool> {
    let known = "SELECT EXISTS (SELECT 1 FROM objections WHERE number IN (SELECT value FROM json_each(?1)))";
    connection.prepare_cached(known)?.query_row([spellings(number)], |row| row.get(0))
}

/// Erases a call that is not held, and leaves its tombstone.
pub(super) fn erase_call(connection: &Connection, call: CallId, now: UtcMillis) -> rusqlite::Result<bool> {
    let id = call.to_string();
    let erase = "DELETE FROM calls WHERE id = ?1 AND id NOT IN (SELECT call FROM marks WHERE held)";
    let erased = connection.execute(erase, [&id])? > 0;
    if erased {
        bury(connection, &id, now)?;
        connection.execute(FORGET_PERSONS, [])?;
    }
    Ok(erased)
}

pub(super) fn bury(connection: &Connection, id: &str, now: UtcMillis) -> rusqlite::Result<()> {
    let bury = "INSERT INTO tombstones VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    connection.execute(bury, params![id, now.0]).map(drop)
}

/// The receipt's random word is the key of this hash: who has the log alone cannot try numbers on it.
fn known_by(receipt: &str, number: Option<&Number>) -> String {
    let number = number.map_or("", Number::as_str);
    let digest = Sha256::digest(format!("callgist receipt\n{receipt}\n{number}\n").as_bytes());
    super::hex(&digest[..KNOWN_BY])
}

/// Takes the number's random id away, and what protects it only when that is asked for.
fn forget(
    transaction: &Transaction<'_>,
    number: &Number,
    also_requests: bool,
    erased: &mut Erasure,
    now: UtcMillis,
) -> rusqlite::Result<()> {
    if also_requests {
        for key in keys(transaction, number)? {
            bury(transaction, &key, now)?;
        }
        let requests = format!("DELETE FROM do_not_contact WHERE {IS_OF}");
        erased.requests_erased = transaction.execute(&requests, [spellings(number)])?;
        let objections = "DELETE FROM objections WHERE number IN (SELECT value FROM json_each(?1))";
        erased.objection_erased = transaction.execute(objections, [spellings(number)])? > 0;
    }
    let left = format!("SELECT count(*) FROM do_not_contact WHERE {IS_OF}");
    erased.requests_kept = count(transaction, &left, [spellings(number)])?;
    erased.objection_kept = objects(transaction, number)?;
    for person in forget_persons(transaction, number)? {
        bury(transaction, &person, now)?;
    }
    Ok(())
}

/// Takes the random ids away that lead to the number: one for each of its spellings that was ever kept.
fn forget_persons(connection: &Connection, number: &Number) -> rusqlite::Result<Vec<String>> {
    let persons = format!("DELETE FROM persons WHERE {IS_OF} RETURNING id");
    let mut statement = connection.prepare(&persons)?;
    let rows = statement.query_map([spellings(number)], |row| row.get(0))?;
    rows.collect()
}

/// The names under which what protects a number is buried.
fn keys(connection: &Connection, number: &Number) -> rusqlite::Result<Vec<String>> {
    let all = format!(
        "SELECT {NUMBER}, created FROM do_not_contact WHERE {IS_OF}
         UNION ALL SELECT number, at FROM objections WHERE number IN (SELECT value FROM json_each(?1))"
    );
    let mut statement = connection.prepare(&all)?;
    let rows =
        statement.query_map([spellings(number)], |row| Ok(key(&row.get::<_, String>(0)?, row.get(1)?)))?;
    rows.collect()
}

/// A name that does not tell the number: it is hashed with the millisecond at which the entry was made.
pub(super) fn key(number: &str, created: i64) -> String {
    let digest = Sha256::digest(format!("{number}\n{created}\n").as_bytes());
    super::hex(&digest[..8])
}

fn mark_call(connection: &Connection, call: CallId, mark: Mark, now: UtcMillis) -> rusqlite::Result<bool> {
    let id = call.to_string();
    let there = "SELECT EXISTS (SELECT 1 FROM calls WHERE id = ?1)";
    if !connection.query_row(there, [&id], |row| row.get::<_, bool>(0))? {
        return Ok(false);
    }
    connection.execute("INSERT INTO marks (call) VALUES (?1) ON CONFLICT DO NOTHING", [&id])?;
    connection.execute(&format!("UPDATE marks SET {} WHERE call = ?1", mark.change()), [&id])?;
    log::append(connection, &Entry::new(mark.deed()).call(call), now)?;
    Ok(true)
}

fn noted_calls(connection: &Connection, number: &Number) -> rusqlite::Result<Vec<CallId>> {
    let noted = "SELECT id FROM calls WHERE caller IN (SELECT value FROM json_each(?1)) AND note IS NOT NULL";
    let mut statement = connection.prepare(noted)?;
    let rows = statement.query_map([spellings(number)], |row| read(row, "id", CallId::parse))?;
    rows.collect()
}

/// Bytes: with a call count and a dot they fit into a detail of the log.
const KNOWN_BY: usize = 16;
