//! The same stories with phones of other makers: baresip on both sides, and sipp as the caller.

use super::baresip::{Baresip, Media, Sipp, free_address};
use super::phone::{CALLER, Sound};
use super::sidecar::Sidecar;
use super::switch::PASSWORD;
use super::{EAR_BACK, HALF_A_SECOND, NUMBER, SETTLED, Stage};
use std::time::{Duration, Instant};

#[test]
fn baresip_phones_talk_and_the_note_names_reason_and_appointment() {
    let Some(stage) = Stage::set() else { return };
    let mut callgist = Sidecar::start(&stage.switch);
    let mut call = Pair::announced(&stage, &mut callgist);
    // It rings for a while.
    std::thread::sleep(Duration::from_secs(6));
    call.talk(&stage);
    callgist.step("forked");
    std::thread::sleep(stage.length() + Duration::from_secs(1));
    call.caller.hang_up();
    let hung_up = Instant::now();
    let row = callgist.kept();
    let kept = hung_up.elapsed();

    let note = row["summary"].as_str().unwrap_or_default().to_lowercase();
    assert!(note.contains("dishwasher") && note.contains("thursday"), "{row}");
    assert_eq!(row["caller"], CALLER);
    let heard = call.caller.heard();
    // A vowel may sound like it for a moment; a ring lasts a second.
    let rings = |from: &usize| heard[*from..].iter().take(25).all(|sound| *sound == Sound::Ringing);
    let ringing: Vec<usize> = (0..heard.len() - 25).filter(rings).collect();
    assert!(!ringing.is_empty(), "no ringing was heard");
    let (first, last) = (ringing[0], *ringing.last().unwrap());
    let spoken = |part: &[Sound]| part.iter().filter(|sound| **sound == Sound::Voice).count();
    assert!(spoken(&heard[..first]) > 500, "the notice was not heard before the ringing");
    assert!(spoken(&heard[last..]) > 200, "the agent was not heard after the ringing");
    eprintln!("ringing from {} to {} s; kept {kept:?} after the hang-up", first / 50, last / 50);
}

#[test]
fn sipp_calls_and_the_call_ends_in_a_note() {
    let Some(stage) = Stage::set() else { return };
    let mut callgist = Sidecar::start(&stage.switch);
    // What it says begins with its call: the notice, the agent's second of waiting.
    let silence = stage.notice() + AGENT_WAITS + SETTLED;
    let call = |agent: &mut Baresip| {
        let sipp = Sipp::calls(NUMBER, stage.switch.trunk, silence, &stage.caller);
        agent.until("CALL_INCOMING");
        std::thread::sleep(AGENT_WAITS);
        agent.accept();
        agent.until("CALL_ESTABLISHED");
        agent.says(&stage.agent);
        sipp
    };
    let mut agent = Baresip::phone("agent", stage.switch.agent);
    let sipp = call(&mut agent);
    callgist.step("forked");
    std::thread::sleep(stage.length() + Duration::from_secs(1));
    agent.hang_up();
    assert!(sipp.went_well(), "sipp's call did not go as a call goes");
    let row = callgist.kept();
    let note = row["summary"].as_str().unwrap_or_default().to_lowercase();
    assert!(note.contains("dishwasher") && note.contains("thursday"), "{row}");
}

#[test]
fn without_callgist_baresip_is_put_through_at_once() {
    let Some(stage) = Stage::set() else { return };
    let mut call = Pair::dials(&stage);
    let delay = call.put_through();
    assert!(delay < Duration::from_millis(100), "{delay:?}");
    eprintln!("without Callgist the agent's baresip was called {delay:?} after the caller's was answered");
    call.talk(&stage);
    call.goes_on();
}

#[test]
fn baresips_call_outlives_a_callgist_that_is_killed_in_the_middle() {
    let Some(stage) = Stage::set() else { return };
    let mut callgist = Sidecar::start(&stage.switch);
    let mut call = Pair::announced(&stage, &mut callgist);
    call.talk(&stage);
    callgist.step("forked");
    callgist.kill();
    call.goes_on();
    drop(call);
    let mut next = Pair::dials(&stage);
    let delay = next.put_through();
    assert!(delay < HALF_A_SECOND + SETTLED, "{delay:?}");
}

#[test]
fn baresips_call_outlives_an_ear_that_is_killed_and_the_next_call_gets_a_note() {
    let Some(stage) = Stage::set() else { return };
    let mut callgist = Sidecar::start(&stage.switch);
    let mut call = Pair::announced(&stage, &mut callgist);
    call.talk(&stage);
    callgist.step("forked");
    callgist.kill_the_ear();
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "engine_failed", "{row}");
    call.goes_on();
    callgist.until("ready again", EAR_BACK, |line| line["message"] == "calls are announced");
    drop(call);
    let mut next = Pair::announced(&stage, &mut callgist);
    next.talk(&stage);
    callgist.step("forked");
    std::thread::sleep(stage.length());
    next.caller.hang_up();
    let row = callgist.kept();
    assert!(row["summary"].as_str().is_some_and(|note| !note.is_empty()), "{row}");
}

#[test]
fn baresip_is_refused_as_the_event_sockets_user_even_with_its_password() {
    let Some(stage) = Stage::set() else { return };
    let profile = stage.switch.phones;
    let account = format!(
        "<sip:callgist@callgist.invalid;transport=udp>;outbound=\"sip:{profile};transport=udp\";\
         auth_user=callgist;auth_pass={PASSWORD};regint=60\n"
    );
    let mut phone = Baresip::start(free_address(), &account);
    phone.tells(&["reg:", "callgist@callgist.invalid", "403"]);
    phone.dial(&format!("sip:{NUMBER}@callgist.invalid"));
    let (_, why) = phone.until("CALL_CLOSED");
    assert!(why.contains("403"), "{why}");
    assert_eq!(stage.switch.legs(), 0);
}

/// Two baresip phones, one of which calls the main line.
pub struct Pair {
    pub caller: Baresip,
    agent: Baresip,
    answered: Instant,
}

impl Pair {
    fn dials(stage: &Stage) -> Pair {
        Pair::dials_with(Media::Plain, stage)
    }

    fn dials_with(media: Media, stage: &Stage) -> Pair {
        let agent = Baresip::phone_with(media, "agent", stage.switch.agent);
        let mut caller = Baresip::phone_with(media, CALLER, free_address());
        caller.dial(&format!("sip:{NUMBER}@{}", stage.switch.trunk));
        let (answered, _) = caller.until("CALL_ESTABLISHED");
        Pair { caller, agent, answered }
    }

    /// As `Stage::announced`: on a busy machine a notice may come too late.
    fn announced(stage: &Stage, callgist: &mut Sidecar) -> Pair {
        Pair::announced_with(Media::Plain, stage, callgist)
    }

    pub fn announced_with(media: Media, stage: &Stage, callgist: &mut Sidecar) -> Pair {
        for _ in 0..3 {
            let mut pair = Pair::dials_with(media, stage);
            if callgist.announces() {
                pair.put_through();
                return pair;
            }
            eprintln!("this machine is busy: the notice came too late for a call");
        }
        panic!("three notices came too late");
    }

    /// Waits until the agent's phone rings; how long after the caller's was answered.
    fn put_through(&mut self) -> Duration {
        self.agent.until("CALL_INCOMING").0.saturating_duration_since(self.answered)
    }

    pub fn talk(&mut self, stage: &Stage) {
        self.agent.accept();
        self.agent.until("CALL_ESTABLISHED");
        self.agent.says(&stage.agent);
        self.caller.says(&stage.caller);
    }

    /// Both hear each other for some seconds more.
    fn goes_on(&mut self) {
        let before = [&self.caller, &self.agent].map(Baresip::heard_seconds);
        std::thread::sleep(Duration::from_secs(4));
        let after = [&self.caller, &self.agent].map(Baresip::heard_seconds);
        for (before, after) in before.into_iter().zip(after) {
            assert!(after - before > 3.5, "only {:.1} of 4 s were heard", after - before);
        }
        assert!(!self.caller.ended() && !self.agent.ended(), "the call has ended");
    }
}

/// Longer than the ringing of one's own phone is missed.
const AGENT_WAITS: Duration = Duration::from_secs(1);
