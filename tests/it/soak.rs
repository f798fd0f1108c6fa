//! The short form of `tests/bench/soak.rs`: a hundred calls and more through one daemon and its ear, and nothing is left of
//! them. What both hold is compared between the first calls and the last, so that warming up is no growth.

use crate::live::sidecar::{Sidecar, unported, with_ports_for};
use crate::samples::{Held, udp_sockets};
use crate::stories::{Stage, seconds};
use callgist::sim::{LiveCall, Script};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

#[test]
fn a_hundred_and_twenty_calls_leave_no_file_thread_socket_or_copy_behind() {
    let mut soak = Soak::set();
    soak.wave();
    let first = soak.held();
    for _ in 1..WAVES {
        soak.wave();
    }
    let last = soak.held();
    let (noted, all) = (soak.noted(), WAVES * AT_ONCE);
    // A notice may come too late on a busy machine, and the call goes on without it.
    assert!(noted * 2 >= all, "{noted} of {all} calls got a note");
    for (who, (first, last)) in ["daemon", "ear"].into_iter().zip(first.into_iter().zip(last)) {
        assert!(last.files <= first.files, "the {who} held {first:?}, now {last:?}");
        assert!(last.threads <= first.threads, "the {who} held {first:?}, now {last:?}");
        let grown = last.own_kb - first.own_kb;
        assert!(grown < MOST_GROWTH_KB, "the {who} held {first:?}, now {last:?}");
        eprintln!("the {who} grew by {grown} KB in {} calls", all - AT_ONCE);
    }
    soak.without_sockets_within(seconds(2));
    soak.stage.without_copies_within(seconds(2));
}

struct Soak {
    stage: Stage,
    callgist: Sidecar,
    ports: RangeInclusive<u16>,
}

impl Soak {
    fn set() -> Soak {
        let stage = Stage::scripted(|settings| settings.patience = 5);
        let callgist = stage.sidecar_with(stage.switch.event_socket().port(), |settings| {
            // The ports that it already has are others' neighbours; these are for more calls.
            let settings = settings.replace("[ears]", &format!("[ears]\nmax_calls = {AT_ONCE}"));
            with_ports_for(AT_ONCE, &unported(&settings))
        });
        let settings = std::fs::read_to_string(callgist.path("callgist.toml")).unwrap();
        let ports = port(&settings, "first_rtp_port")..=port(&settings, "last_rtp_port");
        Soak { stage, callgist, ports }
    }

    /// As many calls as there is room for, to their end, and until all are kept.
    fn wave(&mut self) {
        let call = |n: usize| -> LiveCall {
            let answer_after = Some(Duration::from_millis(200 + n as u64 * 50));
            // Nobody's calls come all in one moment.
            std::thread::sleep(Duration::from_millis(50));
            self.stage.call(Script { answer_after, seed: n as u64, ..self.stage.speech(TALK_S) })
        };
        let calls: Vec<LiveCall> = (0..AT_ONCE).map(call).collect();
        calls.into_iter().for_each(|call| drop(self.stage.ended(call)));
        (0..AT_ONCE).for_each(|_| drop(self.callgist.step("kept")));
    }

    /// By daemon and ear, once both are at rest.
    fn held(&self) -> [Held; 2] {
        std::thread::sleep(seconds(1));
        let ears = self.callgist.ears();
        let [ear] = ears[..] else { panic!("one ear was expected: {ears:?}") };
        [self.callgist.pid(), ear].map(|pid| Held::by(pid).expect("only root is told what is held"))
    }

    fn noted(&self) -> usize {
        let rows = self.callgist.ask(&["calls", "list", "--limit", "1000"]);
        let rows = rows[0]["calls"].as_array().unwrap();
        rows.iter().filter(|row| row["no_summary_reason"].is_null()).count()
    }

    fn without_sockets_within(&self, wait: Duration) {
        let from = Instant::now();
        while udp_sockets(self.ports.clone()) > 0 {
            assert!(from.elapsed() < wait, "{} sockets are left", udp_sockets(self.ports.clone()));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn port(settings: &str, name: &str) -> u16 {
    let line = settings.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(" = ").parse().unwrap()
}

const WAVES: usize = 6;

const AT_ONCE: usize = 20;

const TALK_S: usize = 3;

/// Some pages are touched late; a call's sound alone is 200 KB.
const MOST_GROWTH_KB: f64 = 4_096.0;
