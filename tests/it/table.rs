//! What became of each story, a line each: `make faults` prints them. Without `CALLGIST_TABLE`, which names the file,
//! nothing is written.

use callgist::sim::Report;
use serde_json::Value;
use std::cell::RefCell;
use std::io::Write;
use std::time::Instant;

/// What one test has seen so far; it runs on a thread of its own.
#[derive(Default)]
struct Line {
    did: String,
    reason: String,
}

thread_local! {
    static LINE: RefCell<Line> = RefCell::default();
}

pub fn row(row: &Value) {
    let reason = row["no_summary_reason"].as_str().unwrap_or("a note").to_owned();
    // The first one's: a later call only shows that all is well again.
    LINE.with_borrow_mut(|line| first(&mut line.reason, reason));
}

pub fn call(report: &Report) {
    let talk = report.bridged.map(|bridged| report.ended - bridged);
    let did = match talk {
        Some(talk) => format!("talked {:.1} s, {}", talk.as_secs_f64(), report.cause),
        None => format!("not joined, {}", report.cause),
    };
    self::did(did);
}

pub fn did(did: String) {
    LINE.with_borrow_mut(|line| first(&mut line.did, did));
}

fn first(place: &mut String, text: String) {
    if place.is_empty() {
        *place = text;
    }
}

/// From the beginning of a story to its end.
pub struct Told(Instant);

impl Told {
    pub fn begin() -> Told {
        LINE.take();
        Told(Instant::now())
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let Some(path) = std::env::var_os("CALLGIST_TABLE") else { return };
        let name = std::thread::current().name().unwrap_or_default().replace('_', " ");
        let Line { did, reason } = LINE.take();
        let failed = std::thread::panicking();
        let seconds = self.0.elapsed().as_secs_f64();
        let reason = if failed { "FAILED" } else { &reason };
        let line = format!("{name}\t{did}\t{reason}\t{seconds:.1}");
        // The table is for people; a test does not fail for it.
        if let Ok(mut file) = std::fs::File::options().append(true).create(true).open(path) {
            let _ = writeln!(file, "{line}");
        }
    }
}
