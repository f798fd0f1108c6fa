//! Hours, periods and days that were told and are no appointment.

use super::acts::act_text;
use super::subjects::{is_subject, noun_part};
use super::{AGENT, CALLER, Evidence, append, clause_at, make, turns};
use crate::confidential::guard::{Kind, Modality, Statement};
use crate::confidential::notes::clauses::Clause;
use crate::confidential::notes::deeds::{self, Mode};
use crate::confidential::notes::pairs::{self, Answer};
use crate::confidential::notes::pattern::{self, View};
use crate::confidential::notes::told::Told;
use crate::confidential::notes::values::Kind as Valued;
use crate::confidential::notes::{say, when};
use std::ops::Range;

pub(in crate::confidential::notes) fn rate<'a>(view: View<'a>, place: &Range<usize>) -> &'a str {
    if pattern::any(view.lexicon.cue("permonth"), view, place) {
        view.lexicon.frame("permonth")
    } else if pattern::any(view.lexicon.cue("pernight"), view, place) {
        view.lexicon.frame("pernight")
    } else {
        ""
    }
}

/// The earliest date, and what the caller may do until when.
pub(super) fn times(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    for turn in turns(evidence.clauses) {
        let clause = &evidence.clauses[turn.start];
        if clause.speaker.is_caller() || clause.question {
            continue;
        }
        let place = clause.place.start..evidence.clauses[turn.end - 1].place.end;
        let all = when::read(view, &place);
        if pattern::any(view.lexicon.cue("earliest"), view, &place)
            && let Some(day) = all.iter().rev().find_map(|when| when.day.clone())
            && !out.iter().any(|s| s.rule == "earliest")
        {
            let day = when::day(view.lexicon, &day);
            let mut text = say::sentence(view.lexicon, "earliest", &[("when", &day)]);
            let details = told.details(&[clause.turn], None, true, 2, &text);
            append(&mut text, details);
            out.push(make(Kind::Information, AGENT, Modality::Possible, text, vec![clause.turn], "earliest"));
        }
    }
    for deed in evidence.deeds.iter().filter(|deed| deed.mode == Mode::Permit && deed.when.is_some()) {
        let Some(act) = act_text(view, deed, false) else { continue };
        let said = says_free(view, &act);
        let free = if deed.free && !said { view.lexicon.frame("free") } else { "" };
        let text = say::sentence(view.lexicon, "permit", &[("do", &act), ("free", free)]);
        out.push(make(Kind::Information, AGENT, Modality::Fact, text, deed.evidence.clone(), "permit"));
    }
}

/// Times without a day, and those of every week: opening hours, deadlines.
pub(super) fn hours(evidence: &Evidence<'_>, teller: &Told<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    let (mut told, mut heard) = (Vec::new(), Vec::new());
    let sure = |clause: &&Clause| {
        !clause.speaker.is_caller()
            && !clause.question
            && !clause.past
            && !clause.hedged
            && !clause.negated
            && !pattern::any(view.lexicon.cue("tell_unsure"), view, &clause.place)
    };
    for clause in evidence.clauses.iter().filter(sure) {
        let said = evidence.deeds.iter().any(|deed| {
            deed.evidence.contains(&clause.turn) && matches!(deed.mode, Mode::Commit | Mode::Permit)
        });
        for when in when::read(view, &clause.place) {
            let limit = when.is_limit(view.lexicon) || when.habitual;
            if limit && when.time.is_some() && !said && told.len() < 3 {
                told.push(when.say(view.lexicon).trim().into());
                heard.push(clause.turn);
            }
        }
    }
    if !told.is_empty() {
        let mut text = say::sentence(view.lexicon, "times", &[("times", &say::list(view.lexicon, &told))]);
        let details = teller.details(&heard, None, true, 2, &text);
        append(&mut text, details);
        out.push(make(Kind::Information, AGENT, Modality::Fact, text, heard, "times"));
    }
}

/// Whether the act's own words say already that it is free.
fn says_free(view: View<'_>, act: &str) -> bool {
    let free = view.lexicon.frame("free_words");
    free.split('|').any(|word| act.contains(word))
}

/// How long it takes, said by the agent and repeated by the caller.
pub(super) fn periods(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    for value in view.values.iter().filter(|value| value.read_back && !value.speaker.is_caller()) {
        if !matches!(value.kind, Valued::Duration { .. }) {
            continue;
        }
        let used = evidence.deeds.iter().any(|deed| {
            deed.mode == Mode::Commit
                && deed.when.as_ref().is_some_and(|w| w.duration.as_ref() == Some(&value.kind))
        });
        // "Ten days is no good": nor where it is said once more, elsewhere.
        let same = view.values.iter().filter(|other| other.kind == value.kind && !other.speaker.is_caller());
        let declined = same
            .filter_map(|other| clause_at(evidence.clauses, other.from))
            .any(|at| pairs::answer(evidence.clauses, at).0 == Answer::Rejected);
        if used || declined || out.iter().filter(|s| s.rule == "period").count() >= 2 {
            continue;
        }
        let period = when::duration(view.lexicon, &value.kind);
        let mut text = say::sentence(view.lexicon, "period", &[("period", &period), ("np", "")]);
        let details = told.details(&[value.turn], None, true, 2, &text);
        append(&mut text, details);
        out.push(make(Kind::Information, AGENT, Modality::Fact, text, vec![value.turn], "period"));
    }
}

/// Days that both sides named for something that is to come.
pub(super) fn dates(evidence: &Evidence<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    for value in
        view.values.iter().filter(|value| value.read_back && matches!(value.kind, Valued::Date { .. }))
    {
        let Some(at) = clause_at(evidence.clauses, value.from) else { continue };
        let clause = &evidence.clauses[at];
        let known = evidence.ledger.appointments.iter().any(|a| {
            a.when.day.as_ref().is_some_and(|day| when::same_day(day, &value.kind))
                || a.when.end.as_ref().is_some_and(|day| when::same_day(day, &value.kind))
        });
        if known || clause.past || clause.question || out.iter().any(|s| s.rule == "date") {
            continue;
        }
        let before =
            deeds::phrases(view, &(value.from.saturating_sub(4).max(clause.place.start)..value.from));
        let Some(phrase) = before.into_iter().rev().find(|phrase| is_subject(view, phrase)) else { continue };
        let speaker = if value.speaker.is_caller() { "Caller" } else { "Agent" };
        let by = if value.speaker.is_caller() { CALLER } else { AGENT };
        let np = say::bare_phrase(view, &noun_part(view, &phrase));
        let when = when::day(view.lexicon, &value.kind);
        let values =
            [("Speaker", view.lexicon.frame(speaker)), ("np", &np), ("when", when.trim_end_matches(','))];
        let text = say::sentence(view.lexicon, "date_info", &values);
        out.push(make(Kind::Information, by, Modality::Fact, text, vec![value.turn], "date"));
    }
}
