//! Phones that encrypt: the copies for us are plain on the loopback, and exact all the same (F114).

use super::baresip::Media;
use super::coding::Codec;
use super::makers::Pair;
use super::phone::{AGENT, CALLER};
use super::switch::FreeSwitch;
use super::ways::Way;
use super::{NUMBER, Stage};
use crate::scripted::NOTE;
use serde_json::Value;
use std::time::Duration;

#[test]
fn phones_with_srtp_are_heard_and_their_call_ends_in_a_note() {
    let Some(stage) = Stage::on(Way::Sdes) else { return };
    let mut callgist = stage.scripted("");
    let mut call = Pair::announced_with(Media::Sdes, &stage, &mut callgist);
    call.talk(&stage);
    callgist.step("forked");
    std::thread::sleep(TALK);
    encrypted(&stage, "srtp:sdes");
    call.caller.hang_up();
    heard(&callgist.kept());
}

/// Another switch plays both browsers: its media is a browser's, its signalling SIP over UDP.
#[test]
fn phones_with_a_browsers_media_are_heard_and_their_call_ends_in_a_note() {
    let Some(stage) = Stage::on(Way::WebRtc) else { return };
    let Some(browsers) = FreeSwitch::another(Way::Phones, [Codec::Pcma; 2]) else { return };
    let mut callgist = stage.scripted("");
    let call = format!(
        "originate {{media_webrtc=true,origination_caller_id_number={CALLER},sip_h_{AGENT}={}}}\
         sofia/trunk/sip:{NUMBER}@{} &endless_playback({})",
        browsers.trunk,
        stage.switch.trunk,
        super::notice().display()
    );
    let called = browsers.api(&call);
    assert!(called.starts_with("+OK"), "{called}");
    callgist.step("forked");
    std::thread::sleep(TALK);
    encrypted(&stage, "srtp:dtls");
    browsers.api("hupall");
    heard(&callgist.kept());
}

/// Both legs, as the switch shows them.
fn encrypted(stage: &Stage, shown: &str) {
    let legs = stage.switch.legs_of_the_call();
    assert_eq!(legs.len(), 2, "{legs:?}");
    assert!(legs.iter().all(|(_, leg)| leg.contains(shown)), "not encrypted: {legs:?}");
}

fn heard(row: &Value) {
    assert_eq!(row["summary"], NOTE, "{row}");
    let [listened, speech] = ["listened_ms", "speech_ms"].map(|what| row["heard"][what].as_u64().unwrap());
    assert!(listened > 9_000 && speech > 5_000, "{row}");
    eprintln!("{listened} ms were listened to, {speech} of them speech");
}

const TALK: Duration = Duration::from_secs(10);
