//! A port and a number go in, the CPU time that the crate `freeswitch-esl-tokio` takes for so many events comes out.
//!
//! `tests/bench/esl.rs` runs it and sends the events.

use freeswitch_esl_tokio::{EslClient, EslConnectOptions, EventOverflow};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;
use tokio::net::TcpStream;

fn main() {
    let given: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let [port, events] = given[..] else {
        eprintln!("usage: callgist-peers PORT EVENTS (see tests/bench/esl.rs)");
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (found, seconds) = runtime.block_on(read(port as u16, events));
    println!("{found} {seconds}");
}

/// Events that have a name and a leg, and the CPU time until the last event was here.
async fn read(port: u16, events: usize) -> (usize, f64) {
    let socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let before = cpu();
    let options = EslConnectOptions::new()
        .with_event_queue_size(QUEUE)
        .with_event_overflow(EventOverflow::BlockFor(Duration::from_secs(60)));
    let (_client, mut stream) = EslClient::adopt_stream_with_options(socket, &[], options).unwrap();
    let mut found = 0;
    for _ in 0..events {
        let event = stream.recv().await.unwrap().unwrap();
        found += usize::from(event.header_str("Event-Name").is_some() && event.header_str("Unique-ID").is_some());
    }
    (found, cpu() - before)
}

fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// As many as ours.
const QUEUE: usize = 1_000;
