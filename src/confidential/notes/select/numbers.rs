//! References and the number to call.

use super::{AGENT, CALLER, Evidence, clause_at, make};
use crate::border::WhoseNumber;
use crate::confidential::Text;
use crate::confidential::guard::{Kind, Modality, Statement};
use crate::confidential::notes::pairs::{self, Answer};
use crate::confidential::notes::told::Told;
use crate::confidential::notes::values::{Kind as Valued, Value};
use crate::confidential::notes::{pattern, say, when};

/// References that were read back, in one statement; the number to call in another.
pub(super) fn references(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    let mut given: [(Vec<Text>, Vec<u16>); 2] = Default::default();
    // "The contract is the six hundred and eighteen": a number in one piece, where it is called one.
    let alone = |at: usize| {
        let before = at.checked_sub(1).map(|before| &view.tokens[before]);
        before.is_none_or(|token| view.covered[at - 1].is_none() && token.text.chars().count() > 1)
    };
    let counted = |value: &Value| match value.kind {
        Valued::Count(count) if count >= 100 && value.read_back && alone(value.from) => {
            told.is_numbered(value).then_some(count)
        }
        _ => None,
    };
    let usable = |value: &&Value| {
        if value.kind != Valued::Digits {
            return false;
        }
        let text = &value.digits;
        let digits = text.chars().filter(char::is_ascii_digit).count();
        let banned = view.banned[value.from..value.to].iter().any(|banned| *banned);
        let sure = value.read_back || is_noted(evidence, value);
        // "TT905" is one, "905" is too short to be told from what is counted.
        let long = (4..=13).contains(&digits) || digits == 3 && text.len() >= SHORTEST && value.read_back;
        !banned && long && sure && !is_phone(evidence, value)
    };
    let mut seen: Vec<Text> = Vec::new();
    for value in view.values {
        let text = match (&value.kind, counted(value)) {
            (Valued::Digits, _) if usable(&value) => value.digits.again(),
            (_, Some(count)) => when::number(u64::from(count)),
            _ => continue,
        };
        if !seen.iter().any(|other| other.contains(text.as_str())) {
            seen.push(text.again());
            let (texts, turns) = &mut given[usize::from(value.speaker.is_caller())];
            texts.push(text);
            turns.push(value.turn);
        }
    }
    for (caller, (mut texts, turns)) in
        given.into_iter().enumerate().filter(|(_, (texts, _))| !texts.is_empty())
    {
        texts.truncate(3);
        let frame = if texts.len() == 1 { "reference" } else { "references" };
        let label = view.lexicon.frame("label");
        let digits = say::list(view.lexicon, &texts);
        let text = say::sentence(view.lexicon, frame, &[("digits", &digits), ("label", label)]);
        let by = if caller == 1 { CALLER } else { AGENT };
        out.push(make(Kind::Reference, by, Modality::Fact, text, turns, "reference"));
    }
}

/// Letters and digits of the shortest reference.
const SHORTEST: usize = 5;

/// A reference that the agent names as one, and the caller says to have.
fn is_noted(evidence: &Evidence<'_>, value: &Value) -> bool {
    let Some(clause) = clause_at(evidence.clauses, value.from) else { return false };
    let view = evidence.view;
    let place = value.from.saturating_sub(8).max(evidence.clauses[clause].place.start)..value.from;
    let corrected = view.values.iter().any(|other| {
        let later = other.turn > value.turn && other.turn - value.turn <= 3;
        later && !other.speaker.is_caller() && other.kind == Valued::Digits
    });
    !value.speaker.is_caller()
        && !value.torn
        && !corrected
        && pattern::any(view.lexicon.cue("tell_reference"), view, &place)
        && pairs::answer(evidence.clauses, clause).0 == Answer::Accepted
}

/// The last number to call, where it was read back.
pub(super) fn phone<'a>(evidence: &Evidence<'a>) -> Option<&'a Value> {
    let free = |value: &&Value| {
        value.read_back && is_phone(evidence, value) && !is_not_to_be_called(evidence, value)
    };
    let last = evidence.view.values.iter().rev().find(free);
    last.filter(|value| !evidence.view.banned[value.from..value.to].iter().any(|banned| *banned))
}

/// Whether it is the number of somebody who is not to be called.
fn is_not_to_be_called(evidence: &Evidence<'_>, value: &Value) -> bool {
    let named = evidence.requests.iter().filter_map(|(request, _)| match request.number {
        WhoseNumber::Named(digits) => digits.text(),
        WhoseNumber::Caller => None,
    });
    value.kind == Valued::Digits && named.into_iter().any(|digits| value.digits == *digits)
}

fn is_phone(evidence: &Evidence<'_>, value: &Value) -> bool {
    let text = &value.digits;
    let clause = clause_at(evidence.clauses, value.from);
    let from = clause.and_then(|at| evidence.clauses.get(at.saturating_sub(2))).map_or(0, |c| c.place.start);
    let named =
        || pattern::any(evidence.view.lexicon.cue("phone_number"), evidence.view, &(from..value.from));
    value.kind == Valued::Digits
        && (8..=13).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit())
        && named()
}

/// The number to call.
pub(super) fn numbers(evidence: &Evidence<'_>, out: &mut Vec<Statement>) {
    let Some(value) = phone(evidence) else { return };
    let by = if value.speaker.is_caller() { CALLER } else { AGENT };
    let text = say::sentence(evidence.view.lexicon, "callback_number", &[("digits", &value.digits)]);
    out.push(make(Kind::Callback, by, Modality::Committed, text, vec![value.turn], "number"));
}
