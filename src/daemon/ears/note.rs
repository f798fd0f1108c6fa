//! A decoded note goes in; nothing comes out if it may be kept, else what is wrong with it.
//!
//! The guard in the ear has looked for all of this already. Here it is looked at again, by other code, because an ear
//! that was taken over has no guard.

use crate::border::{MAX_TEXT, Note, TOPICS, Trust};
use crate::call::Language;
use std::time::Duration;

/// What a note of an honest ear never has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    Language,
    /// Topics or per cents that do not exist.
    Labels,
    /// Characters that a note has no use for, or no text at all.
    Form,
    Length,
    Card,
    Account,
}

impl Flaw {
    pub fn words(self) -> &'static str {
        match self {
            Flaw::Language => "it sent a note in another language than the line's",
            Flaw::Labels => "it sent a note with labels that do not exist",
            Flaw::Form => "it sent a note of the wrong form",
            Flaw::Length => "it sent a note that is too long",
            Flaw::Card => "it sent a note with a card's number in it",
            Flaw::Account => "it sent a note with an account's number in it",
        }
    }
}

/// Checks a note of a call on a line of that language, whose parties were joined for `talk`.
pub fn check(note: &Note, language: Language, talk: Duration) -> Result<(), Flaw> {
    let Trust { confidence_pct, kept_pct, arrived_pct, .. } = note.trust();
    if note.language() != language {
        return Err(Flaw::Language);
    }
    if note.topics().0 >> TOPICS.len() != 0
        || [confidence_pct, kept_pct, arrived_pct].iter().any(|pct| *pct > 100)
    {
        return Err(Flaw::Labels);
    }
    check_text(note.text(), talk)
}

/// Checks a text that takes the place of a note's.
pub fn check_text(text: &str, talk: Duration) -> Result<(), Flaw> {
    let has_letters = text.chars().any(char::is_alphabetic);
    if !has_letters || !text.chars().all(belongs) || text.trim() != text || text.contains("  ") {
        return Err(Flaw::Form);
    }
    let most = if talk >= LONG_CALL { MOST_WORDS_LONG } else { MOST_WORDS };
    let words = text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count();
    if words > most || text.len() > MAX_TEXT {
        return Err(Flaw::Length);
    }
    if digit_runs(text).iter().any(|run| is_card(run)) {
        return Err(Flaw::Card);
    }
    if has_iban(text) { Err(Flaw::Account) } else { Ok(()) }
}

/// Letters of the three languages, digits, blanks and punctuation; no controls and nothing unseen, in which
/// something could be hidden.
fn belongs(c: char) -> bool {
    c.is_ascii_graphic()
        || matches!(
            c,
            ' ' | '\n'
                | '€'
                | '£'
                | '°'
                | '’'
                | '‘'
                | '“'
                | '”'
                | '„'
                | '«'
                | '»'
                | '–'
                | '—'
                | '…'
                | '\u{a0}'
                | '\u{202f}'
        )
        || (c.is_alphabetic() && c < '\u{250}')
}

/// Digits that belong together: only a single blank or hyphen between them.
fn digit_runs(text: &str) -> Vec<Vec<u32>> {
    let mut runs = vec![vec![]];
    let mut gap = 0;
    for c in text.chars() {
        match c.to_digit(10) {
            Some(digit) => {
                if gap > 1 {
                    runs.push(vec![]);
                }
                gap = 0;
                if let Some(run) = runs.last_mut() {
                    run.push(digit);
                }
            }
            None if matches!(c, ' ' | '-' | '\u{a0}' | '\u{202f}') => gap += 1,
            None => gap = 2,
        }
    }
    runs
}

/// A payment card's number: 13 to 19 digits whose check digit is right (ISO/IEC 7812-1, annex B).
fn is_card(digits: &[u32]) -> bool {
    let doubled = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, &digit)| if at % 2 == 1 { doubled(digit) } else { digit })
        .sum();
    (13..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}

/// An account's number (ISO 13616): country, two check digits, the country's length, remainder 1 by 97.
fn has_iban(text: &str) -> bool {
    let joined: Vec<char> = text.to_uppercase().chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    (0..joined.len()).any(|at| begins_iban(&joined[at..]))
}

fn begins_iban(text: &[char]) -> bool {
    let Some((country, _)) = text.split_at_checked(2) else { return false };
    let length =
        IBAN_LENGTHS.iter().find(|(code, _)| code.chars().eq(country.iter().copied())).map(|(_, l)| *l);
    let Some(number) = length.and_then(|length| text.get(..length)) else { return false };
    let digits = number.iter().filter(|c| c.is_ascii_digit()).count();
    // A few digits among words ("de 24 personnes") are no account.
    digits >= 12 && number.iter().all(char::is_ascii_alphanumeric) && remainder(number) == Some(1)
}

fn remainder(number: &[char]) -> Option<u32> {
    let (head, rest) = number.split_at_checked(4)?;
    rest.iter().chain(head).try_fold(0, |sum, c| {
        let value = c.to_digit(36)?;
        Some(if value < 10 { sum * 10 + value } else { sum * 100 + value } % 97)
    })
}

/// As `calls/score.py` has it, with room for the mark that says that a machine wrote the note.
const MOST_WORDS: usize = 80 + MARK;
const MOST_WORDS_LONG: usize = 130 + MARK;
const MARK: usize = 12;

/// Six minutes, less what the two clocks may differ by.
const LONG_CALL: Duration = Duration::from_secs(350);

/// Lengths of the registry's countries in and around the ones we serve.
const IBAN_LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AT", 20),
    ("BE", 16),
    ("BG", 22),
    ("CH", 21),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("EE", 20),
    ("ES", 24),
    ("FI", 18),
    ("FR", 27),
    ("GB", 22),
    ("GI", 23),
    ("GR", 27),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IS", 26),
    ("IT", 27),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("RO", 24),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("TN", 24),
    ("TR", 26),
    ("MA", 28),
    ("RS", 22),
    ("UA", 29),
];

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_secs(60);

    #[test]
    fn a_note_in_three_languages_passes() {
        for text in [
            "The caller reported a fault with the fibre line since Monday. The agent promised to call back by 17:30.",
            "Anrufer bat um Rückruf zum Abschlag von 84,50 € (Vorgang 4711-22). Zusage: Rückruf bis 24. November.",
            "L’appelant signale un problème de fuite «grave» ; le gardien passera demain avec 24 personnes, 0352 621 123 456.",
        ] {
            assert_eq!(check_text(text, SHORT), Ok(()), "{text}");
        }
    }

    #[test]
    fn cards_and_accounts_are_found_however_they_are_spaced() {
        for card in ["4111 1111 1111 1111", "4111111111111111", "5500-0000-0000-0004"] {
            assert_eq!(check_text(&format!("Paid with {card} today."), SHORT), Err(Flaw::Card));
        }
        for iban in ["DE89 3704 0044 0532 0130 00", "lu28 0019 4006 4475 0000", "FR1420041010050500013M02606"]
        {
            assert_eq!(check_text(&format!("Konto {iban}, bitte."), SHORT), Err(Flaw::Account), "{iban}");
        }
        assert_eq!(check_text("Reference 4111 1111 1111 1112 was given.", SHORT), Ok(()));
        assert_eq!(check_text("Konto DE88 3704 0044 0532 0130 00.", SHORT), Ok(()));
    }

    #[test]
    fn more_words_need_a_longer_call() {
        let text = vec!["word"; 100].join(" ");
        assert_eq!(check_text(&text, SHORT), Err(Flaw::Length));
        assert_eq!(check_text(&text, Duration::from_secs(400)), Ok(()));
        assert_eq!(check_text(&vec!["word"; 150].join(" "), Duration::from_secs(400)), Err(Flaw::Length));
        assert_eq!(check_text(&"x".repeat(MAX_TEXT + 1), SHORT), Err(Flaw::Length));
    }

    #[test]
    fn nothing_unseen_fits() {
        for hidden in
            ["zero\u{200b}width", "a\u{7}bell", "tag\u{e0041}", "two  blanks", " edge", "123", "漢字"]
        {
            assert_eq!(check_text(hidden, SHORT), Err(Flaw::Form), "{hidden:?}");
        }
    }
}
