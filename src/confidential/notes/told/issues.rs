//! Why the call: what is wrong, what is wanted, what it is about.

use super::{ANOTHER, BACK, Candidate, EARLY, FEW, MOST, SPARSE, Told, Turn, says_little};
use crate::confidential::Speaker;
use crate::confidential::guard::{Kind, Modality, Statement};
use crate::confidential::notes::pattern::{self, View};
use crate::confidential::notes::say;
use crate::confidential::notes::tell::{OWN, Place};
use std::ops::Range;

impl<'a> Told<'a> {
    /// What is wrong: the two heaviest of the caller's early turns that hold a state of that class, in one statement.
    pub fn issues(&self, asked: &[Statement], out: &mut Vec<Candidate>) {
        let mut found: Vec<(i32, &Turn<'a>, Vec<usize>)> = Vec::new();
        let mut more = Vec::new();
        for (index, turn) in self.turns.iter().enumerate().filter(|(_, turn)| turn.caller) {
            let late = turn.nth > EARLY;
            if late && !self.is_another_matter(index)
                || asked.iter().any(|statement| statement.evidence.contains(&turn.number))
            {
                continue;
            }
            let mut hits = self.hits(turn, "tell_issue", "tell_fine");
            hits.extend((0..turn.clauses.len()).filter(|&at| self.is_known(&turn.clauses[at].place)));
            hits.sort_unstable();
            hits.dedup();
            // "And what if it stays broken?" is a worry, no report.
            hits.retain(|&at| !(turn.clauses[at].question || late && turn.clauses[at].conditional));
            let worth = 12 - 2 * turn.nth as i32 + self.teller.weight_of(&turn.place) / 8;
            match (hits.is_empty(), late) {
                (true, _) => {}
                (false, true) => more.push((ANOTHER, turn, hits)),
                (false, false) => found.push((worth, turn, hits)),
            }
        }
        more.truncate(1);
        self.issue(more, out);
        found.sort_by_key(|(worth, _, _)| std::cmp::Reverse(*worth));
        found.truncate(2);
        self.issue(found, out);
    }

    /// One statement of what is wrong, told of one or two turns.
    fn issue(&self, found: Vec<(i32, &Turn<'a>, Vec<usize>)>, out: &mut Vec<Candidate>) {
        let Some(worth) = found.first().map(|(worth, _, _)| *worth) else { return };
        let (mut places, mut evidence, mut state) = (Vec::new(), Vec::new(), None);
        let first = found[0].1.nth;
        for (_, turn, hits) in
            found.iter().filter(|(own, turn, _)| worth - own <= 6 && turn.nth.abs_diff(first) <= 2)
        {
            state = state.or(self.state(&turn.place, &mut places));
            places.extend(self.places_around(turn, "tell_issue", hits));
            evidence.push(turn.number);
        }
        // "I had my van in with you." - "Brakes, wasn't it?" - "Yes, and now it's squealing."
        let (_, turn, hits) = &found[0];
        if self.words_at(&places) < FEW
            && self.points_back(turn, hits)
            && let Some((owned, before)) = self.owned_before(turn)
        {
            places.extend(owned);
            evidence.push(before);
        }
        let Some(list) = self.list(&places, MOST + evidence.len(), "") else { return };
        if says_little(&list, None) {
            return;
        }
        let frame = if state.is_some() { "told_issue" } else { "told_issue_plain" };
        let values = [("state", state.unwrap_or_default()), ("list", list.as_str())];
        let text = say::sentence(self.view().lexicon, frame, &values);
        self.push(out, Kind::Issue, Speaker::Caller, Modality::Claim, text, evidence, "told.issue", worth);
    }

    /// Whether the caller begins with another matter, here or in the turn before.
    fn is_another_matter(&self, index: usize) -> bool {
        let own = [index.checked_sub(2), Some(index)].into_iter().flatten();
        own.flat_map(|at| self.turns[at].clauses).any(|clause| self.teller.says("tell_more", clause))
    }

    /// Whether it is a way to be wrong that the lexicon names.
    fn is_known(&self, place: &Range<usize>) -> bool {
        self.state(place, &mut Vec::new()).is_some()
    }

    /// The noun for what is wrong, where one is known.
    fn state(&self, place: &Range<usize>, places: &mut Vec<Place>) -> Option<&'a str> {
        let view = self.view();
        let known = view
            .lexicon
            .issues
            .iter()
            .filter(|issue| !pattern::any(&issue.not, view, place) && !is_question(view, &issue.say));
        let found = known.filter_map(|issue| Some((issue, pattern::first(&issue.patterns, view, place)?)));
        let (issue, hit) = found.max_by_key(|(_, hit)| hit.phrases.len())?;
        places.extend(hit.phrases.into_iter().map(|phrase| (phrase, 6)));
        Some(issue.say.as_str())
    }

    /// What the call is about, where nothing says what is wrong or wanted: the caller's first words that weigh.
    pub fn about(&self, out: &mut Vec<Statement>) {
        let first =
            self.turns.iter().find(|turn| turn.caller && self.teller.weight_of(&turn.place) >= SPARSE);
        let Some(turn) = first else { return };
        let Some(list) = self.list(&self.context(turn, OWN), MOST, "") else { return };
        let text = say::sentence(self.view().lexicon, "told_about", &[("list", &list)]);
        let mut candidates = Vec::new();
        let evidence = vec![turn.number];
        self.push(
            &mut candidates,
            Kind::Request,
            Speaker::Caller,
            Modality::Claim,
            text,
            evidence,
            "told.about",
            0,
        );
        out.extend(candidates.into_iter().map(|candidate| candidate.statement));
    }

    /// What the caller wants: the two heaviest of their early turns that ask for something, in one statement.
    pub fn needs(&self, out: &mut Vec<Candidate>) {
        let mut found: Vec<(i32, usize, Vec<usize>)> = Vec::new();
        for (index, turn) in
            self.turns.iter().enumerate().filter(|(_, turn)| turn.caller && turn.nth <= EARLY)
        {
            let hits = self.hits(turn, "tell_need", "tell_decline");
            if !hits.is_empty() {
                let worth = 11 - 2 * turn.nth as i32 + self.teller.weight_of(&turn.place) / 8;
                found.push((worth, index, hits));
            }
        }
        found.sort_by_key(|(worth, _, _)| std::cmp::Reverse(*worth));
        found.truncate(2);
        let Some((worth, first, first_hits)) = found.first().cloned() else { return };
        let (mut places, mut evidence) = (Vec::new(), Vec::new());
        let nth = self.turns[first].nth;
        for (own, index, hits) in found.into_iter().filter(|(own, _, _)| worth - own <= 4) {
            let turn = &self.turns[index];
            if turn.nth.abs_diff(nth) > 1 || turn.number.abs_diff(self.turns[first].number) > BACK {
                continue;
            }
            let mut wanted = self.places(turn, "tell_need", &hits);
            // "I have four tickets for the matinee, I'd like to swap them."
            if self.words_at(&wanted) < 2 && self.points_back(turn, &hits) {
                wanted.extend(self.context(turn, 0));
                wanted.extend(self.before(index, -1));
            }
            places.extend(wanted);
            evidence.push((turn.number, own));
        }
        let evidence: Vec<u16> = evidence.into_iter().map(|(turn, _)| turn).collect();
        let back = (&self.turns[first], first_hits.as_slice(), 2);
        let Some(list) = self.list_of(&places, MOST + evidence.len() - 1, back) else { return };
        // A word alone that nobody says again tells of no wish.
        if says_little(&list, None) && !self.teller.is_grounded(&places) {
            return;
        }
        let text = say::sentence(self.view().lexicon, "told_request", &[("list", &list)]);
        self.push(out, Kind::Request, Speaker::Caller, Modality::Wish, text, evidence, "told.request", worth);
    }
}

fn is_question(view: View<'_>, say: &str) -> bool {
    view.lexicon.frame("question_states").split('|').any(|state| state == say)
}
