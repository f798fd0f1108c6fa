//! What is newer: an event about a leg, or the switch's answer about it (rule R9); pure.
//!
//! Events of one leg arrive in their order (F33), but an answer overtakes events that were made before it, and is
//! overtaken by events that were made after it. Both have numbers of one sequence (F94), as long as it is the same
//! connection to the same switch.

/// What was told of one leg since the connection was made.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// The highest number of an event or an answer.
    newest: Option<u64>,
    /// How many events there were.
    events: u64,
    /// The number of the last answer that was believed.
    as_of: Option<u64>,
}

impl Order {
    /// How far it has come, to be kept while a question is under way.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// An event has come: whether it tells something new.
    pub fn event(&mut self, sequence: Option<u64>) -> bool {
        if sequence.is_some() && sequence < self.as_of {
            return false;
        }
        self.newest = self.newest.max(sequence);
        self.events += 1;
        true
    }

    /// Whether an answer with this number is newer than everything that was told; `asked` is what
    /// [`Order::events`] was when the question was put. Where numbers are missing, any event since then makes it old.
    pub fn is_new(&self, sequence: Option<u64>, asked: u64) -> bool {
        let numbered = sequence.is_some() && (self.newest.is_some() || self.events == 0);
        if numbered { self.newest < sequence } else { self.events == asked }
    }

    /// An answer was believed: events that are older tell nothing any more.
    pub fn believe(&mut self, sequence: Option<u64>) {
        self.newest = self.newest.max(sequence);
        self.as_of = self.as_of.max(sequence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_old_when_an_event_with_a_higher_number_came_before_it() {
        let mut order = Order::default();
        assert!(order.is_new(Some(100), 0));
        assert!(order.event(Some(101)));
        assert!(!order.is_new(Some(100), 0) && !order.is_new(Some(100), 1));
        assert!(order.is_new(Some(102), 0));
    }

    #[test]
    fn an_event_that_an_answer_has_overtaken_tells_nothing_any_more() {
        let mut order = Order::default();
        order.believe(Some(100));
        assert!(!order.event(Some(99)));
        assert!(order.event(Some(101)));
    }

    #[test]
    fn without_numbers_any_event_since_the_question_makes_the_answer_old() {
        let mut order = Order::default();
        assert!(order.event(None));
        let asked = order.events();
        assert!(order.is_new(None, asked) && order.is_new(Some(100), asked));
        assert!(order.event(None));
        assert!(!order.is_new(None, asked) && !order.is_new(Some(100), asked));
    }
}
