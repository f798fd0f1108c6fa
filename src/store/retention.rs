//! How long rows stay: the settings' periods and the time go in; what is past them is erased, and counted afterwards.
//!
//! A restricted or held call is not swept. The count after a sweep must be 0; [`overdue`] gives it to whoever asks.

use super::clerk::{FORGET_PERSONS, count};
use super::log::{self, Deed, Entry};
use super::{Clerk, Name, StoreError, UtcMillis};
use rusqlite::{Connection, Transaction, params};

/// How long what is kept, in days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    pub lines: Vec<LineRetention>,
    /// The log's entries.
    pub log_days: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRetention {
    pub line: Name,
    /// Calls with a note.
    pub notes_days: u32,
    /// Calls without one, and their reasons.
    pub rows_days: u32,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub calls: usize,
    pub requests: usize,
    pub log_entries: usize,
    /// Rows that are still past their time: must be 0.
    pub overdue: usize,
    /// The log does not verify, so it was not pruned.
    pub log_broken: bool,
    /// Somebody who reads for long kept the write-ahead log from being emptied: what was erased may still be in it.
    pub held_up: bool,
}

impl Swept {
    /// Whether anything was erased.
    pub fn erased(&self) -> bool {
        self.calls + self.requests + self.log_entries > 0
    }
}

impl Clerk {
    /// Erases what is past its time now.
    pub fn sweep(&mut self, retention: &Retention, now: UtcMillis) -> Result<Swept, StoreError> {
        let swept = self.write(|transaction| sweep(transaction, retention, now))?;
        // Also where nothing was erased now: after an erasure somebody who read may have been in the way.
        self.empty()?;
        Ok(swept)
    }

    /// Rows that were past their time at `at`.
    pub fn overdue(&self, retention: &Retention, at: UtcMillis) -> Result<usize, StoreError> {
        self.read(|connection| overdue(connection, retention, at))
    }
}

pub(super) fn sweep(
    transaction: &Transaction<'_>,
    retention: &Retention,
    now: UtcMillis,
) -> rusqlite::Result<Swept> {
    let mut swept = Swept::default();
    for (line, what, until) in periods(retention, now) {
        let erase = format!("DELETE FROM calls WHERE {}", past(line, what));
        swept.calls += transaction.execute(&erase, params![line, until.0])?;
    }
    let expired = "DELETE FROM do_not_contact WHERE expires <= ?1";
    swept.requests = transaction.execute(expired, [now.0])?;
    if swept.calls + swept.requests > 0 {
        let count = (swept.calls + swept.requests).to_string();
        log::append(transaction, &Entry::new(Deed::Swept).detail(&count), now)?;
    }
    match log::prune(transaction, now.days_before(retention.log_days), now)? {
        Some(entries) => swept.log_entries = entries,
        None => swept.log_broken = true,
    }
    transaction.execute(FORGET_PERSONS, [])?;
    swept.overdue = overdue(transaction, retention, now)?;
    Ok(swept)
}

/// Counts what a sweep at `at` would erase.
pub(super) fn overdue(
    connection: &Connection,
    retention: &Retention,
    at: UtcMillis,
) -> rusqlite::Result<usize> {
    let mut rows_past = 0;
    for (line, what, until) in periods(retention, at) {
        let rows = format!("SELECT count(*) FROM calls WHERE {}", past(line, what));
        rows_past += count(connection, &rows, params![line, until.0])?;
    }
    let expired = "SELECT count(*) FROM do_not_contact WHERE expires <= ?1";
    Ok(rows_past + count(connection, expired, [at.0])?)
}

/// Line (or none: all others), which of its rows, and before when they must have begun.
fn periods(retention: &Retention, now: UtcMillis) -> Vec<(Option<&str>, &'static str, UtcMillis)> {
    let mut periods = Vec::new();
    for LineRetention { line, notes_days, rows_days } in &retention.lines {
        periods.push((Some(line.as_str()), NOTED, now.days_before(*notes_days)));
        periods.push((Some(line.as_str()), NOT_NOTED, now.days_before(*rows_days)));
    }
    // Rows of a line that the settings no longer name stay no longer than the longest period of those that they do.
    let longest = retention.lines.iter().map(|line| line.notes_days.max(line.rows_days)).max();
    periods.extend(longest.map(|days| (None, "1", now.days_before(days))));
    periods
}

fn past(line: Option<&str>, what: &str) -> String {
    let whose = if line.is_some() { "line = ?1" } else { "?1 IS NULL" };
    format!(
        "{whose} AND {what} AND ended < ?2
         AND id NOT IN (SELECT call FROM marks WHERE restricted OR held)"
    )
}

const NOTED: &str = "note IS NOT NULL";
const NOT_NOTED: &str = "note IS NULL";
