//! The process that writes links no recogniser, and each ear links only its own.
//!
//! Read from the binaries themselves with the two tools that come with every linker.
#![cfg(all(feature = "vosk", feature = "whisper"))]

use std::process::Command;

const DAEMON: &str = env!("CARGO_BIN_EXE_callgist");
const VOSK_EAR: &str = env!("CARGO_BIN_EXE_callgist-ear-vosk");
const WHISPER_EAR: &str = env!("CARGO_BIN_EXE_callgist-ear-whisper");

#[test]
fn the_daemon_links_no_recogniser() {
    assert!(!needs_libvosk(DAEMON));
    assert_eq!(symbols_of(DAEMON, VOSK), 0);
    assert_eq!(symbols_of(DAEMON, CTRANSLATE2), 0);
    assert_eq!(symbols_of(DAEMON, ONEDNN), 0);
}

#[test]
fn the_vosk_ear_links_libvosk_and_no_ctranslate2() {
    assert!(needs_libvosk(VOSK_EAR));
    assert_ne!(symbols_of(VOSK_EAR, VOSK), 0);
    assert_eq!(symbols_of(VOSK_EAR, CTRANSLATE2), 0);
    assert_eq!(symbols_of(VOSK_EAR, ONEDNN), 0);
}

#[test]
fn the_whisper_ear_links_ctranslate2_with_onednn_and_no_libvosk() {
    assert!(!needs_libvosk(WHISPER_EAR));
    assert_eq!(symbols_of(WHISPER_EAR, VOSK), 0);
    assert_ne!(symbols_of(WHISPER_EAR, CTRANSLATE2), 0);
    assert_ne!(symbols_of(WHISPER_EAR, ONEDNN), 0);
}

fn needs_libvosk(binary: &str) -> bool {
    let dynamic = run("readelf", &["--dynamic", "--wide", binary]);
    assert!(dynamic.contains("(NEEDED)"), "readelf shows what {binary} needs");
    dynamic.lines().any(|line| line.contains("(NEEDED)") && line.contains("libvosk"))
}

/// How many symbols, defined or wanted, have `part` in their name.
fn symbols_of(binary: &str, part: &str) -> usize {
    let symbols = run("nm", &[binary]);
    assert!(symbols.contains(" main"), "{binary} has kept its symbols, so their absence means something");
    symbols.lines().filter(|line| line.contains(part)).count()
}

fn run(tool: &str, arguments: &[&str]) -> String {
    let output = Command::new(tool).args(arguments).output().expect("binutils are installed");
    assert!(output.status.success(), "{tool} reads the binary");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Every function of libvosk begins so; Rust's own names do not.
const VOSK: &str = " vosk_";
/// The namespace, as C++ mangles it.
const CTRANSLATE2: &str = "11ctranslate2";
const ONEDNN: &str = "4dnnl4impl";
