//! The store's own figures: counts alone, of no caller and of nobody on the staff.

use super::retention::{self, Kind, LastSweep};
use super::{Clerk, Retention, State, StoreError, UtcMillis, clerk, open};
use rusqlite::Connection;

/// What was counted at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Rows past their retention: each must be 0.
    pub overdue: [(Kind, usize); 5],
    pub sweep: LastSweep,
    /// Entries of the do-not-contact list.
    pub contacts: [(State, usize); 4],
    /// By line and by the reason why there is no note; without one where there is.
    pub calls: Vec<(String, Option<String>, usize)>,
    /// Notes that may still be corrected, approved or discarded.
    pub drafts: usize,
    /// The log's, since the last checkpoint.
    pub log_entries: usize,
    /// Of the schema.
    pub version: i64,
}

impl Clerk {
    pub fn counts(&self, retention: &Retention, now: UtcMillis) -> Result<Counts, StoreError> {
        self.read(|connection| count(connection, retention, now))
    }
}

pub(super) fn count(
    connection: &Connection,
    retention: &Retention,
    now: UtcMillis,
) -> rusqlite::Result<Counts> {
    let rows = |query: &str, wish: &[&dyn rusqlite::ToSql]| clerk::count(connection, query, wish);
    let mut contacts = State::ALL.map(|state| (state, 0));
    for (state, entries) in &mut contacts {
        *entries = rows("SELECT count(*) FROM do_not_contact WHERE state = ?1", &[&state.word()])?;
    }
    Ok(Counts {
        overdue: retention::overdue_by_kind(connection, retention, now)?,
        sweep: retention::last_sweep(connection)?,
        contacts,
        calls: calls(connection)?,
        drafts: rows("SELECT count(*) FROM drafts WHERE until > ?1", &[&now.0])?,
        log_entries: rows(LOG_ENTRIES, &[])?,
        version: open::KNOWN,
    })
}

fn calls(connection: &Connection) -> rusqlite::Result<Vec<(String, Option<String>, usize)>> {
    let counted = "SELECT line, reason, count(*) FROM calls GROUP BY line, reason ORDER BY line, reason";
    let mut statement = connection.prepare(counted)?;
    let rows = statement.query_map([], |row| {
        // 32 bits fit.
        Ok((row.get(0)?, row.get(1)?, row.get::<_, u32>(2)? as usize))
    })?;
    rows.collect()
}

/// Without a look at each: no number is left out, as `log verify` tells.
const LOG_ENTRIES: &str = "SELECT coalesce((SELECT max(seq) FROM log)
    - (SELECT coalesce(max(seq), 0) FROM checkpoints), 0)";
