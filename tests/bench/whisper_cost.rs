//! A folder of 16 kHz WAV files goes in, the CPU time that our Whisper takes for them comes out, as JSON.
//!
//! `tests/bench/whisper_cost.py` runs it beside Python's wheel on the same windows; see there.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for the terminal")]

#[cfg(feature = "whisper")]
#[path = "../../src/confidential/recogniser/whisper/ctranslate2.rs"]
mod ctranslate2;

#[cfg(feature = "whisper")]
fn main() {
    use callgist::call::Language;
    use callgist::confidential::Pcm;
    use callgist::confidential::recogniser::{Found, Recogniser, whisper::Whisper};
    use rustix::time::{ClockId, clock_gettime};
    use std::path::PathBuf;

    let folders: Vec<PathBuf> =
        std::env::args_os().skip(1).filter(|word| word != "--bench").map(PathBuf::from).collect();
    let [model, windows] = &folders[..] else {
        eprintln!("usage: whisper_cost MODEL-FOLDER WINDOWS-FOLDER (see whisper_cost.py)");
        return;
    };
    let whisper = Whisper::<ctranslate2::CTranslate2>::load(model, 1)
        .unwrap_or_else(|error| panic!("{}: {error}", model.display()));
    whisper.warm_up().unwrap();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(windows).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();

    let (mut stream, mut found, mut samples_heard) =
        (whisper.open(Language::En).unwrap(), Found::default(), 0);
    let cpu = || {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    let before = cpu();
    for file in files.iter().filter(|file| file.extension().is_some_and(|name| name == "wav")) {
        let samples: Vec<i16> = hound::WavReader::open(file).unwrap().samples().map(Result::unwrap).collect();
        samples_heard += samples.len();
        whisper.listen(&mut stream, Pcm::of(&samples), &mut found).unwrap();
    }
    let (cpu, audio, words) = (cpu() - before, samples_heard as f64 / 16_000.0, found.words());
    println!("{{\"cpu_s\": {cpu:.3}, \"audio_s\": {audio:.3}, \"words\": {words}}}");
}

#[cfg(not(feature = "whisper"))]
fn main() {}
