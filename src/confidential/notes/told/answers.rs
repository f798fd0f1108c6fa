//! What the caller will do, agrees to see to, or takes of what was proposed.

use super::{Candidate, ECHO, FEW, MOST, Told, says_little};
use crate::confidential::Speaker;
use crate::confidential::guard::{Kind, Modality};
use crate::confidential::notes::clauses::Clause;
use crate::confidential::notes::pairs::{self, Answer};
use crate::confidential::notes::say;
use crate::confidential::notes::when::When;
use std::ops::Range;

impl<'a> Told<'a> {
    /// What the caller will do.
    pub fn follow_ups(&self, out: &mut Vec<Candidate>) {
        for turn in self.turns.iter().filter(|turn| turn.caller) {
            let firm = |clause: &Clause| {
                !clause.question
                    && !clause.negated
                    && !clause.conditional
                    && !clause.hedged
                    && !self.teller.says("tell_unsure", clause)
            };
            let hits: Vec<usize> = self
                .hits(turn, "tell_will", "tell_enough")
                .into_iter()
                .filter(|&at| firm(&turn.clauses[at]))
                .collect();
            let Some(&last) = hits.last() else { continue };
            let focus = turn.clauses[hits[0]].place.start..turn.clauses[last].place.end;
            let when = self.when(&focus);
            let said = self.said(when.as_ref());
            let places = self.places(turn, "tell_will", &hits);
            let Some(list) = self.list(&places, 4, "") else { continue };
            if says_little(&list, None) {
                continue;
            }
            let text = say::sentence(self.view().lexicon, "told_caller", &[("list", &list), ("when", &said)]);
            let worth = self.teller.weight_of(&focus) / 6 + 2 * i32::from(when.is_some());
            self.push(
                out,
                Kind::FollowUp,
                Speaker::Caller,
                Modality::Committed,
                text,
                vec![turn.number],
                "told.caller",
                worth,
            );
        }
    }

    /// What the agent asks of the caller, and the caller agrees to.
    pub fn asked(&self, out: &mut Vec<Candidate>) {
        for (index, turn) in self.turns.iter().enumerate().filter(|(_, turn)| !turn.caller) {
            let mut hits = self.hits(turn, "tell_ask", "tell_refuse");
            hits.retain(|&at| {
                let clause = &turn.clauses[at];
                // What is not to be done is nothing to see to.
                (!self.commits(clause) || self.begs(clause))
                    && !clause.negated
                    && !self.teller.says("tell_check", clause)
            });
            let Some(&last) = hits.last() else { continue };
            let (answer, answered) = pairs::answer(self.teller.clauses, turn.first + last);
            let Some(reply) = self.turns.get(index + 1) else { continue };
            let will = reply.clauses.iter().any(|c| self.teller.says("tell_will", c) && !c.negated);
            if answer != Answer::Accepted && !will {
                continue;
            }
            let next = turn.clauses.get(last + 1).filter(|next| !self.is_other_act("tell_ask", next));
            let end = next.unwrap_or(&turn.clauses[last]).place.end;
            let focus = turn.clauses[hits[0]].place.start..end;
            let settled = |when: &When| when.time.is_some() && self.is_settled(when);
            let own = |place: &Range<usize>| self.when(place).filter(|when| !settled(when));
            let answer = reply.place.start..reply.place.end.min(reply.place.start + ECHO);
            let when = own(&answer).filter(|_| will).or_else(|| own(&focus));
            let mut places = self.places(turn, "tell_ask", &hits);
            if when.is_none() && !(self.tells(&places) && self.teller.is_grounded(&places)) {
                continue;
            }
            let takes = |c: &&Clause| self.teller.says("tell_will", c) && self.teller.is_plain(c);
            places.extend(reply.clauses.iter().filter(takes).map(|clause| (clause.place.clone(), 1)));
            let Some(list) = self.list_of(&places, 4, (turn, &hits, FEW)) else { continue };
            if says_little(&list, when.as_ref()) {
                continue;
            }
            let said = self.said(when.as_ref());
            let text = say::sentence(self.view().lexicon, "told_agreed", &[("list", &list), ("when", &said)]);
            let worth =
                3 + self.teller.weight_of(&focus) / 6 + 4 * i32::from(when.is_some()) + 2 * i32::from(will);
            let mut evidence = vec![turn.number, reply.number];
            evidence.extend(answered);
            self.push(
                out,
                Kind::FollowUp,
                Speaker::Caller,
                Modality::Committed,
                text,
                evidence,
                "told.agreed",
                worth,
            );
        }
    }

    /// What the caller takes of what the agent proposed, and what the agent sums up to a caller who agrees.
    pub fn decided(&self, out: &mut Vec<Candidate>) {
        for (index, turn) in self.turns.iter().enumerate() {
            let Some(other) = (if turn.caller { index.checked_sub(1) } else { Some(index + 1) }) else {
                continue;
            };
            let Some(other) = self.turns.get(other).filter(|other| other.caller != turn.caller) else {
                continue;
            };
            let mut hits =
                self.hits(turn, if turn.caller { "tell_decide" } else { "tell_recap" }, "tell_refuse");
            hits.retain(|&at| !turn.clauses[at].question && !turn.clauses[at].negated);
            // "Normally it's half, the full price would be one thirty" sums up nothing that stands.
            let stands = |clause: &Clause| !clause.hedged && !self.teller.says("tell_instead", clause);
            hits.retain(|&at| turn.caller || stands(&turn.clauses[at]));
            let late = turn.caller || 2 * index > self.turns.len();
            let takes = turn.caller
                || late
                    && other.clauses.iter().any(|c| c.accepts)
                    && !other.clauses.iter().any(|c| c.rejects);
            let offered = |clause: &Clause| {
                self.teller.says("tell_offer", clause) || self.amount_in(&clause.place).is_some()
            };
            let takes_it = |&at: &usize| self.teller.says("tell_take", &turn.clauses[at]);
            let proposed = !turn.caller || hits.iter().any(takes_it) || other.clauses.iter().any(offered);
            if hits.is_empty() || !takes || !proposed {
                continue;
            }
            let (cue, by, kind) = match turn.caller {
                true => ("tell_decide", Speaker::Caller, Kind::Decision),
                false => ("tell_recap", Speaker::Agent(1), Kind::Appointment),
            };
            let mut places = self.places(turn, cue, &hits);
            if !self.tells(&places) || !self.teller.is_grounded(&places) {
                continue;
            }
            let when = hits.iter().rev().find_map(|&at| self.when(&turn.clauses[at].place));
            if let Some(when) = &when {
                places = self.beside(places, when);
            }
            let Some(list) = self.list_of(&places, MOST, (turn, &hits, FEW)) else { continue };
            if says_little(&list, when.as_ref()) {
                continue;
            }
            let said = self.said(when.as_ref());
            let frame = if turn.caller { "told_decided" } else { "told_fixed" };
            let values = [("list", list.as_str()), ("when", said.as_str())];
            let text = say::sentence(self.view().lexicon, frame, &values);
            let worth = 5 + self.teller.weight_of(&turn.place) / 6 + 2 * i32::from(when.is_some());
            let evidence = vec![turn.number, other.number];
            self.push(out, kind, by, Modality::Agreed, text, evidence, "told.decided", worth);
        }
    }
}
