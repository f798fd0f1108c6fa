//! Looks into the database: a wish goes in, rows come out.

use super::seal::NUMBER;
use super::writer::{purpose_word, trust_word};
use super::{
    CallRecord, Database, Decision, Draft, Kept, Marks, Measured, Name, Origin, Outcome, Played, Reference,
    Request, Segment, Sha256, StoreError, Summary, UtcMillis, open,
};
use crate::border::{Channels, Heard, ModelId, Purpose, Recogniser, Topics, Trust, TrustLabel};
use crate::call::{AgentLeg, CallId, Language, NoSummary, Number};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A connection that can only read.
pub struct Reader {
    connection: Connection,
    path: PathBuf,
}

/// Which calls are wanted; the newest come first.
#[derive(Clone, Debug)]
pub struct Filter {
    pub limit: u32,
    /// Only calls from or to this number.
    pub number: Option<Number>,
    pub line: Option<String>,
    /// Only calls offered at this time or later, and before that one.
    pub since: Option<UtcMillis>,
    pub until: Option<UtcMillis>,
    /// Only calls whose number was withheld.
    pub withheld: bool,
    /// Only calls whose note is a draft at this time.
    pub drafts_at: Option<UtcMillis>,
    /// Only calls that are restricted: they await a decision.
    pub restricted: bool,
    /// Only calls that ended in one of these ways, where there is any.
    pub reasons: Vec<NoSummary>,
    /// Only calls whose note has this topic, names this reference, or tells of a promise that is open. A restricted note
    /// is not looked into.
    pub topic: Option<String>,
    pub reference: Option<Reference>,
    pub open_promises: bool,
}

impl Default for Filter {
    fn default() -> Filter {
        Filter {
            limit: 20,
            number: None,
            line: None,
            since: None,
            until: None,
            withheld: false,
            drafts_at: None,
            restricted: false,
            reasons: Vec::new(),
            topic: None,
            reference: None,
            open_promises: false,
        }
    }
}

impl Filter {
    /// Whether the notes' texts must be read to find out.
    fn reads(&self) -> bool {
        self.reference.is_some() || self.open_promises
    }

    /// Whether what only its text tells is as it is wished for.
    fn fits(&self, kept: &Kept) -> bool {
        let Outcome::Noted(summary) = &kept.call.outcome else { return !self.reads() };
        self.reference.as_ref().is_none_or(|reference| reference.stands_in(&summary.text))
            && (!self.open_promises || kept.has_open_promises())
    }
}

impl Reader {
    pub fn open(database: impl Into<Database>) -> Result<Reader, StoreError> {
        let database = database.into();
        let connection = open::to_read(&database, open::PATIENCE)?;
        Ok(Reader { connection, path: database.path })
    }

    pub fn list(&self, filter: &Filter) -> Result<Vec<Kept>, StoreError> {
        let calls = self.told(list(&self.connection, filter))?;
        Ok(calls.into_iter().map(Kept::shown).collect())
    }

    pub fn show(&self, call: CallId) -> Result<Option<Kept>, StoreError> {
        Ok(self.told(show(&self.connection, call))?.map(Kept::shown))
    }

    /// All requests not to be contacted, the newest first, those without a call among them.
    pub fn requests(&self) -> Result<Vec<Request>, StoreError> {
        self.told(requests(&self.connection, "ORDER BY created DESC, id DESC", []))
    }

    /// Figures of a line's calls since `since`; no row is read by anybody.
    pub fn figures(&self, line: &str, since: UtcMillis) -> Result<Figures, StoreError> {
        self.told(figures(&self.connection, line, since))
    }

    /// How many calls of a line since `since` were not listened to because the switch recorded them.
    pub fn recorded(&self, line: &str, since: UtcMillis) -> Result<u32, StoreError> {
        let count = "SELECT count(*) FROM calls WHERE line = ?1 AND offered >= ?2 AND reason = ?3";
        let wish = rusqlite::params![line, since.0, NoSummary::Recorded.word()];
        self.told(self.connection.query_row(count, wish, |row| row.get(0)))
    }

    fn told<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| StoreError::sqlite(&self.path, &error))
    }
}

/// Counts for the balancing of interests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub calls: u32,
    /// The notice was played to its end.
    pub announced: u32,
    pub objections: u32,
    pub notes: u32,
    /// Blanks in all notes together, and one for each note.
    pub words: u32,
}

fn figures(connection: &Connection, line: &str, since: UtcMillis) -> rusqlite::Result<Figures> {
    let counts = "
        SELECT count(*) AS calls, count(announced) AS announced, count(note) AS notes,
               count(*) FILTER (WHERE reason IN ('objection', 'objection_suspected')) AS objections,
               coalesce(sum(length(note) - length(replace(note, ' ', '')) + 1), 0) AS words
        FROM calls WHERE line = ?1 AND offered >= ?2";
    connection.query_row(counts, rusqlite::params![line, since.0], |row| {
        Ok(Figures {
            calls: row.get("calls")?,
            announced: row.get("announced")?,
            objections: row.get("objections")?,
            notes: row.get("notes")?,
            words: row.get("words")?,
        })
    })
}

pub(super) fn list(connection: &Connection, filter: &Filter) -> rusqlite::Result<Vec<Kept>> {
    let mut statement = connection.prepare(
        "SELECT * FROM calls
         WHERE (:number IS NULL OR caller IN (SELECT value FROM json_each(:number))
                 OR called IN (SELECT value FROM json_each(:number))) AND (:line IS NULL OR line = :line)
             AND (:since IS NULL OR offered >= :since) AND (:until IS NULL OR offered < :until)
             AND (NOT :withheld OR caller IS NULL) AND (:reasons IS NULL OR reason IN (SELECT value FROM json_each(:reasons)))
             AND (:drafts_at IS NULL OR id IN (SELECT call FROM drafts WHERE until > :drafts_at))
             AND (NOT :restricted OR id IN (SELECT call FROM marks WHERE restricted))
             AND (:topic IS NULL OR id IN (SELECT call FROM topics WHERE topic = :topic))
             AND (NOT :by_note OR (note IS NOT NULL AND id NOT IN (SELECT call FROM marks WHERE restricted)))
         ORDER BY offered DESC, id LIMIT :limit",
    )?;
    let reasons: Vec<&str> = filter.reasons.iter().copied().map(NoSummary::word).collect();
    let reasons = (!reasons.is_empty()).then(|| serde_json::json!(reasons).to_string());
    let wish = named_params! {
        ":number": filter.number.as_ref().map(spellings),
        ":line": filter.line,
        ":since": filter.since.map(|time| time.0),
        ":until": filter.until.map(|time| time.0),
        ":withheld": filter.withheld,
        ":reasons": reasons,
        ":drafts_at": filter.drafts_at.map(|time| time.0),
        ":restricted": filter.restricted,
        ":topic": filter.topic,
        ":by_note": filter.reads() || filter.topic.is_some(),
        // Less than zero is no limit: those that fit are counted below.
        ":limit": if filter.reads() { -1 } else { i64::from(filter.limit) },
    };
    let rows = statement.query_map(wish, |row| kept(connection, row))?;
    let fitting = rows.filter(|kept| kept.as_ref().map_or(true, |kept| filter.fits(kept)));
    fitting.take(filter.limit as usize).collect()
}

/// What there is of a caller already, as far as it may be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// Notes that are not restricted.
    pub notes: u32,
    /// The newest of these calls: a random id, which means nothing to whoever has not the database.
    pub link: Option<CallId>,
}

pub(super) fn earlier(connection: &Connection, number: &Number) -> rusqlite::Result<Earlier> {
    let notes = "
        SELECT id, count(*) OVER () AS notes FROM calls
        WHERE caller IN (SELECT value FROM json_each(?1)) AND note IS NOT NULL
            AND id NOT IN (SELECT call FROM marks WHERE restricted)
        ORDER BY offered DESC, id LIMIT 1";
    let newest = connection.prepare_cached(notes)?.query_row([spellings(number)], |row| {
        Ok(Earlier { notes: row.get("notes")?, link: Some(read(row, "id", CallId::parse)?) })
    });
    Ok(newest.optional()?.unwrap_or_default())
}

pub(super) fn show(connection: &Connection, call: CallId) -> rusqlite::Result<Option<Kept>> {
    let mut statement = connection.prepare("SELECT * FROM calls WHERE id = ?1")?;
    let mut rows = statement.query_map([call.to_string()], |row| kept(connection, row))?;
    rows.next().transpose()
}

fn kept(connection: &Connection, row: &Row<'_>) -> rusqlite::Result<Kept> {
    let id: String = row.get("id")?;
    let topics = topics(connection, &id)?;
    let of_call = "WHERE call = ?1 ORDER BY created, id";
    let marks = marks(connection, &id)?;
    let (segments, draft) = (segments(connection, &id)?, draft(connection, &id)?);
    let consent = decision(connection, &id)?;
    let notice = played(connection, &id)?;
    let call = CallRecord { segments, draft, consent, notice, ..call(row, topics)? };
    let promises_kept = promises_kept(connection, &id)?;
    Ok(Kept { call, requests: requests(connection, of_call, [id])?, marks, promises_kept })
}

fn promises_kept(connection: &Connection, id: &str) -> rusqlite::Result<BTreeMap<u32, UtcMillis>> {
    let mut statement = connection.prepare_cached("SELECT number, at FROM kept_promises WHERE call = ?1")?;
    let rows = statement.query_map([id], |row| Ok((row.get("number")?, UtcMillis(row.get("at")?))))?;
    rows.collect()
}

fn marks(connection: &Connection, id: &str) -> rusqlite::Result<Marks> {
    let mut statement = connection.prepare_cached("SELECT * FROM marks WHERE call = ?1")?;
    let mut rows = statement.query_map([id], |row| {
        Ok(Marks {
            restricted: row.get("restricted")?,
            held: row.get("held")?,
            corrected: row.get("corrected")?,
            approved: row.get("approved")?,
        })
    })?;
    Ok(rows.next().transpose()?.unwrap_or_default())
}

fn draft(connection: &Connection, id: &str) -> rusqlite::Result<Option<Draft>> {
    let mut statement = connection.prepare_cached("SELECT * FROM drafts WHERE call = ?1")?;
    let draft = statement.query_row([id], |row| {
        Ok(Draft { until: UtcMillis(row.get("until")?), discard: row.get("discard")? })
    });
    draft.optional()
}

fn decision(connection: &Connection, id: &str) -> rusqlite::Result<Option<Decision>> {
    let mut statement = connection.prepare_cached("SELECT * FROM consents WHERE call = ?1")?;
    let decision = statement
        .query_row([id], |row| Ok(Decision { given: row.get("given")?, at: UtcMillis(row.get("at")?) }));
    decision.optional()
}

fn played(connection: &Connection, id: &str) -> rusqlite::Result<Option<Played>> {
    let mut statement = connection.prepare_cached("SELECT * FROM announcements WHERE call = ?1")?;
    let played = statement.query_row([id], |row| {
        let (from, to) = (UtcMillis(row.get("began")?), UtcMillis(row.get("ended")?));
        Ok(Played { from, to, measured: measured(row)? })
    });
    played.optional()
}

fn measured(row: &Row<'_>) -> rusqlite::Result<Option<Measured>> {
    let Some(sound) = maybe(row, "sound", Sha256::parse)? else { return Ok(None) };
    let (question, lasts) = (maybe(row, "question", Sha256::parse)?, row.get("lasts")?);
    Ok(Some(Measured { sound, question, lasts, settings: read(row, "settings", name)? }))
}

fn segments(connection: &Connection, id: &str) -> rusqlite::Result<Vec<Segment>> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM segments WHERE call = ?1 ORDER BY number")?;
    let rows = statement.query_map([id], |row| {
        let (from, to) = (UtcMillis(row.get("began")?), UtcMillis(row.get("ended")?));
        Ok(Segment { agent: maybe(row, "agent", name)?, from, to })
    })?;
    rows.collect()
}

fn topics(connection: &Connection, id: &str) -> rusqlite::Result<Topics> {
    let mut statement = connection.prepare_cached("SELECT topic FROM topics WHERE call = ?1")?;
    let mut words = statement.query_map([id], |row| row.get::<_, String>(0))?;
    words.try_fold(Topics::default(), |topics, word| Ok(topics.with(&word?)))
}

fn call(row: &Row<'_>, topics: Topics) -> rusqlite::Result<CallRecord> {
    let time = |column: &str| row.get::<_, Option<i64>>(column).map(|time| time.map(UtcMillis));
    Ok(CallRecord {
        id: read(row, "id", CallId::parse)?,
        line: read(row, "line", name)?,
        notice_version: maybe(row, "notice_version", name)?,
        language: read(row, "language", language)?,
        caller: maybe(row, "caller", number)?,
        called: maybe(row, "called", number)?,
        offered: UtcMillis(row.get("offered")?),
        announced: time("announced")?,
        notice: None,
        consent: None,
        bridged: time("bridged")?,
        ended: UtcMillis(row.get("ended")?),
        end_cause: maybe(row, "end_cause", name)?,
        outcome: outcome(row, topics)?,
        origin: Origin { ear: ear(row)?, version: read(row, "version", name)? },
        heard: heard(row)?,
        agent_leg: row.get::<_, Option<bool>>("agent_heard")?.map(AgentLeg::heard),
        segments: Vec::new(),
        draft: None,
    })
}

fn outcome(row: &Row<'_>, topics: Topics) -> rusqlite::Result<Outcome> {
    if let Some(reason) = maybe(row, "reason", NoSummary::from_word)? {
        return Ok(Outcome::NotNoted(reason));
    }
    let trust = Trust {
        label: read(row, "trust", trust_label)?,
        confidence_pct: row.get("confidence_pct")?,
        kept_pct: row.get("kept_pct")?,
        arrived_pct: row.get("arrived_pct")?,
    };
    Ok(Outcome::Noted(Summary { text: row.get("note")?, topics, trust }))
}

fn ear(row: &Row<'_>) -> rusqlite::Result<Option<(Recogniser, ModelId)>> {
    let recogniser = maybe(row, "recogniser", recogniser)?;
    Ok(recogniser.zip(maybe(row, "model", model)?))
}

fn heard(row: &Row<'_>) -> rusqlite::Result<Option<Heard>> {
    let Some(words) = row.get("words")? else { return Ok(None) };
    Ok(Some(Heard {
        listened_ms: row.get("listened_ms")?,
        speech_ms: row.get("speech_ms")?,
        recognised_ms: row.get("recognised_ms")?,
        // What waits is a figure of a running call.
        backlog_ms: 0,
        words,
        lost_packets: row.get("lost_packets")?,
    }))
}

fn requests(
    connection: &Connection,
    which: &str,
    wish: impl rusqlite::Params,
) -> rusqlite::Result<Vec<Request>> {
    let query = format!("SELECT *, {NUMBER} AS whose FROM do_not_contact {which}");
    let mut statement = connection.prepare_cached(&query)?;
    let rows = statement.query_map(wish, request)?;
    rows.collect()
}

/// `whose` is the number as a query opens it.
pub(super) fn request(row: &Row<'_>) -> rusqlite::Result<Request> {
    let channels = Channels {
        calls: row.get("calls")?,
        email: row.get("email")?,
        letters: row.get("letters")?,
        sms: row.get("sms")?,
    };
    Ok(Request {
        call: maybe(row, "call", CallId::parse)?,
        line: maybe(row, "line", name)?,
        number: maybe(row, "whose", number)?,
        channels,
        purpose: read(row, "purpose", purpose)?,
        created: UtcMillis(row.get("created")?),
    })
}

/// Reads a text that must be there and must have a meaning.
pub(super) fn read<T>(row: &Row<'_>, column: &str, meaning: fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    maybe(row, column, meaning)?.ok_or_else(|| strange(column))
}

/// Reads a text that may be null; without a meaning it is an error that does not quote it.
pub(super) fn maybe<T>(
    row: &Row<'_>,
    column: &str,
    meaning: fn(&str) -> Option<T>,
) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| meaning(&text).ok_or_else(|| strange(column))).transpose()
}

fn strange(column: &str) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnName(column.to_owned())
}

pub(super) fn name(text: &str) -> Option<Name> {
    Name::new(text).ok()
}

/// What a query compares with in `IN (SELECT value FROM json_each(?))`: the number, and how an earlier row may spell it.
pub(super) fn spellings(number: &Number) -> String {
    // Digits and a plus: nothing has to be escaped.
    let quoted: Vec<String> =
        number.spellings().iter().map(|number| format!("\"{}\"", number.as_str())).collect();
    format!("[{}]", quoted.join(","))
}

pub(super) fn number(text: &str) -> Option<Number> {
    Number::new(text).ok()
}

fn language(word: &str) -> Option<Language> {
    [Language::En, Language::De, Language::Fr].into_iter().find(|language| language.code() == word)
}

fn recogniser(word: &str) -> Option<Recogniser> {
    [Recogniser::Vosk, Recogniser::Whisper].into_iter().find(|recogniser| recogniser.word() == word)
}

fn trust_label(word: &str) -> Option<TrustLabel> {
    [TrustLabel::Low, TrustLabel::Fair, TrustLabel::Good].into_iter().find(|label| trust_word(*label) == word)
}

fn purpose(word: &str) -> Option<Purpose> {
    [Purpose::Advertising, Purpose::Everything].into_iter().find(|purpose| purpose_word(*purpose) == word)
}

fn model(text: &str) -> Option<ModelId> {
    u64::from_str_radix(text, 16).ok().map(|id| ModelId(id.to_be_bytes()))
}
