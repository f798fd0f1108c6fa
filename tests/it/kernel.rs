//! A kernel without Landlock, as `strace` makes one of any: what `run` and `doctor` say of it, and when they refuse.

use crate::refusals::House;
use serde_json::Value;
use std::process::{Command, Output, Stdio};

/// The command where the kernel knows no Landlock.
fn without_landlock(house: &House, words: &[&str]) -> Output {
    Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "inject=landlock_create_ruleset:error=ENOSYS"])
        .arg(env!("CARGO_BIN_EXE_callgist"))
        .arg("--config")
        .arg(house.written())
        .args(words)
        .stdin(Stdio::null())
        .output()
        .expect("strace is installed")
}

const MISSING: &str = "this kernel has no Landlock, so paths are not restricted";

/// Settings with `kernel` as it is asked for, with which `run` ends by itself: a notice is missing.
fn asking_for(kernel: &str) -> House {
    let section = ["[sandbox]\nkernel = \"", kernel, "\"\n[ears]\n"].concat();
    House::new().with("[ears]\n", &section).with("/notice.wav", "/none.wav")
}

#[test]
fn a_kernel_that_cannot_restrict_all_ends_the_daemon_with_9_where_all_is_asked_for() {
    let ended = without_landlock(&asking_for("strict"), &["run"]);
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(9), "{said}");
    assert!(said.contains(MISSING) && said.contains("kernel = \"strict\" asks for all of it"), "{said}");
}

#[test]
fn a_kernel_that_cannot_restrict_all_is_said_in_the_log_where_the_best_is_good_enough() {
    let ended = without_landlock(&asking_for("best-effort"), &["run"]);
    let said = String::from_utf8_lossy(&ended.stderr);
    let line = said.lines().find(|line| line.contains(MISSING)).unwrap_or_else(|| panic!("{said}"));
    assert!(line.contains("WARN") && line.contains("cannot restrict everything"), "{line}");
    // It went on to the next thing that is wrong.
    assert_eq!(ended.status.code(), Some(7), "{said}");
}

#[test]
fn doctor_calls_such_a_kernel_bad_where_all_is_asked_for_and_warns_elsewhere() {
    for (kernel, state) in [("strict", "bad"), ("best-effort", "warning")] {
        let told = without_landlock(&asking_for(kernel), &["doctor", "--json", "--no-call"]);
        let told: Value = serde_json::from_slice(&told.stdout).unwrap();
        let found = crate::doctor::named(&told, "kernel").unwrap_or_else(|| panic!("{told}"));
        assert_eq!(found["state"], state, "{told}");
        assert!(found["says"].as_str().unwrap().starts_with(MISSING), "{told}");
    }
}

#[test]
fn doctor_says_what_only_the_unit_restricts() {
    let told = crate::doctor::told(&House::new().written(), None, &[]);
    let found = crate::doctor::named(&told, "kernel").unwrap_or_else(|| panic!("{told}"));
    if found["state"] == "good" {
        let says = found["says"].as_str().unwrap();
        assert!(says.contains("UDP and addresses") && says.contains("the systemd unit alone"), "{says}");
    }
}
