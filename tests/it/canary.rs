//! An ear that hears what its model's folder says: the real process, the real lock, the real note engine, around a
//! recogniser that recognises the words of a script in whatever is spoken. It stands where the Whisper ear stands, so
//! that `callgist run` and `callgist prove` start it without knowing.

use crate::roles;
use callgist::border;
use callgist::call::Language;
use callgist::confidential::recogniser::{Failure, Found, Packing, Recogniser};
use callgist::confidential::{Engine, Pcm, Word};
use callgist::ear;
use callgist::sandbox::ear::Code;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The program's name: that of the ear in whose place it stands.
pub const PROGRAM: &str = "callgist-ear-whisper";

/// A folder with the ear's program, and one with the model that it takes for one.
pub struct Canary(tempfile::TempDir);

impl Canary {
    /// It will recognise these words, once for each party of every call.
    pub fn saying(script: &str) -> Canary {
        Canary::with(script, "")
    }

    /// The same in its first call only; what others say it takes for a greeting.
    pub fn saying_once(script: &str) -> Canary {
        Canary::with(script, "Good morning, thank you for waiting, one moment please.")
    }

    fn with(script: &str, others: &str) -> Canary {
        let folder = tempfile::tempdir().unwrap();
        lay(folder.path(), folder.path(), script, others);
        Canary(folder)
    }

    /// The folder of its models.
    pub fn models(&self) -> &Path {
        self.0.path()
    }

    /// Lets a command start this ear in the real one's place.
    pub fn hears<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("CALLGIST_EAR_DIR", self.0.path()).env("CALLGIST_MODELS", self.0.path())
    }
}

/// Lays the program and the model with its script into these folders.
pub fn lay(ears: &Path, models: &Path, script: &str, others: &str) {
    roles::program(ears, PROGRAM);
    let model = models.join("whisper-base");
    std::fs::create_dir(&model).unwrap();
    for needed in callgist::daemon::models::needed(border::Recogniser::Whisper) {
        std::fs::write(model.join(needed), "none").unwrap();
    }
    std::fs::write(model.join("script"), script).unwrap();
    std::fs::write(model.join("others"), others).unwrap();
}

/// Role: that ear.
pub fn ear() -> u8 {
    let load = |arguments: &ear::Arguments| {
        let script = std::fs::read(arguments.model.join("script"));
        let others = std::fs::read(arguments.model.join("others"))?;
        script.map(|mut script| {
            // In its memory only what was recognised may be found, not what will be.
            script.iter_mut().for_each(|byte| *byte ^= MASK);
            Scripted { script: Mutex::new(script), others, opened: AtomicUsize::new(0) }
        })
    };
    let words = std::env::args_os().skip(1);
    roles::number(ear::run(Code::Fixed, words, load, Engine))
}

const MASK: u8 = 0xa5;

struct Scripted {
    script: Mutex<Vec<u8>>,
    /// Said in every call but the first, unless it is empty.
    others: Vec<u8>,
    /// Parties so far.
    opened: AtomicUsize,
}

/// What a party has yet to say.
enum Unsaid {
    Script,
    Others,
    Nothing,
}

impl Recogniser for Scripted {
    type Stream = Unsaid;

    fn kind(&self) -> border::Recogniser {
        border::Recogniser::Whisper
    }

    fn packing(&self) -> Packing {
        Packing::Windows { longest_ms: 29_000 }
    }

    fn open(&self, _language: Language) -> Result<Unsaid, Failure> {
        let first = self.opened.fetch_add(1, Ordering::Relaxed) < 2;
        Ok(if first || self.others.is_empty() { Unsaid::Script } else { Unsaid::Others })
    }

    fn listen(&self, unsaid: &mut Unsaid, _audio: Pcm, found: &mut Found) -> Result<(), Failure> {
        match std::mem::replace(unsaid, Unsaid::Nothing) {
            Unsaid::Script => say(&self.script.lock().map_err(|_| Failure::Decoding)?, MASK, found),
            Unsaid::Others => say(&self.others, 0, found),
            Unsaid::Nothing => Ok(()),
        }
    }

    /// It hears the same as it will in the whole window.
    fn look(&self, _language: Language, _audio: Pcm, found: &mut Found) -> Result<(), Failure> {
        match self.opened.load(Ordering::Relaxed) < 2 || self.others.is_empty() {
            true => say(&self.script.lock().map_err(|_| Failure::Decoding)?, MASK, found),
            false => say(&self.others, 0, found),
        }
    }

    fn finish(&self, _unsaid: Unsaid, _found: &mut Found) -> Result<(), Failure> {
        Ok(())
    }

    fn warm_up(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Recognises the words of a masked script.
fn say(script: &[u8], mask: u8, found: &mut Found) -> Result<(), Failure> {
    let words = script.split(|byte| (byte ^ mask).is_ascii_whitespace()).filter(|word| !word.is_empty());
    for (at, word) in words.enumerate() {
        let word: String = word.iter().map(|byte| char::from(byte ^ mask)).collect();
        match word.as_str() {
            // What a broken library does.
            "PANIC" => panic!("a message that quotes what was said: zyzzyva quokka {word}"),
            "FAIL" => return Err(Failure::Decoding),
            "HANG" => std::thread::sleep(Duration::from_secs(3_600)),
            _ => {}
        }
        let start = at as u32 * 40;
        found.add(Word::new(word, start, start + 40, 0.97));
    }
    Ok(())
}
