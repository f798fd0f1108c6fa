//! What the agent commits to.

use super::{Candidate, ECHO, FEW, MOST, NEAR, Told, Turn, says_little};
use crate::confidential::guard::{Kind, Modality};
use crate::confidential::notes::clauses::{Clause, is_conditional};
use crate::confidential::notes::pairs::{self, Answer};
use crate::confidential::notes::when::{self, When};
use crate::confidential::notes::{deeds, pattern, say};
use crate::confidential::{Speaker, Text};
use std::ops::Range;

impl<'a> Told<'a> {
    /// What the agent commits to, turn by turn.
    pub fn commitments(&self, out: &mut Vec<Candidate>) {
        for (index, turn) in self.turns.iter().enumerate().filter(|(_, turn)| !turn.caller) {
            let mut hits: Vec<usize> =
                (0..turn.clauses.len()).filter(|&at| self.commits(&turn.clauses[at])).collect();
            // What says an appointment once more is none of what is promised beside it.
            let repeats =
                |&at: &usize| self.when(&turn.clauses[at].place).is_some_and(|when| self.is_settled(&when));
            if !hits.iter().all(repeats) {
                hits.retain(|at| !repeats(at));
            }
            let Some(&last) = hits.last() else { continue };
            let (answer, answered) = pairs::answer(self.teller.clauses, turn.first + last);
            if answer == Answer::Rejected {
                continue;
            }
            // What stands far before the promise is another thing's time.
            let from = |clause: &Clause| {
                let first = |cue| pattern::first(self.view().lexicon.cue(cue), self.view(), &clause.place);
                let near = || Some(first("tell_commit")?.from.saturating_sub(NEAR).max(clause.place.start));
                first("tell_sure").map(|sure| sure.from).or_else(near).unwrap_or(clause.place.start)
            };
            let focus = from(&turn.clauses[hits[0]])..turn.clauses[last].place.end;
            let whole = focus.start..turn.clauses.get(last + 1).map_or(focus.end, |next| next.place.end);
            let when = self.when(&whole).or_else(|| self.read_back(index));
            let said = self.said(when.as_ref());
            let mut places = self.places(turn, "tell_commit", &hits);
            if let Some(when) = &when {
                places = self.beside(places, when);
            }
            for &at in hits.iter().filter(|&&at| self.teller.says("tell_sure", &turn.clauses[at])) {
                let before = at.checked_sub(1).and_then(|before| turn.clauses.get(before));
                places.extend(
                    before.filter(|c| self.teller.is_plain(c)).map(|clause| (clause.place.clone(), 3)),
                );
            }
            // What is told once more without its object is easily told of the wrong one.
            let settled = when.as_ref().is_none_or(|when| self.is_settled(when));
            if settled && !(self.tells(&places) && self.teller.is_grounded(&places)) {
                continue;
            }
            // "What I can promise is before six": who comes was said right before.
            if !self.tells(&places) {
                places.extend(self.context(turn, 0));
                places.extend(self.before(index, -1));
            }
            let calls = hits.iter().any(|&at| self.teller.says("tell_callback", &turn.clauses[at]));
            let list = self
                .list_of(&places, MOST, (turn, &hits, FEW))
                .filter(|list| !says_little(list, when.as_ref()));
            // A call at its time is told without its matter, which is easily the wrong one.
            let Some(list) = list.or_else(|| (calls && when.is_some()).then(Text::default)) else { continue };
            let depends = hits.iter().all(|&at| self.depends(turn, at));
            let (frame, kind) = match (calls, depends) {
                (true, true) => ("told_callback_if", Kind::Callback),
                (true, false) => ("told_callback", Kind::Callback),
                (false, true) => ("told_promise_if", Kind::Promise),
                (false, false) => ("told_promise", Kind::Promise),
            };
            let channel = self.channel(&focus);
            let values = [("list", list.as_str()), ("when", &said), ("channel", channel)];
            let text = say::sentence(self.view().lexicon, frame, &values);
            let mut worth = 2 + self.teller.weight_of(&focus) / 8;
            worth +=
                5 * i32::from(when.is_some()) + 3 * i32::from(calls) + i32::from(answer == Answer::Accepted);
            let mut evidence = vec![turn.number];
            evidence.extend(answered);
            self.push(
                out,
                kind,
                Speaker::Agent(1),
                Modality::Committed,
                text,
                evidence,
                "told.promise",
                worth,
            );
        }
    }

    /// Whether a commitment depends on something, said in it or beside it.
    pub(super) fn depends(&self, turn: &Turn<'a>, at: usize) -> bool {
        let beside = [at.checked_sub(1), Some(at), Some(at + 1)];
        let mut clauses = beside.into_iter().flatten().filter_map(|at| turn.clauses.get(at));
        clauses.any(|clause| is_conditional(self.teller.view, "tell_if", &clause.place))
    }

    /// "I can't do that, well, actually, if she has moved": thought over as soon as it was said.
    pub fn is_taken_back(&self, clause: usize) -> bool {
        let clauses = self.teller.clauses;
        let behind = clauses[clause + 1..].iter().take_while(|behind| behind.turn == clauses[clause].turn);
        behind.into_iter().any(|behind| self.teller.says("tell_taken_back", behind))
    }

    /// Whether what is refused may be had under a condition, said in the clause or beside it.
    pub fn depends_at(&self, clause: usize) -> bool {
        let clauses = self.teller.clauses;
        let turn = clauses[clause].turn;
        let beside = [clause.checked_sub(1), Some(clause), Some(clause + 1)].into_iter().flatten();
        let near = beside.filter_map(|at| clauses.get(at)).filter(|other| other.turn == turn);
        near.into_iter().any(|other| {
            is_conditional(self.view(), "tell_if", &other.place) || self.teller.says("tell_unless", other)
        })
    }

    /// Whether a list says the condition itself: "without lunch".
    pub(super) fn names_it(&self, turn: &Turn<'a>, at: usize, list: &str) -> bool {
        let view = self.view();
        let hit = pattern::first(view.lexicon.cue("tell_unless"), view, &turn.clauses[at].place);
        hit.is_some_and(|hit| list.split(' ').any(|word| word == view.tokens[hit.from].text))
    }

    /// The time that the caller says back and takes, for a turn in which none was heard.
    pub(super) fn read_back(&self, index: usize) -> Option<When> {
        let turn = &self.turns[index];
        let timed =
            when::read(self.view(), &turn.place).iter().any(|when| when.day.is_some() || when.time.is_some());
        let reply = self.turns.get(index + 1).filter(|_| !timed)?;
        let open = reply.clauses.iter().any(|c| c.question || c.rejects || c.negated || c.hedged);
        let takes = reply.clauses.iter().any(|c| c.accepts) && !open;
        let first = &reply.clauses.first()?.place;
        // "... fits, will you make more of them for Saturday": what stands far from the answer is another matter's.
        let soon = first.start..first.end.min(first.start + ECHO);
        self.when(&soon).filter(|when| takes && when.day.is_some() && when.bound.is_none())
    }

    /// Whether a clause of the agent's binds: "what I can promise" does, whatever stands beside it.
    pub(super) fn commits(&self, clause: &Clause) -> bool {
        let says = |cue| self.teller.says(cue, clause);
        let firm = !clause.question
            && !clause.negated
            && !says("tell_unsure")
            && !says("tell_duty")
            && !says("tell_or");
        says("tell_sure") || firm && says("tell_commit") && !says("tell_refuse")
    }

    /// Whether something is asked behind what is promised.
    pub(super) fn begs(&self, clause: &Clause) -> bool {
        self.own_place("tell_commit", clause).end < clause.place.end
    }

    /// Where a clause's own act stands: "I enter it, the card please bring along" promises no card, and no stop parts
    /// what the caller is asked from what is promised.
    pub(super) fn own_place(&self, cue: &str, clause: &Clause) -> Range<usize> {
        let view = self.view();
        let first = |cue| pattern::first(view.lexicon.cue(cue), view, &clause.place);
        let beg = first("tell_beg").filter(|_| cue == "tell_commit");
        let Some((commit, beg)) = first(cue).zip(beg).filter(|(commit, beg)| beg.from >= commit.to) else {
            return clause.place.clone();
        };
        let asked = deeds::phrases(view, &(commit.to..beg.from)).into_iter().last();
        let end = asked.filter(|phrase| phrase.end == beg.from).map_or(beg.from, |phrase| phrase.start);
        clause.place.start..end
    }

    /// By which channel, where one is named.
    fn channel(&self, place: &Range<usize>) -> &'a str {
        let lexicon = self.view().lexicon;
        let named = ["channel_email", "channel_text", "channel_post"]
            .into_iter()
            .find(|key| pattern::any(lexicon.cue(key), self.view(), place));
        named.map_or("", |key| lexicon.frame(key))
    }
}
