//! The command `callgist`: reads its arguments, runs one command, ends with a documented exit code.

use callgist::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(callgist::daemon::panicked));
    cli::main(std::env::args_os()).into()
}
