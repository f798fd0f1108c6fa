//! An ear that follows a script, as the shipped ears do all else: it locks itself in, takes sockets and hears calls, and
//! in place of a recogniser and a note taker it does what the file `manner` in its model's folder says.

use crate::roles;
use callgist::border::{self, Day, DoNotContact, Kind, LeftOut, Topics, Trust, TrustLabel};
use callgist::call::{Language, NoSummary};
use callgist::confidential::notes::{Objection, Quality};
use callgist::confidential::recogniser::{Failure, Found, Packing, Recogniser};
use callgist::confidential::{NoteTaker, Pcm, Transcript};
use callgist::ear;
use callgist::sandbox::ear::Code;
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// What an ear does when it hears something, or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Honest,
    /// Takes so long for each stretch of speech.
    Slow(Duration),
    /// Three seconds until it is ready.
    Late,
    Panics,
    /// As a library in C++ does.
    Aborts,
    /// Takes memory until there is none.
    Greedy,
    /// Its note has a card's number in it.
    Lies,
    /// Its model does not load.
    Broken,
    /// The loader does not find its library: no code of its own is ever run.
    Unlinked,
}

/// How slow a slow ear is.
pub const SLOW: Manner = Manner::Slow(Duration::from_millis(500));

/// A talk whose ear is to fail begins first: speech is heard before the second copy runs.
const BOTH_COPIED: Duration = Duration::from_millis(1_500);

const MANNERS: [(&str, Manner); 9] = [
    ("honest", Manner::Honest),
    ("slow", SLOW),
    ("late", Manner::Late),
    ("panics", Manner::Panics),
    ("aborts", Manner::Aborts),
    ("greedy", Manner::Greedy),
    ("lies", Manner::Lies),
    ("broken", Manner::Broken),
    ("unlinked", Manner::Unlinked),
];

impl Manner {
    /// From the next ear on.
    pub fn write(self, model: &Path) {
        let word = MANNERS.iter().find(|(_, manner)| *manner == self).unwrap().0;
        std::fs::write(model.join("manner"), word).unwrap();
    }

    fn read(model: &Path) -> Option<Manner> {
        let word = std::fs::read_to_string(model.join("manner")).ok()?;
        MANNERS.iter().find(|(name, _)| *name == word).map(|(_, manner)| *manner)
    }
}

/// A folder that passes for a Vosk model.
pub fn write_model(folder: &Path) {
    for part in ["am", "conf"] {
        std::fs::create_dir_all(folder.join(part)).unwrap();
    }
    std::fs::write(folder.join("am/final.mdl"), "no model").unwrap();
    std::fs::write(folder.join("conf/mfcc.conf"), "").unwrap();
    Manner::Honest.write(folder);
}

/// Role: the ear.
pub fn ear() -> u8 {
    let named = std::env::args_os().skip_while(|word| word != "--model").nth(1);
    let manner = named.and_then(|model| Manner::read(Path::new(&model)));
    if manner == Some(Manner::Unlinked) {
        return loader_fails();
    }
    let load = |_: &ear::Arguments| match manner {
        None | Some(Manner::Broken) => Err("this model is broken"),
        Some(manner) => {
            if manner == Manner::Late {
                std::thread::sleep(Duration::from_secs(3));
            }
            Ok(Scripted { manner })
        }
    };
    let text = if manner == Some(Manner::Lies) { "The caller paid with 4111 1111 1111 1111." } else { NOTE };
    roles::number(ear::run(Code::Fixed, std::env::args_os().skip(1), load, Script { text }))
}

/// What glibc's loader says and ends with.
fn loader_fails() -> u8 {
    eprintln!(
        "callgist-ear-vosk: error while loading shared libraries: libvosk.so: cannot open shared object file"
    );
    127
}

/// Recognises nothing, in its manner.
pub struct Scripted {
    pub manner: Manner,
}

impl Recogniser for Scripted {
    type Stream = ();

    fn kind(&self) -> border::Recogniser {
        border::Recogniser::Vosk
    }

    fn packing(&self) -> Packing {
        Packing::Stream
    }

    fn open(&self, _language: Language) -> Result<(), Failure> {
        Ok(())
    }

    fn listen(&self, (): &mut (), _audio: Pcm, _found: &mut Found) -> Result<(), Failure> {
        if matches!(self.manner, Manner::Panics | Manner::Aborts | Manner::Greedy) {
            std::thread::sleep(BOTH_COPIED);
        }
        match self.manner {
            Manner::Slow(pause) => std::thread::sleep(pause),
            Manner::Panics => panic!("scripted"),
            Manner::Aborts => std::process::abort(),
            // A size that no machine has: the allocator gives up as it does when memory is used up.
            Manner::Greedy => drop(std::hint::black_box(vec![1u8; 1 << 46])),
            Manner::Honest | Manner::Late | Manner::Lies | Manner::Broken | Manner::Unlinked => {}
        }
        Ok(())
    }

    fn finish(&self, (): (), _found: &mut Found) -> Result<(), Failure> {
        Ok(())
    }

    fn warm_up(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Writes the same of every call, and another note where its line leaves out times.
pub struct Script {
    pub text: &'static str,
}

impl NoteTaker for Script {
    type Note = Written;

    fn objection(&self, _: &Transcript, _: Language) -> Objection {
        Objection::None
    }

    fn do_not_contact(&self, _: &Transcript, _: Language) -> Vec<DoNotContact> {
        vec![]
    }

    fn summarise(
        &self,
        _: &Transcript,
        language: Language,
        _: Day,
        left_out: LeftOut,
        _: Quality,
    ) -> Result<Written, NoSummary> {
        let times = left_out.holds(Kind::Times);
        Ok(written(language, if times { WITHOUT_TIMES } else { self.text }))
    }
}

/// Field for field what `border::Note` decodes.
#[derive(Serialize)]
pub struct Written {
    language: Language,
    topics: Topics,
    trust: Trust,
    text: &'static str,
}

pub fn written(language: Language, text: &'static str) -> Written {
    let trust = Trust { label: TrustLabel::Good, confidence_pct: 90, kept_pct: 100, arrived_pct: 100 };
    Written { language, topics: Topics::default().with("other"), trust, text }
}

/// What it writes of every call.
pub const NOTE: &str = "The caller reported a fault. The agent promised to call back by 17:30.";

/// The same of a line that leaves out times.
pub const WITHOUT_TIMES: &str = "The caller reported a fault. The agent promised to call back.";
