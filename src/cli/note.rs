//! `callgist note`: reads written calls, writes what the note engine makes of them.

use clap::Args;
use std::path::PathBuf;

/// Tries the note engine on written calls; nothing is heard and nothing is stored.
#[derive(Args, Debug)]
pub struct NoteArgs {
    /// Calls as JSON: folders, files, or JSON lines on standard input when none is named.
    pub calls: Vec<PathBuf>,
    /// Write one file per call into this folder instead of printing them.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Show each statement with its rule and evidence, and what was dropped and why.
    #[arg(long)]
    pub explain: bool,
}
