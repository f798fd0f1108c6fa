//! How long rows stay: the settings' periods and the time go in; what is past them is erased, and counted afterwards.
//!
//! A restricted or held call is not swept, and an entry not to be contacted that has an end of its own goes by that. The
//! count after a sweep is made anew and must be 0; [`overdue`] gives it to whoever asks, and the store keeps when that was
//! last so, and when not.

use super::clerk::{FORGET_PERSONS, count, write};
use super::log::{self, Deed, Entry};
use super::{Clerk, Name, StoreError, UtcMillis};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Transaction, params_from_iter};

/// How long what is kept, in days; nothing is "until it is taken back".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    pub lines: Vec<LineRetention>,
    /// The log's entries, and entries not to be contacted that were rejected or withdrawn, from then on.
    pub log_days: u32,
    /// Standing objections.
    pub objections_days: Option<u32>,
    /// Ids of what was erased, by which a restore leaves it erased.
    pub erased_days: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRetention {
    pub line: Name,
    /// Calls with a note.
    pub notes_days: u32,
    /// Calls without one, and their reasons.
    pub rows_days: u32,
    /// Entries not to be contacted that have no end of their own.
    pub wishes_days: Option<u32>,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub calls: usize,
    pub requests: usize,
    pub objections: usize,
    /// Ids of what was erased.
    pub erased_ids: usize,
    pub log_entries: usize,
    /// Rows that are still past their time: must be 0.
    pub overdue: usize,
    /// The log does not verify, so it was not pruned.
    pub log_broken: bool,
    /// Somebody who reads for long kept the write-ahead log from being emptied: what was erased may still be in it.
    pub held_up: bool,
}

/// How the last sweeps ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastSweep {
    /// The last one that left nothing past its time.
    pub good: Option<UtcMillis>,
    /// One that failed after that.
    pub failed: Option<UtcMillis>,
}

/// What has a time that can be up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Calls,
    Contacts,
    Objections,
    ErasedIds,
    Log,
}

impl Kind {
    pub const ALL: [Kind; 5] = [Kind::Calls, Kind::Contacts, Kind::Objections, Kind::ErasedIds, Kind::Log];

    /// As figures name it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Calls => "calls",
            Kind::Contacts => "contacts",
            Kind::Objections => "objections",
            Kind::ErasedIds => "erased_ids",
            Kind::Log => "log",
        }
    }

    pub(super) fn table(self) -> &'static str {
        match self {
            Kind::Calls => "calls",
            Kind::Contacts => "do_not_contact",
            Kind::Objections => "objections",
            Kind::ErasedIds => "tombstones",
            Kind::Log => "log",
        }
    }
}

impl Retention {
    /// How long an entry of that line stays that has no end of its own.
    pub fn wishes_days(&self, line: Option<&Name>) -> Option<u32> {
        let of_line = self.lines.iter().find(|known| Some(&known.line) == line);
        of_line.map_or_else(|| self.longest_wishes_days(), |line| line.wishes_days)
    }

    fn longest_wishes_days(&self) -> Option<u32> {
        let days: Option<Vec<u32>> = self.lines.iter().map(|line| line.wishes_days).collect();
        days?.into_iter().max()
    }
}

impl Swept {
    /// Whether anything was erased.
    pub fn erased(&self) -> bool {
        self.rows() + self.log_entries > 0
    }

    fn rows(&self) -> usize {
        self.calls + self.requests + self.objections + self.erased_ids
    }

    fn of(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Calls => &mut self.calls,
            Kind::Contacts => &mut self.requests,
            Kind::Objections => &mut self.objections,
            Kind::ErasedIds => &mut self.erased_ids,
            Kind::Log => &mut self.log_entries,
        }
    }

    /// Whether nothing is left that should have gone.
    pub fn is_good(&self) -> bool {
        self.overdue == 0 && !self.log_broken
    }
}

impl Clerk {
    /// Erases what is past its time now.
    pub fn sweep(&mut self, retention: &Retention, now: UtcMillis) -> Result<Swept, StoreError> {
        let swept = self.work(|connection| sweep(connection, retention, now));
        // Also where nothing was erased now: after an erasure somebody who read may have been in the way.
        self.empty()?;
        swept
    }

    /// Rows that were past their time at `at`.
    pub fn overdue(&self, retention: &Retention, at: UtcMillis) -> Result<usize, StoreError> {
        self.read(|connection| overdue(connection, retention, at))
    }

    pub fn last_sweep(&self) -> Result<LastSweep, StoreError> {
        self.read(last_sweep)
    }
}

/// Erases what is past its time, and keeps how that ended.
pub(super) fn sweep(
    connection: &mut Connection,
    retention: &Retention,
    now: UtcMillis,
) -> rusqlite::Result<Swept> {
    let swept = write(connection, |transaction| erase(transaction, retention, now));
    if swept.is_err() {
        // The error itself is what is told; that it cannot be noted is no news beside it.
        let _ = write(connection, |transaction| note_end(transaction, false, now));
    }
    swept
}

fn erase(transaction: &Transaction<'_>, retention: &Retention, now: UtcMillis) -> rusqlite::Result<Swept> {
    let mut swept = Swept::default();
    for Due { kind, past, values } in due(retention, now) {
        let erase = format!("DELETE FROM {} WHERE {past}", kind.table());
        *swept.of(kind) += transaction.execute(&erase, params_from_iter(values))?;
    }
    if swept.rows() > 0 {
        let count = swept.rows().to_string();
        log::append(transaction, &Entry::new(Deed::Swept).detail(&count), now)?;
    }
    match log::prune(transaction, now.days_before(retention.log_days), now)? {
        Some(entries) => swept.log_entries = entries,
        None => swept.log_broken = true,
    }
    transaction.execute(FORGET_PERSONS, [])?;
    swept.overdue = overdue(transaction, retention, now)?;
    note_end(transaction, swept.is_good(), now)?;
    Ok(swept)
}

/// Keeps how a sweep ended, for whoever asks later.
fn note_end(connection: &Connection, good: bool, now: UtcMillis) -> rusqlite::Result<()> {
    let note = match good {
        true => {
            "INSERT INTO sweeps (only, good) VALUES (1, ?1) ON CONFLICT (only) DO UPDATE SET good = ?1, failed = NULL"
        }
        false => {
            "INSERT INTO sweeps (only, failed) VALUES (1, ?1) ON CONFLICT (only) DO UPDATE SET failed = ?1"
        }
    };
    connection.execute(note, [now.0]).map(drop)
}

pub(super) fn last_sweep(connection: &Connection) -> rusqlite::Result<LastSweep> {
    let last = connection.query_row("SELECT good, failed FROM sweeps", [], |row| {
        let time = |column| row.get::<_, Option<i64>>(column).map(|time| time.map(UtcMillis));
        Ok(LastSweep { good: time("good")?, failed: time("failed")? })
    });
    Ok(last.optional()?.unwrap_or_default())
}

/// Counts what a sweep at `at` would erase.
pub(super) fn overdue(
    connection: &Connection,
    retention: &Retention,
    at: UtcMillis,
) -> rusqlite::Result<usize> {
    Ok(overdue_by_kind(connection, retention, at)?.iter().map(|(_, rows)| rows).sum())
}

/// The same for each kind.
pub(super) fn overdue_by_kind(
    connection: &Connection,
    retention: &Retention,
    at: UtcMillis,
) -> rusqlite::Result<[(Kind, usize); 5]> {
    let due = due(retention, at);
    let mut counted = Kind::ALL.map(|kind| (kind, 0));
    for (kind, rows) in &mut counted {
        let due: Vec<&Due> = due.iter().filter(|due| due.kind == *kind).collect();
        if !due.is_empty() {
            // Together: a row whose time is up for two reasons is one row.
            let past: Vec<String> = due.iter().map(|due| format!("({})", due.past)).collect();
            let query = format!("SELECT count(*) FROM {} WHERE {}", kind.table(), past.join(" OR "));
            *rows = count(connection, &query, params_from_iter(due.iter().flat_map(|due| &due.values)))?;
        }
        if *kind == Kind::Log {
            *rows = count(connection, LOG_PAST, [at.days_before(retention.log_days).0])?;
        }
    }
    Ok(counted)
}

/// Rows of one kind whose time is up.
struct Due {
    kind: Kind,
    past: String,
    values: Vec<Value>,
}

/// All but the log, which is not cut anywhere but at a checkpoint.
fn due(retention: &Retention, now: UtcMillis) -> Vec<Due> {
    let mut due = Vec::new();
    let before = |days: u32| Value::from(now.days_before(days).0);
    let mut add =
        |kind, past: &str, until: Value| due.push(Due { kind, past: past.to_owned(), values: vec![until] });
    // What is of no line, or of one that the settings no longer name, stays no longer than the longest period of those that
    // they do.
    let longest = retention.lines.iter().map(|line| line.notes_days.max(line.rows_days)).max();
    if let Some(days) = longest {
        add(Kind::Calls, ENDED, before(days));
    }
    if let Some(days) = retention.longest_wishes_days() {
        add(Kind::Contacts, WISHED, before(days));
    }
    add(Kind::Contacts, EXPIRED, now.0.into());
    add(Kind::Contacts, UNDONE, before(retention.log_days));
    if let Some(days) = retention.objections_days {
        add(Kind::Objections, "at < ?", before(days));
    }
    add(Kind::ErasedIds, "at < ?", before(retention.erased_days));
    for LineRetention { line, notes_days, rows_days, wishes_days } in &retention.lines {
        let of_line = [
            (Kind::Calls, NOTED, Some(*notes_days)),
            (Kind::Calls, NOT_NOTED, Some(*rows_days)),
            (Kind::Contacts, WISHED, *wishes_days),
        ];
        due.extend(of_line.into_iter().filter_map(|(kind, past, days)| {
            let values = vec![line.as_str().to_owned().into(), before(days?)];
            Some(Due { kind, past: format!("line = ? AND {past}"), values })
        }));
    }
    let of_calls = due.iter_mut().filter(|due| due.kind == Kind::Calls);
    of_calls.for_each(|due| due.past.push_str(FREE));
    due
}

// A row has a note or a reason.
const NOTED: &str = "reason IS NULL AND ended < ?";
const NOT_NOTED: &str = "reason IS NOT NULL AND ended < ?";
const ENDED: &str = "ended < ?";

/// Of a call: nothing keeps it beyond its time.
const FREE: &str = " AND id NOT IN (SELECT call FROM marks WHERE restricted OR held)";

const WISHED: &str =
    "state IN ('pending', 'confirmed') AND expires IS NULL AND coalesce(renewed, created) < ?";
const EXPIRED: &str = "state IN ('pending', 'confirmed') AND expires <= ?";

/// It protects nobody any more, and stays as a trace as long as the log's entry of it.
const UNDONE: &str = "state IN ('rejected', 'withdrawn') AND coalesce(changed, created) < ?";

/// Entries before the first that is young enough: those that `log::prune` takes.
const LOG_PAST: &str = "SELECT count(*) FROM log WHERE seq < coalesce(
    (SELECT seq FROM log WHERE at >= ?1 ORDER BY seq LIMIT 1), 9223372036854775807)";
