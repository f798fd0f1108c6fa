//! The ear that hears by Whisper: one model, all languages; its library compiles code for the shapes that it sees.

use callgist::confidential::recogniser::whisper::Whisper;
use callgist::ear;
use callgist::sandbox::ear::Code;
use std::process::ExitCode;

fn main() -> ExitCode {
    ear::main(Code::Compiled, |arguments| Whisper::load(&arguments.model, arguments.threads))
}
