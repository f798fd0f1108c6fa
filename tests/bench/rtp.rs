//! A recorded call goes over loopback as RTP, both sides of it; what the ear's receiving thread takes for a packet comes
//! out, beside a loop that only receives.
//!
//!     cargo bench --locked --bench rtp
//!
//! Ours is the way from the socket to samples in the gate's hands: receive, find the call, put in order, decode,
//! resample, wipe. The gate and the fax detector stand at its end and are dearer than all of it; they are measured alone,
//! on the same frames in the same run, and taken off. `--audio FOLDER` takes other calls (stereo FLAC, 8 kHz) than
//! those in tests/audio, `--turns` measures more often, `--at-once` is how many packets wait when the loop looks.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for the terminal")]

mod confidential;
#[path = "cpu.rs"]
mod cpu;
#[path = "sidecar.rs"]
#[allow(dead_code, reason = "it needs recordings and the command line alone")]
mod sidecar;
#[path = "spoken.rs"]
#[allow(dead_code, reason = "it needs packets alone")]
mod spoken;

// The ear's own modules, compiled here, look for these where the library has them.
use callgist::{border, call};

use border::{Day, DoNotContact, FromEar, LeftOut};
use call::{CallId, Language, Moment, NoSummary, Party};
use callgist::confidential::notes::{Objection, Quality};
use callgist::confidential::recogniser::{Failure, Found, Packing, Recogniser};
use callgist::confidential::{Hall, NoteTaker, Pcm, Settings, Transcript};
use confidential::{Judges, frames};
use cpu::thread_cpu;
use rustix::net::{RecvFlags, recv};
use serde_json::json;
use sidecar::{Arguments, recording};
use spoken::{FORMAT, packets};
use std::net::UdpSocket;
use std::path::PathBuf;
use std::time::Duration;

fn main() {
    let given = Arguments::given();
    let (Some(turns), Some(at_once)) = (given.number("--turns", 5), given.number("--at-once", 4)) else {
        eprintln!("usage: rtp [--audio FOLDER] [--turns 5] [--at-once 4]");
        return;
    };
    let folder = PathBuf::from(given.after("--audio").unwrap_or("tests/audio"));
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|name| name == "flac"));
    files.sort();
    let voices: Vec<Vec<i16>> = files.iter().flat_map(|file| recording(file, 600)).collect();
    let streams: Vec<Vec<Vec<u8>>> = voices.iter().map(|voice| packets(voice)).collect();
    let count: usize = streams.iter().map(Vec::len).sum();
    let heard: Vec<_> = voices.iter().map(|voice| frames(voice)).collect();

    let (mut ours, mut judges, mut bare) = (0.0, 0.0, 0.0);
    for _ in 0..turns {
        ours += streams.iter().map(|stream| through_the_ear(stream, at_once)).sum::<f64>();
        judges += heard.iter().map(|frames| Judges::new().judge(frames)).sum::<f64>();
        bare += streams.iter().map(|stream| through_nothing(stream, at_once)).sum::<f64>();
    }
    let micros = |seconds: f64| (seconds / (turns * count) as f64 * 1e8).round() / 100.0;
    println!(
        "{:#}",
        json!({
            "packets": turns * count,
            "bare_loop_us_a_packet": micros(bare),
            "ours_us_a_packet": micros(ours - judges),
            "gate_and_fax_us_a_packet": micros(judges),
            "packets_per_cpu_s_of_the_bare_loop": (bare / (ours - judges) * 100.0).round() / 100.0,
        })
    );
}

/// CPU seconds of the thread that receives, as the ear's does it.
fn through_the_ear(stream: &[Vec<u8>], at_once: usize) -> f64 {
    let answers: Box<dyn Fn(FromEar<Nothing>) + Send + Sync> = Box::new(|_| {});
    let hall = Hall::with_note_taker(Deaf, Nobody, Settings::default(), answers);
    let (call, party) = (CallId(1), Party::Caller);
    let day = Day { year: 2026, month: 1, day: 5, minute: 0 };
    hall.open(call, Language::En, day, call::AgentLeg::Heard, LeftOut::default());
    hall.hear(call, party, FORMAT);
    hall.bridged(call, Moment::START);
    let sockets = Sockets::bound();
    std::thread::scope(|scope| {
        // What the gate lets through is taken away at once, by another thread.
        scope.spawn(|| hall.work());
        let mut used = 0.0;
        let mut now = Moment::START;
        for some in stream.chunks(at_once) {
            now = now + PACKET * some.len() as u32;
            sockets.send(some);
            let before = thread_cpu();
            let mut datagram = [0; 2_048];
            while let Ok((length, _)) = recv(&sockets.receiver, &mut datagram, RecvFlags::DONTWAIT) {
                hall.packet(call, party, &mut datagram[..length], now);
            }
            used += thread_cpu() - before;
        }
        assert!(hall.backlog_ms() < 60_000);
        hall.close();
        used
    })
}

fn through_nothing(stream: &[Vec<u8>], at_once: usize) -> f64 {
    let sockets = Sockets::bound();
    let mut used = 0.0;
    for some in stream.chunks(at_once) {
        sockets.send(some);
        let before = thread_cpu();
        let mut datagram = [0; 2_048];
        let mut received = 0;
        while recv(&sockets.receiver, &mut datagram, RecvFlags::DONTWAIT).is_ok() {
            received += 1;
        }
        used += thread_cpu() - before;
        assert_eq!(received, some.len());
    }
    used
}

/// Connected to each other, as a tap's are.
struct Sockets {
    sender: UdpSocket,
    receiver: UdpSocket,
}

impl Sockets {
    fn bound() -> Sockets {
        let [sender, receiver] = [0; 2].map(|_| UdpSocket::bind("127.0.0.1:0").unwrap());
        sender.connect(receiver.local_addr().unwrap()).unwrap();
        receiver.connect(sender.local_addr().unwrap()).unwrap();
        Sockets { sender, receiver }
    }

    fn send(&self, packets: &[Vec<u8>]) {
        packets.iter().for_each(|packet| assert_eq!(self.sender.send(packet).unwrap(), packet.len()));
    }
}

/// Recognises nothing.
struct Deaf;

impl Recogniser for Deaf {
    type Stream = ();

    fn kind(&self) -> border::Recogniser {
        border::Recogniser::Vosk
    }

    fn packing(&self) -> Packing {
        Packing::Stream
    }

    fn open(&self, _: Language) -> Result<(), Failure> {
        Ok(())
    }

    fn listen(&self, (): &mut (), _: Pcm, _: &mut Found) -> Result<(), Failure> {
        Ok(())
    }

    fn finish(&self, (): (), _: &mut Found) -> Result<(), Failure> {
        Ok(())
    }

    fn warm_up(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Writes nothing.
struct Nobody;

/// No note.
struct Nothing;

impl NoteTaker for Nobody {
    type Note = Nothing;

    fn objection(&self, _: &Transcript, _: Language) -> Objection {
        Objection::None
    }

    fn do_not_contact(&self, _: &Transcript, _: Language) -> Vec<DoNotContact> {
        Vec::new()
    }

    fn summarise(
        &self,
        _: &Transcript,
        _: Language,
        _: Day,
        _: LeftOut,
        _: Quality,
    ) -> Result<Nothing, NoSummary> {
        Err(NoSummary::NothingSaid)
    }
}

const PACKET: Duration = Duration::from_millis(20);
