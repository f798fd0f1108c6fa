//! Seeds go through the bodies of the fuzz targets, so that what a fuzzer once found stays found.

#[path = "../fuzz/targets.rs"]
pub mod targets;

use std::path::Path;

#[test]
fn no_seed_of_the_event_socket_breaks_a_promise() {
    assert!(replay("esl", targets::esl) >= 30);
}

#[test]
fn no_seed_of_the_taps_breaks_a_promise() {
    assert!(replay("sip", targets::sip) >= 10);
    assert!(replay("sdp", targets::sdp) >= 12);
    assert!(replay("rtp", targets::rtp) >= 4);
}

#[test]
fn no_seed_of_the_border_breaks_a_promise() {
    assert!(replay("border", targets::border) >= 24);
}

#[test]
fn no_seed_of_a_calls_life_breaks_a_promise() {
    assert!(replay("call", targets::call) >= 24);
}

#[test]
fn no_seed_of_what_an_ear_hears_breaks_a_promise() {
    assert!(replay("media", targets::media) >= 24);
}

#[test]
fn no_seed_of_a_written_call_breaks_a_promise() {
    assert!(replay("note", targets::note) >= 12);
}

#[test]
fn no_seed_of_what_people_and_programs_write_breaks_a_promise() {
    assert!(replay("settings", targets::settings) >= 10);
    assert!(replay("contacts", targets::contacts) >= 10);
    assert!(replay("numbers", targets::numbers) >= 10);
    assert!(replay("http", targets::http) >= 10);
    assert!(replay("replies", targets::replies) >= 6);
}

/// Runs `target` on every seed of its folder, and counts them.
fn replay(name: &str, target: fn(&[u8])) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds").join(name);
    let seeds = std::fs::read_dir(folder).expect("the seeds are in the repository");
    seeds.map(|seed| target(&std::fs::read(seed.unwrap().path()).unwrap())).count()
}
