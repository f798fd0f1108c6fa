//! A byte string is a written call: its first byte is the language and what the line leaves out, and each line a turn, the agent's behind a `>`.

use super::hand::{Hand, left_out};
use super::secrets::{holds_account, holds_card};
use callgist::border::{Channels, Day, LeftOut, MAX_TEXT, Note};
use callgist::call::{Language, NoSummary};
use callgist::confidential::notes::{Objection, Quality};
use callgist::confidential::{Engine, NoteTaker, Speaker, Transcript, Turn, Word};
use callgist::daemon::ears::check_text;
use std::collections::BTreeSet;
use std::time::Duration;

/// The note engine: no panic, the same note for the same call, none after an objection, and in a note no run of six of the
/// call's words, no card's or account's number, no digits that nobody said, and nothing that the daemon would refuse.
pub fn note(bytes: &[u8]) {
    let mut hand = Hand::new(bytes);
    let first = hand.byte();
    let language = [Language::En, Language::De, Language::Fr][usize::from(first % 3)];
    let left_out = left_out(first / 3);
    let written = String::from_utf8_lossy(hand.some(LONGEST)).into_owned();
    let call = transcript(&written);
    let note = summarised(&call, language, left_out);
    let again = summarised(&transcript(&written), language, left_out);
    assert_eq!(note, again, "the same call gives another note");
    let objection = Engine.objection(&call, language);
    let requests = Engine.do_not_contact(&call, language);
    assert!(requests.iter().all(|request| request.channels != Channels::default()));
    let Ok(bytes) = note else {
        assert!(note != Err(NoSummary::Objection) || objection == Objection::Heard);
        return;
    };
    assert!(objection == Objection::None, "a note of a call that somebody objected to");
    let note: Note = callgist::border::decode(&bytes).expect("a note that cannot be read");
    let text = note.text();
    assert!(note.language() == language && !text.is_empty() && text.len() <= MAX_TEXT);
    assert_eq!(check_text(text, LONG), Ok(()), "the daemon refuses it: {text}");
    assert!(!holds_card(text) && !holds_account(text), "{text}");
    let said: Vec<&Turn> = call.turns.iter().collect();
    assert!(!shares_a_run(text, &words(&written)), "six words in a row of the call: {text}");
    for speaker in [Speaker::Caller, Speaker::Agent(1)] {
        let own =
            written.lines().zip(&said).filter(|(_, turn)| turn.speaker == speaker).map(|(line, _)| line);
        assert!(
            !shares_a_run(text, &words(&own.collect::<Vec<_>>().join(" "))),
            "six words in a row: {text}"
        );
    }
}

/// As it would pass the border.
fn summarised(call: &Transcript, language: Language, left_out: LeftOut) -> Result<Vec<u8>, NoSummary> {
    let today = Day { year: 2026, month: 11, day: 30, minute: 600 };
    let quality = Quality { confidence_pct: 90, kept_pct: 95, arrived_pct: 100 };
    let note = Engine.summarise(call, language, today, left_out, quality)?;
    let mut room = [0; callgist::border::MAX_MESSAGE];
    Ok(callgist::border::encode(&note, &mut room).expect("a note that does not fit").to_vec())
}

fn transcript(written: &str) -> Transcript {
    let mut at = 0;
    let turns = written.lines().map(|line| {
        let (speaker, said) = match line.strip_prefix('>') {
            Some(said) => (Speaker::Agent(1), said),
            None => (Speaker::Caller, line),
        };
        let words = said.split_whitespace().map(|word| {
            at += 350;
            Word::new(word.to_owned(), at - 350, at, 0.9)
        });
        let words = words.collect();
        at += 1_000;
        Turn { speaker, words }
    });
    Transcript::new(turns.collect())
}

/// Words in order: letters, digits and apostrophes, digits that stand together in one.
fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase().replace('’', "'").replace("e-mail", "email").replace("e mail", "email");
    let pieces = lower.split(|letter: char| !letter.is_alphanumeric() && letter != '\'');
    let mut words: Vec<String> = Vec::new();
    for piece in pieces.map(|piece| piece.trim_matches('\'')).filter(|piece| !piece.is_empty()) {
        let digits = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
        match words.last_mut().filter(|last| digits(last) && digits(piece)) {
            Some(last) => last.push_str(piece),
            None => words.push(piece.to_owned()),
        }
    }
    words
}

fn shares_a_run(text: &str, said: &[String]) -> bool {
    let runs: BTreeSet<&[String]> = said.windows(LONGEST_RUN + 1).collect();
    words(text).windows(LONGEST_RUN + 1).any(|run| runs.contains(run))
}

const LONGEST_RUN: usize = 5;
const LONG: Duration = Duration::from_secs(600);

/// Bytes of a call; more is slower and tells no more.
const LONGEST: usize = 4_096;
