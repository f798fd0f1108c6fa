//! What an ear says goes in; a word about one of its calls comes out, or the rule that it broke.
//!
//! The daemon takes an ear for hostile: what it hears comes from strangers, and whoever found a hole in a codec
//! would speak through it. So everything it may say is counted against a limit here, and it is ended at the first
//! breach. At worst it can then write wrong notes, objections and requests for the calls that it was handed.
//!
//! No socket, no clock: `now` is an argument.

use super::EarWord;
use super::note;
use crate::border::{Channels, DoNotContact, FromEar, Heard, ModelId, Note, Recogniser, WhoseNumber};
use crate::call::{CallId, Language, Moment, Party};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// A rule of the border that an ear broke. It is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// Bytes that are no message, or too many of them.
    Form,
    /// A descriptor came with a message.
    Descriptor,
    /// `Ready` was missing, came twice, or named another recogniser.
    Ready,
    /// A call that it does not hold, or holds no longer.
    UnknownCall,
    /// A second first packet of a party.
    Flowing,
    /// More counters than one in ten seconds.
    Counters,
    /// A third request not to be contacted, or one that asks for nothing.
    Requests,
    /// A note of the wrong form or length, or with a card's or an account's number in it.
    Note(note::Flaw),
    /// An answer to a ping or a stop that was not sent.
    Unasked,
    /// A ping or a stop went unanswered.
    Silent,
    /// It does not take its orders.
    Deaf,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Breach::Form => "it sent what is no message",
            Breach::Descriptor => "it sent a descriptor",
            Breach::Ready => "it was not ready as it should have been",
            Breach::UnknownCall => "it spoke of a call that it does not hold",
            Breach::Flowing => "it told the same stream's beginning twice",
            Breach::Counters => "it sent counters too often",
            Breach::Requests => "it made more requests than a call may, or an empty one",
            Breach::Note(flaw) => flaw.words(),
            Breach::Unasked => "it answered what was not asked",
            Breach::Silent => "it did not answer in time",
            Breach::Deaf => "it does not take its orders",
        })
    }
}

/// What an ear has said that concerns somebody.
#[derive(Debug, PartialEq, Eq)]
pub enum Heed {
    Ready {
        model: ModelId,
        acts_refused: u16,
    },
    Word {
        call: CallId,
        word: EarWord,
        rotate: bool,
    },
    /// Nothing for anybody.
    Nothing,
}

/// What one ear may still say.
#[derive(Debug)]
pub struct Judge {
    recogniser: Recogniser,
    ready: bool,
    calls: BTreeMap<CallId, Record>,
    pinged: Option<u32>,
}

/// One call in the ear.
#[derive(Debug)]
struct Record {
    language: Language,
    opened: Moment,
    bridged: Option<Moment>,
    flowing: [bool; 2],
    counters: u32,
    requests: u8,
    /// It was told to wipe the call; an ending may have been under way.
    stopping: bool,
    ended: bool,
}

impl Judge {
    pub fn new(recogniser: Recogniser) -> Judge {
        Judge { recogniser, ready: false, calls: BTreeMap::new(), pinged: None }
    }

    pub fn opened(&mut self, call: CallId, language: Language, now: Moment) {
        let record = Record {
            language,
            opened: now,
            bridged: None,
            flowing: [false; 2],
            counters: 0,
            requests: 0,
            stopping: false,
            ended: false,
        };
        self.calls.insert(call, record);
    }

    /// Whether the ear holds the call, so that orders about it make sense.
    pub fn holds(&self, call: CallId) -> bool {
        self.calls.get(&call).is_some_and(|record| !record.stopping)
    }

    pub fn holds_any(&self) -> bool {
        !self.calls.is_empty()
    }

    /// A new socket was handed over: the party's stream begins anew.
    pub fn handed_over(&mut self, call: CallId, party: Party) {
        if let Some(record) = self.calls.get_mut(&call) {
            record.flowing[party as usize] = false;
        }
    }

    pub fn bridged(&mut self, call: CallId, now: Moment) {
        if let Some(record) = self.calls.get_mut(&call) {
            record.bridged.get_or_insert(now);
        }
    }

    pub fn stopping(&mut self, call: CallId) {
        if let Some(record) = self.calls.get_mut(&call) {
            record.stopping = true;
        }
    }

    pub fn pinged(&mut self, number: u32) {
        self.pinged = Some(number);
    }

    /// Whether the last ping is still unanswered.
    pub fn awaits_pong(&self) -> bool {
        self.pinged.is_some()
    }

    /// Whether this call's stop is still unanswered.
    pub fn awaits_stopped(&self, call: CallId) -> bool {
        self.calls.get(&call).is_some_and(|record| record.stopping)
    }

    /// Judges one message.
    pub fn take(&mut self, said: FromEar<Note>, now: Moment) -> Result<Heed, Breach> {
        match said {
            FromEar::Ready { recogniser, model, acts_refused } => {
                let first = !std::mem::replace(&mut self.ready, true);
                let fits = first && recogniser == self.recogniser && acts_refused > 0;
                if fits { Ok(Heed::Ready { model, acts_refused }) } else { Err(Breach::Ready) }
            }
            _ if !self.ready => Err(Breach::Ready),
            FromEar::Pong { number } => {
                if self.pinged.take() == Some(number) {
                    Ok(Heed::Nothing)
                } else {
                    Err(Breach::Unasked)
                }
            }
            FromEar::Flowing { call, party } => self.flowing(call, party),
            FromEar::Counters { call, heard } => self.counters(call, heard, now),
            FromEar::DoNotContact { call, request } => self.request(call, request),
            FromEar::Noted { call, heard, note } => self.noted(call, heard, note, now),
            FromEar::NotNoted { call, heard, reason } => {
                self.ending(call, EarWord::NotNoted { heard, reason }, false)
            }
            FromEar::Objected { call } => self.ending(call, EarWord::Objected, false),
            FromEar::Panicked { call, file, line } => {
                self.ending(call, EarWord::Failed { place: Some((file, line)) }, true)
            }
            FromEar::Stopped { call } => match self.calls.remove(&call) {
                Some(record) if record.stopping => Ok(word(call, EarWord::Stopped)),
                _ => Err(Breach::Unasked),
            },
        }
    }

    /// Every call that the ear held; it is gone.
    pub fn failed(&mut self) -> Vec<CallId> {
        std::mem::take(&mut self.calls)
            .into_iter()
            .filter(|(_, record)| !record.ended)
            .map(|(call, _)| call)
            .collect()
    }

    fn record(&mut self, call: CallId) -> Result<&mut Record, Breach> {
        self.calls.get_mut(&call).filter(|record| !record.ended).ok_or(Breach::UnknownCall)
    }

    fn flowing(&mut self, call: CallId, party: Party) -> Result<Heed, Breach> {
        let record = self.record(call)?;
        if std::mem::replace(&mut record.flowing[party as usize], true) {
            return Err(Breach::Flowing);
        }
        Ok(heed(record, call, EarWord::Flowing { party }))
    }

    /// Counted over the call's life and not from one message to the next, since a message may wait on its way.
    fn counters(&mut self, call: CallId, heard: Heard, now: Moment) -> Result<Heed, Breach> {
        let record = self.record(call)?;
        record.counters += 1;
        if now.since(record.opened) < COUNTERS_EVERY * (record.counters - 1) {
            return Err(Breach::Counters);
        }
        Ok(heed(record, call, EarWord::Counters { heard }))
    }

    /// A request counts whatever becomes of the call, so it is heeded also while the call is being stopped.
    fn request(&mut self, call: CallId, request: DoNotContact) -> Result<Heed, Breach> {
        let record = self.record(call)?;
        record.requests += 1;
        let names_digits = match request.number {
            WhoseNumber::Caller => true,
            WhoseNumber::Named(digits) => digits.text().is_some(),
        };
        if record.requests > MOST_REQUESTS || request.channels == Channels::default() || !names_digits {
            return Err(Breach::Requests);
        }
        Ok(word(call, EarWord::DoNotContact { request }))
    }

    fn noted(&mut self, call: CallId, heard: Heard, noted: Note, now: Moment) -> Result<Heed, Breach> {
        let record = self.record(call)?;
        // By our own clock: how long the ear says that it listened is its word.
        let talk = record.bridged.map_or(Duration::ZERO, |bridged| now.since(bridged));
        note::check(&noted, record.language, talk).map_err(Breach::Note)?;
        self.ending(call, EarWord::Noted { heard, note: Box::new(noted) }, false)
    }

    /// The call's one ending. While it is being stopped an ending was sent before the ear knew: nobody wants it.
    fn ending(&mut self, call: CallId, ending: EarWord, rotate: bool) -> Result<Heed, Breach> {
        let record = self.record(call)?;
        if record.stopping {
            record.ended = true;
            return Ok(Heed::Nothing);
        }
        self.calls.remove(&call);
        Ok(Heed::Word { call, word: ending, rotate })
    }
}

fn heed(record: &Record, call: CallId, said: EarWord) -> Heed {
    if record.stopping { Heed::Nothing } else { word(call, said) }
}

fn word(call: CallId, word: EarWord) -> Heed {
    Heed::Word { call, word, rotate: false }
}

/// Fewer seconds would let counters carry more about what is said.
const COUNTERS_EVERY: Duration = Duration::from_secs(10);

/// Nobody asks more than twice a call; more would be a channel.
const MOST_REQUESTS: u8 = 2;
