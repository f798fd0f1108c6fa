//! What the agent refuses, and why something is so.

use super::{Candidate, FLOOR, MOST, NEAR, Told, first_word, side};
use crate::confidential::Speaker;
use crate::confidential::guard::{Kind, Modality};
use crate::confidential::notes::when::{self, When};
use crate::confidential::notes::{pattern, say, values};
use std::ops::Range;

impl<'a> Told<'a> {
    /// What the agent refuses, with what was asked.
    pub fn refusals(&self, out: &mut Vec<Candidate>) {
        for (index, turn) in self.turns.iter().enumerate().filter(|(_, turn)| !turn.caller) {
            let hits = self.stated(turn, "tell_refuse", "tell_fine");
            if hits.is_empty() {
                continue;
            }
            let mut places = self.places_around(turn, "tell_refuse", &hits);
            let tells = self.tells(&places);
            let before =
                index.checked_sub(1).map(|before| &self.turns[before]).filter(|before| before.caller);
            let needs = before.map(|before| self.hits(before, "tell_need", "tell_fine")).unwrap_or_default();
            match before {
                Some(before) if !needs.is_empty() => places.extend(self.places(before, "tell_need", &needs)),
                Some(before) => places.push((before.place.clone(), 0)),
                None => {}
            }
            let asked = !needs.is_empty() || before.is_some_and(|b| b.clauses.iter().any(|c| c.question));
            // Where nothing was asked and the refusal names nothing, it is not known what is refused.
            if !tells && !asked || hits.last().is_some_and(|last| self.is_taken_back(turn.first + last)) {
                continue;
            }
            // "Before that I cannot confirm it" refuses nothing.
            if hits.iter().all(|&at| self.teller.says("not_yet", &turn.clauses[at])) {
                continue;
            }
            let when = hits.iter().find_map(|&at| self.when_refused(&turn.clauses[at].place));
            let said = when.filter(|when| when.day.is_some()).map(|when| when.say(self.view().lexicon));
            let mut items = self.teller.list(&places, MOST, FLOOR, "");
            items.extend(hits.iter().find_map(|&at| self.amount_in(&turn.clauses[at].place)));
            if items.is_empty() {
                continue;
            }
            let list = say::list(self.view().lexicon, &items);
            if items.len() == 1
                && said.is_none()
                && self.view().words().not_before.contains_key(first_word(&list))
            {
                continue;
            }
            let values = [("list", list.as_str()), ("when", said.as_deref().unwrap_or_default())];
            // "Whether that works I can't say": nothing is refused, and nothing promised.
            let open = hits.iter().all(|&at| self.teller.says("tell_open", &turn.clauses[at]));
            let depends =
                hits.iter().all(|&at| self.depends_at(turn.first + at) && !self.names_it(turn, at, &list));
            let frame = match (open, depends) {
                (true, _) => "told_open",
                (false, true) => "told_refused_if",
                (false, false) => "told_refused",
            };
            let text = say::sentence(self.view().lexicon, frame, &values);
            let worth = 4 + 4 * i32::from(asked) + self.teller.weight_of(&turn.place) / 8;
            let mut evidence = vec![turn.number];
            evidence.extend(turn.number.checked_sub(1));
            self.push(
                out,
                Kind::Refusal,
                Speaker::Agent(1),
                Modality::Committed,
                text,
                evidence,
                "told.refusal",
                worth,
            );
        }
    }

    /// The time right beside the refusal: "Thursday I cannot do".
    fn when_refused(&self, clause: &Range<usize>) -> Option<When> {
        let view = self.view();
        let hits: Vec<Range<usize>> = pattern::all(view.lexicon.cue("tell_refuse"), view, clause).collect();
        let near = |value: &values::Value| {
            hits.iter().any(|hit| value.from < hit.end + NEAR && hit.start < value.to + NEAR)
        };
        when::read(view, clause).into_iter().find(|when| when.values.iter().any(|&at| near(&view.values[at])))
    }

    /// Why it is so, as the agent says: a caller's "because" is mostly why they ask.
    pub fn causes(&self, out: &mut Vec<Candidate>) {
        for (index, turn) in self.turns.iter().enumerate().filter(|(_, turn)| !turn.caller) {
            let hits = self.stated(turn, "tell_cause", "tell_unsure");
            if hits.is_empty() {
                continue;
            }
            let places = self.places_around(turn, "tell_cause", &hits);
            let Some(list) = self.list(&places, MOST, "") else { continue };
            let (by, speaker) = side(false);
            let values = [("Speaker", self.view().lexicon.frame(speaker)), ("list", list.as_str())];
            let text = say::sentence(self.view().lexicon, "told_cause", &values);
            let asked = index > 0 && self.turns[index - 1].clauses.iter().any(|c| c.question);
            let worth =
                6 + self.teller.weight_of(&turn.place) / 8 + 3 * i32::from(asked) - turn.nth as i32 / 2;
            self.push(out, Kind::Cause, by, Modality::Claim, text, vec![turn.number], "told.cause", worth);
        }
    }
}
