//! The list of who must not be called, in the memory of a real switch: what is taken back while nobody is connected goes
//! from there when somebody is again.

use super::coding::Codec;
use super::sidecar::{At, Sidecar};
use super::switch::FreeSwitch;
use super::ways::Way;
use std::time::{Duration, Instant};

const BLOCKED: &str = "+352621987654";

/// Waits until the switch says this of the number; of what it does not hold it says nothing.
#[track_caller]
fn holds(switch: &FreeSwitch, form: &str, wanted: &str) {
    let from = Instant::now();
    loop {
        let told = switch.api(&format!("hash select/callgist_dnc/{form}"));
        if told.trim() == wanted {
            return;
        }
        assert!(from.elapsed() < Duration::from_secs(20), "{told:?} instead of {wanted:?} for {form}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn what_is_taken_back_while_no_callgist_lives_goes_from_a_real_switch_when_one_does() {
    let Some(switch) = FreeSwitch::start(Way::Named, [Codec::Pcma, Codec::Pcma]) else { return };
    let notice = super::notice();
    let password_file = &switch.password_file();
    let at = At { event_socket: switch.event_socket, password_file, notice: &notice };
    let mut callgist = Sidecar::scripted(&at, |settings| super::sidecar::unported(&settings));
    callgist.announcing();
    let add = |callgist: &Sidecar, number: &str| {
        callgist.ask(&["contacts", "add", number, "--channels", "calls"])[0]["added"][0].to_string()
    };
    let withdrawn = add(&callgist, BLOCKED);
    let stays = "+352621987655";
    add(&callgist, stays);
    holds(&switch, BLOCKED, "a");
    holds(&switch, stays, "a");
    // Within its five seconds, too.
    let soon = add(&callgist, "+352621987656");
    callgist.ask(&["contacts", "withdraw", &soon]);
    callgist.kill();
    callgist.ask(&["contacts", "withdraw", &withdrawn]);
    callgist.again();
    holds(&switch, BLOCKED, NOTHING);
    holds(&switch, &BLOCKED[1..], NOTHING);
    holds(&switch, "+352621987656", NOTHING);
    holds(&switch, stays, "a");
    holds(&switch, "loaded", "yes");
}

/// What the event socket says in the place of an empty answer.
const NOTHING: &str = "-ERR no reply";
