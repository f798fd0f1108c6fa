//! Recognised words of either recogniser go in, tokens that every later step reads come out.
//!
//! A token is folded: lower case, no accents, one apostrophe. Contractions are taken apart ("I'll" is "i" and
//! "'ll"), so are hyphens; currency signs and numbers stand alone.

use super::lexicon::Lexicon;
use crate::confidential::{Speaker, Text, Transcript};
use std::ops::Range;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// One token and where it was heard.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(in crate::confidential) struct Token {
    /// Folded.
    pub text: String,
    /// As it was recognised, without the punctuation around it.
    pub shown: String,
    pub turn: u16,
    #[zeroize(skip)]
    pub speaker: Speaker,
    pub probability: f32,
    /// A full stop follows: a sentence's end, or a German ordinal.
    pub stop: bool,
    pub question: bool,
    pub comma: bool,
}

impl Token {
    /// As recognised, for the note.
    pub fn text_as_shown(&self) -> Text {
        Text::lowercase(&self.shown)
    }

    /// Puts another text in the place of its own.
    pub fn tell(&mut self, text: Text) {
        self.text.zeroize();
        self.text = text.into_string();
    }

    /// The same for what is shown.
    pub fn show(&mut self, shown: Text) {
        self.shown.zeroize();
        self.shown = shown.into_string();
    }

    /// Another word in its place, without its marks.
    fn like(&self, word: &str) -> Token {
        Token {
            text: word.to_owned(),
            shown: word.to_owned(),
            turn: self.turn,
            speaker: self.speaker,
            probability: self.probability,
            stop: false,
            question: false,
            comma: false,
        }
    }

    pub fn is_number(&self) -> bool {
        self.text.bytes().next().is_some_and(|b| b.is_ascii_digit())
    }
}

/// Every token of the call, turn by turn; hesitations are left out.
pub(in crate::confidential) fn read(transcript: &Transcript, lexicon: &Lexicon) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (turn, said) in transcript.turns.iter().enumerate() {
        let from = tokens.len();
        for word in &said.words {
            split_word(word.text(), lexicon, &mut |text, shown| {
                tokens.push(Token {
                    text: text.into_string(),
                    shown: shown.into_string(),
                    turn: u16::try_from(turn).unwrap_or(u16::MAX),
                    speaker: said.speaker,
                    probability: word.probability,
                    stop: false,
                    question: false,
                    comma: false,
                });
            });
            join_decimals(&mut tokens, from, word.text());
            if tokens.len() > from
                && let Some(last) = tokens.last_mut()
            {
                mark_end(last, word.text());
            }
        }
        join_torn(&mut tokens, from, lexicon);
        put_right(&mut tokens, from, lexicon);
        lexicon.sounds.join(&mut tokens, from);
    }
    tokens.retain(|token| !lexicon.fillers.contains(&token.text));
    tokens
}

/// Lower case without accents; `ß` is `ss`, every apostrophe is `'`. A German umlaut stays: "hatte" is told, "hätte" is
/// a wish.
pub(in crate::confidential) fn fold(text: &str) -> Text {
    let mut folded = Text::with_room(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'à' | 'á' | 'â' | 'ã' | 'å' => folded.push('a'),
            'ç' => folded.push('c'),
            'è' | 'é' | 'ê' | 'ë' => folded.push('e'),
            'ì' | 'í' | 'î' | 'ï' => folded.push('i'),
            'ñ' => folded.push('n'),
            'ò' | 'ó' | 'ô' | 'õ' => folded.push('o'),
            'ù' | 'ú' | 'û' => folded.push('u'),
            'ý' | 'ÿ' => folded.push('y'),
            'ß' => folded.push_str("ss"),
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            '’' | '‘' | '`' | '´' => folded.push('\''),
            '–' | '—' | '‑' => folded.push('-'),
            '\u{202f}' | '\u{a0}' => folded.push(' '),
            '\u{300}'..='\u{36f}' => {}
            other => folded.push(other),
        }
    }
    folded
}

/// "24" and ",90" are one number that a recogniser tore apart.
fn join_decimals(tokens: &mut Vec<Token>, from: usize, word: &str) {
    let torn = word.strip_prefix([',', ':']).is_some_and(|rest| {
        let digits = rest.chars().take_while(char::is_ascii_digit).count();
        digits == 2 && !rest[digits..].starts_with(|c: char| c.is_alphanumeric())
    });
    let [.., before, last] = &tokens[from..] else { return };
    let short = |token: &Token| token.text.len() <= 4 && token.text.bytes().all(|b| b.is_ascii_digit());
    if torn && short(before) && last.text.len() == 2 && last.is_number() {
        let at = tokens.len() - 2;
        let last = tokens.remove(at + 1);
        let joined = &mut tokens[at];
        let mut text = Text::from(joined.text.as_str());
        text.push_str(&word[..1]);
        text.push_str(&last.text);
        joined.tell(text);
        joined.probability = joined.probability.min(last.probability);
        (joined.stop, joined.comma) = (false, false);
    }
}

fn mark_end(token: &mut Token, word: &str) {
    // "there is no... no summary": whoever hesitates goes on.
    if word.ends_with("..") || word.ends_with('…') {
        token.comma = true;
        return;
    }
    for c in word.chars().rev() {
        match c {
            // "6 p. m.": a letter alone is an abbreviation.
            '.' if token.text.len() == 1 && !token.is_number() => {}
            '.' | '!' | '…' | ';' => token.stop = true,
            '?' => (token.stop, token.question) = (true, true),
            ',' | ':' => token.comma = true,
            '"' | '\'' | ')' | '»' | '”' | ' ' => {}
            _ => break,
        }
    }
}

fn split_word(word: &str, lexicon: &Lexicon, push: &mut impl FnMut(Text, Text)) {
    // An e-mail address is never read, so it can never be quoted.
    if word.contains('@') {
        return;
    }
    for piece in pieces(word) {
        let folded = fold(piece);
        if let Some(parts) = lexicon.split.get(folded.as_str()) {
            for part in parts {
                push(part.as_str().into(), part.as_str().into());
            }
            continue;
        }
        split_apostrophe(piece, &folded, lexicon, push);
    }
}

/// Takes punctuation off, and numbers, signs and words apart.
fn pieces(word: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut from = None;
    let mut last: Option<char> = None;
    let mut chars = word.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, c)| *c);
        let inside = from.is_some_and(|from| {
            let piece = &word[from..at];
            let digits = piece.starts_with(|c: char| c.is_ascii_digit());
            match c {
                '.' | ',' | ':' => digits && next.is_some_and(|c| c.is_ascii_digit()),
                '\'' | '’' => !digits && next.is_some_and(char::is_alphabetic) || piece.len() <= 2,
                _ if c.is_ascii_digit() => digits,
                _ if c.is_alphabetic() => !digits || suffix_of_number(&word[at..]),
                _ => false,
            }
        });
        let starts = c.is_alphanumeric() || (c == '\'' && next.is_some_and(char::is_alphabetic));
        if !inside {
            if let Some(from) = from.take() {
                pieces.push(&word[from..at]);
            }
            if starts {
                from = Some(at);
            } else if matches!(c, '€' | '£' | '$' | '%') {
                pieces.push(&word[at..at + c.len_utf8()]);
            } else if c == '-' && last.is_some_and(|c| c.is_ascii_digit()) && next.is_some() {
                pieces.push(&word[at..=at]);
            }
        }
        last = Some(c);
    }
    if let Some(from) = from {
        pieces.push(&word[from..]);
    }
    pieces
}

/// "7th", "10h30", "10am" stay together.
fn suffix_of_number(rest: &str) -> bool {
    let letters: Text = rest.chars().take_while(|c| c.is_alphabetic()).collect();
    matches!(
        Text::lowercase(&letters).as_str(),
        "st" | "nd" | "rd" | "th" | "d" | "h" | "am" | "pm" | "er" | "ere" | "e" | "eme" | "m"
    ) || (rest.starts_with('h') && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
}

/// English gives "i" + "'ll" and "do" + "n't", French "j'" + "ai".
fn split_apostrophe(piece: &str, folded: &str, lexicon: &Lexicon, push: &mut impl FnMut(Text, Text)) {
    let shown = piece.trim_end_matches(['\'', '’']);
    if let Some((head, tail)) = folded.split_once('\'') {
        if lexicon.elides {
            let mut prefix = Text::from(head);
            prefix.push('\'');
            push(prefix.again(), prefix);
            if !tail.is_empty() {
                let shown = piece.split_once(['\'', '’']).map_or(tail, |(_, rest)| rest);
                push(tail.into(), shown.into());
            }
            return;
        }
        if tail == "t" && head.ends_with('n') && head.len() > 1 {
            let head = &head[..head.len() - 1];
            push(head.into(), head.into());
            push("n't".into(), "n't".into());
            return;
        }
        if !head.is_empty() && !tail.is_empty() {
            let mut suffix = Text::from("'");
            suffix.push_str(tail);
            push(head.into(), shown.split(['\'', '’']).next().unwrap_or(head).into());
            push(suffix.again(), suffix);
            return;
        }
    }
    let text = folded.trim_matches('\'');
    if !text.is_empty() {
        push(text.into(), shown.into());
    }
}

/// "I'll let you no" lets somebody know: a run of words that makes no sense sounds like one that does.
fn put_right(tokens: &mut Vec<Token>, from: usize, lexicon: &Lexicon) {
    let mut at = from;
    while at < tokens.len() {
        let stands = |(heard, _): &&(Vec<String>, Vec<String>)| is_run(&tokens[at..], heard);
        let Some((heard, meant)) = lexicon.meant.iter().filter(stands).max_by_key(|(heard, _)| heard.len())
        else {
            at += 1;
            continue;
        };
        let run = at..at + heard.len();
        let end = &tokens[run.end - 1];
        let mut mended: Vec<Token> = meant.iter().map(|word| tokens[at].like(word)).collect();
        if let Some(last) = mended.last_mut() {
            (last.stop, last.question, last.comma) = (end.stop, end.question, end.comma);
        }
        at += mended.len();
        tokens.splice(run, mended);
    }
}

/// Whether tokens begin with those words, and no sentence or list parts them.
fn is_run(tokens: &[Token], words: &[String]) -> bool {
    let Some(run) = tokens.get(..words.len()) else { return false };
    let parted = run.iter().rev().skip(1).any(|token| token.stop || token.comma);
    !parted && run.iter().zip(words).all(|(token, word)| token.text == *word)
}

/// "e mail" is one word, so is "wi fi"; "c" and "'est" are "c'" and "est".
fn join_torn(tokens: &mut Vec<Token>, from: usize, lexicon: &Lexicon) {
    let mut at = from;
    while at + 1 < tokens.len() {
        if lexicon.elides && tokens[at + 1].text == "'" {
            let mark = tokens.remove(at + 1);
            let token = &mut tokens[at];
            let marked = |text: &str| Text::joined(&[text.into(), mark.text.as_str().into()], "");
            let (text, shown) = (marked(&token.text), marked(&token.shown));
            token.tell(text);
            token.show(shown);
        }
        let Some(second) = tokens.get(at + 1) else { break };
        let (first, second) = (tokens[at].text.as_str(), second.text.as_str());
        let clock = tokens.get(at + 2).is_some_and(|third| lexicon.time.hour.contains(&third.text));
        let mut both = Text::from(first);
        both.push_str(second);
        let joined = match (first, second) {
            ("e", mail) if mail.starts_with("mail") => Some("email".into()),
            ("wi", "fi") => Some("wifi".into()),
            (elided, _) if elided.ends_with('\'') => {
                lexicon.split.get(both.as_str()).and_then(|parts| Some(parts.first()?.as_str().into()))
            }
            // "Sech zehn uhr", "drei zehn uhr" are sixteen and thirteen.
            (first, "zehn")
                if lexicon.numbers.is_german() && (clock || !lexicon.numbers.small.contains_key(first)) =>
            {
                Some(both).filter(|both| lexicon.numbers.small.contains_key(both.as_str()))
            }
            _ => None,
        };
        if let Some(word) = joined {
            let next = tokens.remove(at + 1);
            let token = &mut tokens[at];
            token.show(match word.as_str() {
                "email" => "E-Mail".into(),
                "wifi" => "Wi-Fi".into(),
                other => other.into(),
            });
            token.tell(word);
            (token.stop, token.question, token.comma) = (next.stop, next.question, next.comma);
        }
        at += 1;
    }
}

/// The tokens of each turn.
pub(in crate::confidential) fn turns(tokens: &[Token]) -> Vec<Range<usize>> {
    let mut turns: Vec<Range<usize>> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match turns.last_mut() {
            Some(last) if tokens[last.start].turn == token.turn => last.end = at + 1,
            _ => turns.push(at..at + 1),
        }
    }
    turns
}

/// Where the turn of a token ends.
pub(in crate::confidential) fn turn_end(tokens: &[Token], at: usize) -> usize {
    let turn = tokens[at].turn;
    tokens[at..].iter().position(|token| token.turn != turn).map_or(tokens.len(), |more| at + more)
}
