//! What was said goes in, what may never stand in a note comes out: cards, accounts, passwords, addresses, health,
//! other people.
//!
//! It is judged by shape (check digits, lengths) and by the words around it, never by one alone: a misheard digit
//! spoils the check digit, a misheard word the context.

use super::health::Told;
use crate::confidential::Text;
use crate::confidential::notes::lexicon::{Lexicon, Stem};
use crate::confidential::notes::tokens::{Token, turn_end};
use crate::confidential::notes::values::{Kind, Value};
use std::collections::BTreeSet;
use zeroize::Zeroizing;

/// Digits in a row of numbers from which on it may be a card or an account.
const LONG: usize = 12;

/// Tokens from the word for a code to the end of a turn that asks for one.
const ASKED: usize = 4;

/// Turns behind the word for a card in which digits may be the card's, and its expiry may be told.
const CARD_TURNS: u16 = 2;
const EXPIRY_TURNS: u16 = 4;

/// Digits that are read from a card in one: groups of four, and the check number.
const CARD_PARTS: [usize; 3] = [3, 4, 8];

/// Turns behind the question for a date of birth, and the tokens of a whole date.
const BIRTH_TURNS: u16 = 2;
const WHOLE_DATE: usize = 3;

/// Longest telephone number that is let through.
const LONGEST_NUMBER: usize = 13;

/// What sort of thing is kept out of a note.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Numbers of cards and accounts, what stands beside them, and what is as long.
    Card,
    /// Passwords, codes, and the answers to them.
    Secret,
    Birth,
    Address,
    Mail,
    Name,
    /// Health, beliefs, unions, and what stands around them.
    Health,
}

impl Sort {
    pub const ALL: [Sort; 7] =
        [Sort::Card, Sort::Secret, Sort::Birth, Sort::Address, Sort::Mail, Sort::Name, Sort::Health];

    pub fn word(self) -> &'static str {
        match self {
            Sort::Card => "card",
            Sort::Secret => "secret",
            Sort::Birth => "birth",
            Sort::Address => "address",
            Sort::Mail => "mail",
            Sort::Name => "name",
            Sort::Health => "health",
        }
    }
}

/// What is forbidden in this call's note.
pub(in crate::confidential) struct Secrets {
    /// Per token.
    pub tokens: Vec<bool>,
    /// Those that are a card's expiry or a birth: no day or time of the note may rest on them.
    pub dates: Vec<bool>,
    words: BTreeSet<Text>,
    digits: BTreeSet<Text>,
}

impl Secrets {
    pub fn find(tokens: &[Token], values: &[Value], covered: &[Option<usize>], lexicon: &Lexicon) -> Secrets {
        Secrets::of(&Sort::ALL, tokens, values, covered, lexicon)
    }

    /// What is forbidden for being of one of these sorts.
    pub fn of(
        sorts: &[Sort],
        tokens: &[Token],
        values: &[Value],
        covered: &[Option<usize>],
        lexicon: &Lexicon,
    ) -> Secrets {
        let mut ban = vec![false; tokens.len()];
        let mut dates = vec![false; tokens.len()];
        for sort in sorts {
            match sort {
                Sort::Card => {
                    long_numbers(tokens, values, lexicon, &mut ban);
                    let card = |token: &Token| fits(&lexicon.sensitive.cards, token);
                    numbers_near(card, tokens, covered, &mut ban);
                    let cards = cards(tokens, lexicon);
                    card_ends(tokens, values, lexicon, &cards, &mut ban);
                    expiries(tokens, values, lexicon, &cards, &mut dates);
                }
                Sort::Secret => {
                    after_secrets(tokens, lexicon, covered, &mut ban);
                    codes(tokens, lexicon, values, &mut ban);
                }
                Sort::Birth => {
                    let sensitive = &lexicon.sensitive;
                    let born = |token: &Token| {
                        fits(&sensitive.birth, token) || sensitive.born.contains(&token.shown)
                    };
                    numbers_near(born, tokens, covered, &mut ban);
                    births(tokens, values, lexicon, covered, &mut dates);
                }
                Sort::Address => {
                    addresses(tokens, lexicon, covered, &mut ban);
                    named_streets(tokens, lexicon, &mut ban);
                    numbered_streets(tokens, lexicon, covered, &mut ban);
                }
                Sort::Mail => mail_addresses(tokens, lexicon, &mut ban),
                Sort::Name => {
                    people(tokens, lexicon, &mut ban);
                    let named = |token: &Token| lexicon.words.names.contains(&token.text);
                    ban.iter_mut().zip(tokens).for_each(|(ban, token)| *ban |= named(token));
                }
                Sort::Health => {}
            }
        }
        ban.iter_mut().zip(&dates).for_each(|(ban, date)| *ban |= date);
        let health = sorts.contains(&Sort::Health).then(|| Told::find(tokens, covered, lexicon));
        if let Some(health) = &health {
            ban.iter_mut().zip(&health.hits).for_each(|(ban, hit)| *ban |= hit);
        }
        let (mut words, digits) = collect(tokens, values, lexicon, &ban);
        if let Some(health) = &health {
            words.extend(health.words(tokens));
            ban.iter_mut().zip(&health.around).for_each(|(ban, around)| *ban |= around);
        }
        for (at, token) in tokens.iter().enumerate() {
            ban[at] |= words.contains(token.text.as_str());
        }
        Secrets { tokens: ban, dates, words, digits }
    }

    /// Whether a sentence of ours holds something forbidden.
    pub fn leak(&self, sentence: &str) -> bool {
        self.tells(sentence) || holds_account(sentence)
    }

    /// Whether a sentence holds something that is forbidden for what the call said.
    pub fn tells(&self, sentence: &str) -> bool {
        let words = super::verbatim::words(sentence);
        words.iter().any(|word| self.words.contains(word))
            || digit_groups(sentence).iter().any(|group| {
                self.digits.iter().any(|secret| secret.contains(group.as_str()) && group.len() >= 3)
            })
    }
}

/// Whether a text holds what looks like a card or an account, whatever the call said.
pub(super) fn holds_account(text: &str) -> bool {
    let closed = closed_up(text);
    let runs = closed.split(|c: char| !c.is_ascii_alphanumeric());
    runs.into_iter().any(|run| {
        let digits: Text = run.chars().filter(char::is_ascii_digit).collect();
        digits.len() > LONGEST_NUMBER || (digits.len() >= LONG && luhn(&digits)) || iban(run)
    })
}

/// The check of card numbers.
pub(super) fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let value = u32::from(digit - b'0') * if at % 2 == 1 { 2 } else { 1 };
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    digits.len() >= LONG && sum.is_multiple_of(10)
}

/// Two letters, two digits, eleven or more letters or digits: by shape, the check digits may be misheard.
pub(super) fn iban(run: &str) -> bool {
    let bytes = run.as_bytes();
    bytes.len() >= 15
        && bytes[..2].iter().all(u8::is_ascii_alphabetic)
        && bytes[2..4].iter().all(u8::is_ascii_digit)
        && bytes[4..].iter().filter(|b| b.is_ascii_digit()).count() >= 8
}

/// Numbers closed up over blanks, points and hyphens between digits, and over blanks after letters before digits.
fn closed_up(text: &str) -> Text {
    let mut chars = Zeroizing::new(Vec::with_capacity(text.len()));
    chars.extend(text.chars());
    let mut closed = Text::with_room(text.len());
    for (at, c) in chars.iter().enumerate() {
        let joins = c.is_whitespace() || ".-/".contains(*c);
        let between = at > 0
            && chars[at - 1].is_ascii_digit()
            && chars.get(at + 1).is_some_and(|next| next.is_ascii_digit());
        if !(joins && between) {
            closed.push(*c);
        }
    }
    closed
}

/// Maximal strings of digits, closed up over blanks and hyphens.
pub(super) fn digit_groups(text: &str) -> Vec<Text> {
    let closed = closed_up(text);
    closed.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).map(Text::from).collect()
}

pub(super) fn fits(stems: &[Stem], token: &Token) -> bool {
    stems.iter().any(|stem| stem.fits(&token.text))
}

/// Rows of numbers: one telephone number is let through, anything longer or pieced together is not.
fn long_numbers(tokens: &[Token], values: &[Value], lexicon: &Lexicon, ban: &mut [bool]) {
    let mut at = 0;
    while at < values.len() {
        let mut end = at;
        while end + 1 < values.len() && continues(tokens, &values[end], &values[end + 1], lexicon) {
            end += 1;
        }
        let row = &values[at..=end];
        let digits = Text::joined(&row.iter().map(digits_of).collect::<Vec<_>>(), "");
        let letters = row.iter().any(|v| v.digits.len() > digits_of(v).len());
        let alone = row.len() == 1 && row[0].kind == Kind::Digits;
        let number = alone && digits.len() <= LONGEST_NUMBER && !letters && !luhn(&digits);
        if digits.len() >= LONG && !number {
            let from = row[0].from;
            let to = turn_end(tokens, from);
            ban[from.saturating_sub(3)..to].iter_mut().zip(&tokens[from.saturating_sub(3)..to]).for_each(
                |(ban, token)| {
                    *ban |= token.turn == tokens[from].turn;
                },
            );
        }
        at = end + 1;
    }
}

/// Whether a number goes on in the next one: nothing but short function words between them.
fn continues(tokens: &[Token], a: &Value, b: &Value, lexicon: &Lexicon) -> bool {
    let between = &tokens[a.to..b.from];
    let plain = |value: &Value| matches!(value.kind, Kind::Digits | Kind::Count(_) | Kind::Time { .. });
    let small =
        |token: &Token| token.text.len() <= 4 && !token.stop || lexicon.words.stop.contains(&token.text);
    a.turn == b.turn && plain(a) && plain(b) && between.len() <= 2 && between.iter().all(small)
}

fn digits_of(value: &Value) -> Text {
    let mut text = Text::new();
    match &value.kind {
        Kind::Digits => text.extend(value.digits.chars().filter(char::is_ascii_digit)),
        Kind::Count(count) => crate::confidential::notes::values::push_number(&mut text, u64::from(*count)),
        Kind::Time { hour, minute } => {
            crate::confidential::notes::values::push_number(
                &mut text,
                u64::from(*hour) * 100 + u64::from(*minute),
            );
        }
        _ => {}
    }
    text
}

/// Every number of a turn that speaks of a card, an account or a birth, and of the turn behind it.
fn numbers_near(
    speaks: impl Fn(&Token) -> bool,
    tokens: &[Token],
    covered: &[Option<usize>],
    ban: &mut [bool],
) {
    let marked: BTreeSet<u16> = tokens.iter().filter(|token| speaks(token)).map(|token| token.turn).collect();
    for (at, token) in tokens.iter().enumerate() {
        let near = marked.contains(&token.turn) || token.turn > 0 && marked.contains(&(token.turn - 1));
        ban[at] |= near && covered[at].is_some();
    }
}

/// Whether a phrase ends at `at`.
fn ends_phrase(phrases: &[Vec<Stem>], tokens: &[Token], at: usize) -> bool {
    phrases.iter().any(|phrase| {
        let from = (at + 1).checked_sub(phrase.len());
        from.is_some_and(|from| phrase.iter().zip(&tokens[from..=at]).all(|(s, t)| s.fits(&t.text)))
    })
}

/// The digits of a card that nobody called by a card's name, in the turn that speaks of one and those behind it.
fn card_ends(tokens: &[Token], values: &[Value], lexicon: &Lexicon, cards: &BTreeSet<u16>, ban: &mut [bool]) {
    let endings = turns_with(&lexicon.sensitive.endings, tokens);
    for value in values {
        let plain = matches!(value.kind, Kind::Digits | Kind::Count(_));
        let clock = matches!(value.kind, Kind::Time { .. });
        let digits = if value.kind == Kind::Digits { value.digits.len() } else { digits_of(value).len() };
        // Digits one by one or in pairs are read out, "three hundred" is not.
        let read = value.kind == Kind::Digits && CARD_PARTS.contains(&digits);
        let part = read && near(cards, value.turn, CARD_TURNS);
        let announced = near(&endings, value.turn, 1) && near(cards, value.turn, CARD_TURNS);
        let end = (plain || clock) && announced && digits >= 2;
        if part || end {
            ban[value.from..value.to].fill(true);
        }
    }
}

/// The turns that speak of a card to pay with, as far as the words beside it tell.
fn cards(tokens: &[Token], lexicon: &Lexicon) -> BTreeSet<u16> {
    let sensitive = &lexicon.sensitive;
    let open = |at: usize| {
        let beside = at.saturating_sub(2)..(at + 3).min(tokens.len());
        tokens[beside].iter().any(|token| fits(&sensitive.open_cards, token))
    };
    let is_card = |at: &usize| sensitive.card_words.contains(&tokens[*at].text) && !open(*at);
    (0..tokens.len()).filter(is_card).map(|at| tokens[at].turn).collect()
}

fn turns_with(phrases: &[Vec<Stem>], tokens: &[Token]) -> BTreeSet<u16> {
    (0..tokens.len()).filter(|&at| ends_phrase(phrases, tokens, at)).map(|at| tokens[at].turn).collect()
}

/// Whether one of the turns is `turn` or at most `back` before it.
fn near(turns: &BTreeSet<u16>, turn: u16, back: u16) -> bool {
    turns.range(turn.saturating_sub(back)..=turn).next().is_some()
}

/// When a card expires.
fn expiries(
    tokens: &[Token],
    values: &[Value],
    lexicon: &Lexicon,
    cards: &BTreeSet<u16>,
    dates: &mut [bool],
) {
    let expiries = turns_with(&lexicon.sensitive.expiries, tokens);
    for value in values.iter().filter(|value| may_be_a_date(value)) {
        if expiries.contains(&value.turn) && near(cards, value.turn, EXPIRY_TURNS) {
            dates[value.from..value.to].fill(true);
        }
    }
}

/// A date of birth in the turns behind its question: "one moment" may stand between.
fn births(
    tokens: &[Token],
    values: &[Value],
    lexicon: &Lexicon,
    covered: &[Option<usize>],
    dates: &mut [bool],
) {
    let birth = |token: &&Token| fits(&lexicon.sensitive.birth, token);
    let births: BTreeSet<u16> = tokens.iter().filter(birth).map(|token| token.turn).collect();
    let numbers =
        |turn: u16| tokens.iter().zip(covered).filter(|(t, v)| t.turn == turn && v.is_some()).count();
    for value in values.iter().filter(|value| may_be_a_date(value)) {
        // A whole date has its year: no appointment is made for nineteen forty eight.
        if near(&births, value.turn, BIRTH_TURNS) && numbers(value.turn) >= WHOLE_DATE {
            dates[value.from..value.to].fill(true);
        }
    }
}

fn may_be_a_date(value: &Value) -> bool {
    !matches!(value.kind, Kind::Amount { .. })
}

/// What follows the word "password", and the turn that answers it.
fn after_secrets(tokens: &[Token], lexicon: &Lexicon, covered: &[Option<usize>], ban: &mut [bool]) {
    for at in 0..tokens.len() {
        let phrase = ends_phrase(&lexicon.sensitive.secret_phrases, tokens, at);
        if !fits(&lexicon.sensitive.secrets, &tokens[at]) && !phrase {
            continue;
        }
        for later in at + 1..tokens.len() {
            let turns = tokens[later].turn - tokens[at].turn;
            if turns > 1 {
                break;
            }
            // A number may be made of small words.
            ban[later] |= covered[later].is_some() || !lexicon.words.stop.contains(&tokens[later].text);
        }
    }
}

/// Numbers called a code, behind the word or as the answer to it. A code that everybody may know says which it is.
fn codes(tokens: &[Token], lexicon: &Lexicon, values: &[Value], ban: &mut [bool]) {
    let sensitive = &lexicon.sensitive;
    for at in (0..tokens.len()).filter(|&at| sensitive.codes.contains(&tokens[at].text)) {
        let beside = at.saturating_sub(1)..(at + 2).min(tokens.len());
        if tokens[beside].iter().any(|token| sensitive.open_codes.contains(&token.text)) {
            continue;
        }
        let end = turn_end(tokens, at);
        let asks = end - at <= ASKED;
        let to = if asks && end < tokens.len() { turn_end(tokens, end) } else { end };
        let number = |value: &&Value| matches!(value.kind, Kind::Digits | Kind::Count(_));
        let behind = values.iter().filter(number).filter(|value| (at..to).contains(&value.from));
        behind.for_each(|value| ban[value.from..value.to].fill(true));
    }
}

/// A street beside a number, and what stands around it.
fn addresses(tokens: &[Token], lexicon: &Lexicon, covered: &[Option<usize>], ban: &mut [bool]) {
    for at in 0..tokens.len() {
        let word = &tokens[at].text;
        let behind = covered.get(at + 1).is_some_and(Option::is_some);
        let street = fits(&lexicon.sensitive.streets, &tokens[at])
            || ends_like(&lexicon.sensitive.street_endings, word, lexicon)
            || behind && ends_like(&lexicon.sensitive.place_endings, word, lexicon);
        // "Das Fahrrad ist weg", "ein Platz am Montag": such a word alone is a street only before its number.
        let plain = lexicon.numbers.is_german() && !word.contains("str") && word.len() <= 6;
        let from = if plain { at + 1 } else { at.saturating_sub(4) };
        let near = from..(if plain { at + 2 } else { at + 5 }).min(tokens.len());
        // "At our place", "the way", "eighty place cards": a common word behind a small one or a number is no street.
        let common = lexicon.sensitive.plain_streets.contains(word)
            && at.checked_sub(1).is_some_and(|before| {
                let text = &tokens[before].text;
                let small = lexicon.words.stop.contains(text) || lexicon.words.determiners.contains(text);
                small || covered[before].is_some()
            });
        if !street || common || !near.clone().any(|place| covered[place].is_some()) {
            continue;
        }
        let turn = tokens[at].turn;
        for place in at.saturating_sub(3)..(at + 5).min(tokens.len()) {
            ban[place] |= tokens[place].turn == turn && !lexicon.words.stop.contains(&tokens[place].text);
        }
        for place in 0..tokens.len() {
            let close = tokens[place].turn.abs_diff(turn) <= 1 && place.abs_diff(at) < 30;
            ban[place] |= close && covered[place].is_some();
        }
    }
}

/// Whether a word is the name of a street in one.
fn ends_like(endings: &[String], word: &str, lexicon: &Lexicon) -> bool {
    let longer = |ending: &String| word.len() > ending.len() + 2 && word.ends_with(ending.as_str());
    endings.iter().any(longer) && !lexicon.sensitive.no_streets.contains(word)
}

/// A street by its name, without a number: "birkenweg", "tannery lane", "rue des tanneurs".
fn named_streets(tokens: &[Token], lexicon: &Lexicon, ban: &mut [bool]) {
    let sensitive = &lexicon.sensitive;
    let unknown = |at: usize| is_unknown(&tokens[at].text, lexicon);
    for at in 0..tokens.len() {
        ban[at] |= ends_like(&sensitive.street_endings, &tokens[at].text, lexicon);
        if !sensitive.named_streets.contains(&tokens[at].text) {
            continue;
        }
        let same = |place: &usize| tokens[*place].turn == tokens[at].turn;
        if lexicon.elides {
            let small = |place: &usize| {
                lexicon.words.determiners.contains(&tokens[*place].text)
                    || lexicon.words.links.contains(&tokens[*place].text)
            };
            let name = (at + 1..(at + 4).min(tokens.len())).filter(same).find(|place| !small(place));
            if let Some(name) = name.filter(|&name| unknown(name)) {
                ban[name] = true;
            }
        } else if let Some(name) = at.checked_sub(1).filter(same).filter(|&name| unknown(name)) {
            (ban[name], ban[at]) = (true, true);
        }
    }
}

/// A number, a name of one to three words, and a word that many streets end with: "fourteen coopers yard".
fn numbered_streets(tokens: &[Token], lexicon: &Lexicon, covered: &[Option<usize>], ban: &mut [bool]) {
    for at in 0..tokens.len() {
        if !lexicon.sensitive.numbered_streets.contains(&tokens[at].text) {
            continue;
        }
        let named = |place: &usize| {
            tokens[*place].turn == tokens[at].turn
                && covered[*place].is_none()
                && (is_unknown(&tokens[*place].text, lexicon) || tokens[*place].text == "'s")
        };
        let name = (at.saturating_sub(3)..at).rev().take_while(named).last();
        let Some(name) = name else { continue };
        let number =
            name.checked_sub(1).filter(|&n| covered[n].is_some() && tokens[n].turn == tokens[at].turn);
        let Some(number) = number else { continue };
        ban[name..=at].fill(true);
        let turn = tokens[at].turn;
        for place in 0..tokens.len() {
            let close = tokens[place].turn == turn && place.abs_diff(number) < 20;
            ban[place] |= close && covered[place].is_some();
        }
    }
}

/// Whether no list knows a word.
pub(super) fn is_unknown(text: &str, lexicon: &Lexicon) -> bool {
    let words = &lexicon.words;
    let known = [&words.stop, &words.determiners, &words.nouns, &words.telling, &words.light, &words.finite];
    let counts = lexicon.numbers.small.contains_key(text) || lexicon.time.weekdays.contains_key(text);
    text.len() >= 3 && !counts && !known.iter().any(|set| set.contains(text))
}

/// "anna dot miller at example dot com": what stands around the last point.
fn mail_addresses(tokens: &[Token], lexicon: &Lexicon, ban: &mut [bool]) {
    const ENDINGS: [&str; 9] = ["com", "org", "net", "de", "fr", "uk", "lu", "eu", "ie"];
    for at in 1..tokens.len() {
        let ends = ENDINGS.contains(&tokens[at].text.as_str())
            && lexicon.sensitive.dots.contains(&tokens[at - 1].text);
        if ends {
            let from = at.saturating_sub(8);
            for place in from..=at {
                ban[place] |= tokens[place].turn == tokens[at].turn
                    && !lexicon.words.stop.contains(&tokens[place].text);
            }
        }
    }
}

/// Names after titles, and after somebody's relatives.
fn people(tokens: &[Token], lexicon: &Lexicon, ban: &mut [bool]) {
    for at in 0..tokens.len() {
        let text = &tokens[at].text;
        let title = lexicon.sensitive.titles.contains(text);
        let relative = lexicon.sensitive.relations.contains(text);
        if !title && !relative {
            continue;
        }
        let reach = if title { 2 } else { 3 };
        for place in at + 1..(at + 1 + reach).min(tokens.len()) {
            let token = &tokens[place];
            if token.turn != tokens[at].turn {
                break;
            }
            let plain =
                lexicon.words.stop.contains(&token.text) || lexicon.words.determiners.contains(&token.text);
            if title && plain {
                break;
            }
            ban[place] |= title && !plain;
            let capital = token.shown.starts_with(char::is_uppercase) && !lexicon.numbers.is_german();
            ban[place] |= relative && capital && !plain;
        }
        if relative && let Some(name) = name_beside(tokens, lexicon, at) {
            ban[name] = true;
        }
    }
}

/// "My daughter anouk", "le papa d'anouk", "noah's mum": a word that no list knows, right beside a relative.
fn name_beside(tokens: &[Token], lexicon: &Lexicon, at: usize) -> Option<usize> {
    let words = &lexicon.words;
    let same = |place: usize| tokens.get(place).is_some_and(|token| token.turn == tokens[at].turn);
    let unknown = |place: &usize| same(*place) && is_unknown(&tokens[*place].text, lexicon);
    let owner = at.checked_sub(2).filter(|place| same(*place) && tokens[at - 1].text == "'s").filter(unknown);
    let linked = same(at + 1) && !tokens[at].stop && words.links.contains(&tokens[at + 1].text);
    // "Mein Mann, der Gerhard": no verb stands behind the article.
    let called = !linked
        && lexicon.numbers.is_german()
        && same(at + 1)
        && words.articles_maybe.contains(&tokens[at + 1].text);
    let verb = |place: &usize| called && ["t", "en"].iter().any(|end| tokens[*place].text.ends_with(end));
    let behind = Some(at + 1 + usize::from(linked || called)).filter(|_| !tokens[at].stop);
    owner.or_else(|| behind.filter(unknown).filter(|place| !verb(place)))
}

fn collect(
    tokens: &[Token],
    values: &[Value],
    lexicon: &Lexicon,
    ban: &[bool],
) -> (BTreeSet<Text>, BTreeSet<Text>) {
    let mut words = BTreeSet::new();
    for (token, _) in tokens.iter().zip(ban).filter(|(_, ban)| **ban) {
        let common = lexicon.words.stop.contains(&token.text)
            || lexicon.words.determiners.contains(&token.text)
            || lexicon.words.nouns.contains(&token.text) && !fits(&lexicon.sensitive.health, token)
            || token.text.len() < 3
            || lexicon.numbers.small.contains_key(&token.text)
            || lexicon.numbers.tens.contains_key(&token.text)
            || lexicon.time.weekdays.contains_key(&token.text);
        if !common {
            words.insert(token.text.as_str().into());
        }
    }
    let banned = values.iter().filter(|value| ban[value.from..value.to].iter().any(|ban| *ban));
    let banned: Vec<&Value> = banned.collect();
    let mut digits: BTreeSet<Text> =
        banned.iter().map(|value| digits_of(value)).filter(|digits| digits.len() >= 2).collect();
    // "Thirty one fifty six" are two numbers, and four digits of a card.
    for pair in banned.windows(2).filter(|pair| pair[0].to == pair[1].from) {
        digits.insert(Text::joined(&[digits_of(pair[0]), digits_of(pair[1])], ""));
    }
    (words, digits)
}
