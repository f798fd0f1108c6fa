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
    assert!(replay("rtp", targets::rtp) >= 4);
}

/// Runs `target` on every seed of its folder, and counts them.
fn replay(name: &str, target: fn(&[u8])) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds").join(name);
    let seeds = std::fs::read_dir(folder).expect("the seeds are in the repository");
    seeds.map(|seed| target(&std::fs::read(seed.unwrap().path()).unwrap())).count()
}
