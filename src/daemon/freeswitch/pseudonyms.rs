//! An extension goes in, a name that is the same for a day comes out, and leads nowhere afterwards.
//!
//! HMAC-SHA256 of the extension under a random key that this process alone holds, in memory. When the day changes (of this
//! host's calendar, as the rows' reader has it) another key takes its place, and so does another with every start: from
//! then on nobody can tell whose name it was, or whether two days' names are of one person. As long as the key lives, whoever
//! could read this process's memory could try all extensions.

use crate::border::Day;
use crate::store::Name;
use ring::hmac;
use zeroize::Zeroizing;

/// Each switch has its own: the same extension of two switches is two persons.
pub(super) struct Pseudonyms {
    key: Zeroizing<[u8; 32]>,
    /// Year, month and day of the key.
    of: Option<(i16, u8, u8)>,
}

impl Default for Pseudonyms {
    fn default() -> Pseudonyms {
        Pseudonyms { key: Zeroizing::new(rand::random()), of: None }
    }
}

impl Pseudonyms {
    /// Forgets the key of another day; to be called often, so that none outlives its day for long.
    pub fn turn(&mut self, today: Day) {
        let today = Some((today.year, today.month, today.day));
        if self.of != today {
            *self = Pseudonyms { of: today, ..Pseudonyms::default() };
        }
    }

    pub fn name(&mut self, extension: &Name, today: Day) -> Option<Name> {
        self.turn(today);
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.key.as_slice());
        let tag = hmac::sign(&key, extension.as_str().as_bytes());
        let short: String = tag.as_ref().iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect();
        Name::new(&format!("agent-{short}")).ok()
    }
}

/// Bytes of the hash in a name: with three, two of a hundred agents share one on one day of three thousand; fewer make that
/// likely, more are hard to read.
const BYTES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn day(day: u8, minute: u16) -> Day {
        Day { year: 2026, month: 11, day, minute }
    }

    fn name(pseudonyms: &mut Pseudonyms, extension: &str, today: Day) -> String {
        pseudonyms.name(&Name::new(extension).unwrap(), today).unwrap().as_str().to_owned()
    }

    #[test]
    fn an_extension_has_one_name_for_a_day_and_another_one_on_the_next() {
        let mut pseudonyms = Pseudonyms::default();
        let first = name(&mut pseudonyms, "1001", day(3, 0));
        assert_eq!(name(&mut pseudonyms, "1001", day(3, 1_439)), first);
        let next = name(&mut pseudonyms, "1001", day(4, 0));
        assert_ne!(next, first);
        assert_ne!(name(&mut pseudonyms, "1001", day(3, 0)), first, "a key that is gone does not come back");
        let other_month = Day { month: 12, ..day(3, 0) };
        assert_ne!(name(&mut pseudonyms, "1001", other_month), name(&mut pseudonyms, "1001", day(3, 0)));
    }

    #[test]
    fn a_restart_begins_new_names() {
        let (mut before, mut after) = (Pseudonyms::default(), Pseudonyms::default());
        assert_ne!(name(&mut before, "1001", day(3, 0)), name(&mut after, "1001", day(3, 0)));
    }

    #[test]
    fn a_name_is_short_differs_from_others_and_never_holds_the_extension() {
        let mut pseudonyms = Pseudonyms::default();
        let extensions: Vec<String> = (1_000..1_100).map(|number| number.to_string()).collect();
        let names: Vec<String> =
            extensions.iter().map(|extension| name(&mut pseudonyms, extension, day(3, 0))).collect();
        for name in &names {
            let short = name.strip_prefix("agent-").unwrap();
            assert!(short.len() == 2 * BYTES && short.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
        }
        assert!(names.iter().collect::<BTreeSet<_>>().len() >= 98);
        let unlike = extensions.iter().zip(&names).filter(|(extension, name)| !name.contains(*extension));
        // Four digits of six may be alike by chance, of a few in a million.
        assert!(unlike.count() >= 98);
    }
}
