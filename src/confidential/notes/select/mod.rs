//! Evidence of every kind goes in, the statements of a note come out, the most needed first.
//!
//! Reason, appointments, promises, refusals, call-back, amounts, references, then what was merely told.

mod acts;
mod appointments;
mod numbers;
mod promises;
mod refusals;
mod subjects;
mod times;
mod wishes;

pub(super) use times::rate;

use super::clauses::Clause;
use super::contact;
use super::deeds::Deed;
use super::ledger::Ledger;
use super::pattern::View;
use super::tell::Teller;
use super::told::{Candidate, Told};
use crate::border::DoNotContact;
use crate::confidential::guard::{Kind, Modality, Statement};
use crate::confidential::{Speaker, Text};
use appointments::appointments;
use numbers::{numbers, references};
use promises::{possibilities, promises};
use refusals::{claims, decisions, refusals};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use subjects::subjects;
use times::{dates, hours, periods, times};
use wishes::{aims, contact_requests, questions, wishes};

/// All that the steps before found.
pub(super) struct Evidence<'a> {
    pub view: View<'a>,
    pub clauses: &'a [Clause],
    pub deeds: &'a [Deed],
    pub ledger: &'a Ledger,
    pub requests: &'a [(DoNotContact, contact::Heard)],
}

/// The statements of the note, in the order in which they are to be kept.
pub(super) fn statements(evidence: &Evidence<'_>) -> Vec<Statement> {
    let teller = Teller::new(evidence.view, evidence.clauses);
    let told = Told::new(&teller, evidence.ledger);
    let mut all = Vec::new();
    contact_requests(evidence, &mut all);
    let (why, more) = reasons(evidence, &told, &all);
    all.extend(why);
    all.extend(rest(evidence, &told, more));
    without_repeats(evidence.view, all)
}

/// Why the call: what is wrong and what is wanted, the early and the heavy first.
fn reasons(
    evidence: &Evidence<'_>,
    told: &Told<'_>,
    asked: &[Statement],
) -> (Vec<Statement>, Vec<Candidate>) {
    let (mut wrong, mut needs, mut old) = (Vec::new(), Vec::new(), Vec::new());
    told.issues(asked, &mut wrong);
    told.needs(&mut needs);
    questions(evidence, &mut old);
    needs.extend(worth(&mut old, 14));
    wishes(evidence, told, &mut old);
    aims(evidence, &mut old);
    let early = |s: &Statement| 12 - 2 * s.evidence.first().map_or(0, |turn| told.nth(*turn));
    needs.extend(old.drain(..).map(|statement| Candidate { worth: early(&statement), statement }));
    let free =
        |c: &Candidate| !asked.iter().any(|s| s.evidence.iter().any(|t| c.statement.evidence.contains(t)));
    let mut chosen = best(wrong.into_iter().filter(free).collect(), 2);
    let mut needs = best(needs.into_iter().filter(free).collect(), 2).into_iter();
    // Where it is known what is wrong, a wish told by its words adds little.
    let plain = |c: &Candidate| !chosen.is_empty() && c.statement.rule == "told.request";
    let first = needs.next();
    let second = first.as_ref().is_some_and(plain);
    let mut needs = first.into_iter().chain(needs);
    if !second {
        chosen.extend(needs.next());
    }
    let more = needs.map(|candidate| Candidate { worth: candidate.worth.min(SECOND), ..candidate }).collect();
    chosen.sort_by_key(|candidate| std::cmp::Reverse(candidate.worth));
    let mut statements: Vec<Statement> = chosen.into_iter().map(|candidate| candidate.statement).collect();
    if statements.is_empty() && asked.is_empty() {
        told.about(&mut statements);
    }
    if statements.is_empty() && asked.is_empty() {
        subjects(evidence, &mut statements);
    }
    statements.truncate(3);
    (statements, more)
}

/// What a second request is worth at most.
const SECOND: i32 = 9;

/// What was agreed, promised, refused and told, the worthiest first.
fn rest(evidence: &Evidence<'_>, told: &Told<'_>, more: Vec<Candidate>) -> Vec<Statement> {
    let mut all = more;
    let mut old = Vec::new();
    appointments(evidence, told, &mut old);
    all.extend(worth(&mut old, 14));
    promises(evidence, told, &mut all);
    refusals(evidence, told, &mut old);
    all.extend(worth(&mut old, 9));
    decisions(evidence, &mut old);
    all.extend(worth(&mut old, 7));
    claims(evidence, told, &mut old);
    all.extend(worth(&mut old, 9));
    times(evidence, told, &mut old);
    all.extend(worth(&mut old, 9));
    hours(evidence, told, &mut old);
    all.extend(worth(&mut old, 9));
    references(evidence, told, &mut old);
    all.extend(worth(&mut old, 8));
    numbers(evidence, &mut old);
    all.extend(worth(&mut old, 6));
    periods(evidence, told, &mut old);
    all.extend(worth(&mut old, 10));
    dates(evidence, &mut old);
    all.extend(worth(&mut old, 10));
    possibilities(evidence, told, &mut old);
    all.extend(worth(&mut old, 3));
    told.commitments(&mut all);
    // What is done about a request not to be contacted is said by the request.
    let asked: Vec<u16> = evidence.requests.iter().flat_map(|(_, heard)| heard.turns.clone()).collect();
    let answers = |turn: &u16| asked.iter().any(|asked| (*asked..=asked + ENTERED).contains(turn));
    all.retain(|c| c.statement.rule != "told.promise" || !c.statement.evidence.iter().any(answers));
    told.refusals(&mut all);
    told.amounts(&mut all);
    told.free(&mut all);
    told.causes(&mut all);
    told.asked(&mut all);
    told.times(&mut all);
    told.decided(&mut all);
    told.follow_ups(&mut all);
    // And what the caller takes or leaves in it.
    let within = |c: &Candidate| c.statement.evidence.iter().any(|turn| asked.contains(turn));
    all.retain(|c| !["told.decided", "told.agreed", "told.caller"].contains(&c.statement.rule) || !within(c));
    // What takes few words leaves room for more.
    let words = |candidate: &Candidate| candidate.statement.text.split(' ').count() as i32;
    all.sort_by_key(|candidate| std::cmp::Reverse(candidate.worth * WORDS_A_WORTH - words(candidate)));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let few = |candidate: &Candidate| {
        let count = counts.entry(candidate.statement.rule).or_default();
        *count += 1;
        *count <= quota(candidate.statement.rule)
    };
    all.into_iter()
        .filter({
            let mut few = few;
            move |candidate| few(candidate)
        })
        .map(|candidate| candidate.statement)
        .collect()
}

/// Turns within which the agent enters a request not to be contacted.
const ENTERED: u16 = 3;

/// Words that outweigh one point of worth.
const WORDS_A_WORTH: i32 = 4;

/// How many statements of a rule a note may have.
fn quota(rule: &str) -> usize {
    match rule {
        "told.cause" | "told.caller" | "period" | "possible" => 1,
        "told.free" | "told.refusal" | "told.agreed" | "told.time" | "told.decided" => 2,
        _ => 9,
    }
}

fn worth(statements: &mut Vec<Statement>, worth: i32) -> Vec<Candidate> {
    statements.drain(..).map(|statement| Candidate { statement, worth }).collect()
}

fn best(mut candidates: Vec<Candidate>, most: usize) -> Vec<Candidate> {
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.worth));
    candidates.truncate(most);
    candidates
}

/// None twice: of what the teller says of a turn one statement of a kind, beside the acts that are known there none.
fn without_repeats(view: View<'_>, all: Vec<Statement>) -> Vec<Statement> {
    let mut kept: Vec<Statement> = Vec::new();
    for statement in all {
        let again = kept.iter().any(|other| {
            let shares = statement.evidence.iter().any(|turn| other.evidence.contains(turn));
            let told = statement.rule.starts_with("told.") || other.rule.starts_with("told.");
            let near =
                statement.evidence.iter().any(|turn| other.evidence.iter().any(|t| t.abs_diff(*turn) <= 1));
            let dated = near && other.rule == "told.time" && statement.rule == "date";
            let akin = shares
                && told
                && statement.kind != Kind::Amount
                && family(other.kind) == family(statement.kind);
            let same = dated
                || akin && (other.rule == statement.rule || news(view, &statement.text, &other.text) < NEWS);
            let calls = shares && statement.kind == Kind::Callback && other.kind == Kind::Callback && told;
            other.text == statement.text || same || calls
        });
        let named = |digits: &str| kept.iter().any(|other| other.text.contains(digits));
        let known =
            ["reference", "number"].contains(&statement.rule) && numbers_in(&statement.text).all(named);
        if !again && !known {
            kept.push(statement);
        }
    }
    kept
}

/// Words that a second telling of a turn must add.
const NEWS: usize = 3;

/// How many words of the call a sentence has that another lacks.
fn news(view: View<'_>, text: &str, other: &str) -> usize {
    let words = |text: &str| -> BTreeSet<Text> {
        super::fold(text).split(|c: char| !c.is_alphanumeric()).map(Text::from).collect()
    };
    let known = words(other);
    let tells =
        |word: &Text| view.counts.contains_key(word.as_str()) && !view.words().stop.contains(word.as_str());
    words(text).into_iter().filter(|word| tells(word) && !known.contains(word)).count()
}

/// The numbers of a sentence, with their letters.
fn numbers_in(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| word.chars().filter(char::is_ascii_digit).count() >= 3)
}

/// Kinds that say the same of the same turn.
fn family(kind: Kind) -> u8 {
    match kind {
        Kind::Issue | Kind::Cause | Kind::Information => 0,
        Kind::Request => 1,
        Kind::FollowUp => 2,
        Kind::Promise | Kind::Appointment | Kind::Callback | Kind::Decision => 2,
        Kind::Refusal => 3,
        Kind::Amount => 4,
        Kind::Reference => 5,
    }
}

const CALLER: Speaker = Speaker::Caller;
const AGENT: Speaker = Speaker::Agent(1);

pub(super) fn make(
    kind: Kind,
    by: Speaker,
    modality: Modality,
    text: Text,
    evidence: Vec<u16>,
    rule: &'static str,
) -> Statement {
    let mut evidence = evidence;
    evidence.sort_unstable();
    evidence.dedup();
    let positive = kind != Kind::Refusal;
    Statement { kind, by, positive, modality, text, shorter: None, evidence, rule, reason: false }
}

/// Puts what a statement is about behind it.
fn append(text: &mut Text, details: Option<Text>) {
    if let Some(details) = details
        && text.ends_with('.')
    {
        text.pop();
        text.push_str(" (");
        text.push_str(&details);
        text.push_str(").");
    }
}

fn clause_at(clauses: &[Clause], token: usize) -> Option<usize> {
    clauses.iter().position(|clause| clause.place.contains(&token))
}

fn turns(clauses: &[Clause]) -> Vec<Range<usize>> {
    super::ledger::turns(clauses)
}
