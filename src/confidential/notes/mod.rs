//! A call's recognised words go in; a guarded note, an objection or requests not to be contacted come out.
//!
//! Do not try to understand the call. Collect typed evidence, keep a ledger of what stands, say it in our own verbs:
//! words, values, clauses, deeds, pairs, ledger, select, say, guard. The steps are pure and stand one to a file;
//! none of them knows a language, the languages are data (`lexicon/`).

mod abstain;
mod clauses;
mod contact;
mod deeds;
mod ledger;
pub(in crate::confidential) mod lexicon;
mod objection;
mod pairs;
pub(in crate::confidential) mod pattern;
mod phrase;
mod say;
mod select;
mod sound;
mod tell;
pub(in crate::confidential) mod tokens;
mod told;
pub(in crate::confidential) mod values;
pub(in crate::confidential) mod when;

pub(in crate::confidential) use say::{amount as print_amount, fill};
pub(in crate::confidential) use tokens::fold;

use super::guard::{self, Draft, Fault, Guarded, Kind, Modality, Names, Secrets, Statement, Verdict};
use super::{Text, Transcript};
use crate::border::{Day, DoNotContact, LeftOut, Topics, Trust, TrustLabel};
use crate::call::{Language, NoSummary};
use lexicon::Lexicon;
use pattern::View;
use std::collections::BTreeMap;
use tokens::Token;
use values::Value;
use zeroize::{Zeroize, ZeroizeOnDrop};

super::never_shown!(Token, Value, Statement, Read, Explained, ExplainedStatement);
super::wiped!(Token, Value, Statement, Read);

/// How well the call was heard, in whole per cents; it becomes the note's trust label.
#[derive(Clone, Copy)]
pub struct Quality {
    /// Mean probability of the recognised words.
    pub confidence_pct: u8,
    /// Recognised words that passed the gates for ghost words and doubt.
    pub kept_pct: u8,
    /// RTP packets that arrived, of those that should have.
    pub arrived_pct: u8,
}

impl Quality {
    fn trust(self) -> Trust {
        let least = self.confidence_pct.min(self.kept_pct).min(self.arrived_pct);
        let label = match least {
            80.. => TrustLabel::Good,
            60.. => TrustLabel::Fair,
            _ => TrustLabel::Low,
        };
        let Quality { confidence_pct, kept_pct, arrived_pct } = self;
        Trust { label, confidence_pct, kept_pct, arrived_pct }
    }
}

/// Whether somebody on the call does not want a summary.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Objection {
    None,
    /// It may have been one; doubt protects.
    Suspected,
    Heard,
}

/// Writes the note of a call, or says why there is none.
///
/// Days stay as they were said ("Thursday", "tomorrow"): `today` is kept for the reader, who sees it beside the note.
/// What the line leaves out of its notes is `left_out`.
pub fn summarise(
    transcript: &Transcript,
    language: Language,
    today: Day,
    left_out: LeftOut,
    quality: Quality,
) -> Result<Guarded, NoSummary> {
    let _ = today;
    write(transcript, language, left_out, quality).0
}

/// Looks for an objection in what has been recognised so far.
pub fn objection(transcript: &Transcript, language: Language) -> Objection {
    let read = Read::new(transcript, lexicon::of(language));
    objection::find(read.view()).what
}

/// Requests not to be contacted, at most two; one made before an objection counts, nothing after it is read.
pub fn do_not_contact(transcript: &Transcript, language: Language) -> Vec<DoNotContact> {
    let read = Read::new(transcript, lexicon::of(language));
    let view = read.view();
    let objection = objection::find(view);
    let requests = contact::find(view).into_iter();
    requests
        .filter(|(_, heard)| heard.turns.iter().any(|t| *t < objection.turn))
        .map(|(request, _)| request)
        .collect()
}

/// The call as the steps read it.
struct Read {
    lexicon: &'static Lexicon,
    tokens: Vec<Token>,
    values: Vec<Value>,
    covered: Vec<Option<usize>>,
    secrets: Secrets,
    /// Tokens that are a verb of an act.
    verbs: Vec<bool>,
    /// How often the caller and the other side said a word.
    counts: BTreeMap<String, (usize, usize)>,
    /// Whether nouns are known by their capitals: German, by a recogniser that writes them.
    cased: bool,
}

impl Read {
    fn new(transcript: &Transcript, lexicon: &'static Lexicon) -> Read {
        let tokens = tokens::read(transcript, lexicon);
        let values = values::read(&tokens, lexicon);
        let covered = values::cover(&tokens, &values);
        let secrets = Secrets::find(&tokens, &values, &covered, lexicon);
        let capitals = tokens.iter().filter(|token| token.shown.starts_with(char::is_uppercase)).count();
        let cased = lexicon.numbers.is_german() && capitals * 10 > tokens.len();
        let counts = count(&tokens);
        let mut read = Read { lexicon, tokens, values, covered, secrets, verbs: Vec::new(), counts, cased };
        read.verbs = pattern::verbs(read.view());
        read
    }

    fn names(&self, left_out: LeftOut) -> Names {
        Names::find(&self.tokens, &self.values, &self.covered, self.lexicon, left_out)
    }

    /// Bans the names that the line leaves out.
    fn hide(&mut self, names: &Names) {
        names.ban(&self.tokens, &mut self.secrets.tokens);
        self.verbs = pattern::verbs(self.view());
    }

    fn view(&self) -> View<'_> {
        View {
            tokens: &self.tokens,
            values: &self.values,
            covered: &self.covered,
            banned: &self.secrets.tokens,
            lexicon: self.lexicon,
            channel: &[],
            verbs: &self.verbs,
            counts: &self.counts,
            cased: self.cased,
        }
    }
}

fn count(tokens: &[Token]) -> BTreeMap<String, (usize, usize)> {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for token in tokens {
        let (by_caller, by_agent) = if token.speaker.is_caller() { (1, 0) } else { (0, 1) };
        // Not by `entry`: a key that is there already would be dropped unwiped.
        match counts.get_mut(&token.text) {
            Some((caller, agent)) => (*caller, *agent) = (*caller + by_caller, *agent + by_agent),
            None => {
                counts.insert(token.text.clone(), (by_caller, by_agent));
            }
        }
    }
    counts
}

impl Drop for Read {
    fn drop(&mut self) {
        std::mem::take(&mut self.counts).into_keys().for_each(|mut word| word.zeroize());
    }
}

impl ZeroizeOnDrop for Read {}

type Written = (Result<Guarded, NoSummary>, Vec<Statement>, Vec<Option<Fault>>);

fn write(transcript: &Transcript, language: Language, left_out: LeftOut, quality: Quality) -> Written {
    let none = |reason| (Err(reason), Vec::new(), Vec::new());
    let lexicon = lexicon::of(language);
    let mut read = Read::new(transcript, lexicon);
    let view = read.view();
    match objection::find(view).what {
        Objection::Heard => return none(NoSummary::Objection),
        Objection::Suspected => return none(NoSummary::ObjectionSuspected),
        Objection::None => {}
    }
    if let Some(reason) = abstain::before(transcript, language, view) {
        return none(reason);
    }
    let trust = quality.trust();
    let names = read.names(left_out);
    let whole = (left_out.is_of_names() && !names.are_words()).then(|| {
        let mut drafted = draft(&read, language, left_out, trust);
        let verdict = guard::examine(transcript, lexicon, &mut drafted, &[]);
        (drafted, verdict)
    });
    let (drafted, verdict) = whole
        .filter(|(_, verdict)| !verdict.faults.contains(&Some(Fault::Named)))
        .unwrap_or_else(|| with_less(transcript, &mut read, language, left_out, &names, trust));
    let note = verdict.note.ok_or(NoSummary::Unintelligible);
    (note, drafted.statements, verdict.faults)
}

/// The note as it would be if nothing were left out, with less in it: no statement is told that would not stand there, for
/// it may lack a condition that another one has. Where a name stood, the statement is told anew without it.
fn with_less(
    transcript: &Transcript,
    read: &mut Read,
    language: Language,
    left_out: LeftOut,
    names: &Names,
    trust: Trust,
) -> (Draft, Verdict) {
    let lexicon = read.lexicon;
    let mut drafted = draft(read, language, LeftOut::default(), trust);
    let whole = guard::examine(transcript, lexicon, &mut drafted, &[]);
    let standing = drafted.statements.iter().zip(&whole.faults).filter(|(_, fault)| fault.is_none());
    let texts: Vec<Text> = standing.map(|(statement, _)| statement.text.again()).collect();
    drafted.left_out = left_out;
    let verdict = guard::examine(transcript, lexicon, &mut drafted, &whole.faults);
    if !verdict.faults.contains(&Some(Fault::Named)) && !names.are_words() {
        return (drafted, verdict);
    }
    read.hide(names);
    let mut anew = draft(read, language, left_out, trust);
    anew.statements.retain_mut(|statement| {
        let stood = |text: &Text| texts.iter().any(|whole| is_part(text, whole, lexicon));
        if !stood(&statement.text)
            && let Some(shorter) = statement.shorter.take_if(|shorter| stood(shorter))
        {
            statement.text = shorter;
            return true;
        }
        stood(&statement.text)
    });
    let verdict = guard::examine(transcript, lexicon, &mut anew, &[]);
    (anew, verdict)
}

/// Whether a sentence is another one, or that with words taken out, and none of them a denial. Where a name was an object,
/// another one would take its place.
fn is_part(part: &str, whole: &str, lexicon: &Lexicon) -> bool {
    let (part, whole) = (fold(part), fold(whole));
    let words = |text: &str| -> Vec<Text> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(Text::from).collect()
    };
    let denies = |word: &str| {
        lexicon.words.not_before.contains_key(word) || lexicon.words.not_after.contains_key(word)
    };
    let mut left = words(&part).into_iter().peekable();
    for word in words(&whole) {
        if left.next_if_eq(&word).is_none() && denies(word.as_str()) {
            return false;
        }
    }
    left.peek().is_none()
}

/// What is to be told of a call.
fn draft(read: &Read, language: Language, left_out: LeftOut, trust: Trust) -> Draft {
    let view = read.view();
    let clauses = clauses::read(view);
    let mut deeds = deeds::read(view, &clauses);
    pairs::settle(&mut deeds, &clauses);
    let ledger = ledger::read(view, &clauses);
    let requests = contact::find(view);
    let evidence =
        select::Evidence { view, clauses: &clauses, deeds: &deeds, ledger: &ledger, requests: &requests };
    let statements = select::statements(&evidence);
    Draft { language, topics: topics(view), trust, statements, dead: ledger.dead.clone(), left_out }
}

/// Topics by the words of the call; two words of a topic, or one that both sides said.
fn topics(view: View<'_>) -> Topics {
    let mut topics = Topics::default();
    for (topic, stems) in &view.lexicon.topics {
        let hits = view.tokens.iter().filter(|token| stems.iter().any(|stem| stem.fits(&token.text))).count();
        if hits >= 2 {
            topics = topics.with(topic);
        }
    }
    if topics == Topics::default() { topics.with("other") } else { topics }
}

/// What the engine makes of a written call, for `callgist note`: never called by an ear.
pub(crate) struct Explained {
    pub summary: String,
    pub statements: Vec<ExplainedStatement>,
    pub do_not_contact: Vec<DoNotContact>,
    pub objection: bool,
    pub reason: Option<NoSummary>,
    /// Statements that the guard dropped, with why.
    pub dropped: Vec<(ExplainedStatement, &'static str)>,
}

/// One statement of a written call.
pub(crate) struct ExplainedStatement {
    pub kind: &'static str,
    pub by: String,
    pub polarity: &'static str,
    pub modality: &'static str,
    pub text: String,
    pub evidence: Vec<u16>,
    pub rule: &'static str,
}

/// Writes the note of a written call and says what it rests on.
pub(crate) fn explain(transcript: &Transcript, language: Language, left_out: LeftOut) -> Explained {
    let quality = Quality { confidence_pct: 100, kept_pct: 100, arrived_pct: 100 };
    let (note, statements, faults) = write(transcript, language, left_out, quality);
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    for (statement, fault) in statements.iter().zip(faults) {
        match fault {
            None if note.is_ok() => kept.push(plain(statement)),
            None => dropped.push((plain(statement), "no reason")),
            Some(fault) => dropped.push((plain(statement), fault.word())),
        }
    }
    let reason = note.as_ref().err().copied();
    Explained {
        summary: note.as_ref().map_or_else(|_| String::new(), |note| note.text().to_owned()),
        statements: kept,
        do_not_contact: do_not_contact(transcript, language),
        objection: reason == Some(NoSummary::Objection),
        reason,
        dropped,
    }
}

fn plain(statement: &Statement) -> ExplainedStatement {
    ExplainedStatement {
        kind: kind_word(statement.kind),
        by: if statement.by.is_caller() { "caller".to_owned() } else { "agent".to_owned() },
        polarity: if statement.positive { "positive" } else { "negative" },
        modality: modality_word(statement.modality),
        text: statement.text.as_str().to_owned(),
        evidence: statement.evidence.clone(),
        rule: statement.rule,
    }
}

fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Issue => "issue",
        Kind::Request => "request",
        Kind::Information => "information_given",
        Kind::Promise => "promise",
        Kind::Refusal => "refusal",
        Kind::FollowUp => "follow_up",
        Kind::Appointment => "appointment",
        Kind::Amount => "amount",
        Kind::Reference => "reference",
        Kind::Callback => "callback",
        Kind::Cause => "cause",
        Kind::Decision => "decision",
    }
}

fn modality_word(modality: Modality) -> &'static str {
    match modality {
        Modality::Claim => "claim",
        Modality::Fact => "fact",
        Modality::Wish => "wish",
        Modality::Possible => "possible",
        Modality::Offered => "offered",
        Modality::Committed => "committed",
        Modality::Agreed => "agreed",
    }
}

#[cfg(test)]
mod tests;
