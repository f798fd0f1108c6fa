//! A drafted note goes in; a guarded one comes out, or nothing does.
//!
//! The guard trusts nobody: it reads the call again for itself, and drops every statement that holds something
//! sensitive, a number that was not heard, a value that fell, too many of the call's own words, or no sentence; and what the
//! line leaves out, it takes out of a statement or drops with it.
//! `Guarded` has no other maker, and it is the only note that an ear can encode.

mod health;
mod left_out;
mod names;
mod sensitive;
mod typed;
mod verbatim;

pub(in crate::confidential) use names::Names;
pub(in crate::confidential) use sensitive::Secrets;
pub use sensitive::Sort;
pub use typed::{Finding, look};

use super::notes::lexicon::Lexicon;
use super::notes::values::{self, Kind as Valued, Value};
use super::notes::{tokens, when};
use super::{Speaker, Text, Transcript};
use crate::border::{LeftOut, MAX_TEXT, Topics, Trust};
use crate::call::Language;
use serde::Serialize;
use std::collections::BTreeSet;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A note that may leave the ear. It encodes field for field as [`crate::border::Note`] decodes.
///
/// Only the guard makes one. From outside one that was made can be given on and encoded,
///
/// ```
/// use callgist::{border::{Topics, Trust, TrustLabel}, call::Language, confidential::guard::Guarded};
/// let trust = Trust { label: TrustLabel::Good, confidence_pct: 1, kept_pct: 1, arrived_pct: 1 };
/// let (language, topics, text) = (Language::En, Topics(1), String::new());
/// fn give(note: Guarded) -> Guarded {
///     note
/// }
/// fn encode(note: &Guarded) -> Vec<u8> {
///     postcard::to_stdvec(note).unwrap()
/// }
/// ```
///
/// but it can neither be written down,
///
/// ```compile_fail,E0451
/// use callgist::{border::{Topics, Trust, TrustLabel}, call::Language, confidential::guard::Guarded};
/// let trust = Trust { label: TrustLabel::Good, confidence_pct: 1, kept_pct: 1, arrived_pct: 1 };
/// let (language, topics, text) = (Language::En, Topics(1), String::new());
/// let forged = Guarded { language, topics, trust, text };
/// ```
///
/// nor decoded, as what comes out of an ear is,
///
/// ```
/// let decoded: postcard::Result<callgist::border::Note> = postcard::from_bytes(&[0]);
/// ```
///
/// ```compile_fail,E0277
/// let forged: postcard::Result<callgist::confidential::guard::Guarded> = postcard::from_bytes(&[0]);
/// ```
///
/// nor copied,
///
/// ```compile_fail,E0599
/// fn copy(note: &callgist::confidential::guard::Guarded) -> callgist::confidential::guard::Guarded {
///     callgist::confidential::guard::Guarded::clone(note)
/// }
/// ```
///
/// nor read, as what was decoded is:
///
/// ```
/// fn read(note: &callgist::border::Note) -> &str {
///     note.text()
/// }
/// ```
///
/// ```compile_fail,E0624
/// fn read(note: &callgist::confidential::guard::Guarded) -> &str {
///     note.text()
/// }
/// ```
#[derive(Serialize, Zeroize, ZeroizeOnDrop)]
pub struct Guarded {
    #[zeroize(skip)]
    language: Language,
    #[zeroize(skip)]
    topics: Topics,
    #[zeroize(skip)]
    trust: Trust,
    text: String,
}

// It is encoded, so it has `Serialize`; all else it has not.
super::lacks!(Guarded:
    std::fmt::Debug, std::fmt::Display, Clone, AsRef<str>, AsRef<[u8]>, std::ops::Deref);
super::wiped!(Guarded);
super::never_shown!(
    Draft,
    Verdict,
    Bench<'static>,
    verbatim::Said,
    Secrets,
    Names,
    left_out::Withheld<'static>
);

impl Guarded {
    /// The note's text; for written calls only, an ear has no use for it.
    pub(in crate::confidential) fn text(&self) -> &str {
        &self.text
    }
}

/// What sort of statement it is (`calls/README.md`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::confidential) enum Kind {
    Issue,
    Request,
    Information,
    Promise,
    Refusal,
    FollowUp,
    Appointment,
    Amount,
    Reference,
    Callback,
    Cause,
    Decision,
}

/// The ladder of what is meant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::confidential) enum Modality {
    Claim,
    Fact,
    Wish,
    Possible,
    Offered,
    Committed,
    Agreed,
}

/// One sentence that wants to be in the note, with what it rests on.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(in crate::confidential) struct Statement {
    #[zeroize(skip)]
    pub kind: Kind,
    #[zeroize(skip)]
    pub by: Speaker,
    pub positive: bool,
    #[zeroize(skip)]
    pub modality: Modality,
    pub text: Text,
    /// Said instead when the text is too near to the call's words.
    pub shorter: Option<Text>,
    /// The turns it rests on.
    pub evidence: Vec<u16>,
    /// Which rule made it.
    #[zeroize(skip)]
    pub rule: &'static str,
    /// Whether the note may do without it.
    pub reason: bool,
}

/// Why the guard dropped a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::confidential) enum Fault {
    Sensitive,
    Ungrounded,
    Dead,
    Unsupported,
    Form,
    Verbatim,
    Length,
    /// It names somebody whom the line does not name.
    Named,
    /// It holds something else that the line leaves out.
    LeftOut,
}

impl Fault {
    pub fn word(self) -> &'static str {
        match self {
            Fault::Sensitive => "sensitive",
            Fault::Ungrounded => "ungrounded",
            Fault::Dead => "superseded",
            Fault::Unsupported => "unsupported",
            Fault::Form => "form",
            Fault::Verbatim => "verbatim",
            Fault::Length => "length",
            Fault::Named => "named",
            Fault::LeftOut => "left out",
        }
    }
}

/// A note before the guard.
pub(in crate::confidential) struct Draft {
    pub language: Language,
    pub topics: Topics,
    pub trust: Trust,
    pub statements: Vec<Statement>,
    /// Values that fell: no appointment or promise may hold one.
    pub dead: Vec<Valued>,
    /// What the line leaves out of its notes.
    pub left_out: LeftOut,
}

/// What came of a draft.
pub(in crate::confidential) struct Verdict {
    /// `None` when no reason for the call is left.
    pub note: Option<Guarded>,
    /// For each statement of the draft why it was dropped; `None` when it stands.
    pub faults: Vec<Option<Fault>>,
}

/// Confidence below which a value is not said; lower says more and errs more.
const FLOOR: f32 = 0.5;

/// The share of words in shared runs of four or more that no note may exceed.
const SHARE: f64 = 0.35;

/// The share past which the most shredded statements are dropped; lower forgets times and names of acts.
const AIM: f64 = 0.3;

/// The share within one statement past which it is the call's own sentence.
const SHREDS: f64 = 0.67;

/// Words a note may have, and words after six minutes.
const WORDS: usize = 80;
const WORDS_OF_LONG_CALLS: usize = 130;
const LONG_CALL_MS: u32 = 360_000;

/// Makes a note of what stands up to every check; `known` are faults that statements had before, by their places.
pub(in crate::confidential) fn examine(
    transcript: &Transcript,
    lexicon: &Lexicon,
    draft: &mut Draft,
    known: &[Option<Fault>],
) -> Verdict {
    let bench = Bench::new(transcript, lexicon, draft);
    let mut faults: Vec<Option<Fault>> = Vec::new();
    for at in 0..draft.statements.len() {
        if let Some(fault) = known.get(at).copied().flatten() {
            faults.push(Some(fault));
            continue;
        }
        let before = joined(&draft.statements[..at], &faults);
        let statement = &mut draft.statements[at];
        let mut fault = bench.fault(statement, &before);
        if fault == Some(Fault::Verbatim)
            && let Some(shorter) = statement.shorter.take()
        {
            statement.text = shorter;
            fault = bench.fault(statement, &before);
        }
        if fault.is_none() {
            fault = bench.leave_out(statement, &before);
        }
        faults.push(fault);
    }
    while let Some(worst) = bench.most_shredded(&draft.statements, &faults) {
        faults[worst] = Some(Fault::Verbatim);
    }
    let reason = draft.statements.iter().zip(&faults).any(|(s, fault)| s.reason && fault.is_none());
    let text = joined(&draft.statements, &faults);
    let fits = reason && bench.whole(&text);
    let (language, topics, trust) = (draft.language, draft.topics, draft.trust);
    let note = fits.then(|| Guarded { language, topics, trust, text: text.as_str().to_owned() });
    Verdict { note, faults }
}

/// The statements that stand, as one text.
fn joined(statements: &[Statement], faults: &[Option<Fault>]) -> Text {
    let mut text = Text::new();
    for (statement, _) in statements.iter().zip(faults).filter(|(_, fault)| fault.is_none()) {
        push_sentence(&mut text, &statement.text);
    }
    text
}

fn push_sentence(text: &mut Text, sentence: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(sentence);
}

/// The call, read again by the guard itself.
struct Bench<'a> {
    lexicon: &'a Lexicon,
    said: verbatim::Said,
    secrets: Secrets,
    /// Numbers that were heard with enough confidence, as they may be printed.
    numbers: BTreeSet<Text>,
    /// Names of days and months that were heard.
    days: BTreeSet<Text>,
    /// Values that fell, each as its words.
    dead: Vec<Vec<Text>>,
    speakers: Vec<Speaker>,
    limit: usize,
    withheld: left_out::Withheld<'a>,
}

impl<'a> Bench<'a> {
    fn new(transcript: &Transcript, lexicon: &'a Lexicon, draft: &Draft) -> Bench<'a> {
        let tokens = tokens::read(transcript, lexicon);
        let values = values::read(&tokens, lexicon);
        let covered = values::cover(&tokens, &values);
        let secrets = Secrets::find(&tokens, &values, &covered, lexicon);
        let last =
            transcript.turns.last().and_then(|turn| turn.words.first()).map_or(0, |word| word.start_ms);
        let open = |value: &&Value| !secrets.dates[value.from..value.to].contains(&true);
        let sure = values.iter().filter(|value| value.confidence >= FLOOR).filter(open);
        let (mut numbers, mut days) = (BTreeSet::new(), BTreeSet::new());
        sure.for_each(|value| ground(value, lexicon, &mut numbers, &mut days));
        Bench {
            lexicon,
            said: verbatim::Said::new(transcript, &printed_words(&tokens, &values, &covered, lexicon)),
            secrets,
            numbers,
            days,
            dead: draft
                .dead
                .iter()
                .map(|kind| printed(kind, lexicon))
                .filter(|words| !words.is_empty())
                .collect(),
            speakers: transcript.turns.iter().map(|turn| turn.speaker).collect(),
            limit: if last > LONG_CALL_MS { WORDS_OF_LONG_CALLS } else { WORDS },
            withheld: left_out::Withheld::new(&tokens, &values, &covered, lexicon, draft.left_out),
        }
    }

    fn fault(&self, statement: &Statement, before: &str) -> Option<Fault> {
        let sentence = &statement.text;
        if self.secrets.leak(sentence) {
            return Some(Fault::Sensitive);
        }
        if !self.has_form(sentence) {
            return Some(Fault::Form);
        }
        if !self.is_grounded(sentence) {
            return Some(Fault::Ungrounded);
        }
        if self.is_dead(statement) {
            return Some(Fault::Dead);
        }
        if !self.is_supported(statement) {
            return Some(Fault::Unsupported);
        }
        let mut whole = Text::from(before);
        push_sentence(&mut whole, sentence);
        self.crowds(&whole, statement)
    }

    /// Takes what the line leaves out of a statement that stood up to all else, or says that it must go with it.
    fn leave_out(&self, statement: &mut Statement, before: &str) -> Option<Fault> {
        if !self.withheld.stands_in_statement(statement) {
            return None;
        }
        if self.withheld.is_named_in(&statement.text) {
            return Some(Fault::Named);
        }
        let Some(text) = self.withheld.without(statement).filter(|text| !before.contains(text.as_str()))
        else {
            return Some(Fault::LeftOut);
        };
        statement.text = text;
        self.fault(statement, before)
    }

    fn crowds(&self, whole: &str, statement: &Statement) -> Option<Fault> {
        if whole.split_whitespace().count() > self.limit || whole.len() > MAX_TEXT {
            return Some(Fault::Length);
        }
        let run = self.said.longest_run(whole) > verbatim::LONGEST_RUN;
        let (own, words) = self.said.shared(&statement.text);
        (run || own as f64 > SHREDS * words as f64).then_some(Fault::Verbatim)
    }

    /// While too much of the note is the call's words: the statement that has most of them, the reasons last.
    fn most_shredded(&self, statements: &[Statement], faults: &[Option<Fault>]) -> Option<usize> {
        let (shared, words) = self.said.shared(&joined(statements, faults));
        if shared as f64 <= AIM * words as f64 {
            return None;
        }
        let standing = statements.iter().zip(faults).enumerate().filter(|(_, (_, fault))| fault.is_none());
        let own = |statement: &Statement| self.said.shared(&statement.text).0;
        standing
            .filter(|(_, (statement, _))| own(statement) > 0)
            .max_by_key(|(_, (statement, _))| (!statement.reason, own(statement)))
            .map(|(at, _)| at)
    }

    /// The note as a whole, once more.
    fn whole(&self, text: &str) -> bool {
        let (shared, words) = self.said.shared(text);
        !text.is_empty()
            && text.len() <= MAX_TEXT
            && text.split_whitespace().count() <= self.limit
            && self.said.longest_run(text) <= verbatim::LONGEST_RUN
            && shared as f64 / words.max(1) as f64 <= SHARE
            && !sensitive::holds_account(text)
            && !self.withheld.stands_in(text)
    }

    /// A whole sentence: four words or more, a capital, a stop, a finite verb of ours, no line break.
    fn has_form(&self, sentence: &str) -> bool {
        let words = verbatim::words(sentence);
        let verb = words.iter().any(|word| self.lexicon.words.finite.contains(word.as_str()));
        words.len() >= 4
            && verb
            && sentence.starts_with(|c: char| c.is_uppercase())
            && sentence.ends_with('.')
            && sentence.chars().all(is_printed)
            && !sentence.contains(['\n', ';', '!', '?', '{', '}'])
            && !sentence.contains("  ")
    }

    /// Every number, day and month in the sentence was heard.
    fn is_grounded(&self, sentence: &str) -> bool {
        let folded = tokens::fold(sentence);
        let digits = |c: char| c.is_ascii_digit();
        let plain = folded.split(|c: char| !digits(c)).filter(|run| !run.is_empty());
        let named = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| {
            self.lexicon.time.weekdays.contains_key(*word) || self.lexicon.time.months.contains_key(*word)
        });
        // English "may" is a verb, too; the frames use it.
        plain.clone().all(|run| self.numbers.contains(run))
            && named.filter(|word| *word != "may" && *word != "march").all(|word| self.days.contains(word))
    }

    fn is_dead(&self, statement: &Statement) -> bool {
        let bound = matches!(
            statement.kind,
            Kind::Appointment | Kind::Promise | Kind::Callback | Kind::FollowUp | Kind::Decision
        );
        let words = verbatim::words(&statement.text);
        bound && self.dead.iter().any(|dead| words.windows(dead.len()).any(|place| place == dead))
    }

    /// It names turns of the call, one of them by whoever it speaks of.
    fn is_supported(&self, statement: &Statement) -> bool {
        let by = statement.by.is_caller();
        let turns = statement.evidence.iter().filter_map(|turn| self.speakers.get(usize::from(*turn)));
        turns.into_iter().any(|speaker| speaker.is_caller() == by)
    }
}

/// Letters of our languages, and what stands between them. Whisper writes a word that it took for another language's in that
/// one's letters; the daemon has no use for them, and ends an ear that sends them.
fn is_printed(c: char) -> bool {
    c.is_ascii_graphic() || " €£°’‘“”„«»–—…\u{a0}\u{202f}".contains(c) || c.is_alphabetic() && c < '\u{250}'
}

/// The words and numbers by which a value may be printed.
fn ground(value: &Value, lexicon: &Lexicon, numbers: &mut BTreeSet<Text>, days: &mut BTreeSet<Text>) {
    let mut add = |text: &str| {
        let runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty());
        numbers.extend(runs.map(Text::from));
    };
    match &value.kind {
        Valued::Digits => {
            add(&value.digits);
            // Printed in groups, a telephone number is more than one run.
        }
        Valued::Count(count) => add(&when::number(u64::from(*count))),
        Valued::Amount { cents, .. } => {
            add(&when::number(cents / 100));
            add(&when::two_digits((cents % 100) as u8));
        }
        Valued::Time { .. } | Valued::Window { .. } => add(&when::clock(lexicon, &value.kind)),
        Valued::Duration { .. } => add(&when::duration(lexicon, &value.kind)),
        Valued::Date { .. } | Valued::Weekday(_) | Valued::Month(_) => {
            let text = when::day(lexicon, &value.kind);
            add(&text);
            days.extend(tokens::fold(&text).split(|c: char| !c.is_alphanumeric()).map(Text::from));
        }
        Valued::Relative(_) | Valued::Part(_) => {}
    }
}

/// The call's words with each value as a note would print it, so that a run over numbers is found, too.
fn printed_words(
    tokens: &[tokens::Token],
    values: &[Value],
    covered: &[Option<usize>],
    lexicon: &Lexicon,
) -> Text {
    let mut text = Text::new();
    for (at, token) in tokens.iter().enumerate() {
        match covered[at].map(|index| &values[index]) {
            Some(Value { kind: Valued::Relative(_) | Valued::Part(_), .. }) | None => {
                text.push_str(&token.text)
            }
            Some(Value { kind: Valued::Date { day, .. }, .. }) if is_day_number(&token.text, lexicon) => {
                let goes_on =
                    at > 0 && covered[at - 1] == covered[at] && is_day_number(&tokens[at - 1].text, lexicon);
                if goes_on {
                    continue;
                }
                text.push_str(&when::number(u64::from(*day)));
                text.push_str(lexicon.time.say.ordinals.last().map_or("", String::as_str));
            }
            Some(Value { kind: Valued::Date { .. }, .. }) => text.push_str(&token.text),
            Some(value) if value.from == at => text.push_str(&print(value, lexicon)),
            Some(_) => continue,
        }
        text.push(' ');
    }
    text
}

fn print(value: &Value, lexicon: &Lexicon) -> Text {
    match &value.kind {
        Valued::Digits => value.digits.again(),
        Valued::Count(count) => when::number(u64::from(*count)),
        Valued::Amount { cents, currency } => super::notes::print_amount(lexicon, *cents, *currency),
        Valued::Time { .. } | Valued::Window { .. } => when::clock(lexicon, &value.kind),
        Valued::Duration { .. } => when::duration(lexicon, &value.kind),
        Valued::Weekday(_) | Valued::Month(_) => when::day(lexicon, &value.kind),
        // Printed word by word: our words for these are not the call's.
        Valued::Date { .. } | Valued::Relative(_) | Valued::Part(_) => Text::new(),
    }
}

fn is_day_number(word: &str, lexicon: &Lexicon) -> bool {
    let numbers = &lexicon.numbers;
    word.starts_with(|c: char| c.is_ascii_digit())
        || numbers.ordinals.contains_key(word)
        || numbers.small.contains_key(word)
        || numbers.tens.contains_key(word)
        || numbers.and.contains(word)
}

/// The words by which a value that fell would show itself.
fn printed(kind: &Valued, lexicon: &Lexicon) -> Vec<Text> {
    let text = match kind {
        Valued::Weekday(_) | Valued::Month(_) => when::day(lexicon, kind),
        Valued::Date { weekday: Some(weekday), .. } => when::day(lexicon, &Valued::Weekday(*weekday)),
        Valued::Time { .. } | Valued::Window { .. } => when::clock(lexicon, kind),
        Valued::Amount { cents, .. } if cents % 100 != 0 => {
            let mut text = when::number(cents / 100);
            text.push('.');
            text.push_str(&when::two_digits((cents % 100) as u8));
            text
        }
        _ => Text::new(),
    };
    verbatim::words(&text)
}

/// What holds for every note, computed anew: for properties over any call.
#[cfg(test)]
pub(in crate::confidential) fn obeys_the_caps(transcript: &Transcript, text: &str) -> bool {
    let said = verbatim::Said::new(transcript, "");
    let (shared, words) = said.shared(text);
    said.longest_run(text) <= verbatim::LONGEST_RUN
        && shared as f64 <= SHARE * words as f64
        && !sensitive::holds_account(text)
        && text.split_whitespace().count() <= WORDS_OF_LONG_CALLS
}

#[cfg(test)]
mod kept_out_tests;
#[cfg(test)]
mod left_out_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::border::TrustLabel;
    use crate::confidential::notes::lexicon;
    use crate::confidential::{Turn, Word};

    fn call(lines: &[(Speaker, &str)]) -> Transcript {
        let word = |text: &str| Word::new(text.to_owned(), 0, 0, 0.9);
        let turn = |(speaker, said): &(Speaker, &str)| Turn {
            speaker: *speaker,
            words: said.split_whitespace().map(word).collect(),
        };
        Transcript::new(lines.iter().map(turn).collect())
    }

    const SAID: [(Speaker, &str); 4] = [
        (Speaker::Caller, "hello my dishwasher is leaking and my card is 4000 1285 7733 9410 expires 09 28"),
        (Speaker::Agent(1), "the technician comes on friday at ten thirty that costs forty five euros"),
        (
            Speaker::Caller,
            "my husband has diabetes and the password is sunflower please send the new invoice to me",
        ),
        (
            Speaker::Agent(1),
            "i could do thursday no wait friday and i will send the new invoice to you tomorrow",
        ),
    ];

    /// What the guard says of one statement beside a sound reason.
    fn fault(kind: Kind, by: Speaker, text: &str, dead: Vec<Valued>) -> Option<Fault> {
        let statement = |kind, by: Speaker, text: &str, reason| Statement {
            kind,
            by,
            positive: true,
            modality: Modality::Fact,
            text: text.into(),
            shorter: None,
            evidence: if by.is_caller() { vec![0, 2] } else { vec![1, 3] },
            rule: "test",
            reason,
        };
        let reason =
            statement(Kind::Issue, Speaker::Caller, "The caller reported a problem: the dishwasher.", true);
        let mut draft = Draft {
            language: Language::En,
            topics: Topics::default(),
            trust: Trust { label: TrustLabel::Good, confidence_pct: 90, kept_pct: 90, arrived_pct: 90 },
            statements: vec![reason, statement(kind, by, text, false)],
            dead,
            left_out: LeftOut::default(),
        };
        let verdict = examine(&call(&SAID), lexicon::of(Language::En), &mut draft, &[]);
        assert!(verdict.note.is_some(), "the reason alone is a note");
        verdict.faults[1]
    }

    fn says(text: &str) -> Option<Fault> {
        fault(Kind::Information, Speaker::Agent(1), text, Vec::new())
    }

    #[test]
    fn what_was_heard_and_stands_is_let_through() {
        assert!(says("The agent named an amount of €45.").is_none());
        assert!(says("A technician visit was agreed on Friday at 10:30.").is_none());
    }

    #[test]
    fn sensitive_words_and_numbers_are_dropped() {
        for text in [
            "The caller named the card 4000 1285 7733 9410.",
            "The caller said the card ends with 9410.",
            "The caller called about diabetes.",
            "The caller said that sunflower is the word.",
            "The account was given as DE89 3704 0044 0532 0130 00.",
        ] {
            assert!(says(text) == Some(Fault::Sensitive), "{text}");
        }
    }

    #[test]
    fn numbers_and_days_that_nobody_said_are_dropped() {
        assert!(says("The agent named an amount of €46.") == Some(Fault::Ungrounded));
        assert!(says("A technician visit was agreed on Monday at 10:30.") == Some(Fault::Ungrounded));
    }

    #[test]
    fn what_was_superseded_is_banned_from_appointments() {
        let dead = || vec![Valued::Weekday(3)];
        let agent = Speaker::Agent(1);
        let text = "A technician visit was agreed on Thursday.";
        assert!(fault(Kind::Appointment, agent, text, dead()) == Some(Fault::Dead));
        assert!(
            fault(Kind::Appointment, agent, "A technician visit was agreed on Friday.", dead()).is_none()
        );
    }

    #[test]
    fn telegrams_and_sentences_of_the_calls_own_are_dropped() {
        assert!(says("Friday at 10:30.") == Some(Fault::Form));
        assert!(says("Dishwasher leaking, technician friday.") == Some(Fault::Form));
        let copied = "The agent said: please send the new invoice to me.";
        assert!(says(copied) == Some(Fault::Verbatim));
    }

    #[test]
    fn a_note_without_a_reason_is_no_note() {
        let mut draft = Draft {
            language: Language::En,
            topics: Topics::default(),
            trust: Trust { label: TrustLabel::Good, confidence_pct: 90, kept_pct: 90, arrived_pct: 90 },
            statements: Vec::new(),
            dead: Vec::new(),
            left_out: LeftOut::default(),
        };
        assert!(examine(&call(&SAID), lexicon::of(Language::En), &mut draft, &[]).note.is_none());
    }

    #[test]
    fn cards_are_known_by_their_check_digit_and_accounts_by_their_shape() {
        assert!(sensitive::luhn("4000128577339410"));
        assert!(!sensitive::luhn("4000128577339411"));
        assert!(sensitive::holds_account("4000 1285 7733 9411"), "by its length, should a digit be misheard");
        assert!(sensitive::iban("LU669980557120094400"));
        assert!(!sensitive::holds_account("call 0171 3920044 at 10:30"));
    }
}
