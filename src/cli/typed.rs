//! A text that a person typed in a note's place goes in; what the guard keeps out of notes is refused and told.
//!
//! Beside `note.rs` the only file of a command that names `confidential`: the guard's own code looks at the text, and what it
//! looks at was typed here and never heard.

pub use crate::confidential::guard::Sort;

use super::{Exit, fail};
use crate::call::Language;
use crate::confidential::guard::{Finding, look};

/// What is kept all the same.
#[derive(clap::Args)]
pub struct Accepting {
    /// Keep the text though the guard finds this in it: secret, birth, address, mail, name or health, several with commas
    /// between them. The log says that it was accepted. Numbers of cards and accounts are never kept.
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = acceptable)]
    accept: Vec<Sort>,
}

impl Accepting {
    /// What of it was found and accepted, as the log names it; or says what was found, and what to do.
    pub fn check(&self, text: &str, language: Language) -> Result<String, Exit> {
        let (accepted, refused): (Vec<Finding>, Vec<Finding>) =
            look(text, language).into_iter().partition(|finding| self.accept.contains(&finding.sort));
        if refused.is_empty() {
            return Ok(words(&accepted).join("+"));
        }
        let mut advice = "leave that out, and give the whole text again".to_owned();
        let open: Vec<&str> = words(&refused).into_iter().filter(|word| *word != Sort::Card.word()).collect();
        if !open.is_empty() {
            let accept = words(&accepted).into_iter().chain(open).collect::<Vec<_>>().join(",");
            advice.push_str("; where it is no such thing, or the person wants it told, add --accept ");
            advice.push_str(&accept);
        }
        Err(refuse(text, &refused, &advice))
    }
}

/// The same for a text in which nothing may be accepted.
pub fn check(text: &str, language: Language) -> Result<(), Exit> {
    let found = look(text, language);
    match found.is_empty() {
        true => Ok(()),
        false => Err(refuse(
            text,
            &found,
            "leave that out, and give the whole text again; what somebody has a right to have told is put right by \
             `callgist person rectify` with --accept",
        )),
    }
}

fn refuse(text: &str, found: &[Finding], advice: &str) -> Exit {
    let lines: String = found
        .iter()
        .map(|finding| {
            let sentence = text.get(finding.at.clone()).unwrap_or_default().trim();
            format!("  {}: {}, in \"{sentence}\"\n", finding.sort.word(), says(finding.sort))
        })
        .collect();
    fail(Exit::Failed, &format!("this text is not kept, for a note may not hold\n{lines}{advice}"))
}

/// Each sort once.
fn words(found: &[Finding]) -> Vec<&'static str> {
    let mut words: Vec<&str> = found.iter().map(|finding| finding.sort.word()).collect();
    words.dedup();
    words
}

fn says(sort: Sort) -> &'static str {
    match sort {
        Sort::Card => {
            "a number of a card or an account, or what may be one: write each number in a sentence of its own"
        }
        Sort::Secret => "a password or a code, or what stands beside such a word",
        Sort::Birth => "a date of birth, or a number beside such a word",
        Sort::Address => "a street or where somebody lives",
        Sort::Mail => "an e-mail address",
        Sort::Name => "somebody's name",
        Sort::Health => "somebody's health, belief or union, or what stands beside such a word",
    }
}

fn acceptable(word: &str) -> Result<Sort, String> {
    let open = || Sort::ALL.into_iter().filter(|sort| *sort != Sort::Card);
    open()
        .find(|sort| sort.word() == word)
        .ok_or_else(|| format!("one of: {}", open().map(Sort::word).collect::<Vec<_>>().join(", ")))
}
