//! Times that both sides agreed on, with who comes or calls.

use super::acts::act_text;
use super::subjects::is_subject;
use super::{AGENT, Evidence, append, make};
use crate::confidential::Text;
use crate::confidential::guard::{Kind, Modality, Statement};
use crate::confidential::notes::deeds::Mode;
use crate::confidential::notes::ledger::Appointment;
use crate::confidential::notes::told::Told;
use crate::confidential::notes::values::Kind as Valued;
use crate::confidential::notes::when::{self, When};
use crate::confidential::notes::{pattern, say};

pub(super) fn appointments(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    for appointment in evidence.ledger.appointments.iter().filter(|a| !is_promise_already(evidence, a)) {
        let when = appointment.when.say(view.lexicon);
        let when = when.trim();
        let visit = visit_of(evidence, appointment);
        let (frame, name) = match (&appointment.when.end, visit) {
            (Some(_), _) => ("range", ""),
            (None, Some(visit)) => ("appointment", visit),
            (None, None) if appointment.when.time.is_some() && word_of_meeting(evidence, appointment) => {
                ("appointment", view.lexicon.frame("visit"))
            }
            (None, None) => ("appointment_plain", ""),
        };
        if frame != "range" && visit.is_none() && is_call(evidence, appointment) {
            out.push(call_agreed(evidence, told, appointment));
            continue;
        }
        let np = wished_phrase(evidence).filter(|_| frame == "range");
        let np = np.map(|np| say::fill(view.lexicon.frame("range_np"), &[("np", &np)])).unwrap_or_default();
        let mut text = say::sentence(view.lexicon, frame, &[("visit", name), ("when", when), ("np", &np)]);
        let details = told.details(&appointment.evidence, None, true, 3, &text);
        append(&mut text, details);
        let mut statement = make(
            Kind::Appointment,
            AGENT,
            Modality::Agreed,
            text,
            appointment.evidence.clone(),
            "appointment",
        );
        statement.reason = true;
        statement.shorter = by_weekday(&appointment.when).map(|when| {
            let when = when.say(view.lexicon);
            say::sentence(view.lexicon, frame, &[("visit", name), ("when", when.trim()), ("np", "")])
        });
        out.push(statement);
    }
}

fn call_agreed(evidence: &Evidence<'_>, told: &Told<'_>, appointment: &Appointment) -> Statement {
    let lexicon = evidence.view.lexicon;
    let list = told.details(&appointment.evidence, None, true, 3, "").unwrap_or_default();
    let when = appointment.when.say(lexicon);
    let text = say::sentence(lexicon, "told_call", &[("when", &when), ("list", &list)]);
    make(Kind::Callback, AGENT, Modality::Committed, text, appointment.evidence.clone(), "told.call")
}

/// Whether the agent spoke of calling on that day, where it was agreed or right before.
fn is_call(evidence: &Evidence<'_>, appointment: &Appointment) -> bool {
    let view = evidence.view;
    let (first, last) = around(appointment, 2);
    let near = evidence.clauses.iter().filter(|c| !c.speaker.is_caller() && (first..last).contains(&c.turn));
    let same = |when: &When| matches!((&when.day, &appointment.when.day), (Some(a), Some(b)) if when::same_day(a, b));
    near.filter(|clause| pattern::any(view.lexicon.cue("tell_callback"), view, &clause.place))
        .any(|clause| when::read(view, &clause.place).iter().any(same))
}

/// The same time by its weekday alone.
fn by_weekday(when: &When) -> Option<When> {
    match when.day {
        Some(Valued::Date { weekday: Some(weekday), .. }) if when.end.is_none() => {
            Some(When { day: Some(Valued::Weekday(weekday)), ..when.clone() })
        }
        _ => None,
    }
}

/// A day on which something was promised is no appointment: the promise names it.
fn is_promise_already(evidence: &Evidence<'_>, appointment: &Appointment) -> bool {
    let deeds = evidence.deeds.iter().filter(|deed| deed.mode == Mode::Commit);
    deeds.filter(|deed| evidence.view.lexicon.acts[deed.act].id != "visit").any(|deed| {
        let day = deed.when.as_ref().and_then(|when| when.day.as_ref());
        let same = matches!((day, &appointment.when.day), (Some(a), Some(b)) if when::same_day(a, b));
        let said = !deed.speaker.is_caller() && act_text(evidence.view, deed, false).is_some();
        same && said && appointment.evidence.iter().any(|turn| deed.evidence.contains(turn))
    })
}

/// Who comes, as far as it was said within a few turns of the agreement.
fn visit_of<'a>(evidence: &Evidence<'a>, appointment: &Appointment) -> Option<&'a str> {
    let (from, to) = around(appointment, 4);
    let near = evidence.view.tokens.iter().filter(|token| (from..=to).contains(&token.turn));
    let visits = &evidence.view.lexicon.visits;
    let mut best: Option<(u16, &str)> = None;
    for token in near {
        if let Some(visit) = visits.iter().find(|visit| visit.stems.iter().any(|stem| stem.fits(&token.text)))
            && best.is_none_or(|(turn, _)| token.turn >= turn)
        {
            best = Some((token.turn, visit.say.as_str()));
        }
    }
    best.map(|(_, say)| say)
}

pub(super) fn around(appointment: &Appointment, turns: u16) -> (u16, u16) {
    let first = appointment.evidence.iter().min().copied().unwrap_or(0);
    let last = appointment.evidence.iter().max().copied().unwrap_or(0);
    (first.saturating_sub(turns), last.saturating_add(1))
}

fn word_of_meeting(evidence: &Evidence<'_>, appointment: &Appointment) -> bool {
    let (from, to) = around(appointment, 5);
    let view = evidence.view;
    let place = view.tokens.partition_point(|t| t.turn < from)..view.tokens.partition_point(|t| t.turn <= to);
    pattern::any(view.lexicon.cue("appointment_word"), view, &place)
}

fn wished_phrase(evidence: &Evidence<'_>) -> Option<Text> {
    let view = evidence.view;
    let caller = evidence.clauses.iter().filter(|clause| clause.speaker.is_caller());
    caller.filter_map(|clause| pattern::first(view.lexicon.cue("wish"), view, &clause.place)).find_map(
        |hit| {
            let phrase = hit.phrases.into_iter().next().filter(|phrase| is_subject(view, phrase))?;
            Some(say::phrase(view, &phrase))
        },
    )
}
