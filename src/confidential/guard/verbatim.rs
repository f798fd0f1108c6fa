//! How much of a text is the call's own words: counted as `calls/score.py` counts it.

use crate::confidential::notes::fold;
use crate::confidential::{Text, Transcript};
use zeroize::Zeroizing;

/// Longest run of words that a note may share with the call.
pub(super) const LONGEST_RUN: usize = 5;

/// Words in a row that count towards the share.
const SHORT_RUN: usize = 4;

/// Everything that was said, as the words a run is counted in: all turns in order, and each speaker alone.
pub(super) struct Said(Vec<Vec<Text>>);

impl Said {
    /// `printed` is the same call once more, with its values as a note prints them.
    pub fn new(transcript: &Transcript, printed: &str) -> Said {
        let mut speakers: Vec<_> = transcript.turns.iter().map(|turn| turn.speaker).collect();
        speakers.sort();
        speakers.dedup();
        let text = |wanted: Option<crate::confidential::Speaker>| {
            let mut text = Text::new();
            for turn in transcript.turns.iter().filter(|turn| wanted.is_none_or(|who| who == turn.speaker)) {
                for word in &turn.words {
                    text.push_str(word.text());
                    text.push(' ');
                }
            }
            words(&text)
        };
        let mut all = vec![text(None), words(printed)];
        all.extend(speakers.into_iter().map(|speaker| text(Some(speaker))));
        Said(all)
    }

    /// The longest run that `text` shares with the call.
    pub fn longest_run(&self, text: &str) -> usize {
        let text = words(text);
        self.0.iter().map(|said| longest(&text, said)).max().unwrap_or(0)
    }

    /// How many words of `text` stand in shared runs of four or more, and how many there are.
    pub fn shared(&self, text: &str) -> (usize, usize) {
        let text = words(text);
        let mut shared = vec![false; text.len()];
        let runs: std::collections::BTreeSet<&[Text]> =
            self.0.iter().take(2).flat_map(|said| said.windows(SHORT_RUN)).collect();
        for (at, window) in text.windows(SHORT_RUN).enumerate() {
            if runs.contains(window) {
                shared[at..at + SHORT_RUN].fill(true);
            }
        }
        (shared.iter().filter(|shared| **shared).count(), text.len())
    }
}

/// The words of a text as runs are counted: folded, digits that stand together are one word.
pub(super) fn words(text: &str) -> Vec<Text> {
    let text = fold(text);
    let mut folded = Zeroizing::new(Vec::with_capacity(text.len()));
    folded.extend(text.chars());
    let mut closed = Text::with_room(text.len());
    let mut at = 0;
    while at < folded.len() {
        let c = folded[at];
        let joins = |c: char| c.is_whitespace() || ".,:/-".contains(c);
        if joins(c) && at > 0 && folded[at - 1].is_ascii_digit() {
            let end = folded[at..].iter().position(|c| !joins(*c)).map_or(folded.len(), |more| at + more);
            if folded.get(end).is_some_and(char::is_ascii_digit) {
                at = end;
                continue;
            }
        }
        closed.push(c);
        at += 1;
    }
    let closed = Text::replaced(&Text::replaced(&closed, "e-mail", "email"), "e mail", "email");
    let plain = |c: char| c.is_lowercase() || c.is_ascii_digit();
    let pieces = closed.split(|c: char| !plain(c) && c != '\'');
    pieces.map(|piece| Text::from(piece.trim_matches('\''))).filter(|piece| !piece.is_empty()).collect()
}

fn longest(a: &[Text], b: &[Text]) -> usize {
    let mut best = 0;
    let mut previous = vec![0; b.len() + 1];
    for word in a {
        let mut row = vec![0; b.len() + 1];
        for (at, other) in b.iter().enumerate() {
            if word == other {
                row[at + 1] = previous[at] + 1;
                best = best.max(row[at + 1]);
            }
        }
        previous = row;
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_stand_together_are_one_word() {
        let said = words("on 10-12, at 10:30 and 691 000 852.");
        assert!(said == ["on", "1012", "at", "1030", "and", "691000852"]);
        assert!(words("Don't e-mail 18:30 Uhr") == ["don't", "email", "1830", "uhr"]);
    }

    #[test]
    fn the_longest_run_is_counted_over_all_turns_and_each_speaker() {
        let said = Said(vec![words("we have no internet at all this morning")]);
        assert_eq!(said.longest_run("The caller said we have no internet at home"), 5);
        assert_eq!(said.shared("have no internet at home"), (4, 5));
    }
}
