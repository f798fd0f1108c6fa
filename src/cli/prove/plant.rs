//! A place goes in, and the phrase is left there on purpose: the search that finds nothing must be able to find it.

use super::course::Done;
use super::journal;
use super::phrase::{Phrase, written};
use super::places::Place;
use anyhow::Context;
use audio_codec::{Encoder, pcma};
use std::fs;
use std::io::Write;
use std::path::Path;

pub fn leave(place: Place, phrase: &Phrase, done: &mut Done) -> anyhow::Result<()> {
    let Done { ground, seen, .. } = done;
    let words = format!("heard: {}\n", written(&phrase.caller));
    match place {
        Place::Log => {
            append(&ground.log, format!("{{\"level\":\"TRACE\",\"said\":\"{}\"}}\n", written(&phrase.agent)))
        }
        Place::Temp => append(&ground.temp.join("transcript.txt"), words),
        Place::Database => append(&ground.database, words),
        // In what is left of it, and in what it was during the call.
        Place::Wal => {
            seen.wals.push(words.clone().into());
            append(&ground.database.with_extension("db-wal"), words)
        }
        // In the only folder that the daemon may write to, and where it would write by mistake.
        Place::State => append(&ground.database.with_file_name("transcript.txt"), &words)
            .and_then(|()| append(&ground.work.join("state.json"), &words)),
        Place::Stdout => append(&ground.stdout, words),
        Place::Stderr => append(&ground.stderr, words),
        Place::Journal if journal::is_there() => journal::leave(&words, ground.since),
        Place::Journal => {
            eprintln!("callgist: no journal runs on this machine; the words were left in its place");
            append(&ground.journal, words)
        }
        Place::Core => append(&ground.work.join("core"), [b"\x7fELF".as_slice(), words.as_bytes()].concat()),
        Place::Samples => append(&ground.temp.join("tap.raw"), a_law(&phrase.sound.caller)?),
    }
}

fn a_law(samples: &[i16]) -> anyhow::Result<Vec<u8>> {
    let mut encoded = vec![0; samples.len()];
    pcma::PcmaEncoder::new().encode_into(samples, &mut encoded).ok().context("A-law cannot be made")?;
    Ok(encoded)
}

fn append(path: &Path, bytes: impl AsRef<[u8]>) -> anyhow::Result<()> {
    let mut file = fs::OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(bytes.as_ref()).with_context(|| format!("nothing can be left in {}", path.display()))
}
