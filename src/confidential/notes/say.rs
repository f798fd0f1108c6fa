//! Evidence goes in, sentences come out: our own frames and verbs, with at most a few words of the call in each.

use super::lexicon::Lexicon;
use super::pattern::View;
use super::when;
use crate::confidential::Text;
use std::ops::Range;

/// Puts values in the places of a frame: `{name}`, or `{}` for the nameless one.
pub(in crate::confidential) fn fill(frame: &str, values: &[(&str, &str)]) -> Text {
    let mut text = Text::new();
    let mut rest = frame;
    while let Some((head, tail)) = rest.split_once('{') {
        text.push_str(head);
        let Some((name, after)) = tail.split_once('}') else { break };
        if let Some((_, value)) = values.iter().find(|(key, _)| *key == name) {
            text.push_str(value);
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

/// A whole sentence of a frame: the parties are named, doubled stops and blanks are mended.
pub(super) fn sentence(lexicon: &Lexicon, frame: &str, values: &[(&str, &str)]) -> Text {
    let mut all = values.to_vec();
    for key in ["caller", "agent", "Caller", "Agent"] {
        if !values.iter().any(|(name, _)| *name == key) {
            all.push((key, lexicon.frame(key)));
        }
    }
    let text = mend(&fill(lexicon.frame(frame), &all));
    if lexicon.elides { elide(&text) } else { text }
}

/// "de envoyer" is "d'envoyer".
fn elide(text: &str) -> Text {
    let mut elided = Text::from(text);
    for vowel in ["a", "e", "i", "o", "u", "é", "h"] {
        let (mut full, mut short) = (Text::from(" de "), Text::from(" d'"));
        full.push_str(vowel);
        short.push_str(vowel);
        elided = Text::replaced(&elided, &full, &short);
    }
    elided
}

fn mend(text: &str) -> Text {
    let mut mended = Text::with_room(text.len());
    for c in text.chars() {
        let last = mended.chars().last();
        match (last, c) {
            (Some(' '), ' ') | (Some('.'), '.') | (Some(','), ',') => {}
            // A list of nothing.
            (Some(':'), '.') => {
                mended.pop();
                mended.truncate(mended.trim_end().len());
                mended.push('.');
            }
            (Some(','), '.') => {
                mended.pop();
                if !mended.ends_with('.') {
                    mended.push('.');
                }
            }
            (Some(' '), ',') => {
                mended.pop();
                mended.push(',');
            }
            (Some(' '), '.') => {
                mended.truncate(mended.trim_end_matches([' ', ':']).len());
                mended.push('.');
            }
            _ => mended.push(c),
        }
    }
    mended.trim().into()
}

/// A noun phrase as it stands in the note: possessives swapped, the last word of a German one a noun.
pub(super) fn phrase(view: View<'_>, place: &Range<usize>) -> Text {
    let mut text = Text::new();
    let last = place.end.saturating_sub(1);
    for at in place.clone() {
        let token = &view.tokens[at];
        if !text.is_empty() && !text.ends_with('\'') {
            text.push(' ');
        }
        let lexicon = view.lexicon;
        if let Some(swapped) = lexicon.words.swap.get(&token.text) {
            text.push_str(swapped);
        } else if lexicon.words.determiners.contains(&token.text) || lexicon.words.links.contains(&token.text)
        {
            text.push_str(&Text::lowercase(&token.shown));
        } else if at == last && lexicon.numbers.is_german() {
            push_capital(&mut text, &token.shown);
        } else {
            text.push_str(&token.shown);
        }
    }
    text
}

/// The same without its determiner.
pub(super) fn bare_phrase(view: View<'_>, place: &Range<usize>) -> Text {
    let determined = view.words().determiners.contains(&view.tokens[place.start].text);
    let from = place.start + usize::from(determined && place.len() > 1);
    phrase(view, &(from..place.end))
}

fn push_capital(text: &mut Text, word: &str) {
    let mut chars = word.chars();
    if let Some(first) = chars.next() {
        text.extend(first.to_uppercase());
        text.push_str(chars.as_str());
    }
}

/// An amount of money.
pub(in crate::confidential) fn amount(lexicon: &Lexicon, cents: u64, currency: u8) -> Text {
    let mut number = when::number(cents / 100);
    if !cents.is_multiple_of(100) {
        number.push_str(lexicon.frame("point"));
        number.push_str(&when::two_digits((cents % 100) as u8));
    }
    let frame = ["euro", "pound", "dollar", "franc"].get(usize::from(currency)).copied().unwrap_or("euro");
    fill(lexicon.frame(frame), &[("n", &number)])
}

/// "a, b and c".
pub(super) fn list(lexicon: &Lexicon, items: &[Text]) -> Text {
    let mut text = Text::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push_str(lexicon.frame(if at + 1 == items.len() { "and" } else { "comma" }));
        }
        text.push_str(item);
    }
    text
}
