//! What each side of the border reads, and what the daemon keeps of what an ear says.

use super::hand::Hand;
use super::secrets::{holds_account, holds_card};
use arrayvec::ArrayString;
use callgist::border::table::{Most, Row, TABLE, Way};
use callgist::border::{
    Channels, Digits, DoNotContact, FromEar, Heard, MAX_MESSAGE, MAX_TEXT, ModelId, Note, Purpose,
    Recogniser, TOPICS, ToEar, Topics, Trust, TrustLabel, WhoseNumber, decode, encode,
};
use callgist::call::{CallId, Language, Moment, NoSummary, Party};
use callgist::daemon::ears::{EarWord, Heed, Judge};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The border: what is read is written and read again the same, and no longer than the table says; and whatever an ear
/// sends, the daemon keeps of it only what the table allows, each of it of the form and as often as it may be.
pub fn border(bytes: &[u8]) {
    orders(bytes);
    answers(bytes);
    conversation(&mut Hand::new(bytes));
}

fn orders(bytes: &[u8]) {
    let Ok(order) = decode::<ToEar>(bytes) else { return };
    let mut room = [0; MAX_MESSAGE];
    let written = encode(&order, &mut room).expect("it was read");
    assert!(written.len() <= bytes.len() && written.len() <= row(Way::ToEar, written).largest);
    assert_eq!(decode::<ToEar>(written), Ok(order));
}

fn answers(bytes: &[u8]) {
    let (kept, written) = (decode::<FromEar<Note>>(bytes), decode::<FromEar<Written>>(bytes));
    assert_eq!(kept.is_ok(), written.is_ok());
    let (Ok(kept), Ok(written)) = (kept, written) else { return };
    let mut room = [0; MAX_MESSAGE];
    let again = encode(&written, &mut room).expect("it was read");
    assert!(again.len() <= bytes.len() && again.len() <= MAX_MESSAGE);
    assert_eq!(decode::<FromEar<Written>>(again), Ok(written));
    assert_eq!(decode::<FromEar<Note>>(again), Ok(kept));
}

/// A note as it is written; the daemon's own type can only be read.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Written {
    language: Language,
    topics: Topics,
    trust: Trust,
    text: ArrayString<MAX_TEXT>,
}

fn row(way: Way, written: &[u8]) -> &'static Row {
    let mut rows = TABLE.iter().filter(|row| row.way == way);
    rows.nth(usize::from(written[0])).expect("a message that is in no table")
}

fn conversation(hand: &mut Hand<'_>) {
    let mut daemon = Daemon::new();
    while !hand.is_empty() {
        match hand.byte() % 16 {
            0 => daemon.open(hand.byte(), hand.one_of(&LANGUAGES)),
            1 => daemon.bridge(hand.byte()),
            2 => daemon.stop(hand.byte()),
            3 => daemon.ping(hand.byte()),
            4 => daemon.hand_over(hand.byte(), hand.one_of(&PARTIES)),
            5 => daemon.now = daemon.now + Duration::from_millis(u64::from(hand.byte()) * 250),
            6..9 => {
                let length = usize::from(hand.byte());
                let Ok(said) = decode(hand.some(length)) else { continue };
                let Ok(()) = daemon.hear(said) else { return };
            }
            _ => {
                let said = said(hand);
                let mut room = [0; MAX_MESSAGE];
                let Ok(bytes) = encode(&said, &mut room) else { continue };
                let Ok(()) = daemon.hear(decode(bytes).expect("it was written")) else { return };
            }
        }
    }
}

/// The judge, and a tally of what the table allows.
struct Daemon {
    judge: Judge,
    now: Moment,
    ready: u32,
    pinged: Option<u32>,
    calls: [Option<Tally>; 4],
}

struct Tally {
    language: Language,
    opened: Moment,
    bridged: Option<Moment>,
    sockets: [u32; 2],
    flowing: [u32; 2],
    counters: u32,
    requests: usize,
    stopping: bool,
    ended: bool,
}

impl Daemon {
    fn new() -> Daemon {
        let judge = Judge::new(Recogniser::Whisper);
        Daemon { judge, now: Moment::START, ready: 0, pinged: None, calls: [const { None }; 4] }
    }

    fn call(&mut self, number: u8) -> Option<(CallId, &mut Tally)> {
        let at = number % 4;
        self.calls[usize::from(at)].as_mut().map(|tally| (CallId(at.into()), tally))
    }

    fn open(&mut self, number: u8, language: Language) {
        let at = number % 4;
        if self.calls[usize::from(at)].is_some() {
            return;
        }
        self.judge.opened(CallId(at.into()), language, self.now);
        self.calls[usize::from(at)] = Some(Tally {
            language,
            opened: self.now,
            bridged: None,
            sockets: [1; 2],
            flowing: [0; 2],
            counters: 0,
            requests: 0,
            stopping: false,
            ended: false,
        });
    }

    fn bridge(&mut self, number: u8) {
        let now = self.now;
        let Some((id, tally)) = self.call(number) else { return };
        tally.bridged.get_or_insert(now);
        self.judge.bridged(id, now);
    }

    fn stop(&mut self, number: u8) {
        let Some((id, tally)) = self.call(number).filter(|(_, tally)| !tally.ended) else { return };
        tally.stopping = true;
        self.judge.stopping(id);
        assert!(!self.judge.holds(id));
    }

    fn ping(&mut self, number: u8) {
        self.pinged = Some(number.into());
        self.judge.pinged(number.into());
    }

    fn hand_over(&mut self, number: u8, party: Party) {
        let Some((id, tally)) = self.call(number) else { return };
        tally.sockets[party as usize] += 1;
        self.judge.handed_over(id, party);
    }

    /// An error is the end of the ear, so nothing more comes of it.
    fn hear(&mut self, said: FromEar<Note>) -> Result<(), ()> {
        let pong = if let FromEar::Pong { number } = &said { Some(*number) } else { None };
        match self.judge.take(said, self.now).map_err(|_| ())? {
            Heed::Ready { acts_refused, .. } => {
                self.ready += 1;
                assert!(self.ready == 1 && acts_refused > 0);
            }
            Heed::Nothing => {
                assert_eq!(self.ready, 1);
                if let Some(number) = pong {
                    assert_eq!(self.pinged.take(), Some(number));
                }
            }
            Heed::Word { call, word, .. } => {
                assert_eq!(self.ready, 1, "it speaks before it has said that it is locked in");
                self.keep(call, &word);
            }
        }
        Ok(())
    }

    fn keep(&mut self, call: CallId, word: &EarWord) {
        let now = self.now;
        let (_, tally) =
            self.call(u8::try_from(call.0).expect("one of four")).expect("a call that was opened");
        assert!(!tally.ended, "something comes after the one ending");
        let still = matches!(word, EarWord::DoNotContact { .. } | EarWord::Stopped);
        assert!(!tally.stopping || still, "it was told to wipe the call");
        tally.ended = word.ends();
        match word {
            EarWord::Flowing { party } => {
                tally.flowing[*party as usize] += 1;
                assert!(tally.flowing[*party as usize] <= tally.sockets[*party as usize]);
            }
            EarWord::Counters { .. } => {
                tally.counters += 1;
                let most = now.since(tally.opened).as_secs() / 10 + 1;
                assert!(u64::from(tally.counters) <= most);
            }
            EarWord::DoNotContact { request } => {
                tally.requests += 1;
                assert!(tally.requests <= Most::TwiceACall.in_an_hour());
                assert!(request.channels != Channels::default());
                if let WhoseNumber::Named(digits) = request.number {
                    let text = digits.text().expect("digits that are none");
                    assert!((1..=15).contains(&text.len()) && Digits::new(&text) == Some(digits));
                }
                let mut room = [0; MAX_MESSAGE];
                let said = FromEar::<()>::DoNotContact { call: CallId(u64::MAX), request: *request };
                let written = encode(&said, &mut room).expect("it fits");
                assert!(written.len() <= row(Way::FromEar, written).largest);
            }
            EarWord::Noted { note, .. } => {
                let talk = tally.bridged.map_or(Duration::ZERO, |bridged| now.since(bridged));
                noted(note, tally.language, talk);
            }
            EarWord::NotNoted { reason, .. } => assert!(reason.is_heard()),
            EarWord::Stopped => assert!(tally.stopping),
            EarWord::Objected | EarWord::Failed { .. } => {}
        }
    }
}

fn noted(note: &Note, language: Language, talk: Duration) {
    let (text, trust) = (note.text(), note.trust());
    assert_eq!(note.language(), language);
    assert!(note.topics().0 < 1 << TOPICS.len());
    assert!([trust.confidence_pct, trust.kept_pct, trust.arrived_pct].iter().all(|pct| *pct <= 100));
    assert!(text.len() <= MAX_TEXT && text.chars().any(char::is_alphabetic));
    assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'));
    // 130 words and the mark that a machine wrote it.
    let most = if talk < Duration::from_secs(350) { 92 } else { 142 };
    let words = text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric));
    assert!(words.count() <= most);
    assert!(!holds_card(text) && !holds_account(text));
}

/// A message of the right form, and for a call that may be there: chance alone would seldom find one.
fn said(hand: &mut Hand<'_>) -> FromEar<Written> {
    let kind = hand.byte() % 10;
    let call = CallId(u64::from(hand.byte() % 5));
    let heard = Heard::default();
    match kind {
        0 => FromEar::Ready {
            recogniser: hand.one_of(&[Recogniser::Whisper, Recogniser::Whisper, Recogniser::Vosk]),
            model: ModelId([7; 8]),
            acts_refused: hand.byte().into(),
        },
        1 => FromEar::Flowing { call, party: hand.one_of(&PARTIES) },
        2 => FromEar::Counters { call, heard },
        3 => FromEar::Noted { call, heard, note: note(hand) },
        4 => FromEar::NotNoted { call, heard, reason: hand.one_of(NoSummary::ALL) },
        5 => FromEar::Objected { call },
        6 => FromEar::DoNotContact { call, request: request(hand) },
        7 => FromEar::Stopped { call },
        8 => FromEar::Panicked { call, file: hand.wide(), line: hand.byte().into() },
        _ => FromEar::Pong { number: hand.byte().into() },
    }
}

fn note(hand: &mut Hand<'_>) -> Written {
    let pct = hand.byte();
    let trust = Trust { label: TrustLabel::Fair, confidence_pct: pct, kept_pct: 100, arrived_pct: 90 };
    let (language, topics) = (hand.one_of(&LANGUAGES), Topics(1 << (hand.byte() % 20)));
    let length = usize::from(hand.wide()) % (MAX_TEXT + 1);
    let said = String::from_utf8_lossy(hand.some(length)).into_owned();
    let text = said.char_indices().take_while(|(at, letter)| at + letter.len_utf8() <= MAX_TEXT);
    let text = ArrayString::from(&text.map(|(_, letter)| letter).collect::<String>()).expect("it was cut");
    Written { language, topics, trust, text }
}

fn request(hand: &mut Hand<'_>) -> DoNotContact {
    let bits = hand.byte();
    let channels =
        Channels { calls: bits & 1 > 0, email: bits & 2 > 0, letters: bits & 4 > 0, sms: bits & 8 > 0 };
    let purpose = if bits & 16 > 0 { Purpose::Advertising } else { Purpose::Everything };
    let digits = (bits & 32 > 0).then(|| Digits::new(&u64::from(hand.wide()).to_string())).flatten();
    DoNotContact { channels, purpose, number: digits.map_or(WhoseNumber::Caller, WhoseNumber::Named) }
}

const LANGUAGES: [Language; 3] = [Language::En, Language::De, Language::Fr];
const PARTIES: [Party; 2] = [Party::Caller, Party::Agent];
