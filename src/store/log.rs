//! The content-free log: a deed goes in, a row chained by its hash to the one before it comes out; nothing is ever
//! changed, and what was taken away or moved is named.
//!
//! It tells *that* something was done with a call and never what was said in it. An entry is of a call or of a person, never
//! of both: what leads from a call's id to a person is the call's row, and an erasure takes that away, though other rows of
//! the number stay. A person is a random id; only `persons` leads from there to a number, or to its keyed hash where the
//! do-not-contact list is encrypted, and erasure deletes that. Each row's hash covers the hash before it, so a
//! row cannot be changed, removed or moved without showing. Whoever may write to the file can compute a whole new
//! chain: against that, note the head that `callgist log verify` prints somewhere else, and ask with `--head` later.

use super::reader::spellings;
use super::seal::IS_OF;
use super::{Name, UtcMillis};
use crate::call::{CallId, Number};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use sha2::{Digest, Sha256};

macro_rules! deeds {
    ($($(#[$doc:meta])* $name:ident = $word:literal),* $(,)?) => {
        /// What was done: a closed list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Deed {
            $($(#[$doc])* $name),*
        }

        impl Deed {
            pub const ALL: &'static [Deed] = &[$(Deed::$name),*];

            /// The word that stands in the log.
            pub fn word(self) -> &'static str {
                match self { $(Deed::$name => $word),* }
            }
        }
    };
}

deeds! {
    /// The notice was played to its end; the detail is its version.
    NoticePlayed = "notice_played",
    NoticeFailed = "notice_failed",
    ConsentGiven = "consent_given",
    ConsentRefused = "consent_refused",
    /// Somebody on the call objected; the detail is `agent` where it was an agent's command.
    Objection = "objection",
    ListeningStarted = "listening_started",
    ListeningEnded = "listening_ended",
    NoteKept = "note_kept",
    /// The detail is the reason.
    NoteRefused = "note_refused",
    /// A request not to be contacted was made in a call.
    RequestKept = "request_kept",
    ContactAdded = "contact_added",
    ContactConfirmed = "contact_confirmed",
    ContactRejected = "contact_rejected",
    ContactWithdrawn = "contact_withdrawn",
    /// What an entry covers was asked for again; the detail is its id.
    ContactRenewed = "contact_renewed",
    ContactsRead = "contacts_read",
    /// Calls were listed; the detail is how many.
    Listed = "listed",
    Shown = "shown",
    /// A person's calls were looked for.
    Found = "found",
    Exported = "exported",
    /// A note's text was put right; the detail names what the guard found in the new one and a person accepted.
    Corrected = "corrected",
    /// A standing objection: calls of this number are never heard again.
    Objected = "objected",
    ObjectionWithdrawn = "objection_withdrawn",
    Restricted = "restricted",
    Unrestricted = "unrestricted",
    /// A legal hold began, or ended.
    Held = "held",
    Released = "released",
    /// Calls were erased; the detail is how many, and behind a dot what the receipt is known by.
    Erased = "erased",
    /// Rows past their retention were erased; the detail is how many.
    Swept = "swept",
    /// The detail is the settings' version.
    SettingsChanged = "settings_changed",
    /// The detail is the recogniser.
    EarStarted = "ear_started",
    EarEnded = "ear_ended",
    /// The detail begins the report's hash.
    ProofMade = "proof_made",
    BackedUp = "backed_up",
    /// A copy was brought back; the detail is how many calls. And each of these calls has an entry of its own.
    Restored = "restored",
    LogRead = "log_read",
    /// Entries up to a checkpoint were removed; the detail begins the checkpoint's hash.
    Pruned = "pruned",
    /// The switch was told how many notes of a caller's there are; the detail is how many.
    EarlierTold = "earlier_told",
    /// A promise of a note was marked as kept, or as open again; the detail is which.
    PromiseKept = "promise_kept",
    PromiseOpen = "promise_open",
    /// A draft was found right, or discarded; the detail is `unapproved` where nobody had looked at it in time.
    Approved = "approved",
    Discarded = "discarded",
}

/// What is to be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub deed: Deed,
    of: Of,
    pub line: Option<Name>,
    pub detail: Option<Name>,
}

/// Of whom an entry tells: of a call or of a person. Both beside each other would lead from an erased call to its caller as
/// long as anything else of his is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Of {
    Nobody,
    Call(CallId),
    /// A random id stands in the log.
    Person(Number),
    /// Somebody only looked: a number that nothing is kept of is not kept for that.
    LookedFor(Number),
}

impl Entry {
    pub fn new(deed: Deed) -> Entry {
        Entry { deed, of: Of::Nobody, line: None, detail: None }
    }

    /// Of somebody who was looked for, and may be unknown.
    pub fn looked_for(self, person: Option<&Number>) -> Entry {
        Entry { of: person.cloned().map_or(Of::Nobody, Of::LookedFor), ..self }
    }

    pub fn call(self, call: CallId) -> Entry {
        Entry { of: Of::Call(call), ..self }
    }

    pub fn person(self, person: Option<&Number>) -> Entry {
        Entry { of: person.cloned().map_or(Of::Nobody, Of::Person), ..self }
    }

    pub fn line(self, line: &Name) -> Entry {
        Entry { line: Some(line.clone()), ..self }
    }

    /// A word of ours: a reason, a version, a count. What is no name is left out.
    pub fn detail(self, detail: &str) -> Entry {
        Entry { detail: Name::new(detail).ok(), ..self }
    }
}

/// One row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    pub seq: i64,
    pub at: UtcMillis,
    pub deed: String,
    pub call: Option<String>,
    pub person: Option<String>,
    pub line: Option<String>,
    pub detail: Option<String>,
    pub hash: String,
}

/// What is wrong with the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// These entries are not there.
    Missing { from: i64, to: i64 },
    /// This entry does not follow from the one before it.
    Changed { seq: i64 },
    /// The log begins here, and nothing in it says that what came before was pruned.
    NoCheckpoint { seq: i64 },
    /// No entry has the hash that was asked for.
    HeadUnknown,
}

/// What the verifier found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub entries: u64,
    pub first: i64,
    pub last: i64,
    /// The newest entry's hash: to be noted elsewhere.
    pub head: String,
    /// The entry that has the hash that was asked for; 0 where that is the hash before the first entry.
    pub known: Option<i64>,
    pub faults: Vec<Fault>,
}

/// Adds an entry, in a transaction that holds the right to write.
pub(super) fn append(connection: &Connection, entry: &Entry, at: UtcMillis) -> rusqlite::Result<()> {
    let (last, before) = head(connection)?;
    let (call, person) = match &entry.of {
        Of::Nobody => (None, None),
        Of::Call(call) => (Some(call.to_string()), None),
        Of::Person(number) => (None, Some(person(connection, number)?)),
        Of::LookedFor(number) => (None, known_person(connection, number)?),
    };
    let row = Logged {
        seq: last + 1,
        at,
        deed: entry.deed.word().to_owned(),
        call,
        person,
        line: entry.line.as_ref().map(|line| line.as_str().to_owned()),
        detail: entry.detail.as_ref().map(|detail| detail.as_str().to_owned()),
        hash: String::new(),
    };
    let hash = row.chained(&before);
    connection
        .prepare_cached("INSERT INTO log VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
        .execute(params![row.seq, at.0, row.deed, row.call, row.person, row.line, row.detail, hash])
        .map(drop)
}

fn known_person(connection: &Connection, number: &Number) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT id FROM persons WHERE number = ?1 OR hash = number_hash(?1)")?
        .query_row([number.as_str()], |row| row.get(0))
        .optional()
}

/// The number's random id; a new one where it has none.
pub(super) fn person(connection: &Connection, number: &Number) -> rusqlite::Result<String> {
    if let Some(id) = known_person(connection, number)? {
        return Ok(id);
    }
    let id = format!("{:016x}", rand::random::<u64>());
    let insert = "INSERT INTO persons (id, number, hash)
                  VALUES (?1, CASE WHEN number_hash(?2) IS NULL THEN ?2 END, number_hash(?2))";
    connection.execute(insert, [id.as_str(), number.as_str()])?;
    Ok(id)
}

/// The newest entry's number and hash, or the newest checkpoint's, or the beginning. The number comes from the table's
/// own counter, so that one that was taken away is not used again.
fn head(connection: &Connection) -> rusqlite::Result<(i64, String)> {
    let counted: Option<i64> = connection
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'log'", [], |row| row.get(0))
        .optional()?;
    let newest = "SELECT hash FROM (SELECT seq, hash FROM log UNION ALL SELECT seq, hash FROM checkpoints)
                  ORDER BY seq DESC LIMIT 1";
    let hash = connection.query_row(newest, [], |row| row.get(0)).optional()?;
    Ok((counted.unwrap_or(0), hash.unwrap_or_else(|| START.to_owned())))
}

/// Looks at every entry in order. `known` is a head that was noted earlier, at least its first twelve digits.
pub(super) fn verify(connection: &Connection, known: Option<&str>) -> rusqlite::Result<Verdict> {
    let (counted, _) = head(connection)?;
    let anchor = anchor(connection)?;
    let (mut last, mut before) = anchor.clone();
    let is_known = |hash: &str| known.is_some_and(|known| hash.starts_with(known));
    let mut verdict = Verdict {
        entries: 0,
        first: last + 1,
        last,
        head: before.clone(),
        known: is_known(&before).then_some(last),
        faults: Vec::new(),
    };
    let mut pruned = anchor.0 == 0;
    let mut statement = connection.prepare("SELECT * FROM log WHERE seq > ?1 ORDER BY seq")?;
    let mut rows = statement.query([anchor.0])?;
    while let Some(row) = rows.next()? {
        let entry = logged(row)?;
        if entry.seq > last + 1 {
            verdict.faults.push(Fault::Missing { from: last + 1, to: entry.seq - 1 });
        } else if entry.chained(&before) != entry.hash {
            verdict.faults.push(Fault::Changed { seq: entry.seq });
        }
        pruned |= entry.deed == Deed::Pruned.word()
            && entry.detail.as_deref().is_some_and(|detail| anchor.1.starts_with(detail));
        verdict.known = verdict.known.or_else(|| is_known(&entry.hash).then_some(entry.seq));
        verdict.entries += 1;
        (last, before) = (entry.seq, entry.hash);
    }
    if counted > last {
        verdict.faults.push(Fault::Missing { from: last + 1, to: counted });
    }
    if !pruned {
        verdict.faults.push(Fault::NoCheckpoint { seq: anchor.0 + 1 });
    }
    if known.is_some() && verdict.known.is_none() {
        verdict.faults.push(Fault::HeadUnknown);
    }
    (verdict.last, verdict.head) = (last, before);
    Ok(verdict)
}

/// Where the chain begins: the newest checkpoint, or nothing before the first entry.
fn anchor(connection: &Connection) -> rusqlite::Result<(i64, String)> {
    let newest = "SELECT seq, hash FROM checkpoints ORDER BY seq DESC LIMIT 1";
    let found = connection.query_row(newest, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(found.unwrap_or_else(|| (0, START.to_owned())))
}

/// All entries that are there, the oldest first.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Logged>> {
    let mut statement = connection.prepare("SELECT * FROM log ORDER BY seq")?;
    let rows = statement.query_map([], logged)?;
    rows.collect()
}

/// Those of these calls and of this person, the oldest first.
pub(super) fn about(
    connection: &Connection,
    calls: &[CallId],
    person: Option<&Number>,
) -> rusqlite::Result<Vec<Logged>> {
    let about = format!(
        "SELECT * FROM log WHERE call IN (SELECT value FROM json_each(?2))
             OR person IN (SELECT id FROM persons WHERE ?1 IS NOT NULL AND {IS_OF}) ORDER BY seq"
    );
    let calls: Vec<String> = calls.iter().map(ToString::to_string).collect();
    let mut statement = connection.prepare(&about)?;
    let wish = params![person.map(spellings), serde_json::json!(calls).to_string()];
    let rows = statement.query_map(wish, logged)?;
    rows.collect()
}

/// Removes the entries that are older than `before`, leaves a checkpoint, and logs that; says how many were removed.
///
/// Refused where the log does not verify: a fault must not be tidied away.
pub(super) fn prune(
    transaction: &Transaction<'_>,
    before: UtcMillis,
    now: UtcMillis,
) -> rusqlite::Result<Option<usize>> {
    if !verify(transaction, None)?.faults.is_empty() {
        return Ok(None);
    }
    let last =
        "SELECT seq, hash FROM log WHERE seq < (SELECT coalesce(min(seq), 9223372036854775807) FROM log
                WHERE at >= ?1) ORDER BY seq DESC LIMIT 1";
    let last: Option<(i64, String)> =
        transaction.query_row(last, [before.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((seq, hash)) = last else { return Ok(Some(0)) };
    transaction.execute("INSERT INTO checkpoints VALUES (?1, ?2, ?3)", params![seq, hash, now.0])?;
    let removed = transaction.execute("DELETE FROM log WHERE seq <= ?1", [seq])?;
    // The newest checkpoint is enough, and it is told in the chain itself.
    transaction.execute("DELETE FROM checkpoints WHERE seq < ?1", [seq])?;
    append(transaction, &Entry::new(Deed::Pruned).detail(&hash[..40]), now)?;
    Ok(Some(removed))
}

/// The detail of the newest entry of this kind.
pub(super) fn newest_detail(connection: &Connection, deed: Deed) -> rusqlite::Result<Option<String>> {
    let newest = "SELECT detail FROM log WHERE deed = ?1 ORDER BY seq DESC LIMIT 1";
    Ok(connection.query_row(newest, [deed.word()], |row| row.get(0)).optional()?.flatten())
}

/// The newest entry of this kind that was made until then.
pub(super) fn newest_before(
    connection: &Connection,
    deed: Deed,
    at: UtcMillis,
) -> rusqlite::Result<Option<Logged>> {
    let newest = "SELECT * FROM log WHERE deed = ?1 AND at <= ?2 ORDER BY seq DESC LIMIT 1";
    connection.query_row(newest, params![deed.word(), at.0], logged).optional()
}

fn logged(row: &Row<'_>) -> rusqlite::Result<Logged> {
    Ok(Logged {
        seq: row.get("seq")?,
        at: UtcMillis(row.get("at")?),
        deed: row.get("deed")?,
        call: row.get("call")?,
        person: row.get("person")?,
        line: row.get("line")?,
        detail: row.get("detail")?,
        hash: row.get("hash")?,
    })
}

impl Logged {
    /// The hash that this row must have after `before`. No field can hold a line break.
    fn chained(&self, before: &str) -> String {
        let field = |field: &Option<String>| field.clone().unwrap_or_else(|| "-".to_owned());
        let (call, person) = (field(&self.call), field(&self.person));
        let (line, detail) = (field(&self.line), field(&self.detail));
        let text = format!(
            "{before}\n{}\n{}\n{}\n{call}\n{person}\n{line}\n{detail}\n",
            self.seq, self.at.0, self.deed
        );
        super::hex(&Sha256::digest(text.as_bytes()))
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Missing { from, to } if from == to => write!(f, "entry {from} is missing"),
            Fault::Missing { from, to } => write!(f, "entries {from} to {to} are missing"),
            Fault::Changed { seq } => write!(
                f,
                "entry {seq} does not follow from the one before it: it was changed or moved, or the one before it \
                 was and its hash with it"
            ),
            Fault::NoCheckpoint { seq } => {
                write!(f, "the log begins at entry {seq}, and no entry says that it was pruned before that")
            }
            Fault::HeadUnknown => f.write_str(
                "the head that was named is not in the log (or was mistyped): no entry has this hash; perhaps the log was \
                 written anew since, or pruned past it",
            ),
        }
    }
}

/// The hash before the first entry.
const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";
