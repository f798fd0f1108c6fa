//! The one thread that writes: jobs go in one after the other, each answer goes back when it is on the disk.

use super::clerk::write;
use super::contacts::Scope;
use super::log::{self, Deed, Entry};
use super::retention::{self, Retention, Swept};
use super::{
    Block, CallRecord, Counts, Decision, Earlier, Exceptions, Listed, Outcome, Played, Question, Request,
    Segment, StoreError, Trouble, UtcMillis, contacts, counts, draft, open, person, reader, seal,
};
use crate::border::{Channels, Heard, Purpose, TrustLabel};
use crate::call::{AgentLeg, CallId, NoSummary, Number};
use rusqlite::{Connection, Transaction, named_params};
use std::path::PathBuf;
use std::sync::mpsc;
use tokio::sync::oneshot;

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the thread is asked to do.
pub(super) enum Job {
    Keep(Box<CallRecord>, Answer<()>),
    Holds(CallId, Answer<bool>),
    KeepRequest(Request, Answer<()>),
    Erase(CallId, UtcMillis, Answer<bool>),
    Log(Entry, UtcMillis, Answer<()>),
    /// Logged only when the newest entry of its kind has another detail.
    LogChange(Entry, UtcMillis, Answer<()>),
    Objects(Number, Answer<bool>),
    Earlier(Number, Answer<Earlier>),
    Sweep(Retention, UtcMillis, Answer<Swept>),
    Check(Question, UtcMillis, Answer<Listed>),
    Settle(UtcMillis, Answer<usize>),
    Blocks(UtcMillis, Answer<Vec<Block>>),
    Count(Retention, UtcMillis, Answer<Counts>),
}

pub(super) struct Writer {
    connection: Connection,
    path: PathBuf,
}

impl Writer {
    pub(super) fn new(connection: Connection, path: PathBuf) -> Writer {
        Writer { connection, path }
    }

    /// Works until the last handle is gone.
    pub(super) fn run(mut self, jobs: &mpsc::Receiver<Job>) {
        for job in jobs {
            // Nobody may be waiting any more; the job is done all the same.
            match job {
                Job::Keep(call, answer) => drop(answer.send(self.keep(&call))),
                Job::Holds(call, answer) => drop(answer.send(self.holds(call))),
                Job::KeepRequest(request, answer) => drop(answer.send(self.keep_request(&request))),
                Job::Erase(call, now, answer) => drop(answer.send(self.erase(call, now))),
                Job::Log(entry, now, answer) => drop(answer.send(self.log(&entry, now))),
                Job::LogChange(entry, now, answer) => drop(answer.send(self.log_change(&entry, now))),
                Job::Objects(number, answer) => drop(answer.send(self.objects(&number))),
                Job::Earlier(number, answer) => drop(answer.send(self.earlier(&number))),
                Job::Sweep(retention, now, answer) => drop(answer.send(self.sweep(&retention, now))),
                Job::Check(question, now, answer) => drop(answer.send(self.check(&question, now))),
                Job::Settle(now, answer) => drop(answer.send(self.settle(now))),
                Job::Blocks(now, answer) => drop(answer.send(self.blocks(now))),
                Job::Count(retention, now, answer) => drop(answer.send(self.count(&retention, now))),
            }
        }
    }

    fn keep(&mut self, call: &CallRecord) -> Result<(), StoreError> {
        self.write(|transaction| {
            insert_call(transaction, call)?;
            log_outcome(transaction, call)
        })
    }

    fn holds(&self, call: CallId) -> Result<bool, StoreError> {
        let row = "SELECT EXISTS (SELECT 1 FROM calls WHERE id = ?1)";
        self.told(self.connection.query_row(row, [call.to_string()], |row| row.get(0)))
    }

    fn keep_request(&mut self, request: &Request) -> Result<(), StoreError> {
        self.write(|transaction| insert_request(transaction, request))
    }

    /// Of a call in which somebody objected after its row was kept. A wish that was made in it no longer says on which line:
    /// with several that would narrow down which call it was.
    fn erase(&mut self, call: CallId, now: UtcMillis) -> Result<bool, StoreError> {
        let erased = self.write(|transaction| {
            let unline = "UPDATE do_not_contact SET line = NULL WHERE call = ?1";
            transaction.execute(unline, [call.to_string()])?;
            let erased = person::erase_call(transaction, call, now)?;
            if erased {
                log::append(transaction, &Entry::new(Deed::Erased).detail("1"), now)?;
            }
            Ok(erased)
        })?;
        self.empty_log()?;
        Ok(erased)
    }

    fn log(&mut self, entry: &Entry, now: UtcMillis) -> Result<(), StoreError> {
        self.write(|transaction| log::append(transaction, entry, now))
    }

    fn log_change(&mut self, entry: &Entry, now: UtcMillis) -> Result<(), StoreError> {
        self.write(|transaction| {
            let newest = log::newest_detail(transaction, entry.deed)?;
            let changed = newest.as_deref() != entry.detail.as_ref().map(|detail| detail.as_str());
            if changed { log::append(transaction, entry, now) } else { Ok(()) }
        })
    }

    fn objects(&self, number: &Number) -> Result<bool, StoreError> {
        self.told(person::objects(&self.connection, number))
    }

    fn earlier(&self, number: &Number) -> Result<Earlier, StoreError> {
        self.told(reader::earlier(&self.connection, number))
    }

    fn sweep(&mut self, policy: &Retention, now: UtcMillis) -> Result<Swept, StoreError> {
        let swept = retention::sweep(&mut self.connection, policy, now)
            .map_err(|error| StoreError::sqlite(&self.path, &error))?;
        // Also where nothing was erased now: after an erasure, or a command's, somebody who read may have been in the way.
        match self.empty_log() {
            Err(StoreError { trouble: Trouble::Locked, .. }) => Ok(Swept { held_up: true, ..swept }),
            emptied => emptied.map(|()| swept),
        }
    }

    fn check(&self, question: &Question, now: UtcMillis) -> Result<Listed, StoreError> {
        self.told(contacts::check(&self.connection, question, now))
    }

    fn settle(&mut self, now: UtcMillis) -> Result<usize, StoreError> {
        if !self.told(draft::is_due(&self.connection, now))? {
            return Ok(0);
        }
        let discarded = self.write(|transaction| draft::settle(transaction, now))?;
        self.empty_log()?;
        Ok(discarded)
    }

    fn blocks(&self, now: UtcMillis) -> Result<Vec<Block>, StoreError> {
        self.told(contacts::blocks(&self.connection, now))
    }

    fn count(&self, retention: &Retention, now: UtcMillis) -> Result<Counts, StoreError> {
        self.told(counts::count(&self.connection, retention, now))
    }

    fn told<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        write(&mut self.connection, work).map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    fn empty_log(&self) -> Result<(), StoreError> {
        match open::empty_log(&self.connection) {
            Ok(true) => Ok(()),
            Ok(false) => Err(StoreError::new(&self.path, Trouble::Locked)),
            Err(error) => Err(StoreError::sqlite(&self.path, &error)),
        }
    }
}

/// Writes the row and its topics.
fn insert_call(transaction: &Transaction<'_>, call: &CallRecord) -> rusqlite::Result<()> {
    let (note, reason) = match &call.outcome {
        Outcome::Noted(summary) => (Some(summary), None),
        Outcome::NotNoted(reason) => (None, Some(reason.word())),
    };
    let heard = call.heard.filter(|_| !call.outcome.is_objection());
    let agent_leg = call.agent_leg.filter(|_| heard.is_some());
    let figure = |of: fn(&Heard) -> u32| heard.as_ref().map(of);
    let trust = note.map(|summary| summary.trust);
    let id = call.id.to_string();
    transaction.execute(
        INSERT_CALL,
        named_params! {
            ":id": id,
            ":line": call.line.as_str(),
            ":notice_version": call.notice_version.as_ref().map(|version| version.as_str()),
            ":language": call.language.code(),
            ":caller": call.caller.as_ref().map(Number::as_str),
            ":called": call.called.as_ref().map(Number::as_str),
            ":offered": call.offered.0,
            ":announced": call.announced.map(|time| time.0),
            ":bridged": call.bridged.map(|time| time.0),
            ":ended": call.ended.0,
            ":end_cause": call.end_cause.as_ref().map(|cause| cause.as_str()),
            ":note": note.map(|summary| summary.text.as_str()),
            ":reason": reason,
            ":trust": trust.map(|trust| trust_word(trust.label)),
            ":confidence_pct": trust.map(|trust| trust.confidence_pct),
            ":kept_pct": trust.map(|trust| trust.kept_pct),
            ":arrived_pct": trust.map(|trust| trust.arrived_pct),
            ":engine": ENGINE,
            ":recogniser": call.origin.ear.map(|(recogniser, _)| recogniser.word()),
            ":model": call.origin.ear.map(|(_, model)| format!("{:016x}", u64::from_be_bytes(model.0))),
            ":version": call.origin.version.as_str(),
            ":listened_ms": figure(|heard| heard.listened_ms),
            ":speech_ms": figure(|heard| heard.speech_ms),
            ":recognised_ms": figure(|heard| heard.recognised_ms),
            ":words": figure(|heard| heard.words),
            ":lost_packets": figure(|heard| heard.lost_packets),
            ":agent_heard": agent_leg.map(AgentLeg::is_heard),
        },
    )?;
    for topic in note.map(|summary| summary.topics.words()).unwrap_or_default() {
        transaction.execute("INSERT INTO topics (call, topic) VALUES (?1, ?2)", [id.as_str(), topic])?;
    }
    if let (Some(draft), Some(_)) = (call.draft, note) {
        let values = rusqlite::params![id, draft.until.0, draft.discard];
        transaction.execute("INSERT INTO drafts (call, until, discard) VALUES (?1, ?2, ?3)", values)?;
    }
    if let Some(played) = &call.notice {
        insert_played(transaction, &id, played)?;
    }
    if let Some(Decision { given, at }) = call.consent {
        let values = rusqlite::params![id, given, at.0];
        transaction.execute("INSERT INTO consents (call, given, at) VALUES (?1, ?2, ?3)", values)?;
    }
    let told = call.segments.iter().filter(|_| !call.outcome.is_objection());
    (1..).zip(told).try_for_each(|(number, segment)| insert_segment(transaction, &id, number, segment))
}

fn insert_played(transaction: &Transaction<'_>, call: &str, played: &Played) -> rusqlite::Result<()> {
    let measured = played.measured.as_ref();
    let values = rusqlite::params![
        call,
        played.from.0,
        played.to.0,
        measured.map(|measured| measured.sound.to_string()),
        measured.and_then(|measured| measured.question).map(|question| question.to_string()),
        measured.map(|measured| measured.lasts),
        measured.map(|measured| measured.settings.as_str()),
    ];
    transaction.execute(INSERT_PLAYED, values).map(drop)
}

fn insert_segment(
    transaction: &Transaction<'_>,
    call: &str,
    number: i64,
    segment: &Segment,
) -> rusqlite::Result<()> {
    let agent = segment.agent.as_ref().map(|agent| agent.as_str());
    let values = rusqlite::params![call, number, agent, segment.from.0, segment.to.0];
    transaction.execute(INSERT_SEGMENT, values).map(drop)
}

/// In the same transaction as the row: the log never tells of a note that is not there, nor keeps quiet about one.
fn log_outcome(transaction: &Transaction<'_>, call: &CallRecord) -> rusqlite::Result<()> {
    let entry = |deed| Entry::new(deed).call(call.id).line(&call.line);
    let mut entries = Vec::new();
    match call.outcome {
        Outcome::Noted(_) => entries.push(entry(Deed::NoteKept)),
        Outcome::NotNoted(reason) => {
            if call.outcome.is_objection() {
                entries.push(entry(Deed::Objection));
            }
            if reason == NoSummary::NoticeIncomplete {
                entries.push(entry(Deed::NoticeFailed));
            }
            entries.push(entry(Deed::NoteRefused).detail(reason.word()));
        }
    }
    entries.iter().try_for_each(|entry| log::append(transaction, entry, call.ended))
}

/// One that is on the list already is not added again; of a number that was withheld that is not known.
fn insert_request(connection: &Connection, request: &Request) -> rusqlite::Result<()> {
    let Request { channels, purpose, .. } = *request;
    let scope = request.number.as_ref().map(|number| Scope {
        number,
        channels,
        purpose,
        exceptions: Exceptions::default(),
        expires: None,
        line: request.line.as_ref(),
    });
    let there = scope.map(|scope| contacts::renew(connection, &scope, request.created)).transpose()?;
    if there.flatten().is_some() {
        return Ok(());
    }
    let Channels { calls, email, letters, sms } = request.channels;
    connection.execute(
        INSERT_REQUEST,
        named_params! {
            ":call": request.call.map(|call| call.to_string()),
            ":line": request.line.as_ref().map(|line| line.as_str()),
            ":calls": calls,
            ":email": email,
            ":letters": letters,
            ":sms": sms,
            ":purpose": purpose_word(request.purpose),
            ":created": request.created.0,
        },
    )?;
    seal::give_number(
        connection,
        connection.last_insert_rowid(),
        request.number.as_ref().map(Number::as_str),
    )?;
    let entry = Entry::new(Deed::RequestKept).person(request.number.as_ref());
    log::append(connection, &entry, request.created)
}

pub(super) fn trust_word(label: TrustLabel) -> &'static str {
    match label {
        TrustLabel::Low => "low",
        TrustLabel::Fair => "fair",
        TrustLabel::Good => "good",
    }
}

pub(super) fn purpose_word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Advertising => "advertising",
        Purpose::Everything => "everything",
    }
}

const ENGINE: &str = "notes";

const INSERT_CALL: &str = "
    INSERT INTO calls (id, line, notice_version, language, caller, called, offered, announced, bridged, ended,
        end_cause, note, reason, trust, confidence_pct, kept_pct, arrived_pct, engine, recogniser, model, version,
        listened_ms, speech_ms, recognised_ms, words, lost_packets, agent_heard)
    VALUES (:id, :line, :notice_version, :language, :caller, :called, :offered, :announced, :bridged, :ended,
        :end_cause, :note, :reason, :trust, :confidence_pct, :kept_pct, :arrived_pct, :engine, :recogniser, :model,
        :version, :listened_ms, :speech_ms, :recognised_ms, :words, :lost_packets, :agent_heard)";

const INSERT_PLAYED: &str = "
    INSERT INTO announcements (call, began, ended, sound, question, lasts, settings)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

const INSERT_SEGMENT: &str =
    "INSERT INTO segments (call, number, agent, began, ended) VALUES (?1, ?2, ?3, ?4, ?5)";

const INSERT_REQUEST: &str = "
    INSERT INTO do_not_contact (call, line, calls, email, letters, sms, purpose, created)
    VALUES (:call, :line, :calls, :email, :letters, :sms, :purpose, :created)";
