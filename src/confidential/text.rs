//! Words go in, a text of them is held; nothing of it stays when it goes or when it grows.
//!
//! A `String` that needs more room moves, and leaves behind what it held; one that goes leaves all of it. The steps from
//! words to a note build many small texts, so they build them here.

use std::borrow::Borrow;
use std::ops::Deref;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A text that was said, or is made of what was said.
#[derive(Default, PartialEq, Eq, PartialOrd, Ord, Zeroize, ZeroizeOnDrop)]
pub(in crate::confidential) struct Text(String);

// It lends itself as the `str` that it is, to functions of this folder alone; no other type here does.
super::never_printed!(Text);
super::wiped!(Text);

impl Text {
    pub fn new() -> Text {
        Text::default()
    }

    pub fn with_room(bytes: usize) -> Text {
        Text(String::with_capacity(bytes))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn push(&mut self, letter: char) {
        self.make_room(letter.len_utf8());
        self.0.push(letter);
    }

    pub fn push_str(&mut self, text: &str) {
        self.make_room(text.len());
        self.0.push_str(text);
    }

    pub fn pop(&mut self) {
        self.0.pop();
    }

    pub fn truncate(&mut self, bytes: usize) {
        self.0.truncate(bytes);
    }

    /// The same text once more.
    pub fn again(&self) -> Text {
        Text::from(self.as_str())
    }

    /// For a field of a type that is wiped itself.
    pub fn into_string(mut self) -> String {
        std::mem::take(&mut self.0)
    }

    pub fn lowercase(text: &str) -> Text {
        text.chars().flat_map(char::to_lowercase).collect()
    }

    pub fn uppercase(text: &str) -> Text {
        text.chars().flat_map(char::to_uppercase).collect()
    }

    /// The texts in order with `between` them.
    pub fn joined(texts: &[Text], between: &str) -> Text {
        let mut all = Text::with_room(texts.iter().map(|text| text.len() + between.len()).sum());
        for (at, text) in texts.iter().enumerate() {
            all.push_str(if at > 0 { between } else { "" });
            all.push_str(text);
        }
        all
    }

    /// `text` with each `old` in it made `new`.
    pub fn replaced(text: &str, old: &str, new: &str) -> Text {
        let mut whole = Text::with_room(text.len());
        let mut from = 0;
        for (at, found) in text.match_indices(old) {
            whole.push_str(&text[from..at]);
            whole.push_str(new);
            from = at + found.len();
        }
        whole.push_str(&text[from..]);
        whole
    }

    /// Moves to a larger place and wipes the old one.
    fn make_room(&mut self, bytes: usize) {
        if self.0.capacity() - self.0.len() < bytes {
            let room = (2 * self.0.capacity()).max(self.0.len() + bytes).max(LEAST);
            let mut larger = String::with_capacity(room);
            larger.push_str(&self.0);
            std::mem::replace(&mut self.0, larger).zeroize();
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// So that a set of texts can be asked for a `str`.
impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text(text.to_owned())
    }
}

impl FromIterator<char> for Text {
    fn from_iter<I: IntoIterator<Item = char>>(letters: I) -> Text {
        let letters = letters.into_iter();
        let mut text = Text::with_room(letters.size_hint().0);
        letters.for_each(|letter| text.push(letter));
        text
    }
}

impl Extend<char> for Text {
    fn extend<I: IntoIterator<Item = char>>(&mut self, letters: I) {
        letters.into_iter().for_each(|letter| self.push(letter));
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.0 == *other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.0 == **other
    }
}

/// A word has room in it, so most texts never move.
const LEAST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_grows_is_what_was_pushed() {
        let mut text = Text::new();
        for n in 0..100 {
            text.push_str("über ");
            text.push(char::from(b'a' + n % 26));
        }
        assert_eq!(text.chars().count(), 600);
        assert!(text.starts_with("über aüber b") && text.again() == text);
    }

    #[test]
    fn what_is_replaced_is_replaced_everywhere() {
        assert!(Text::replaced("an e mail, e mail", "e mail", "email") == "an email, email");
        assert!(Text::replaced("none", "e mail", "email") == "none");
        assert!(Text::joined(&["a".into(), "b".into()], ", ") == "a, b");
    }
}
