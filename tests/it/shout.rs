//! A word that is read though the test passes: the harness catches what is printed by macros, and shows it of tests that
//! fail alone.

use std::io::Write;

pub fn shout(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "\n*** {line} ***");
}

/// For a test that is not run: what is missing, and where it is looked for.
pub fn skipped(why: &str) {
    shout(format_args!("SKIPPED: {why}"));
}
