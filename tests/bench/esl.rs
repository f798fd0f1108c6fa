//! Events of a real switch go through a socket; what our reader takes for them comes out, beside another program's.
//!
//!     cargo build --release --locked --manifest-path tests/bench/peers/Cargo.toml --target-dir target/peers
//!     cargo bench --locked --bench esl -- --peer target/peers/release/callgist-peers
//!
//! The bytes are the events in `tests/golden/esl`, plain and JSON, over and over, through TCP on loopback. Each side
//! reads them with tokio on one thread, in a task that hands the events to another one, and asks each event for its
//! name and its leg. Both are measured by turns, by the CPU time of the thread that reads; a loop that only reads the
//! bytes says how much of it is the kernel's. `--rounds` sends more or less, `--turns` measures more often.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for the terminal")]

#[path = "cpu.rs"]
mod cpu;
#[path = "sidecar.rs"]
#[allow(dead_code, reason = "it needs the command line alone")]
mod sidecar;

use callgist::wire::esl::{ClientCodec, Event, Frame};
use cpu::thread_cpu;
use futures_util::StreamExt;
use serde_json::json;
use sidecar::Arguments;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use tokio::sync::mpsc;
use tokio_util::codec::FramedRead;

fn main() {
    let given = Arguments::given();
    let (Some(peer), Some(rounds), Some(turns)) =
        (given.after("--peer"), given.number("--rounds", 500), given.number("--turns", 5))
    else {
        eprintln!("usage: esl --peer PROGRAM [--rounds 500] [--turns 5]; its head says how PROGRAM is built");
        return;
    };
    let golden = golden();
    for form in [PLAIN, JSON] {
        let round: Vec<&[u8]> =
            golden.iter().filter(|event| is(form, event)).map(|event| &event[..]).collect();
        let (bytes, events) = (round.concat(), round.len() * rounds);
        let (mut ours, mut theirs, mut bare) = (0.0, 0.0, 0.0);
        for _ in 0..turns {
            ours += served(&bytes, rounds, |port| our_reader(port, events));
            theirs += served(&bytes, rounds, |port| their_reader(peer, port, events));
            bare += served(&bytes, rounds, bare_reader);
        }
        let per_second = |seconds: f64| ((turns * events) as f64 / seconds).round();
        println!(
            "{:#}",
            json!({
                "form": std::str::from_utf8(form).unwrap(),
                "events": turns * events,
                "bytes_an_event": bytes.len() / round.len(),
                "our_events_per_cpu_s": per_second(ours),
                "their_events_per_cpu_s": per_second(theirs),
                "ours_of_theirs": (theirs / ours * 100.0).round() / 100.0,
                "ours_of_theirs_without_the_kernel": ((theirs - bare) / (ours - bare) * 100.0).round() / 100.0,
                "bare_reading_events_per_cpu_s": per_second(bare),
            })
        );
    }
}

/// Every event of the traces that both read, whole.
fn golden() -> Vec<Vec<u8>> {
    let mut names: Vec<_> =
        std::fs::read_dir("tests/golden/esl").unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|name| name.to_str().is_some_and(|name| name.ends_with(".server.raw")));
    names.sort();
    let traces = names.into_iter().map(|name| std::fs::read(name).unwrap());
    traces.flat_map(|trace| messages(&trace)).filter(|event| is(PLAIN, event) || is(JSON, event)).collect()
}

/// A trace, cut where a message ends; what has no length is a head alone.
fn messages(trace: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut messages) = (trace, Vec::new());
    while let Some(head) = find(rest, b"\n\n") {
        let length = find(&rest[..head], LENGTH).map_or(0, |at| {
            let digits = rest[at + LENGTH.len()..].iter().take_while(|byte| byte.is_ascii_digit());
            digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
        });
        let (message, after) = rest.split_at((head + 2 + length).min(rest.len()));
        messages.push(message.to_vec());
        rest = after;
    }
    messages
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

fn is(form: &[u8], message: &[u8]) -> bool {
    find(message, b"\n\n").is_some_and(|head| find(&message[..head], form).is_some())
}

/// Sends the bytes so many times to whoever reads at a port; what the reader says.
fn served(bytes: &[u8], rounds: usize, reader: impl FnOnce(u16) -> f64) -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::scope(|scope| {
        let sends = scope.spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            (0..rounds).try_for_each(|_| socket.write_all(bytes)).unwrap();
        });
        let seconds = reader(port);
        sends.join().unwrap();
        seconds
    })
}

fn our_reader(port: u16, events: usize) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let socket = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let before = thread_cpu();
        let (sender, mut read) = mpsc::channel::<Event>(QUEUE);
        tokio::spawn(async move {
            let mut frames = FramedRead::new(socket, ClientCodec::default());
            while let Some(frame) = frames.next().await {
                let Frame::Event(event, _) = frame.unwrap() else { panic!("only events were sent") };
                if sender.send(event).await.is_err() {
                    return;
                }
            }
        });
        let mut found = 0;
        for _ in 0..events {
            let event = read.recv().await.unwrap();
            found += usize::from(event.get("Event-Name").is_some() && event.unique_id().is_some());
        }
        assert!(found > 0 && found <= events);
        thread_cpu() - before
    })
}

fn their_reader(program: &str, port: u16, events: usize) -> f64 {
    let out = Command::new(program).args([port.to_string(), events.to_string()]).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let Some((found, seconds)) = text.trim().split_once(' ') else {
        panic!("{program} does not answer: {}", String::from_utf8_lossy(&out.stderr))
    };
    assert!((1..=events).contains(&found.parse().unwrap()));
    seconds.parse().unwrap()
}

/// Reads what both read and does nothing with it.
fn bare_reader(port: u16) -> f64 {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let before = thread_cpu();
    let mut buffer = vec![0; 8_192];
    while socket.read(&mut buffer).unwrap() > 0 {}
    thread_cpu() - before
}

const PLAIN: &[u8] = b"text/event-plain";
const JSON: &[u8] = b"text/event-json";
const LENGTH: &[u8] = b"Content-Length: ";

/// Events that wait for the other task.
const QUEUE: usize = 1_000;
