//! The command `callgist`: reads its arguments, runs one command, ends with a documented exit code.

fn main() {}
