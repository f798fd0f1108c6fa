//! Notes that are drafts: for some minutes after the call its agent may correct, approve or discard the note; after that
//! the settings that were in force at its end decide.
//!
//! What was said is gone by then, so nothing here can look anything up. Of what is replaced or discarded nothing stays
//! in the files; that it happened stands in the log. A restricted note is touched by nobody, one that is held is not
//! discarded.

use super::log::{self, Deed, Entry};
use super::{Clerk, Draft, Kept, StoreError, UtcMillis, person, reader};
use crate::call::{CallId, NoSummary};
use rusqlite::{Connection, Transaction};

/// What became of a wish about a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drafted {
    Done,
    /// There is no such note, it never was a draft, or it was approved.
    NoDraft,
    /// It was one until then.
    Over(UtcMillis),
    /// It may not be discarded (legal hold).
    Held,
}

impl Clerk {
    /// Puts `text` in the place of a draft's; see [`Clerk::correct`].
    pub fn correct_draft(&mut self, call: CallId, text: &str, now: UtcMillis) -> Result<Drafted, StoreError> {
        self.with_draft(call, now, |transaction, draft| {
            person::correct(transaction, &draft, text, "", now)?;
            Ok(Drafted::Done)
        })
    }

    /// The note is right as it is, and no draft any more.
    pub fn approve_draft(&mut self, call: CallId, now: UtcMillis) -> Result<Drafted, StoreError> {
        self.with_draft(call, now, |transaction, draft| {
            let id = call.to_string();
            transaction.execute("DELETE FROM drafts WHERE call = ?1", [&id])?;
            transaction.execute(
                "INSERT INTO marks (call, approved) VALUES (?1, 1) ON CONFLICT (call) DO UPDATE SET approved = 1",
                [&id],
            )?;
            log::append(transaction, &about(Deed::Approved, &draft), now)?;
            Ok(Drafted::Done)
        })
    }

    /// The row stays, and says that its note was discarded.
    pub fn discard_draft(&mut self, call: CallId, now: UtcMillis) -> Result<Drafted, StoreError> {
        self.with_draft(call, now, |transaction, draft| {
            if draft.marks.held {
                return Ok(Drafted::Held);
            }
            discard(transaction, call)?;
            log::append(transaction, &about(Deed::Discarded, &draft), now)?;
            Ok(Drafted::Done)
        })
    }

    /// Discards what is to be discarded now that its time is up; says how many notes that were.
    pub fn settle_drafts(&mut self, now: UtcMillis) -> Result<usize, StoreError> {
        let discarded = self.write(|transaction| settle(transaction, now))?;
        self.empty()?;
        Ok(discarded)
    }

    fn with_draft(
        &mut self,
        call: CallId,
        now: UtcMillis,
        work: impl FnOnce(&Transaction<'_>, Kept) -> rusqlite::Result<Drafted>,
    ) -> Result<Drafted, StoreError> {
        let drafted = self.write(|transaction| {
            let found = reader::show(transaction, call)?.filter(|kept| !kept.marks.restricted);
            match found.as_ref().and_then(|kept| kept.call.draft).zip(found) {
                None => Ok(Drafted::NoDraft),
                Some((Draft { until, .. }, _)) if until <= now => Ok(Drafted::Over(until)),
                Some((_, found)) => work(transaction, found),
            }
        })?;
        if drafted == Drafted::Done {
            self.empty()?;
        }
        Ok(drafted)
    }
}

/// Whether there is a draft whose time is up.
pub(super) fn is_due(connection: &Connection, now: UtcMillis) -> rusqlite::Result<bool> {
    let due = format!("SELECT EXISTS (SELECT 1 FROM drafts WHERE {DUE})");
    connection.prepare_cached(&due)?.query_row([now.0], |row| row.get(0))
}

/// Of drafts whose time is up some are discarded, the others are drafts no longer. One that is restricted or held waits.
pub(super) fn settle(transaction: &Transaction<'_>, now: UtcMillis) -> rusqlite::Result<usize> {
    let mut discarded = 0;
    for call in to_be_discarded(transaction, now)? {
        let Some(found) = reader::show(transaction, call)? else { continue };
        discard(transaction, call)?;
        log::append(transaction, &about(Deed::Discarded, &found).detail("unapproved"), now)?;
        discarded += 1;
    }
    transaction.execute(&format!("DELETE FROM drafts WHERE {DUE}"), [now.0])?;
    Ok(discarded)
}

fn to_be_discarded(connection: &Connection, now: UtcMillis) -> rusqlite::Result<Vec<CallId>> {
    let mut statement = connection.prepare(&format!("SELECT call FROM drafts WHERE {DUE} AND discard"))?;
    let rows = statement.query_map([now.0], |row| reader::read(row, "call", CallId::parse))?;
    rows.collect()
}

/// Takes the note out of its row, with all that belongs to it; the row says so.
fn discard(connection: &Connection, call: CallId) -> rusqlite::Result<()> {
    let id = call.to_string();
    for of_the_note in ["topics", "kept_promises", "drafts"] {
        connection.execute(&format!("DELETE FROM {of_the_note} WHERE call = ?1"), [&id])?;
    }
    connection.execute("UPDATE marks SET corrected = 0, approved = 0 WHERE call = ?1", [&id])?;
    let without =
        "UPDATE calls SET note = NULL, reason = ?2, trust = NULL, confidence_pct = NULL, kept_pct = NULL,
                       arrived_pct = NULL
                   WHERE id = ?1 AND note IS NOT NULL";
    connection.execute(without, [id.as_str(), NoSummary::Discarded.word()]).map(drop)
}

fn about(deed: Deed, kept: &Kept) -> Entry {
    Entry::new(deed).call(kept.call.id).line(&kept.call.line)
}

/// `?1` is now. What may not be shown or not be erased is not discarded either, until it may.
const DUE: &str =
    "until <= ?1 AND NOT (discard AND call IN (SELECT call FROM marks WHERE restricted OR held))";
