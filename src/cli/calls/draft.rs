//! `callgist calls correct|approve|discard`: what an agent does with the note of a call that has just ended.

use super::find;
use crate::call::CallId;
use crate::cli::counter::{now, time};
use crate::cli::{Exit, fail, typed};
use crate::daemon::ears::check_text;
use crate::store::{Clerk, Drafted, Reader, StoreError};
use serde_json::json;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(clap::Subcommand)]
pub enum DraftCommand {
    /// Put a draft's text right: the whole new text stands in the file, or comes on standard input. Nothing of the old
    /// text is kept.
    Correct {
        /// The call's id as `calls list` prints it, or its beginning.
        id: String,
        file: Option<PathBuf>,
        #[command(flatten)]
        common: super::Common,
    },
    /// The draft is right as it is.
    Approve {
        id: String,
        #[command(flatten)]
        common: super::Common,
    },
    /// Discard the draft; the call's row says so, and nothing of the note is kept.
    Discard {
        id: String,
        #[command(flatten)]
        common: super::Common,
    },
}

impl DraftCommand {
    pub(super) fn common(&self) -> &super::Common {
        let (DraftCommand::Correct { common, .. }
        | DraftCommand::Approve { common, .. }
        | DraftCommand::Discard { common, .. }) = self;
        common
    }

    pub(super) fn run(&self, reader: &Reader, clerk: &mut Clerk) -> Result<Exit, StoreError> {
        let (DraftCommand::Correct { id, .. }
        | DraftCommand::Approve { id, .. }
        | DraftCommand::Discard { id, .. }) = self;
        let Some(found) = find(reader, id)? else {
            return Ok(fail(
                Exit::Failed,
                "no such call; `callgist calls list --drafts` shows what is a draft",
            ));
        };
        let call = found.call.id;
        let (drafted, word) = match self {
            DraftCommand::Correct { file, .. } => {
                let checked = new_text(file.as_deref())
                    .and_then(|text| typed::check(&text, found.call.language).map(|()| text));
                match checked {
                    Ok(text) => (clerk.correct_draft(call, &text, now())?, "corrected"),
                    Err(exit) => return Ok(exit),
                }
            }
            DraftCommand::Approve { .. } => (clerk.approve_draft(call, now())?, "approved"),
            DraftCommand::Discard { .. } => (clerk.discard_draft(call, now())?, "discarded"),
        };
        Ok(told(drafted, call, word, self.common().json))
    }
}

fn told(drafted: Drafted, call: CallId, word: &str, as_json: bool) -> Exit {
    let no = |why: &str| fail(Exit::Failed, why);
    match drafted {
        Drafted::Done if as_json => println!("{}", json!({ "call": call.to_string(), "draft": word })),
        Drafted::Done => println!("The note of call {call} is {word}."),
        Drafted::NoDraft => return no("there is no draft of such a call"),
        Drafted::Held => return no("this call is held (legal hold): nothing of it is discarded"),
        Drafted::Over(until) => {
            return no(&format!(
                "this note was a draft until {} UTC; what is wrong in it is put right by `callgist person rectify`",
                time(until)
            ));
        }
    }
    Exit::Done
}

/// The text of a file, or of standard input, if a note may have it.
pub(in crate::cli) fn new_text(file: Option<&Path>) -> Result<String, Exit> {
    let mut text = String::new();
    let read = match file.filter(|file| *file != Path::new("-")) {
        Some(file) => {
            std::fs::File::open(file).and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text))
        }
        None => std::io::stdin().take(MOST_BYTES).read_to_string(&mut text),
    };
    if let Err(error) = read {
        return Err(fail(Exit::Failed, &format!("the new text cannot be read: {error}")));
    }
    // However its lines were broken: a note is one paragraph.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    acceptable(&text).map(|()| text)
}

/// Whether a note may have this text: its form is looked at as that of the notes that come from an ear is. What the guard
/// finds in it is the next question.
pub(in crate::cli) fn acceptable(text: &str) -> Result<(), Exit> {
    if text.trim().is_empty() {
        return Err(fail(
            Exit::Usage,
            "the new text is empty: a note that is to go is discarded (`callgist calls discard`) or erased with its call \
             (`callgist person erase --call ID`)",
        ));
    }
    // A long call may have the longer note; how long it was is not asked of a person who puts it right.
    check_text(text, Duration::from_secs(3_600)).map_err(|flaw| {
        let says = format!("this text is not kept ({flaw:?}): at most 130 words, no card or account numbers");
        fail(Exit::Failed, &says)
    })
}

/// Far more than a note may have, so that what is too long is told and not cut.
const MOST_BYTES: u64 = 64 * 1_024;
