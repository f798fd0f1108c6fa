//! Tokens go in, values come out: dates, times, amounts, durations, digit strings, counts, with their place.
//!
//! Each language has its own number grammar, as data; both recognisers are read ("ten thirty" and "10:30"). A
//! value is as sure as its weakest word. The same value from both sides (a read-back) is the strongest evidence.

mod clock;
mod days;
mod numbers;

use super::lexicon::{Lexicon, Style};
use super::tokens::{Token, turn_end};
use crate::confidential::{Speaker, Text};
use std::ops::Range;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// What it is and says, as numbers alone: letters and digits that were said stand beside it, in the [`Value`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Zeroize, ZeroizeOnDrop)]
pub(in crate::confidential) enum Kind {
    /// Days from Monday, 0 to 6.
    Weekday(u8),
    /// A day of a month (1 to 12), of whichever week the weekday says.
    Date {
        weekday: Option<u8>,
        day: u8,
        month: Option<u8>,
    },
    Month(u8),
    /// "tomorrow", by its place in the lexicon.
    Relative(u8),
    /// "in the morning", by its place in the lexicon.
    Part(u8),
    Time {
        hour: u8,
        minute: u8,
    },
    Window {
        from: (u8, u8),
        to: (u8, u8),
    },
    Duration {
        count: u32,
        unit: u8,
    },
    Amount {
        cents: u64,
        currency: u8,
    },
    /// A reference or a number ([`Value::digits`]).
    Digits,
    Count(u32),
}

impl Kind {
    /// Whether it says when.
    pub fn is_when(&self) -> bool {
        !matches!(self, Kind::Amount { .. } | Kind::Digits | Kind::Count(_))
    }

    /// Whether it names a time of day.
    pub fn is_time(&self) -> bool {
        matches!(self, Kind::Time { .. } | Kind::Window { .. } | Kind::Part(_))
    }
}

#[derive(Zeroize, ZeroizeOnDrop)]
pub(in crate::confidential) struct Value {
    pub kind: Kind,
    /// Letters first; empty for any other kind.
    pub digits: Text,
    pub from: usize,
    pub to: usize,
    pub turn: u16,
    #[zeroize(skip)]
    pub speaker: Speaker,
    /// Of its weakest word; raised when the other side said the same.
    pub confidence: f32,
    pub read_back: bool,
    /// Whether its words are another value, too ("vingt quatre vingt cinq"): saying it again does not settle which.
    pub torn: bool,
}

/// Reads every value of the call, in order.
pub(in crate::confidential) fn read(tokens: &[Token], lexicon: &Lexicon) -> Vec<Value> {
    let mut values = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let end = turn_end(tokens, at);
        let reader = Reader { tokens, lexicon, end };
        match reader.value(at) {
            Some((kind, digits, next)) => {
                let confidence = tokens[at..next].iter().map(|t| t.probability).fold(1.0, f32::min);
                let (turn, speaker) = (tokens[at].turn, tokens[at].speaker);
                let torn = reader.has_two_readings(&kind, at..next);
                let (from, to) = (at, next);
                let read_back = false;
                values.push(Value { kind, digits, from, to, turn, speaker, confidence, read_back, torn });
                at = next;
            }
            None => at += 1,
        }
    }
    join_prices(&mut values);
    settle_halves_of_day(&mut values);
    mark_read_backs(&mut values);
    values
}

/// Which value covers which token.
pub(in crate::confidential) fn cover(tokens: &[Token], values: &[Value]) -> Vec<Option<usize>> {
    let mut covered = vec![None; tokens.len()];
    for (index, value) in values.iter().enumerate() {
        covered[value.from..value.to].fill(Some(index));
    }
    covered
}

/// "Sixteen fifteen" and "a quarter past four" within six turns are one time, the later one of the day.
fn settle_halves_of_day(values: &mut [Value]) {
    for later in 1..values.len() {
        for earlier in (0..later).rev() {
            if values[later].turn.saturating_sub(values[earlier].turn) > SOON {
                break;
            }
            if is_later_half(&values[later].kind, &values[earlier].kind) {
                values[earlier].kind = values[later].kind.clone();
            } else if is_later_half(&values[earlier].kind, &values[later].kind) {
                values[later].kind = values[earlier].kind.clone();
            }
        }
    }
}

fn is_later_half(a: &Kind, b: &Kind) -> bool {
    let half = |(hour, minute): (u8, u8)| (hour + 12, minute);
    match (a, b) {
        (Kind::Time { hour, minute }, Kind::Time { hour: other, minute: same }) => {
            (*hour, *minute) == half((*other, *same))
        }
        (Kind::Window { from, to }, Kind::Window { from: other, to: end }) => {
            (*from, *to) == (half(*other), half(*end))
        }
        _ => false,
    }
}

/// Turns within which a value is said again.
const SOON: u16 = 6;

/// The same value said by the other side within six turns is confirmed by it.
fn mark_read_backs(values: &mut [Value]) {
    for later in 1..values.len() {
        for earlier in (0..later).rev() {
            let (a, b) = (&values[earlier], &values[later]);
            if b.turn.saturating_sub(a.turn) > SOON {
                break;
            }
            let sides_differ = a.speaker.is_caller() != b.speaker.is_caller();
            if sides_differ && !a.torn && !b.torn && same(a, b) {
                let both = (1.0 - (1.0 - a.confidence) * (1.0 - b.confidence)).min(1.0);
                for index in [earlier, later] {
                    values[index].read_back = true;
                    values[index].confidence = values[index].confidence.max(both);
                }
            }
        }
    }
}

/// "Thirty one pounds twenty ..., so forty nine sixty": a second price beside a first one does without its currency.
fn join_prices(values: &mut Vec<Value>) {
    let mut at = 0;
    let mut last: Option<(u8, u16)> = None;
    while at < values.len() {
        if let Kind::Amount { currency, .. } = values[at].kind {
            last = Some((currency, values[at].turn));
        }
        let pair = match (&values[at].kind, values.get(at + 1).map(|next| (&next.kind, next.from, next.turn)))
        {
            (Kind::Count(whole), Some((Kind::Count(part), from, turn)))
                if from == values[at].to
                    && turn == values[at].turn
                    && *whole > 12
                    && (10..100).contains(part) =>
            {
                Some(u64::from(*whole) * 100 + u64::from(*part))
            }
            _ => None,
        };
        let near = last.filter(|(_, turn)| values[at].turn - turn <= 3);
        if let (Some(cents), Some((currency, _))) = (pair, near) {
            let second = values.remove(at + 1);
            values[at].to = second.to;
            values[at].confidence = values[at].confidence.min(second.confidence);
            values[at].kind = Kind::Amount { cents, currency };
            last = Some((currency, values[at].turn));
        }
        at += 1;
    }
}

/// "A hundred and ninety pounds" is read back as "a hundred and ninety".
fn same(a: &Value, b: &Value) -> bool {
    match (&a.kind, &b.kind) {
        (Kind::Amount { cents, .. }, Kind::Count(count))
        | (Kind::Count(count), Kind::Amount { cents, .. }) => *cents == u64::from(*count) * 100,
        (one, other) => one == other && a.digits == b.digits,
    }
}

/// Reads one turn; `end` is the turn's last token and one.
struct Reader<'a> {
    tokens: &'a [Token],
    lexicon: &'a Lexicon,
    end: usize,
}

/// A number as read: its value, how many digits it was, and where it ends.
#[derive(Clone, Copy)]
struct Number {
    value: u64,
    /// Cents, when it was written with two decimals.
    cents: Option<u64>,
    next: usize,
}

impl Reader<'_> {
    fn value(&self, at: usize) -> Option<(Kind, Text, usize)> {
        let plain = |(kind, next)| (kind, Text::new(), next);
        self.amount(at)
            .or_else(|| self.window(at))
            .or_else(|| self.duration(at))
            .or_else(|| self.torn_time(at))
            .map(plain)
            .or_else(|| self.digits(at).map(|(digits, next)| (Kind::Digits, digits, next)))
            .or_else(|| self.date(at).map(plain))
            .or_else(|| self.time(at).map(plain))
            .or_else(|| self.relative(at).map(plain))
            .or_else(|| self.count(at).map(plain))
    }

    fn text(&self, at: usize) -> &str {
        if at < self.end { &self.tokens[at].text } else { "" }
    }

    fn before(&self, at: usize, back: usize) -> &str {
        let turn = self.tokens[at].turn;
        let place = at.checked_sub(back).filter(|&place| self.tokens[place].turn == turn);
        place.map_or("", |place| &self.tokens[place].text)
    }

    // ------------------------------------------------------------ numbers

    // ------------------------------------------------------------ kinds

    /// "Vingt quatre vingt cinq" is 24 and 25, or 20 and 85.
    fn has_two_readings(&self, kind: &Kind, place: Range<usize>) -> bool {
        let numbers = &self.lexicon.numbers;
        let ten = |at: usize| numbers.tens.get(self.text(at)).copied();
        let small = |at: usize| numbers.small.get(self.text(at)).copied();
        let torn = |at: usize| {
            ten(at).is_some_and(|ten| (20..=60).contains(&ten))
                && small(at + 1) == Some(4)
                && ten(at + 2) == Some(20)
        };
        numbers.style == Style::French && *kind == Kind::Digits && place.into_iter().any(torn)
    }

    /// The number that ends here belongs to what follows: a unit, a currency, a clock.
    fn starts_another(&self, at: usize) -> bool {
        self.currency(at).is_some()
            || self.unit(at).is_some()
            || self.lexicon.time.hour.contains(self.text(at))
    }

    fn is_day_word(&self, word: &str) -> bool {
        self.lexicon.time.weekdays.contains_key(word) || self.lexicon.numbers.ordinals.contains_key(word)
    }

    /// Whether a run of words stands there.
    fn says(&self, at: usize, words: &[String]) -> bool {
        words.iter().enumerate().all(|(index, word)| self.text(at + index) == word)
    }
}

pub(in crate::confidential) fn push_number(text: &mut Text, value: u64) {
    if value >= 10 {
        push_number(text, value / 10);
    }
    text.push(char::from(b'0' + (value % 10) as u8));
}

/// The values of one clause.
pub(in crate::confidential) fn within(values: &[Value], place: &Range<usize>) -> Range<usize> {
    let from = values.partition_point(|value| value.from < place.start);
    let to = values.partition_point(|value| value.from < place.end);
    from..to
}
