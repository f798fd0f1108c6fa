//! The ear that hears by Vosk: one model, one language, no code made at run time.

use callgist::confidential::recogniser::vosk::Vosk;
use callgist::ear;
use callgist::sandbox::ear::Code;
use std::process::ExitCode;

fn main() -> ExitCode {
    ear::main(Code::Fixed, |arguments| Vosk::load(&arguments.model, arguments.language))
}
