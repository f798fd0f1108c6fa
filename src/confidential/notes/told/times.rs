//! Times that the agent named.

use super::{Candidate, FLOOR, Told};
use crate::confidential::Speaker;
use crate::confidential::guard::{Kind, Modality};
use crate::confidential::notes::pairs::{self, Answer};
use crate::confidential::notes::say;
use crate::confidential::notes::values::Kind as Valued;

impl<'a> Told<'a> {
    /// Times that the agent named for sure: agreed where the caller took them up, told where not.
    pub fn times(&self, out: &mut Vec<Candidate>) {
        for (index, turn) in self.turns.iter().enumerate().filter(|(_, turn)| !turn.caller) {
            for (at, clause) in turn.clauses.iter().enumerate() {
                let says = |cue| self.teller.says(cue, clause);
                let unsure = (clause.hedged || says("tell_unsure")) && !says("tell_sure");
                if clause.question || clause.negated || says("tell_refuse") || says("tell_ask") {
                    continue;
                }
                let Some(when) = self.when(&clause.place).filter(|when| !self.is_settled(when)) else {
                    continue;
                };
                let other = self.is_other_day(&when);
                let Some(reply) = self.turns.get(index + 1) else { continue };
                let taken = when.values.iter().any(|&value| self.view().values[value].read_back);
                let (answer, answered) = pairs::answer(self.teller.clauses, turn.first + at);
                let open =
                    reply.clauses.iter().any(|c| c.question || c.rejects || self.teller.says("tell_need", c));
                let echoed = self.echoes(reply, &when) && !open;
                let agreed =
                    echoed || answer == Answer::Accepted && (taken || answered == Some(reply.number));
                let doubt =
                    other && !agreed || (unsure || clause.past) && !(echoed && answer == Answer::Accepted);
                if answer == Answer::Rejected
                    || doubt
                    || when.time.is_none() && matches!(when.day, None | Some(Valued::Month(_)))
                {
                    continue;
                }
                let places = self.places(turn, "tell_commit", &[at]);
                let items = self.teller.list(&self.beside(places, &when), 3, FLOOR, "");
                if items.is_empty() {
                    continue;
                }
                let binds = self.commits(clause) || says("tell_recap");
                let (frame, kind, modality) = match (agreed && binds, says("tell_callback")) {
                    (true, true) => ("told_call", Kind::Callback, Modality::Committed),
                    (true, false) => ("told_fixed", Kind::Appointment, Modality::Agreed),
                    (false, _) => ("told_time", Kind::Information, Modality::Fact),
                };
                let said = when.say(self.view().lexicon);
                let values = [("when", said.as_str()), ("list", &say::list(self.view().lexicon, &items))];
                let text = say::sentence(self.view().lexicon, frame, &values);
                let worth = 4 + 3 * i32::from(taken) + 4 * i32::from(agreed);
                let evidence = if agreed { vec![turn.number, reply.number] } else { vec![turn.number] };
                self.push(out, kind, Speaker::Agent(1), modality, text, evidence, "told.time", worth);
            }
        }
    }
}
