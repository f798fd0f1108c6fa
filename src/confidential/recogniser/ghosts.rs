//! What a window gave and how sure Whisper was go in; which of its words were probably said by nobody comes out.
//!
//! Whisper writes words into silence, noise and music. In those it was tried on, `no_speech_prob` lay between 0.67
//! and 0.84, and either the mean log probability was under -1 or the text repeated itself; in speech none of it did.

use super::super::Text;

/// How Whisper judged its own window.
#[derive(Clone, Copy)]
pub(in crate::confidential) struct Judgement {
    pub(in crate::confidential) no_speech: f32,
    /// Mean natural logarithm of the tokens' probability.
    pub(in crate::confidential) mean_log: f32,
}

/// Whether each word is kept.
pub(in crate::confidential) fn keep(judgement: Judgement, words: &[&str]) -> Vec<bool> {
    let alike: Vec<Text> = words.iter().map(|word| bare(word)).collect();
    let mut kept = without_loops(&alike);
    let repeated = kept.iter().filter(|keep| !**keep).count() * 2 > words.len();
    let doubtful = judgement.mean_log < DOUBTFUL || repeated;
    if judgement.no_speech > NO_SPEECH && doubtful || judgement.mean_log < NONSENSE {
        kept.fill(false);
    }
    kept
}

/// A phrase said over and over is kept once.
fn without_loops(words: &[Text]) -> Vec<bool> {
    let mut kept = vec![true; words.len()];
    let mut at = 0;
    while at < words.len() {
        let found = (1..=LONGEST_PHRASE).find_map(|length| {
            let copies = copies(&words[at..], length);
            (copies > most_copies(length)).then_some(length * copies).map(|covered| (length, covered))
        });
        let Some((length, covered)) = found else {
            at += 1;
            continue;
        };
        kept[at + length..at + covered].fill(false);
        at += covered;
    }
    kept
}

/// How many times the first `length` words stand there one after the other.
fn copies(words: &[Text], length: usize) -> usize {
    let Some(phrase) = words.get(..length) else { return 0 };
    words.chunks(length).take_while(|chunk| *chunk == phrase).count()
}

/// How often people really say the same thing: "no, no, no, no", digits, a phrase twice.
fn most_copies(length: usize) -> usize {
    match length {
        1 => 5,
        2 | 3 => 3,
        _ => 2,
    }
}

fn bare(word: &str) -> Text {
    word.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Speech was far lower in everything tried.
const NO_SPEECH: f32 = 0.6;

/// Mean log probability below which a window without much speech in it is not believed.
const DOUBTFUL: f32 = -1.0;

/// Mean log probability below which nothing is believed. Speech by telephone lay between -0.1 and -0.6; music and noise
/// between -1.3 and -4.5, whatever `no_speech_prob` said.
const NONSENSE: f32 = -1.5;

const LONGEST_PHRASE: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    const SPEECH: Judgement = Judgement { no_speech: 0.05, mean_log: -0.3 };

    fn kept(judgement: Judgement, text: &str) -> String {
        let words: Vec<&str> = text.split(' ').collect();
        let keep = keep(judgement, &words);
        words.iter().zip(keep).filter(|(_, keep)| *keep).map(|(word, _)| *word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn speech_passes_and_so_do_people_who_repeat_themselves() {
        for text in
            ["No, no, no, no!", "0 0 4 4 4 1", "I said I said I said so", "yes I will yes I will call"]
        {
            assert_eq!(kept(SPEECH, text), text);
        }
    }

    #[test]
    fn a_loop_is_kept_once() {
        assert_eq!(
            kept(SPEECH, "well thank you. Thank you. Thank you. Thank you. Thank you. bye"),
            "well thank you. bye"
        );
        let line = "this is the next one ";
        assert_eq!(kept(SPEECH, line.repeat(8).trim()), line.trim());
    }

    #[test]
    fn words_out_of_nothing_are_dropped_when_a_second_figure_agrees() {
        let unsure = Judgement { no_speech: 0.7, mean_log: -1.2 };
        let sure = Judgement { no_speech: 0.7, mean_log: -0.5 };
        assert_eq!(kept(unsure, "I'm sorry."), "");
        assert_eq!(kept(sure, "Yes, please."), "Yes, please.");
        assert_eq!(kept(sure, &"la la ".repeat(20)), "");
        assert_eq!(kept(Judgement { no_speech: 0.06, mean_log: -2.98 }, "music playing"), "");
    }
}
