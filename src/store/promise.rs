//! A note's text goes in; the promises in it come out in their order, and with each whether it was kept.
//!
//! The note is the only text that is kept, so what was promised is read from there again, by the words with which the
//! note engine begins such a sentence; `tests/it/rights.rs` holds the two together. A text that a person put right counts by the same
//! words.

use super::log::{self, Deed, Entry};
use super::{Clerk, Kept, Outcome, StoreError, UtcMillis, reader};
use crate::call::{CallId, Language};
use rusqlite::{Connection, params};

/// Something that our side promised in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise<'a> {
    /// Counted in the note from 1.
    pub number: u32,
    /// The note's sentence.
    pub text: &'a str,
    /// When it was marked as kept; it is open until then.
    pub kept: Option<UtcMillis>,
}

impl Kept {
    /// What our side promised, as far as the note's text is here to be read.
    pub fn promises(&self) -> Vec<Promise<'_>> {
        let Outcome::Noted(summary) = &self.call.outcome else { return Vec::new() };
        let numbered = (1..).zip(promises(&summary.text, self.call.language));
        let promise =
            |(number, text)| Promise { number, text, kept: self.promises_kept.get(&number).copied() };
        numbered.map(promise).collect()
    }

    /// Whether something that was promised is still open.
    pub fn has_open_promises(&self) -> bool {
        self.promises().iter().any(|promise| promise.kept.is_none())
    }
}

impl Clerk {
    /// Marks a promise as kept, or as open again; false where the note that may be shown has no such promise.
    pub fn mark_promise(
        &mut self,
        call: CallId,
        number: u32,
        kept: bool,
        now: UtcMillis,
    ) -> Result<bool, StoreError> {
        self.write(|transaction| {
            let Some(found) = reader::show(transaction, call)?.map(Kept::shown) else { return Ok(false) };
            if !found.promises().iter().any(|promise| promise.number == number) {
                return Ok(false);
            }
            let id = call.to_string();
            let (deed, changed) = match kept {
                true => {
                    let keep = "INSERT INTO kept_promises VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
                    (Deed::PromiseKept, transaction.execute(keep, params![id, number, now.0])?)
                }
                false => {
                    let open = "DELETE FROM kept_promises WHERE call = ?1 AND number = ?2";
                    (Deed::PromiseOpen, transaction.execute(open, params![id, number])?)
                }
            };
            if changed > 0 {
                let entry = Entry::new(deed).call(call).line(&found.call.line).detail(&number.to_string());
                log::append(transaction, &entry, now)?;
            }
            Ok(true)
        })
    }
}

/// Takes the marks of those promises away that the note's new text does not have, or has elsewhere.
pub(super) fn unmark_changed(connection: &Connection, before: &Kept, text: &str) -> rusqlite::Result<()> {
    let after = promises(text, before.call.language);
    for (promise, number) in before.promises().iter().zip(0..) {
        if after.get(number) != Some(&promise.text) {
            let unmark = "DELETE FROM kept_promises WHERE call = ?1 AND number = ?2";
            connection.execute(unmark, params![before.call.id.to_string(), promise.number])?;
        }
    }
    Ok(())
}

/// The sentences in which our side promises something.
fn promises(text: &str, language: Language) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let (sentence, after) = first_sentence(rest, language);
        if is_promise(sentence, language) {
            found.push(sentence);
        }
        rest = after;
    }
    found
}

/// A stop behind a digit ends no sentence ("am 24. November"), unless a promise comes after it.
fn first_sentence(text: &str, language: Language) -> (&str, &str) {
    for (at, _) in text.match_indices('.') {
        let after = &text[at + 1..];
        let behind_digit = text[..at].ends_with(|c: char| c.is_ascii_digit());
        let next = after.trim_start();
        if next.len() < after.len() && (!behind_digit || is_promise(next, language)) {
            return (text[..=at].trim(), next);
        }
    }
    (text.trim(), "")
}

fn is_promise(text: &str, language: Language) -> bool {
    openings(language).iter().any(|opening| text.starts_with(opening))
}

/// How the note engine begins a sentence about what our side promised.
fn openings(language: Language) -> &'static [&'static str] {
    match language {
        Language::En => &["The agent promised"],
        Language::De => &["Das Team sagte zu", "Das Team sagte unter einer Bedingung zu", "Zugesagt ist"],
        Language::Fr => &["Le service s'est engagé", "Le service s’est engagé", "Le service a promis"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_are_counted_in_their_order_and_dates_end_no_sentence() {
        let text = "Die anrufende Person meldete ein Problem: Heizung. Das Team sagte zu, am 24. November bis 8. Das \
                    Team sagte unter einer Bedingung zu, zu liefern. Zugesagt ist, dass das Team zurückruft: Preis.";
        let found = promises(text, Language::De);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[0], "Das Team sagte zu, am 24. November bis 8.");
        assert_eq!(found[2], "Zugesagt ist, dass das Team zurückruft: Preis.");
        assert_eq!(promises(text, Language::En), [""; 0]);
        assert_eq!(promises("", Language::En), [""; 0]);
        let bare = "The agent promised a call or message by 17.30";
        assert_eq!(promises(bare, Language::En), [bare]);
    }
}
