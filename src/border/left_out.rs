//! What a line's notes leave out, beside what no note ever holds.

use serde::{Deserialize, Serialize};

/// A kind of what may be said in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// How the agent is called, or a colleague of his; a line's `agents` decides.
    AgentNames,
    /// Whatever anybody on the call is called.
    Names,
    PhoneNumbers,
    References,
    Amounts,
    /// Days, months and weekdays.
    Dates,
    /// Hours, and parts of a day.
    Times,
    /// How long something takes.
    Durations,
}

impl Kind {
    /// Those that `redact` may name.
    pub const SETTABLE: [(&str, Kind); 7] = [
        ("phone_numbers", Kind::PhoneNumbers),
        ("references", Kind::References),
        ("amounts", Kind::Amounts),
        ("names", Kind::Names),
        ("dates", Kind::Dates),
        ("times", Kind::Times),
        ("durations", Kind::Durations),
    ];

    pub fn of(word: &str) -> Option<Kind> {
        Kind::SETTABLE.into_iter().find(|(other, _)| *other == word).map(|(_, kind)| kind)
    }
}

/// Kinds, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut(u8);

impl LeftOut {
    #[must_use]
    pub fn with(self, kind: Kind) -> LeftOut {
        LeftOut(self.0 | 1 << kind as u8)
    }

    /// What is left out by either.
    #[must_use]
    pub fn and(self, other: LeftOut) -> LeftOut {
        LeftOut(self.0 | other.0)
    }

    pub fn holds(self, kind: Kind) -> bool {
        self.0 >> kind as u8 & 1 == 1
    }

    /// Whether it leaves out names at most.
    pub fn is_of_names(self) -> bool {
        let names = LeftOut::default().with(Kind::Names).with(Kind::AgentNames);
        self.and(names) == names
    }

    pub fn is_nothing(self) -> bool {
        self.0 == 0
    }

    /// The words of those that `redact` may name.
    pub fn words(self) -> Vec<&'static str> {
        let held = Kind::SETTABLE.into_iter().filter(|(_, kind)| self.holds(*kind));
        held.map(|(word, _)| word).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_bit_of_its_own() {
        let all = Kind::SETTABLE.map(|(_, kind)| kind);
        for kind in all {
            let one = LeftOut::default().with(kind);
            assert!(all.iter().all(|other| one.holds(*other) == (*other == kind)));
            assert!(!one.holds(Kind::AgentNames) && !one.is_nothing());
        }
        let words = Kind::SETTABLE.map(|(word, _)| word);
        let everything = all.into_iter().fold(LeftOut::default(), LeftOut::with);
        assert_eq!(everything.words(), words);
        assert!(LeftOut::default().is_nothing());
    }
}
