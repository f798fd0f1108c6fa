//! What the agent or the caller will do, and what may happen.

use super::acts::{act_text, details_of};
use super::numbers::phone;
use super::{AGENT, CALLER, Evidence, append, make};
use crate::confidential::Text;
use crate::confidential::guard::{Kind, Modality, Statement};
use crate::confidential::notes::deeds::{Deed, Mode};
use crate::confidential::notes::pattern::View;
use crate::confidential::notes::told::{Candidate, Told};
use crate::confidential::notes::{say, when};
use std::collections::BTreeSet;

pub(super) fn promises(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Candidate>) {
    let view = evidence.view;
    let mut said: BTreeSet<(usize, bool)> = BTreeSet::new();
    let mut made: Vec<Promise> = Vec::new();
    for deed in evidence.deeds.iter().rev() {
        if deed.mode != Mode::Commit || !said.insert((deed.act, deed.speaker.is_caller())) {
            continue;
        }
        if is_visit_already(evidence, deed) || is_said_already(evidence, deed) {
            continue;
        }
        let Some(act) = act_text(view, deed, false) else { continue };
        let caller = deed.speaker.is_caller();
        let (frame, by, kind) = match (caller, deed.conditional, view.lexicon.acts[deed.act].kind.as_str()) {
            (true, _, _) => ("caller_will", CALLER, Kind::FollowUp),
            (false, true, "callback") => ("promise_condition", AGENT, Kind::Callback),
            (false, false, "callback") => ("promise", AGENT, Kind::Callback),
            (false, true, _) => ("promise_condition", AGENT, Kind::Promise),
            (false, false, _) => ("promise", AGENT, Kind::Promise),
        };
        if caller && deed.conditional {
            continue;
        }
        let mut text = say::sentence(view.lexicon, frame, &[("do", &act)]);
        let number = phone(evidence).filter(|v| kind == Kind::Callback && v.turn.abs_diff(deed.turn) <= 4);
        let details = match number {
            Some(number) => Some(number.digits.again()),
            // What else was said in the turn would be told of the object.
            _ if deed.object.is_some() => None,
            _ => details_of(evidence, told, deed, &text),
        };
        append(&mut text, details);
        let mut statement = make(kind, by, Modality::Committed, text, deed.evidence.clone(), "promise");
        statement.shorter =
            without_object(view, deed).map(|act| say::sentence(view.lexicon, frame, &[("do", &act)]));
        let plain = Deed { object: None, amount: None, when: None, ..deed.clone() };
        let bare = act_text(view, &plain, false).is_some_and(|plain| plain == act);
        made.push(Promise { dated: deed.when.is_some(), bare, statement });
    }
    made.reverse();
    // "I pass it on, he answers you": beside another act of the same turn a bare one tells little.
    let place = |made: &Promise| (made.statement.evidence.first().copied(), made.statement.by.is_caller());
    let mut told: BTreeSet<_> = made.iter().filter(|made| !made.bare).map(place).collect();
    made.retain(|made| !made.bare || told.insert(place(made)));
    let worth = |made: &Promise| {
        8 + 4 * i32::from(made.dated) + i32::from(made.statement.kind == Kind::Callback)
            - 3 * i32::from(made.statement.by.is_caller())
    };
    out.extend(made.into_iter().map(|made| Candidate { worth: worth(&made), statement: made.statement }));
}

/// A promise on its way into the note.
pub(super) struct Promise {
    dated: bool,
    /// Whether it names neither what nor when.
    bare: bool,
    statement: Statement,
}

pub(super) fn without_object(view: View<'_>, deed: &Deed) -> Option<Text> {
    let bare = Deed { object: None, ..deed.clone() };
    act_text(view, &bare, false)
}

/// What the caller will do at an agreed time, and what the agent takes off a list that the caller wants to leave.
fn is_said_already(evidence: &Evidence<'_>, deed: &Deed) -> bool {
    let day = deed.when.as_ref().and_then(|when| when.day.as_ref());
    let agreed = evidence.ledger.appointments.iter().any(
        |appointment| matches!((day, &appointment.when.day), (Some(a), Some(b)) if when::same_day(a, b)),
    );
    let removes = evidence.view.lexicon.acts[deed.act].id == "remove";
    let asked = evidence.requests.iter().flat_map(|(_, heard)| &heard.turns);
    let unlisted = removes && asked.into_iter().any(|turn| deed.turn >= *turn && deed.turn - turn <= 2);
    deed.speaker.is_caller() && agreed || unlisted
}

/// The promise to come is said by the appointment already.
fn is_visit_already(evidence: &Evidence<'_>, deed: &Deed) -> bool {
    evidence.view.lexicon.acts[deed.act].id == "visit" && !evidence.ledger.appointments.is_empty()
}

/// What may happen, said as no more than that.
pub(super) fn possibilities(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    let agent = evidence.deeds.iter().filter(|deed| !deed.speaker.is_caller());
    // What was offered for another day is dead once one was agreed.
    let open = |deed: &&Deed| !deed.when.as_ref().is_some_and(|when| told.is_other_day(when));
    // A call that is only possible is mostly one of somebody else's, or asks leave to call.
    let calls = |deed: &&Deed| {
        deed.mode == Mode::Possible && view.lexicon.acts[deed.act].kind == "callback" && deed.when.is_none()
    };
    let told = |deed: &&Deed| matches!(deed.mode, Mode::Possible | Mode::Offer) && !calls(deed);
    for deed in agent.filter(told).filter(open).take(2) {
        let Some(act) = act_text(view, deed, false) else { continue };
        let (frame, modality) = match deed.mode {
            Mode::Offer => ("offered", Modality::Offered),
            _ => ("possible", Modality::Possible),
        };
        let text = say::sentence(view.lexicon, frame, &[("do", &act)]);
        out.push(make(Kind::Information, AGENT, modality, text, deed.evidence.clone(), "possible"));
    }
}
