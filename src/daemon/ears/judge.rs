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
    /// A reason that only the daemon can know.
    Reason,
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
            Breach::Reason => "it gave a reason that only the daemon can know",
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
            FromEar::NotNoted { reason, .. } if !reason.is_heard() => Err(Breach::Reason),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::border::{Digits, Purpose};
    use crate::call::NoSummary;
    use proptest::prelude::*;

    const CALL: CallId = CallId(1);
    const ASKED: DoNotContact =
        DoNotContact { channels: Channels::ALL, purpose: Purpose::Everything, number: WhoseNumber::Caller };

    fn at(seconds: u64) -> Moment {
        Moment::START + Duration::from_secs(seconds)
    }

    /// A judge of a ready ear that holds [`CALL`] since second 0.
    fn judge() -> Judge {
        let mut judge = Judge::new(Recogniser::Whisper);
        let ready =
            FromEar::Ready { recogniser: Recogniser::Whisper, model: ModelId([0; 8]), acts_refused: 60 };
        judge.take(ready, at(0)).unwrap();
        judge.opened(CALL, Language::En, at(0));
        judge
    }

    fn not_noted(call: CallId) -> FromEar<Note> {
        FromEar::NotNoted { call, heard: Heard::default(), reason: NoSummary::NothingSaid }
    }

    #[test]
    fn an_ear_gives_no_reason_but_what_it_can_know() {
        for &reason in NoSummary::ALL {
            let mut judge = judge();
            let said = FromEar::NotNoted { call: CALL, heard: Heard::default(), reason };
            let refused = judge.take(said, at(1)) == Err(Breach::Reason);
            assert_eq!(refused, !reason.is_heard(), "{reason:?}");
        }
        assert!(!NoSummary::Discarded.is_heard() && !NoSummary::SwitchedOff.is_heard());
        assert!(NoSummary::NothingSaid.is_heard() && NoSummary::Partial.is_heard());
    }

    #[test]
    fn nothing_is_heeded_before_ready_and_ready_comes_once() {
        let mut judge = Judge::new(Recogniser::Vosk);
        assert_eq!(judge.take(FromEar::Pong { number: 1 }, at(0)), Err(Breach::Ready));
        let ready = |acts_refused| FromEar::Ready {
            recogniser: Recogniser::Vosk,
            model: ModelId([0; 8]),
            acts_refused,
        };
        assert_eq!(Judge::new(Recogniser::Whisper).take(ready(60), at(0)), Err(Breach::Ready));
        assert_eq!(Judge::new(Recogniser::Vosk).take(ready(0), at(0)), Err(Breach::Ready));
        assert!(judge.take(ready(60), at(0)).is_ok());
        assert_eq!(judge.take(ready(60), at(1)), Err(Breach::Ready));
    }

    #[test]
    fn a_call_has_one_ending() {
        let mut judge = judge();
        assert!(matches!(judge.take(not_noted(CALL), at(1)), Ok(Heed::Word { .. })));
        assert_eq!(judge.take(FromEar::Objected { call: CALL }, at(1)), Err(Breach::UnknownCall));
    }

    #[test]
    fn counters_come_once_in_ten_seconds_over_the_life_of_a_call() {
        let mut judge = judge();
        let mut counters =
            |second| judge.take(FromEar::Counters { call: CALL, heard: Heard::default() }, at(second));
        assert!(counters(10).is_ok());
        // One that waited on its way comes right before the next.
        assert!(counters(29).is_ok() && counters(30).is_ok());
        assert!(counters(31).is_ok());
        assert_eq!(counters(32), Err(Breach::Counters));
    }

    #[test]
    fn an_ending_under_way_while_the_call_is_stopped_is_nobodys_but_a_second_one_is_a_breach() {
        let mut judge = judge();
        judge.stopping(CALL);
        assert!(!judge.holds(CALL));
        assert!(matches!(
            judge.take(FromEar::DoNotContact { call: CALL, request: ASKED }, at(1)),
            Ok(Heed::Word { .. })
        ));
        assert_eq!(judge.take(not_noted(CALL), at(1)), Ok(Heed::Nothing));
        assert_eq!(judge.take(not_noted(CALL), at(1)), Err(Breach::UnknownCall));
        let stopped = judge.take(FromEar::Stopped { call: CALL }, at(1));
        assert_eq!(stopped, Ok(Heed::Word { call: CALL, word: EarWord::Stopped, rotate: false }));
        assert_eq!(judge.take(FromEar::Stopped { call: CALL }, at(1)), Err(Breach::Unasked));
    }

    #[test]
    fn a_stream_begins_again_only_after_a_new_socket() {
        let mut judge = judge();
        let flowing = || FromEar::Flowing { call: CALL, party: Party::Agent };
        assert!(judge.take(flowing(), at(1)).is_ok());
        judge.handed_over(CALL, Party::Agent);
        assert!(judge.take(flowing(), at(2)).is_ok());
        assert_eq!(judge.take(flowing(), at(3)), Err(Breach::Flowing));
    }

    #[test]
    fn a_request_must_ask_for_something_of_some_number() {
        let mut bytes = [0; crate::border::MAX_MESSAGE];
        let named = DoNotContact { number: WhoseNumber::Named(Digits::new("42").unwrap()), ..ASKED };
        let honest = FromEar::<()>::DoNotContact { call: CALL, request: named };
        let length = crate::border::encode(&honest, &mut bytes).unwrap().len();
        // The last byte is the digits' value: more than two digits hold.
        bytes[length - 1] = 101;
        let forged: FromEar<Note> = crate::border::decode(&bytes[..length]).unwrap();
        assert_eq!(judge().take(forged, at(1)), Err(Breach::Requests));
    }

    proptest! {
        /// Whatever an ear sends: of a call come at most two requests and one ending, and nothing after that.
        #[test]
        fn no_ear_gets_more_through_than_its_limits(
            said in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 1..40), 0u64..3), 0..60),
            stop_after in 0usize..60,
        ) {
            let (mut judge, mut second) = (judge(), 0);
            let (mut requests, mut counters, mut ended) = (0, 0, false);
            for (number, (mut bytes, pause)) in said.into_iter().enumerate() {
                second += pause;
                if number == stop_after {
                    judge.stopping(CALL);
                }
                // Mostly messages, mostly of the call that is held: chance alone would seldom find one.
                bytes[0] %= 10;
                if let Some(call) = bytes.get_mut(1) {
                    *call %= 2;
                }
                let decoded = (1..=bytes.len()).find_map(|end| crate::border::decode(&bytes[..end]).ok());
                let Some(message) = decoded else { continue };
                match judge.take(message, at(second)) {
                    Ok(Heed::Word { call, word, .. }) => {
                        prop_assert_eq!(call, CALL);
                        prop_assert!(!ended);
                        requests += usize::from(matches!(word, EarWord::DoNotContact { .. }));
                        counters += u64::from(matches!(word, EarWord::Counters { .. }));
                        ended = word.ends();
                    }
                    Ok(_) => {}
                    Err(_) => break,
                }
                prop_assert!(requests <= 2 && counters <= second / 10 + 1);
            }
        }
    }

    #[test]
    fn a_panic_fails_its_call_and_wears_the_ear_out() {
        let panicked = FromEar::Panicked { call: CALL, file: 3, line: 120 };
        let word = EarWord::Failed { place: Some((3, 120)) };
        assert_eq!(judge().take(panicked, at(1)), Ok(Heed::Word { call: CALL, word, rotate: true }));
    }
}
