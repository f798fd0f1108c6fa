//! The one thread that writes: jobs go in one after the other, each answer goes back when it is on the disk.

use super::{CallRecord, Outcome, Request, StoreError, Trouble, open};
use crate::border::{Channels, Heard, Purpose, TrustLabel};
use crate::call::{CallId, Number};
use rusqlite::{Connection, named_params};
use std::path::PathBuf;
use std::sync::mpsc;
use tokio::sync::oneshot;

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the thread is asked to do.
pub(super) enum Job {
    Keep(Box<CallRecord>, Answer<()>),
    Holds(CallId, Answer<bool>),
    KeepRequest(Request, Answer<()>),
    Erase(CallId, Answer<bool>),
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
                Job::Erase(call, answer) => drop(answer.send(self.erase(call))),
            }
        }
    }

    fn keep(&mut self, call: &CallRecord) -> Result<(), StoreError> {
        insert_call(&mut self.connection, call).map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    fn holds(&self, call: CallId) -> Result<bool, StoreError> {
        let row = "SELECT EXISTS (SELECT 1 FROM calls WHERE id = ?1)";
        let held = self.connection.query_row(row, [call.to_string()], |row| row.get(0));
        held.map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    fn keep_request(&mut self, request: &Request) -> Result<(), StoreError> {
        insert_request(&self.connection, request).map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    fn erase(&mut self, call: CallId) -> Result<bool, StoreError> {
        let failed = |error: rusqlite::Error| StoreError::sqlite(&self.path, &error);
        let erased = self.connection.execute("DELETE FROM calls WHERE id = ?1", [call.to_string()]);
        let erased = erased.map_err(failed)? > 0;
        if open::empty_log(&self.connection).map_err(failed)? {
            Ok(erased)
        } else {
            Err(StoreError::new(&self.path, Trouble::Locked))
        }
    }
}

/// Writes the row and its topics, or nothing.
fn insert_call(connection: &mut Connection, call: &CallRecord) -> rusqlite::Result<()> {
    let (note, reason) = match &call.outcome {
        Outcome::Noted(summary) => (Some(summary), None),
        Outcome::NotNoted(reason) => (None, Some(reason.word())),
    };
    let heard = call.heard.filter(|_| !call.outcome.is_objection());
    let figure = |of: fn(&Heard) -> u32| heard.as_ref().map(of);
    let trust = note.map(|summary| summary.trust);
    let id = call.id.to_string();
    let transaction = connection.transaction()?;
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
        },
    )?;
    for topic in note.map(|summary| summary.topics.words()).unwrap_or_default() {
        transaction.execute("INSERT INTO topics (call, topic) VALUES (?1, ?2)", [id.as_str(), topic])?;
    }
    transaction.commit()
}

fn insert_request(connection: &Connection, request: &Request) -> rusqlite::Result<()> {
    let Channels { calls, email, letters, sms } = request.channels;
    connection
        .execute(
            INSERT_REQUEST,
            named_params! {
                ":call": request.call.map(|call| call.to_string()),
                ":number": request.number.as_ref().map(Number::as_str),
                ":calls": calls,
                ":email": email,
                ":letters": letters,
                ":sms": sms,
                ":purpose": purpose_word(request.purpose),
                ":created": request.created.0,
            },
        )
        .map(drop)
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
        listened_ms, speech_ms, recognised_ms, words, lost_packets)
    VALUES (:id, :line, :notice_version, :language, :caller, :called, :offered, :announced, :bridged, :ended,
        :end_cause, :note, :reason, :trust, :confidence_pct, :kept_pct, :arrived_pct, :engine, :recogniser, :model,
        :version, :listened_ms, :speech_ms, :recognised_ms, :words, :lost_packets)";

const INSERT_REQUEST: &str = "
    INSERT INTO do_not_contact (call, number, calls, email, letters, sms, purpose, created)
    VALUES (:call, :number, :calls, :email, :letters, :sms, :purpose, :created)";
