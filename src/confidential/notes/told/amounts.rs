//! Amounts that stand, and what costs nothing.

use super::{Candidate, FREE, LABEL, Told, Turn, side};
use crate::confidential::guard::{Kind, Modality};
use crate::confidential::notes::clauses::Clause;
use crate::confidential::notes::pairs::{self, Answer};
use crate::confidential::notes::values::{self, Kind as Valued};
use crate::confidential::notes::{pattern, say, select, when};
use crate::confidential::{Speaker, Text};
use std::collections::BTreeSet;
use std::ops::Range;

impl<'a> Told<'a> {
    /// Amounts that stand. What each is for is not told: it is easily the wrong one of two things beside it.
    pub fn amounts(&self, out: &mut Vec<Candidate>) {
        let view = self.view();
        let mut seen = BTreeSet::new();
        let mut sides: [(Vec<Text>, Vec<u16>, bool); 2] = Default::default();
        for (at, value) in view.values.iter().enumerate() {
            let Some((cents, currency)) = self.money(value) else { continue };
            let Some(clause) = self.teller.clauses.iter().position(|c| c.place.contains(&value.from)) else {
                continue;
            };
            let (answer, turn) = pairs::answer(self.teller.clauses, clause);
            let last = !view.values[at + 1..].iter().any(|later| {
                matches!(later.kind, Valued::Amount { .. })
                    && later.turn.saturating_sub(value.turn) <= 2
                    && later.kind != value.kind
            });
            let banned = view.banned[value.from..value.to].iter().any(|banned| *banned);
            let told = &self.teller.clauses[clause];
            let sure =
                !told.hedged && !told.negated && !told.question && !self.teller.says("tell_instead", told);
            let accepted = !value.speaker.is_caller() && last && (answer == Answer::Accepted || sure);
            let open = (told.hedged || told.conditional || self.teller.says("tell_unsure", told))
                && !value.read_back;
            // "Normally forty-five euros, but that is our mistake, we don't charge it."
            let free = |turn: &Turn<'a>| !self.stated(turn, "tell_free", "tell_not_free").is_empty();
            let waived = self.teller.says("tell_instead", told)
                && self.turns.iter().any(|turn| turn.number == value.turn && free(turn));
            if waived
                || self.fell(value.turn, &told.speaker)
                || self.is_turned_down(value)
                || self.is_replaced(value, &told.place)
                || open && answer != Answer::Accepted
            {
                seen.insert(cents);
                continue;
            }
            if banned || !(value.read_back || accepted) || !seen.insert(cents) {
                continue;
            }
            let place = self.teller.clauses[clause].place.clone();
            let mut text = match currency {
                Some(currency) => say::amount(view.lexicon, cents, currency),
                None => when::number(cents / 100),
            };
            text.push_str(select::rate(view, &(value.to..place.end)));
            let by_caller = value.speaker.is_caller() && !self.agent_says_soon(at);
            let (texts, evidence, firm) = &mut sides[usize::from(by_caller)];
            *firm |= value.read_back || answer == Answer::Accepted;
            texts.push(text);
            evidence.push(value.turn);
            evidence.extend(turn);
            if value.speaker.is_caller() && !by_caller {
                evidence
                    .extend(self.turns.iter().map(|turn| turn.number).find(|&number| number > value.turn));
            }
        }
        for (caller, (mut texts, evidence, firm)) in sides.into_iter().enumerate() {
            if texts.is_empty() {
                continue;
            }
            texts.truncate(3);
            let (by, speaker) = side(caller == 1);
            let frame = if texts.len() == 1 { "amount" } else { "amounts" };
            let values =
                [("Speaker", view.lexicon.frame(speaker)), ("amounts", &say::list(view.lexicon, &texts))];
            let text = say::sentence(view.lexicon, frame, &values);
            let worth = if firm { 13 } else { 9 };
            self.push(out, Kind::Amount, by, Modality::Fact, text, evidence, "told.amount", worth);
        }
    }

    /// What costs nothing, as the agent says.
    pub fn free(&self, out: &mut Vec<Candidate>) {
        for (index, turn) in self.turns.iter().enumerate().filter(|(_, turn)| !turn.caller) {
            let mut hits = self.stated(turn, "tell_free", "tell_not_free");
            hits.retain(|&at| !turn.clauses[at].hedged && !turn.clauses[at].conditional);
            if hits.is_empty() || self.fell(turn.number, &Speaker::Agent(1)) {
                continue;
            }
            let mut places = self.places(turn, "tell_free", &hits);
            // "Does it cost anything, the inspection?" - "No, it's free."
            let asked = index.checked_sub(1).map(|before| &self.turns[before]).filter(|before| before.caller);
            if let Some(asked) = asked.filter(|_| self.words_at(&places) < 2) {
                places.extend(self.context(asked, 0));
            }
            let Some(list) = self.list(&places, 3, "") else { continue };
            let text = say::sentence(self.view().lexicon, "told_free", &[("list", &list)]);
            let (by, evidence) = (Speaker::Agent(1), vec![turn.number]);
            self.push(out, Kind::Amount, by, Modality::Fact, text, evidence, "told.free", FREE);
        }
    }

    /// "Nineteen euros instead of thirty-nine": the second one is what it was.
    fn is_replaced(&self, value: &values::Value, clause: &Range<usize>) -> bool {
        let view = self.view();
        let mut replaced = pattern::all(view.lexicon.cue("tell_replaced"), view, clause);
        replaced.any(|place| pattern::meet(&place, &(value.from..value.to)))
    }

    /// What the caller asks for and the agent refuses in the next turn.
    fn is_turned_down(&self, value: &values::Value) -> bool {
        let reply = self.turns.iter().find(|turn| !turn.caller && turn.number > value.turn);
        let reply = reply.filter(|reply| value.speaker.is_caller() && reply.number - value.turn <= 2);
        reply.is_some_and(|reply| reply.clauses.iter().any(|clause| self.teller.says("tell_refuse", clause)))
    }

    /// Whether the agent says the same amount within two turns, before or after: then it is the agent's, whoever was
    /// heard first.
    fn agent_says_soon(&self, at: usize) -> bool {
        let values = self.view().values;
        let value = &values[at];
        let same = |other: &values::Value| {
            !other.speaker.is_caller() && self.money(other).map(|m| m.0) == self.money(value).map(|m| m.0)
        };
        values.iter().any(|other| same(other) && other.turn.abs_diff(value.turn) <= 2)
    }

    /// Whether the caller declines, in that turn or within the two after it, what was offered there.
    pub(super) fn fell(&self, turn: u16, speaker: &Speaker) -> bool {
        let from = turn + u16::from(!speaker.is_caller());
        let near =
            self.turns.iter().filter(|other| other.caller && (from..=turn + 2).contains(&other.number));
        near.flat_map(|other| other.clauses).any(|clause| self.teller.says("tell_decline", clause))
    }

    /// The amount of money in a clause.
    pub(super) fn amount_in(&self, place: &Range<usize>) -> Option<Text> {
        let view = self.view();
        let values = values::within(view.values, place).map(|at| &view.values[at]);
        let usable = |value: &&values::Value| !view.banned[value.from..value.to].iter().any(|banned| *banned);
        let (cents, currency) = values.filter(usable).find_map(|value| self.money(value))?;
        Some(match currency {
            Some(currency) => say::amount(view.lexicon, cents, currency),
            None => when::number(cents / 100),
        })
    }

    fn clause_of(&self, value: &values::Value) -> Option<&'a Clause> {
        self.teller.clauses.iter().find(|clause| clause.place.contains(&value.from))
    }

    /// "Two thousand nine hundred and eighty exactly": a number said to be the whole.
    fn sums_up(&self, value: &values::Value) -> bool {
        self.clause_of(value)
            .is_some_and(|clause| !clause.speaker.is_caller() && self.teller.says("tell_total", clause))
    }

    /// Cents and currency; a round number that both sides said where prices are spoken of has none.
    fn money(&self, value: &values::Value) -> Option<(u64, Option<u8>)> {
        match value.kind {
            Valued::Amount { cents, currency } => Some((cents, Some(currency))),
            Valued::Count(count) if count >= 100 && self.sums_up(value) && !self.is_numbered(value) => {
                Some((u64::from(count) * 100, None))
            }
            Valued::Count(count) if value.read_back && count >= 20 => {
                let near = self.turns.iter().find(|turn| turn.number == value.turn)?;
                let priced = near.clauses.iter().any(|clause| self.teller.says("tell_money", clause));
                (priced && !self.is_numbered(value)).then_some((u64::from(count) * 100, None))
            }
            _ => None,
        }
    }

    /// Whether a number is called one, by whomever: then it is no price.
    pub fn is_numbered(&self, value: &values::Value) -> bool {
        let view = self.view();
        let same = view.values.iter().filter(|other| other.kind == value.kind);
        same.into_iter().any(|other| {
            let named = |clause: &Clause| self.teller.says("tell_reference", clause);
            let mut from = other.from.saturating_sub(LABEL);
            while view.tokens[from].turn != other.turn {
                from += 1;
            }
            self.clause_of(other).is_some_and(named)
                || pattern::any(view.lexicon.cue("tell_reference"), view, &(from..other.from))
        })
    }
}
