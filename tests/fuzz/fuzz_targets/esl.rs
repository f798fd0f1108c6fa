#![no_main]

#[path = "../targets.rs"]
#[allow(dead_code, unused_imports, reason = "one of them is run")]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::esl(bytes));
