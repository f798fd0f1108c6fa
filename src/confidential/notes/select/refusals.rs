//! What the agent refuses, what the caller takes of what was proposed, and what was promised before the call.

use super::acts::act_text;
use super::promises::without_object;
use super::subjects::{is_subject, noun_part, weight_if_content};
use super::times::rate;
use super::{AGENT, CALLER, Evidence, append, make};
use crate::confidential::Text;
use crate::confidential::guard::{Kind, Modality, Statement};
use crate::confidential::notes::clauses::Clause;
use crate::confidential::notes::deeds::{self, Mode};
use crate::confidential::notes::pattern::{self, View};
use crate::confidential::notes::say;
use crate::confidential::notes::told::Told;
use crate::confidential::notes::values::{self, Kind as Valued};
use std::collections::BTreeSet;
use std::ops::Range;

pub(super) fn refusals(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    let mut turns = BTreeSet::new();
    for deed in evidence.deeds.iter().filter(|deed| deed.mode == Mode::Refuse && !deed.speaker.is_caller()) {
        let bare = deed.object.is_none() && deed.amount.is_none();
        let Some(act) = act_text(view, deed, false).filter(|_| !bare) else { continue };
        let not_yet = pattern::any(view.lexicon.cue("not_yet"), view, &evidence.clauses[deed.clause].place);
        if not_yet || !turns.insert(deed.turn) {
            continue;
        }
        let frame = if told.depends_at(deed.clause) { "refused_if" } else { "refused" };
        let text = say::sentence(view.lexicon, frame, &[("do", &act)]);
        let mut statement =
            make(Kind::Refusal, AGENT, Modality::Committed, text, deed.evidence.clone(), "refusal");
        statement.shorter =
            without_object(view, deed).map(|act| say::sentence(view.lexicon, frame, &[("do", &act)]));
        out.push(statement);
    }
    let mut more = 0;
    let stated = |clause: &Clause| !clause.speaker.is_caller() && !clause.question;
    for (at, clause) in evidence.clauses.iter().enumerate().filter(|(_, clause)| stated(clause)) {
        let hit = pattern::first(view.lexicon.cue("refusal_plain"), view, &clause.place);
        if hit.is_none() || turns.contains(&clause.turn) || more >= 2 || told.is_taken_back(at) {
            continue;
        }
        let own = hit.and_then(|hit| refused_itself(view, clause, &hit));
        let asked = own.map(|phrase| (phrase, clause.turn)).or_else(|| asked_before(evidence, clause));
        let Some((phrase, turn)) = asked else { continue };
        turns.insert(clause.turn);
        more += 1;
        let np = say::bare_phrase(view, &phrase);
        let open = pattern::any(view.lexicon.cue("open_point"), view, &clause.place);
        let frame = if open { "left_open" } else { "refused_plain" };
        let text = say::sentence(view.lexicon, frame, &[("np", &np)]);
        out.push(make(
            Kind::Refusal,
            AGENT,
            Modality::Committed,
            text,
            vec![turn, clause.turn],
            "refusal.plain",
        ));
    }
}

/// "A courtesy car I cannot give you": what is refused stands beside the refusal.
fn refused_itself(view: View<'_>, clause: &Clause, hit: &pattern::Found) -> Option<Range<usize>> {
    let near = hit.from.saturating_sub(4).max(clause.place.start)..(hit.to + 4).min(clause.place.end);
    let phrases = deeds::phrases(view, &near);
    phrases.into_iter().find(|phrase| view.words().determiners.contains(&view.tokens[phrase.start].text))
}

/// What the caller asked for right before a refusal: the last phrase of the caller's that weighs, or one beside it.
fn asked_before(evidence: &Evidence<'_>, refusal: &Clause) -> Option<(Range<usize>, u16)> {
    let view = evidence.view;
    let weigh =
        |phrase: &Range<usize>| phrase.clone().map(|at| weight_if_content(view, at)).max().unwrap_or(0);
    let best = |clause: &Clause| {
        let phrases = deeds::phrases(view, &clause.place);
        phrases.into_iter().filter(|phrase| is_subject(view, phrase)).max_by_key(|phrase| weigh(phrase))
    };
    let caller = evidence.clauses.iter().rev().filter(|clause| {
        clause.speaker.is_caller() && clause.turn < refusal.turn && refusal.turn - clause.turn <= 3
    });
    let asked = caller.filter_map(|clause| Some((best(clause)?, clause.turn))).next();
    let own = || best(refusal).map(|phrase| (phrase, refusal.turn));
    asked.or_else(own).map(|(phrase, turn)| (noun_part(view, &phrase), turn))
}

/// The caller takes what the agent proposed.
pub(super) fn decisions(evidence: &Evidence<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    for clause in evidence.clauses.iter().filter(|clause| clause.speaker.is_caller()) {
        if !pattern::any(view.lexicon.cue("decide"), view, &clause.place) {
            continue;
        }
        let proposal = evidence.clauses.iter().filter(|other| {
            !other.speaker.is_caller()
                && other.turn < clause.turn
                && clause.turn - other.turn <= 2
                && !other.question
        });
        let proposal: Vec<&Clause> = proposal.collect();
        let Some(turn) = proposal.last().map(|clause| clause.turn) else { continue };
        let mut parts: Vec<Text> = Vec::new();
        for clause in proposal.iter().filter(|clause| clause.turn == turn) {
            let phrases = deeds::phrases(view, &clause.place);
            let whole = |p: &Range<usize>| if p.len() > 2 { noun_part(view, p) } else { p.clone() };
            let nouns = phrases.iter().filter(|p| is_subject(view, p)).map(whole);
            parts.extend(nouns.filter(|p| p.len() <= 2).take(2).map(|p| say::bare_phrase(view, &p)));
            for index in values::within(view.values, &clause.place) {
                if let Valued::Amount { cents, currency } = view.values[index].kind {
                    let mut amount = say::amount(view.lexicon, cents, currency);
                    amount.push_str(rate(view, &clause.place));
                    parts.push(amount);
                }
            }
        }
        parts.truncate(3);
        if parts.is_empty() || out.iter().any(|s: &Statement| s.rule == "decision") {
            continue;
        }
        let text = say::sentence(view.lexicon, "decided", &[("what", &say::list(view.lexicon, &parts))]);
        out.push(make(Kind::Decision, CALLER, Modality::Agreed, text, vec![turn, clause.turn], "decision"));
    }
}

/// "Your colleague promised me": a claim about an earlier call, never a promise.
pub(super) fn claims(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    for clause in evidence
        .clauses
        .iter()
        .filter(|clause| clause.speaker.is_caller() && !clause.question && !clause.hedged)
    {
        let Some(hit) = pattern::first(view.lexicon.cue("claim"), view, &clause.place) else { continue };
        let after = deeds::phrases(view, &(hit.to..clause.place.end));
        let np =
            after.into_iter().find(|phrase| is_subject(view, phrase)).map(|p| say::bare_phrase(view, &p));
        let np = np.map(|np| say::fill(view.lexicon.frame("claim_np"), &[("np", &np)])).unwrap_or_default();
        let mut text = say::sentence(view.lexicon, "claim", &[("np", &np)]);
        // Where the frame names nothing, nothing is named: what was said before is easily taken for what stands.
        if !view.lexicon.frame("claim_np").is_empty() {
            let details = told.details(&[clause.turn], Some(clause.place.clone()), false, 2, &text);
            append(&mut text, details);
        }
        out.push(make(Kind::Issue, CALLER, Modality::Claim, text, vec![clause.turn], "claim"));
        return;
    }
}
