//! The ear that hears by Whisper: one model, all languages; its library compiles code for the shapes that it sees.

use callgist::confidential::recogniser::whisper::Whisper;
use callgist::ear;
use callgist::sandbox::ear::Code;
use ctranslate2::CTranslate2;
use std::process::ExitCode;

#[path = "../confidential/recogniser/whisper/ctranslate2.rs"]
mod ctranslate2;

fn main() -> ExitCode {
    ear::main(Code::Compiled, |arguments| Whisper::<CTranslate2>::load(&arguments.model, arguments.threads))
}
