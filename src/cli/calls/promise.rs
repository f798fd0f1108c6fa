//! `callgist calls kept`, and promises as the commands print them.

use super::find;
use crate::cli::counter::{now, time, timestamp};
use crate::cli::{Exit, fail};
use crate::store::{Clerk, Promise, Reader, StoreError};
use serde_json::{Value, json};

/// Marks one promise of a call's note. What it says is shown to nobody here, so nothing is logged but the mark.
pub(super) fn mark(
    reader: &Reader,
    clerk: &mut Clerk,
    id: &str,
    number: Option<u32>,
    kept: bool,
    as_json: bool,
) -> Result<Exit, StoreError> {
    let Some(found) = find(reader, id)? else {
        return Ok(fail(Exit::Failed, super::NO_SUCH_CALL));
    };
    let call = found.call.id;
    let number = match (number, found.promises().as_slice()) {
        (Some(number), _) => number,
        (None, [only]) => only.number,
        (None, []) => return Ok(fail(Exit::Failed, NO_PROMISE)),
        (None, several) => {
            let says = format!(
                "this note has {} promises: say which, as `calls history` counts them",
                several.len()
            );
            return Ok(fail(Exit::Failed, &says));
        }
    };
    let now = now();
    if !clerk.mark_promise(call, number, kept, now)? {
        return Ok(fail(Exit::Failed, NO_PROMISE));
    }
    let word = if kept { "kept" } else { "open" };
    match as_json {
        true => println!("{}", json!({ "call": call.to_string(), "promise": number, "state": word })),
        false => println!("promise {number} of call {call} is {word}"),
    }
    Ok(Exit::Done)
}

pub(super) fn words(promise: &Promise<'_>) -> String {
    let state = promise.kept.map_or("open".to_owned(), |at| format!("kept {}", time(at)));
    format!("promise {}, {state}: {}", promise.number, promise.text)
}

pub(super) fn as_json(promise: &Promise<'_>) -> Value {
    json!({ "number": promise.number, "text": promise.text, "kept": promise.kept.map(timestamp) })
}

const NO_PROMISE: &str =
    "there is no such promise in the note of this call; `callgist calls show` counts them";
