//! Whisper's tokens with their places in time go in, words come out.
//!
//! A token's text is written in GPT-2's alphabet, in which every byte is a printable character and `Ġ` is a blank; a
//! word begins with a blank, so punctuation stays with the word before it.

use super::super::words::Word;
use zeroize::Zeroize;

/// What a decoder gave for one token.
pub(in crate::confidential) struct Token<'a> {
    pub(in crate::confidential) text: &'a str,
    pub(in crate::confidential) probability: f32,
    /// Milliseconds since the window's beginning.
    pub(in crate::confidential) start_ms: u32,
    /// Where the next token begins.
    pub(in crate::confidential) end_ms: u32,
}

super::super::never_shown!(Token<'static>);

pub(in crate::confidential) fn words(tokens: &[Token<'_>]) -> Vec<Word> {
    let spoken: Vec<&Token<'_>> = tokens.iter().filter(|token| !is_special(token.text)).collect();
    spoken.chunk_by(|_, next| !next.text.starts_with(BLANK)).filter_map(word).collect()
}

/// Where each of `count` tokens begins, and where the last one ends, from pairs of token and frame (20 ms) in order.
pub(in crate::confidential) fn starts_ms(pairs: impl Iterator<Item = (i64, i64)>, count: usize) -> Vec<u32> {
    let mut starts: Vec<Option<u32>> = vec![None; count + 1];
    let mut last = 0;
    for (token, frame) in pairs {
        let at = u32::try_from(frame.max(0)).unwrap_or(u32::MAX).saturating_mul(FRAME_MS);
        last = last.max(at);
        if let Some(start) = usize::try_from(token).ok().and_then(|token| starts.get_mut(token)) {
            start.get_or_insert(at);
        }
    }
    let mut next = last;
    let from_behind = starts.iter().rev().map(|start| {
        next = start.unwrap_or(next).min(next);
        next
    });
    let mut filled: Vec<u32> = from_behind.collect();
    filled.reverse();
    filled
}

fn word(tokens: &[&Token<'_>]) -> Option<Word> {
    let (first, last) = (tokens.first()?, tokens.last()?);
    let mut bytes: Vec<u8> = Vec::with_capacity(tokens.iter().map(|token| token.text.len()).sum());
    bytes.extend(tokens.iter().flat_map(|token| token.text.chars()).filter_map(byte));
    // Half a character at the end of a window is the only way to lose a word here.
    let text = std::str::from_utf8(&bytes).ok().map(str::trim);
    let text = text.filter(|text| text.chars().any(char::is_alphanumeric)).map(String::from);
    bytes.zeroize();
    let text = text?;
    let lettered = tokens.iter().filter(|token| token.text.chars().any(char::is_alphanumeric));
    let (sum, count) = lettered.fold((0.0, 0), |(sum, n), token| (sum + token.probability, n + 1));
    let probability = if count == 0 { 0.0 } else { (sum / count as f32).clamp(0.0, 1.0) };
    Some(Word::new(text, first.start_ms, last.end_ms, probability))
}

fn is_special(token: &str) -> bool {
    token.starts_with("<|") && token.ends_with("|>")
}

/// The byte that a character of GPT-2's alphabet stands for: printable Latin-1 stands for itself, the others have
/// been given the characters from U+0100 on, in their order.
fn byte(letter: char) -> Option<u8> {
    let code = u32::from(letter);
    let stands_for_itself = |byte: &u32| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    if stands_for_itself(&code) {
        return u8::try_from(code).ok();
    }
    let index = usize::try_from(code.checked_sub(0x100)?).ok()?;
    let other = (0..=0xff).filter(|byte| !stands_for_itself(byte)).nth(index)?;
    u8::try_from(other).ok()
}

const BLANK: char = 'Ġ';

const FRAME_MS: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(texts: &[&'static str]) -> Vec<(String, u32, u32)> {
        let token = |(n, text): (usize, &&'static str)| Token {
            text,
            probability: 0.5,
            start_ms: n as u32 * 100,
            end_ms: n as u32 * 100 + 100,
        };
        let tokens: Vec<Token<'_>> = texts.iter().enumerate().map(token).collect();
        words(&tokens).iter().map(|word| (word.text().to_owned(), word.start_ms, word.end_ms)).collect()
    }

    #[test]
    fn words_begin_with_a_blank_and_keep_their_punctuation() {
        let words = told(&["ĠMy", "Ġroom", "'s", "Ġnumber", "Ġis", "Ġ20", ".", "5", ",", "<|endoftext|>"]);
        let texts: Vec<&str> = words.iter().map(|word| &*word.0).collect();
        assert_eq!(texts, ["My", "room's", "number", "is", "20.5,"]);
        assert_eq!((words[1].1, words[1].2), (100, 300));
    }

    #[test]
    fn letters_beyond_ascii_are_put_together_from_bytes() {
        assert_eq!(told(&["ĠgrÃ¼", "ÃŁe"])[0].0, "grüße");
        assert_eq!(told(&["ĠFran", "Ã§", "ais"])[0].0, "Français");
        assert!(told(&["Ġ", "Ã"]).is_empty());
        assert!(told(&["Ġ-", "Ġâ", "Ļ", "ª"]).is_empty());
    }

    #[test]
    fn tokens_that_got_no_frame_begin_with_the_next() {
        let pairs = [(0, 5), (0, 6), (2, 10), (2, 11), (3, 20)];
        assert_eq!(starts_ms(pairs.into_iter(), 3), [100, 200, 200, 400]);
        assert_eq!(starts_ms([(0, 3), (0, 8)].into_iter(), 1), [60, 160]);
    }
}
