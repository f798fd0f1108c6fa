//! A piece of work goes in; its result comes out, or the place where it panicked as two numbers, and nothing printed.
//!
//! The message of a panic may quote what was said (slicing a string does), so it is never looked at, and wiped.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use zeroize::Zeroize;

/// Where a panic began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// 1 for the first of [`FILES`], 0 for a file that is not among them.
    pub file: u16,
    pub line: u32,
}

/// The files whose panics have a name outside.
pub const FILES: [&str; 72] = [
    "codecs.rs",
    "gate.rs",
    "hall.rs",
    "jitter.rs",
    "line.rs",
    "mel.rs",
    "pcm.rs",
    "queue.rs",
    "resample.rs",
    "turns.rs",
    "window.rs",
    "words.rs",
    "recogniser/ghosts.rs",
    "recogniser/tokens.rs",
    "recogniser/vosk.rs",
    "recogniser/whisper.rs",
    "recogniser/whisper/ctranslate2.rs",
    "guard/mod.rs",
    "guard/sensitive.rs",
    "guard/verbatim.rs",
    "mod.rs",
    "never_shown.rs",
    "notes/abstain.rs",
    "notes/clauses.rs",
    "notes/contact.rs",
    "notes/deeds.rs",
    "notes/ledger.rs",
    "notes/lexicon.rs",
    "notes/mod.rs",
    "notes/objection.rs",
    "notes/pairs.rs",
    "notes/pattern.rs",
    "notes/phrase.rs",
    "notes/say.rs",
    "notes/select/mod.rs",
    "notes/sound.rs",
    "notes/tokens.rs",
    "notes/values/mod.rs",
    "notes/when.rs",
    "recogniser/files.rs",
    "recogniser/memory.rs",
    "recogniser/mod.rs",
    "notes/tell.rs",
    "notes/told/mod.rs",
    "codecs/g711.rs",
    "codecs/g722.rs",
    "codecs/opus.rs",
    "fax.rs",
    "stack.rs",
    "text.rs",
    "notes/lexicon/load.rs",
    "notes/select/acts.rs",
    "notes/select/appointments.rs",
    "notes/select/numbers.rs",
    "notes/select/promises.rs",
    "notes/select/refusals.rs",
    "notes/select/subjects.rs",
    "notes/select/times.rs",
    "notes/select/wishes.rs",
    "notes/told/amounts.rs",
    "notes/told/answers.rs",
    "notes/told/issues.rs",
    "notes/told/promises.rs",
    "notes/told/refusals.rs",
    "notes/told/times.rs",
    "notes/values/clock.rs",
    "notes/values/days.rs",
    "notes/values/numbers.rs",
    "guard/health.rs",
    "guard/left_out.rs",
    "guard/names.rs",
    "guard/typed.rs",
];

/// An ear's panic hook: keeps the place and prints nothing.
pub fn hook(info: &PanicHookInfo<'_>) {
    let place = info.location().map_or(NOWHERE, |at| Place { file: number_of(at.file()), line: at.line() });
    LAST.set(place);
}

/// Where this thread panicked last, as far as [`hook`] was there to see it.
pub fn place_of_last_panic() -> Place {
    LAST.get()
}

/// Does the work. What it was changing is to be wiped by the caller when it panics.
pub(in crate::confidential) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Place> {
    LAST.set(NOWHERE);
    catch_unwind(AssertUnwindSafe(work)).map_err(|mut message| {
        if let Some(text) = message.downcast_mut::<String>() {
            text.zeroize();
        }
        place_of_last_panic()
    })
}

fn number_of(file: &str) -> u16 {
    // One of them is compiled into an ear's program, which names it by a way round: `src/bin/../confidential/`.
    let within = file.rsplit_once("/confidential/").map_or("", |(_, within)| within);
    FILES.iter().position(|name| *name == within).map_or(0, |index| index as u16 + 1)
}

const NOWHERE: Place = Place { file: 0, line: 0 };

thread_local! {
    static LAST: Cell<Place> = const { Cell::new(NOWHERE) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_number_of_its_place_in_the_list() {
        assert_eq!(number_of("src/confidential/codecs.rs"), 1);
        assert_eq!(number_of("src/confidential/recogniser/whisper.rs"), 16);
        assert_eq!(number_of("src/bin/../confidential/recogniser/whisper/ctranslate2.rs"), 17);
        assert_eq!(number_of("library/core/src/str/mod.rs"), 0);
    }

    #[test]
    fn every_file_here_has_a_number() {
        fn walk(folder: &std::path::Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => walk(&path, found),
                    false => found.push(path.display().to_string()),
                }
            }
        }
        let mut found = Vec::new();
        walk(std::path::Path::new("src/confidential"), &mut found);
        let tested = |file: &str| ["tests.rs", "trial.rs", "panics.rs"].iter().any(|end| file.ends_with(end));
        let nameless: Vec<_> = found
            .iter()
            .filter(|file| file.ends_with(".rs") && !tested(file) && number_of(file) == 0)
            .collect();
        assert!(found.len() > FILES.len() && nameless.is_empty(), "{nameless:?}");
    }

    #[test]
    fn work_that_panics_is_no_panic_of_the_thread() {
        assert_eq!(caught(|| 7), Ok(7));
        assert!(caught(|| [1, 2][usize::MAX.wrapping_add(3)]).is_err());
    }
}
