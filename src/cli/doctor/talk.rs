//! What is said in a test call, and how its note tells whether each voice came from the right side.
//!
//! No word leaves an ear, so nothing here is compared with what was heard: only the note comes out, and it says *who*
//! did *what*. So the agent promises to call back at a time that nobody else names, and the caller reports a fault of a
//! thing that nobody else names. A note in which the agent promises and the caller reports is that of legs as they are;
//! one in which the caller promises is that of legs that were swapped; one in which either is missing is that of a
//! leg that was not heard, or not understood. Where agents are not heard, nothing of what the agent says may be in it. The
//! talk is cut from the demo's, which is in the program.

use crate::call::Language;
use crate::cli::demo::audio::Recording;

/// The two voices of a test call, 8 kHz, as long as each other.
pub struct Talk {
    pub caller: Vec<i16>,
    pub agent: Vec<i16>,
}

impl Talk {
    /// Nothing where there is no talk in this language.
    pub fn in_language(language: Language) -> Option<Talk> {
        let (flac, greeting, promise): (&[u8], Span, Span) = match language {
            Language::En => (include_bytes!("../../../sounds/demo/en.flac"), (0.5, 12.2), (46.0, 64.0)),
            Language::De => (include_bytes!("../../../sounds/demo/de.flac"), (0.5, 15.4), (57.6, 78.0)),
            Language::Fr => return None,
        };
        let Recording { caller, agent } = Recording::flac(flac).ok()?;
        let cut = |voice: &[i16]| {
            let mut said = vec![0; LEAD];
            said.extend(part(voice, greeting));
            said.extend(part(voice, promise));
            said
        };
        Some(Talk { caller: cut(&caller), agent: cut(&agent) })
    }

    pub fn seconds(&self) -> u64 {
        self.caller.len() as u64 / 8_000
    }
}

/// Seconds of the recording: from, to.
type Span = (f64, f64);

fn part(voice: &[i16], (from, to): Span) -> &[i16] {
    let at = |seconds: f64| ((seconds * 8_000.0) as usize).min(voice.len());
    &voice[at(from)..at(to)]
}

/// What a note tells of the legs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Legs {
    Right,
    Swapped,
    /// The agent's promise is not in it.
    WithoutAgent,
    /// The caller's fault is not in it.
    WithoutCaller,
    /// What the agent alone said is in it, though agents are not heard.
    AgentOverheard,
}

impl Legs {
    /// Reads the note of a test call.
    pub fn told_by(note: &str, language: Language) -> Legs {
        let Words { promised, agent, caller, reported, thing } = Words::of(language);
        let sentence = |parts: &[&str]| has_sentence(note, parts);
        if sentence(&[promised, caller]) {
            Legs::Swapped
        } else if !sentence(&[promised, agent]) {
            Legs::WithoutAgent
        } else if !sentence(&[reported, thing]) {
            Legs::WithoutCaller
        } else {
            Legs::Right
        }
    }

    /// Reads that of a line whose agents are not heard.
    pub fn told_by_the_caller(note: &str, language: Language) -> Legs {
        let Words { promised, reported, thing, .. } = Words::of(language);
        if has_sentence(note, &[promised]) {
            Legs::AgentOverheard
        } else if !has_sentence(note, &[reported, thing]) {
            Legs::WithoutCaller
        } else {
            Legs::Right
        }
    }
}

fn has_sentence(note: &str, parts: &[&str]) -> bool {
    let note = note.to_lowercase();
    note.split_inclusive(". ").any(|sentence| parts.iter().all(|part| sentence.contains(part)))
}

/// How notes call the parties and what was said, in small letters.
struct Words {
    /// The time of the agent's promise.
    promised: &'static str,
    agent: &'static str,
    caller: &'static str,
    /// What callers alone do.
    reported: &'static str,
    /// The caller's fault.
    thing: &'static str,
}

impl Words {
    fn of(language: Language) -> Words {
        match language {
            Language::De => Words {
                promised: "vor 12 uhr",
                agent: "das team",
                caller: "die anrufende person",
                reported: "gemeldet wurde",
                thing: "heizung",
            },
            _ => Words {
                promised: "before noon",
                agent: "the agent",
                caller: "the caller",
                reported: "the caller reported",
                thing: "dishwasher",
            },
        }
    }
}

/// Samples of silence at the beginning, in which the copies begin.
const LEAD: usize = 2 * 8_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_voices_are_as_long_as_each_other_and_each_speaks() {
        for language in [Language::En, Language::De] {
            let talk = Talk::in_language(language).unwrap();
            assert_eq!(talk.caller.len(), talk.agent.len());
            assert!((25..45).contains(&talk.seconds()), "{}", talk.seconds());
            for voice in [&talk.caller, &talk.agent] {
                let loud = voice.iter().filter(|sample| sample.unsigned_abs() > 1_000).count();
                assert!(loud > 8_000, "{language:?}: {loud}");
                assert!(voice[..LEAD].iter().all(|sample| *sample == 0));
            }
        }
    }

    #[test]
    fn a_note_tells_legs_that_are_right_from_swapped_ones_and_from_silent_ones() {
        let right = "The caller reported a problem (fault, leak): dishwasher. The agent promised to call back \
                     tomorrow before noon (spare).";
        assert_eq!(Legs::told_by(right, Language::En), Legs::Right);
        let swapped =
            "The caller asked for: help. The caller said they would call back tomorrow before noon (spare).";
        assert_eq!(Legs::told_by(swapped, Language::En), Legs::Swapped);
        let without_agent = "The caller reported a problem (fault, leak): dishwasher.";
        assert_eq!(Legs::told_by(without_agent, Language::En), Legs::WithoutAgent);
        let without_caller = "The agent promised to call back tomorrow before noon.";
        assert_eq!(Legs::told_by(without_caller, Language::En), Legs::WithoutCaller);
        let alone = |note| Legs::told_by_the_caller(note, Language::En);
        assert_eq!(alone(without_agent), Legs::Right);
        for overheard in [right, swapped, without_caller] {
            assert_eq!(alone(overheard), Legs::AgentOverheard, "{overheard}");
        }
        assert_eq!(alone("The caller asked for: help."), Legs::WithoutCaller);
        let german = "Gemeldet wurde ein Problem (Ausfall): Heizung. Das Team sagte zu, morgen vor 12 Uhr zurückzurufen.";
        assert_eq!(Legs::told_by(german, Language::De), Legs::Right);
    }
}
