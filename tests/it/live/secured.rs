//! Phones that encrypt: the copies for us are plain on the loopback, and exact all the same (F114).

use super::Stage;
use super::baresip::Media;
use super::makers::Pair;
use super::sidecar::Sidecar;
use super::ways::Way;
use std::time::Duration;

#[test]
fn phones_with_srtp_are_heard_and_their_call_ends_in_a_note() {
    story(Media::Sdes, "srtp:sdes");
}

#[test]
fn phones_with_a_browsers_media_are_heard_and_their_call_ends_in_a_note() {
    story(Media::Dtls, "srtp:dtls");
}

/// `shown` is how the switch shows such a leg.
fn story(media: Media, shown: &str) {
    let Some(stage) = Stage::on(Way::Secured(media)) else { return };
    let mut callgist = Sidecar::start(&stage.switch);
    let mut call = Pair::announced_with(media, &stage, &mut callgist);
    call.talk(&stage);
    callgist.step("forked");
    std::thread::sleep(Duration::from_secs(1));
    let legs = stage.switch.legs_of_the_call();
    assert_eq!(legs.len(), 2, "{legs:?}");
    assert!(legs.iter().all(|(_, leg)| leg.contains(shown)), "not encrypted: {legs:?}");
    std::thread::sleep(stage.length());
    call.caller.hang_up();
    let row = callgist.kept();
    let note = row["summary"].as_str().unwrap_or_default().to_lowercase();
    assert!(note.contains("dishwasher") && note.contains("thursday"), "{row}");
}
