//! Recordings of the ten digits go in; two random rows of digits come out, as the sound of both parties.

use crate::cli::demo::audio::Recording;
use anyhow::bail;

/// What is said in one proof. It is drawn anew for each.
pub struct Phrase {
    /// Digits, 0 to 9.
    pub caller: Vec<u8>,
    pub agent: Vec<u8>,
    /// What each says, at 8 kHz, one after the other.
    pub sound: Sound,
}

pub struct Sound {
    pub caller: Vec<i16>,
    pub agent: Vec<i16>,
}

impl Phrase {
    pub fn draw() -> anyhow::Result<Phrase> {
        let recorded = Recording::flac(include_bytes!("../../../sounds/digits/en.flac"))?;
        if recorded.caller.len() != 10 * SLOT {
            bail!("the recordings of the digits do not have their length");
        }
        let row = || (0..LENGTH).map(|_| rand::random_range(0..10)).collect::<Vec<u8>>();
        let (caller, agent) = (row(), row());
        let spoken = |digits: &[u8], voice: &[i16]| -> Vec<i16> {
            digits.iter().flat_map(|digit| voice[usize::from(*digit) * SLOT..][..SLOT].to_vec()).collect()
        };
        let first = spoken(&caller, &recorded.caller);
        let second = spoken(&agent, &recorded.agent);
        let (before, between) = (vec![0; BEFORE], vec![0; BETWEEN]);
        let sound = Sound {
            caller: [before.clone(), first.clone()].concat(),
            agent: [before, vec![0; first.len()], between, second].concat(),
        };
        Ok(Phrase { caller, agent, sound })
    }
}

/// The digits as they are written.
pub fn written(digits: &[u8]) -> String {
    digits.iter().map(|digit| char::from(b'0' + digit)).collect()
}

/// Digits that each party says. More make a chance find rarer, and the call longer.
const LENGTH: usize = 16;

/// Samples of one recorded digit: 0.7 s.
const SLOT: usize = 5_600;

/// The copies need a moment to begin.
const BEFORE: usize = 16_000;

const BETWEEN: usize = 8_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_say_sixteen_digits_and_one_after_the_other() {
        let phrase = Phrase::draw().unwrap();
        assert_eq!((phrase.caller.len(), phrase.agent.len()), (16, 16));
        let end = phrase.sound.caller.len();
        assert!(phrase.sound.agent[..end].iter().all(|sample| *sample == 0));
        assert!(phrase.sound.agent[end..].iter().any(|sample| sample.unsigned_abs() > 5_000));
        assert_ne!(phrase.caller, Phrase::draw().unwrap().caller);
    }
}
