//! This test binary, started again to play a process of its own: rights are given up where there is one thread, and
//! the test harness has many.
//!
//! A role is played before `main`, by the name in `CALLGIST_TEST_ROLE` or, where the environment is not the
//! test's to choose, by the name of the program itself.
#![allow(
    unsafe_code,
    reason = "a function that runs before the harness starts its threads has to be placed by hand"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The role's name in the environment.
const ROLE: &str = "CALLGIST_TEST_ROLE";

/// One process that a test can be.
type Role = fn() -> u8;

const ROLES: &[(&str, Role)] = &[
    ("unlocked", crate::sandbox::unlocked),
    ("locked-fixed", crate::sandbox::locked_fixed),
    ("locked-compiled", crate::sandbox::locked_compiled),
    ("killed", crate::sandbox::killed),
    ("late", crate::sandbox::late),
    ("target", crate::sandbox::target),
    ("daemon", crate::sandbox::daemon),
    ("name-spaces", crate::sandbox::name_spaces),
    ("listens", crate::sandbox::listens),
    ("outside", crate::sandbox::outside),
    ("free", crate::sandbox::free),
    ("aborts", crate::sandbox::aborts),
    ("ear-aborts", crate::sandbox::ear_aborts),
    ("capabilities", crate::sandbox::capabilities),
    ("limited", crate::ear::limited),
    ("faulty", crate::privacy::faulty),
];

/// Roles by the name of the program: ears, whose environment is not the test's to choose.
const EARS: &[(&str, Role)] = &[
    (crate::canary::PROGRAM, crate::canary::ear),
    ("honest-ear", crate::ear::honest),
    ("slow-ear", crate::ear::slow),
    ("loading-ear", crate::ear::loading),
    ("hostile-ear", crate::ear::hostile),
    ("callgist-ear-vosk", crate::scripted::ear),
];

/// The number in an ear's end. It is private; its debug form shows it.
pub fn number(end: std::process::ExitCode) -> u8 {
    let shown = format!("{end:?}");
    shown.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(98)
}

/// A link to this binary in `folder`; started by that name it plays the role.
pub fn program(folder: &Path, role: &str) -> PathBuf {
    let program = folder.join(role);
    std::os::unix::fs::symlink(std::env::current_exe().unwrap(), &program).unwrap();
    program
}

/// This binary in the role of that name; its environment is otherwise empty.
pub fn play(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env_clear().env(ROLE, role).stdin(Stdio::null());
    command
}

/// What a role has to tell the test that started it.
#[allow(clippy::print_stdout, reason = "the test reads it")]
pub fn tell(line: impl std::fmt::Display) {
    println!("{line}");
}

extern "C" fn before_main() {
    let by_environment = std::env::var(ROLE).ok().and_then(|named| role(ROLES, &named));
    let by_name = || {
        let program = PathBuf::from(std::env::args_os().next()?);
        role(EARS, program.file_name()?.to_str()?)
    };
    let Some(role) = by_environment.or_else(by_name) else { return };
    // A panic here must be an exit that no test takes for success.
    let code = std::panic::catch_unwind(role).unwrap_or(99);
    std::process::exit(code.into());
}

fn role(among: &[(&str, Role)], named: &str) -> Option<Role> {
    among.iter().find(|(name, _)| *name == named).map(|(_, role)| *role)
}

// SAFETY: the loader calls each function of this section once, before `main`, with the C library initialised and one
// thread running, which is all that the roles need.
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;
