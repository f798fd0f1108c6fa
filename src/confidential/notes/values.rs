//! Tokens go in, values come out: dates, times, amounts, durations, digit strings, counts, with their place.
//!
//! Each language has its own number grammar, as data; both recognisers are read ("ten thirty" and "10:30"). A
//! value is as sure as its weakest word. The same value from both sides (a read-back) is the strongest evidence.

use super::lexicon::{Lexicon, Style};
use super::tokens::Token;
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

fn turn_end(tokens: &[Token], at: usize) -> usize {
    let turn = tokens[at].turn;
    tokens[at..].iter().position(|t| t.turn != turn).map_or(tokens.len(), |more| at + more)
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

    /// A number in words or digits.
    fn number(&self, at: usize) -> Option<Number> {
        self.written(at).or_else(|| self.spoken(at))
    }

    fn written(&self, at: usize) -> Option<Number> {
        let text = self.text(at);
        if !text.starts_with(|c: char| c.is_ascii_digit()) || text.len() > 18 {
            return None;
        }
        let next = at + 1;
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return Some(Number { value: text.parse().ok()?, cents: None, next });
        }
        let (whole, part) = text.rsplit_once(['.', ','])?;
        let plain: Text = whole.chars().filter(|c| c.is_ascii_digit()).collect();
        let only_digits = whole.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',');
        if !only_digits || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let whole: u64 = plain.parse().ok()?;
        match part.len() {
            2 => Some(Number { value: whole, cents: part.parse().ok(), next }),
            1 => Some(Number { value: whole, cents: part.parse::<u64>().ok().map(|tenth| tenth * 10), next }),
            3 => Some(Number { value: whole * 1_000 + part.parse::<u64>().ok()?, cents: None, next }),
            _ => None,
        }
    }

    fn spoken(&self, at: usize) -> Option<Number> {
        let numbers = &self.lexicon.numbers;
        if let Some(value) = numbers.glued(self.text(at)) {
            return Some(Number { value, cents: None, next: at + 1 });
        }
        let mut total = 0;
        let mut next = at;
        let mut any = false;
        if let Some((value, after)) = self.below_thousand(at) {
            (total, next, any) = (value, after, true);
        }
        if numbers.thousand.contains(self.text(next)) && (!any || total > 0) && !self.ends_a_sum(total, next)
        {
            total = if any { total * 1_000 } else { 1_000 };
            (next, any) = (next + 1, true);
            let rest = if numbers.and.contains(self.text(next)) { next + 1 } else { next };
            if let Some((value, after)) = self.below_thousand(rest)
                && value > 0
            {
                (total, next) = (total + value, after);
            }
        }
        any.then_some(Number { value: total, cents: None, next })
    }

    /// "Plus cent quatre-vingts, mille cinq cents": French begins a number with its thousand, and hundreds of thousands
    /// with a rest are rarer on the telephone than two amounts in a row.
    fn ends_a_sum(&self, total: u64, thousand: usize) -> bool {
        let rest = || self.below_thousand(thousand + 1).is_some_and(|(rest, _)| rest > 0);
        self.lexicon.numbers.style == Style::French && total >= 100 && rest()
    }

    fn below_thousand(&self, at: usize) -> Option<(u64, usize)> {
        let numbers = &self.lexicon.numbers;
        let lead = self.below_hundred(at);
        let (hundreds, mut next) = match lead {
            Some((value, next)) if value > 0 && value < 20 && numbers.hundred.contains(self.text(next)) => {
                (value * 100, next + 1)
            }
            Some(plain) => return Some(plain),
            None if numbers.hundred.contains(self.text(at)) && !self.ends_percent(at) => (100, at + 1),
            None => return None,
        };
        let joined = numbers.and.contains(self.text(next));
        let mut total = hundreds;
        if let Some((value, after)) = self.below_hundred(next + usize::from(joined))
            && value > 0
        {
            (total, next) = (total + value, after);
        }
        Some((total, next))
    }

    fn below_hundred(&self, at: usize) -> Option<(u64, usize)> {
        let numbers = &self.lexicon.numbers;
        let small = |at: usize| numbers.small.get(self.text(at)).copied();
        let tens = |at: usize| numbers.tens.get(self.text(at)).copied();
        match numbers.style {
            Style::TensUnit => {
                if let Some(ten) = tens(at) {
                    let unit = small(at + 1).filter(|&unit| (1..10).contains(&unit) && ten >= 20);
                    return Some(unit.map_or((ten, at + 1), |unit| (ten + unit, at + 2)));
                }
            }
            Style::UnitAndTens => {
                if let Some(unit) = small(at).filter(|unit| (1..10).contains(unit))
                    && numbers.and.contains(self.text(at + 1))
                    && let Some(ten) = tens(at + 2)
                {
                    return Some((ten + unit, at + 3));
                }
                if let Some(ten) = tens(at) {
                    return Some((ten, at + 1));
                }
            }
            Style::French => {
                let (ten, next) = match tens(at) {
                    Some(ten) => (ten, at + 1),
                    None if small(at) == Some(4) && tens(at + 1) == Some(20) => (80, at + 2),
                    // "dix sept" for "dix-sept".
                    None => return small(at).map(|value| self.teens_of_french(value, at + 1)),
                };
                let after_and = next + usize::from(numbers.and.contains(self.text(next)));
                let most = if ten == 60 || ten == 80 { 20 } else { 10 };
                return match small(after_and).filter(|unit| (1..most).contains(unit)) {
                    Some(unit) if unit >= 10 || after_and == next || unit == 1 => {
                        Some(self.teens_of_french(ten + unit, after_and + 1))
                    }
                    _ => Some((ten, next)),
                };
            }
        }
        small(at).map(|value| (value, at + 1))
    }

    /// "dix huit" is torn apart by recognisers: 10 + 8, 70 + 8, 90 + 8.
    fn teens_of_french(&self, value: u64, next: usize) -> (u64, usize) {
        let unit = self.lexicon.numbers.small.get(self.text(next)).copied();
        match unit {
            Some(unit) if matches!(value, 10 | 70 | 90) && (7..10).contains(&unit) => {
                (value + unit, next + 1)
            }
            _ => (value, next),
        }
    }

    // ------------------------------------------------------------ kinds

    fn amount(&self, at: usize) -> Option<(Kind, usize)> {
        if let Some(currency) = self.currency(at) {
            let number = self.number(at + 1).filter(|n| self.currency(n.next).is_none())?;
            let mut cents = number.value.checked_mul(100)? + number.cents.unwrap_or(0);
            let mut next = number.next;
            let sign = self.tokens[at].text.chars().count() == 1;
            // "pound 214, 60": a recogniser wrote the sign as a word.
            if !sign
                && number.cents.is_none()
                && let Some(more) =
                    self.number(next).filter(|n| (10..100).contains(&n.value) && n.cents.is_none())
                && !self.starts_another(more.next)
            {
                (cents, next) = (cents + more.value, more.next);
            }
            return Some((Kind::Amount { cents, currency }, next));
        }
        let number = self.number(at)?;
        let currency = self.currency(number.next)?;
        let mut next = number.next + 1;
        let mut cents = number.value.checked_mul(100)? + number.cents.unwrap_or(0);
        if number.cents.is_none()
            && let Some(more) = self.number(next).filter(|n| n.value < 100 && n.cents.is_none())
            && !self.starts_another(more.next)
        {
            (cents, next) = (cents + more.value, more.next);
        }
        if self.lexicon.numbers.cents.contains(self.text(next)) {
            next += 1;
        }
        Some((Kind::Amount { cents, currency }, next))
    }

    /// Whether "per cent" stands at `at`.
    fn is_percent(&self, at: usize) -> bool {
        self.lexicon.numbers.percent.iter().any(|words| self.says(at, words))
    }

    /// Whether the word at `at` is the last of "pour cent" behind a number, and no hundred.
    fn ends_percent(&self, at: usize) -> bool {
        let numbers = &self.lexicon.numbers;
        let counts = |word: &str| {
            numbers.small.contains_key(word)
                || numbers.tens.contains_key(word)
                || word.starts_with(|c: char| c.is_ascii_digit())
        };
        at > 0 && counts(self.before(at, 2)) && self.is_percent(at - 1)
    }

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

    fn currency(&self, at: usize) -> Option<u8> {
        self.lexicon.numbers.currencies.get(self.text(at)).copied()
    }

    fn window(&self, at: usize) -> Option<(Kind, usize)> {
        let time = &self.lexicon.time;
        let first = self.clock(at, true)?;
        let joiner = self.text(first.1);
        // "Between eight and ten, no, wait, it's ten to twelve": one opening serves the whole turn.
        let opened = (1..=24).any(|back| time.window_openers.contains(self.before(at, back)));
        let after_day = (1..=4).any(|back| self.is_day_word(self.before(at, back)));
        let joins = time.window_joiners.contains(joiner)
            && (opened || after_day || first.2 || joiner == "-" || self.text(at).contains(':'));
        if !joins {
            return None;
        }
        let second = self.clock(first.1 + 1, true)?;
        let sure = first.2 || second.2 || opened || after_day;
        let ((from, to), next) = ((first.0, second.0), second.1);
        let fits = (from < to || to.0 < 12) && from.0 > 0;
        (sure && fits && self.currency(next).is_none() && self.unit(next).is_none())
            .then_some((Kind::Window { from, to }, next))
    }

    fn is_day_word(&self, word: &str) -> bool {
        self.lexicon.time.weekdays.contains_key(word) || self.lexicon.numbers.ordinals.contains_key(word)
    }

    /// Whether a run of words stands there.
    fn says(&self, at: usize, words: &[String]) -> bool {
        words.iter().enumerate().all(|(index, word)| self.text(at + index) == word)
    }

    fn duration(&self, at: usize) -> Option<(Kind, usize)> {
        if let Some((words, minutes)) = self.lexicon.time.spans.iter().find(|(words, _)| self.says(at, words))
        {
            return Some((Kind::Duration { count: *minutes, unit: 0 }, at + words.len()));
        }
        let number = self.number(at).filter(|n| n.cents.is_none())?;
        let count = u32::try_from(number.value).ok()?;
        let extra = usize::from(self.lexicon.time.working.contains(self.text(number.next)));
        let mut unit = self.unit(number.next + extra)?;
        let clock = self.lexicon.time.hour.contains(self.text(number.next + extra));
        if clock && count <= 24 {
            return None;
        }
        let mut next = number.next + extra + 1;
        if extra == 1 || self.lexicon.time.working.contains(self.text(next)) {
            next += usize::from(extra == 0);
            unit = self.lexicon.time.working_day;
        }
        Some((Kind::Duration { count, unit }, next))
    }

    fn unit(&self, at: usize) -> Option<u8> {
        self.lexicon.time.units.get(self.text(at)).copied()
    }

    /// Letters and at least three digits, said one by one or in groups.
    fn digits(&self, at: usize) -> Option<(Text, usize)> {
        let mut text = Text::new();
        let mut place = at;
        while self.is_letters(place) {
            text.push_str(&Text::uppercase(self.text(place)));
            place += 1;
        }
        place += self.spelling_aid(place, text.len());
        let letters = text.len();
        let (mut atoms, mut groups) = (0, 0);
        loop {
            let (word, skip) = (self.text(place), self.text(place) == "-");
            let dash = usize::from(skip && atoms > 0);
            if let Some(&times) = self.lexicon.numbers.repeats.get(word)
                && let Some(&digit) = self.lexicon.numbers.small.get(self.text(place + 1))
                && digit < 10
            {
                (0..times).for_each(|_| push_number(&mut text, digit));
                (atoms, place) = (atoms + 2, place + 2);
                continue;
            }
            let plain = self.text(place + dash);
            if plain.len() > 1 && plain.bytes().all(|b| b.is_ascii_digit()) {
                text.push_str(plain);
                (atoms, groups, place) = (atoms + 1, groups + 1, place + dash + 1);
            } else if plain.len() == 1 && plain.as_bytes()[0].is_ascii_digit() {
                text.push_str(plain);
                (atoms, place) = (atoms + 1, place + dash + 1);
            } else if let Some((value, next)) = self.below_hundred(place + dash)
                && !self.lexicon.numbers.hundred.contains(self.text(next))
                && !self.lexicon.numbers.thousand.contains(self.text(next))
            {
                push_number(&mut text, value);
                (atoms, place) = (atoms + 1, next);
            } else if let Some(value) = self.round_hundred(place).filter(|_| atoms >= 3) {
                push_number(&mut text, value);
                (atoms, place) = (atoms + 1, place + 2);
            } else {
                break;
            }
            let ended = self.tokens[place - 1].stop;
            if ended || self.tokens[place - 1].comma && self.starts_another(place + 1) {
                break;
            }
        }
        if self.starts_another(place) && atoms <= 3 {
            return None;
        }
        let count = text.len() - letters;
        let enough = match letters {
            0 => count >= 5 || (atoms >= 3 && count >= 3),
            1..=4 => count >= 3 && (letters > 1 || atoms >= 3 || count >= 4 || groups > 0),
            _ => false,
        };
        (enough && count <= 24).then_some((text, place))
    }

    /// "Nine hundred" among the digits of a telephone number.
    fn round_hundred(&self, at: usize) -> Option<u64> {
        let digit = self.lexicon.numbers.small.get(self.text(at)).filter(|digit| (1..10).contains(*digit))?;
        self.lexicon.numbers.hundred.contains(self.text(at + 1)).then_some(digit * 100)
    }

    /// A letter said alone, or a few written in capitals ("PX 77").
    fn is_letters(&self, at: usize) -> bool {
        let text = self.text(at);
        let letters = !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase());
        let capitals = || self.tokens[at].shown.bytes().all(|b| b.is_ascii_uppercase());
        letters && (text.len() == 1 || text.len() <= 3 && capitals())
    }

    /// "C as in Charlie", "C wie Cäsar": as many tokens as may be skipped after a letter.
    fn spelling_aid(&self, at: usize, letters: usize) -> usize {
        let aids = &self.lexicon.numbers.spelling;
        let aid = aids.iter().find(|aid| self.says(at, aid));
        aid.filter(|_| letters > 0).map_or(0, |aid| aid.len() + 1)
    }

    fn date(&self, at: usize) -> Option<(Kind, usize)> {
        let weekday = self.lexicon.time.weekdays.get(self.text(at)).copied();
        let after_weekday = at + usize::from(weekday.is_some());
        if let Some((day, month, next)) = self.day_of_month(after_weekday, weekday.is_some()) {
            return Some((Kind::Date { weekday, day, month }, next));
        }
        if let Some(weekday) = weekday {
            return Some((Kind::Weekday(weekday), at + 1));
        }
        let month = self.month(at)?;
        match self.ordinal(self.skip_articles(at + 1)) {
            Some((day, next, _)) => Some((Kind::Date { weekday: None, day, month: Some(month) }, next)),
            None => Some((Kind::Month(month), at + 1)),
        }
    }

    /// "the seventh of March", "den 4.", "le 12".
    fn day_of_month(&self, at: usize, after_weekday: bool) -> Option<(u8, Option<u8>, usize)> {
        let article = self.skip_articles(at);
        let (day, mut next, sure) = self.ordinal(article)?;
        let mut month = self.month(next);
        next += usize::from(month.is_some());
        if month.is_none() && self.lexicon.time.of.contains(self.text(next)) {
            month = self.month(next + 1);
            next += if month.is_some() { 2 } else { 0 };
        }
        let introduced = at > 0 && self.lexicon.time.date_openers.contains(self.before(at, 1));
        // "the second room", "one second": small ordinals are dates only where a date is looked for.
        let named = after_weekday || month.is_some() || introduced || (article > at && day > 3);
        let known = (sure || month.is_some() || self.tokens[next - 1].stop) && named;
        let french = self.lexicon.elides && (after_weekday || article > at && month.is_some());
        let clock = self.lexicon.time.hour.contains(self.text(next)) || self.unit(next).is_some();
        ((known || french) && !clock && self.currency(next).is_none()).then_some((day, month, next))
    }

    fn skip_articles(&self, at: usize) -> usize {
        at + usize::from(self.lexicon.time.articles.contains(self.text(at)))
    }

    fn month(&self, at: usize) -> Option<u8> {
        self.lexicon.time.months.get(self.text(at)).copied()
    }

    /// A day's number; whether it can be nothing else.
    fn ordinal(&self, at: usize) -> Option<(u8, usize, bool)> {
        let numbers = &self.lexicon.numbers;
        let text = self.text(at);
        if let Some(&day) = numbers.ordinals.get(text) {
            return Some((day, at + 1, true));
        }
        if let Some(&ten) = numbers.tens.get(text)
            && numbers.style == Style::TensUnit
            && let Some(&unit) = numbers.ordinals.get(self.text(at + 1)).filter(|&&unit| unit < 10)
        {
            let day = u8::try_from(ten).ok()? + unit;
            return (day <= 31).then_some((day, at + 2, true));
        }
        if numbers.style == Style::UnitAndTens
            && let Some(&unit) = numbers.small.get(text).filter(|unit| (1..10).contains(*unit))
            && numbers.and.contains(self.text(at + 1))
            && let Some(&ten) = numbers.ordinals.get(self.text(at + 2)).filter(|&&ten| ten % 10 == 0)
        {
            let day = ten + u8::try_from(unit).ok()?;
            return (day <= 31).then_some((day, at + 3, true));
        }
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let suffixed = digits.len() < text.len() && !text.ends_with("am") && !text.ends_with("pm");
        if (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
            let clock = text.ends_with('h') && !text.ends_with("th");
            let day = digits.parse().ok().filter(|day| (1..=31).contains(day))?;
            return (!clock).then_some((day, at + 1, suffixed));
        }
        let number = self.spoken(at).filter(|n| (1..=31).contains(&n.value))?;
        Some((u8::try_from(number.value).ok()?, number.next, false))
    }

    fn time(&self, at: usize) -> Option<(Kind, usize)> {
        let ((hour, minute), next, sure) = self.clock(at, false)?;
        let opened = self.lexicon.time.time_openers.contains(self.before(at, 1));
        let free = self.currency(next).is_none() && self.unit(next).is_none() && self.number(next).is_none();
        let whole = minute == 0;
        let fits = sure || free && (!whole || opened && self.bare_hour_ends(next));
        fits.then_some((Kind::Time { hour, minute }, next))
    }

    /// "Thursday at 1030", "at 10.30 in the morning", "at 10-30": a recogniser's way to write a time. It is one only
    /// behind "at" and beside a day or a part of the day.
    fn torn_time(&self, at: usize) -> Option<(Kind, usize)> {
        let apart = self.text(at + 1) == "-";
        let (minute_at, next) = if apart { (at + 2, at + 3) } else { (at, at + 1) };
        let (hour, minute) = match apart {
            true => minutes_of(self.text(at), self.text(minute_at)),
            false => torn_clock(self.text(at)),
        }?;
        let opened = self.lexicon.time.time_openers.contains(self.before(at, 1));
        let of_a_day = self.is_day_word(self.before(at, 2))
            || next < self.end && matches!(self.relative(next), Some((Kind::Part(_) | Kind::Relative(_), _)));
        (opened && of_a_day).then_some((Kind::Time { hour, minute }, next))
    }

    /// "at eight" is a time when the clause goes on with a function word or ends.
    fn bare_hour_ends(&self, next: usize) -> bool {
        let text = self.text(next);
        text.is_empty()
            || self.lexicon.words.stop.contains(text)
            || self.tokens[next - 1].stop
            || self.tokens[next - 1].comma
    }

    /// A time of day; whether it can be nothing else. `bare` takes an hour alone.
    fn clock(&self, at: usize, bare: bool) -> Option<((u8, u8), usize, bool)> {
        let time = &self.lexicon.time;
        let text = self.text(at);
        if let Some(&noon) = time.noon.get(text) {
            return Some(((noon, 0), at + 1, true));
        }
        if let Some(found) = self.half_or_quarter(at) {
            return Some(found);
        }
        if let Some((hour, minute)) = written_clock(text) {
            let next = at + 1 + usize::from(time.hour.contains(self.text(at + 1)));
            return self.with_half_of_day((hour, minute), next, true);
        }
        let number = self.number(at)?;
        let hour = u8::try_from(number.value).ok().filter(|hour| *hour < 25)?;
        if let Some(minute) = number.cents {
            let minute = u8::try_from(minute).ok().filter(|minute| *minute < 60)?;
            let said = time.hour.contains(self.text(number.next));
            return said.then_some(((hour, minute), number.next + 1, true));
        }
        if time.hour.contains(self.text(number.next)) {
            let next = number.next + 1;
            if let Some((minutes, next)) = self.shift_at(next).filter(|_| self.lexicon.elides) {
                let total = (i64::from(hour) * 60 + i64::from(minutes)).rem_euclid(24 * 60);
                return self.with_half_of_day(
                    (u8::try_from(total / 60).ok()?, (total % 60) as u8),
                    next,
                    true,
                );
            }
            let minute = self.number(next).filter(|n| n.value < 60 && !self.starts_another(n.next));
            return match minute.and_then(|n| Some((u8::try_from(n.value).ok()?, n.next))) {
                // "At seven o'clock eight crates": few minutes but five are said alone.
                Some((minute, next)) if minute >= 10 || minute == 5 => {
                    self.with_half_of_day((hour, minute), next, true)
                }
                _ => self.with_half_of_day((hour, 0), next, true),
            };
        }
        if let Some(found) = self.with_half_of_day((hour, 0), number.next, false).filter(|f| f.2) {
            return Some(found);
        }
        let minute = self.number(number.next).filter(|n| n.value >= 10 && n.value < 60 && n.value % 5 == 0);
        if let Some(minute) = minute
            && self.lexicon.numbers.style == Style::TensUnit
            && (1..=23).contains(&hour)
            && !self.starts_another(minute.next)
        {
            let pair = (hour, u8::try_from(minute.value).ok()?);
            return self.with_half_of_day(pair, minute.next, false);
        }
        // French says its "heures": "à cinq" is a share or a number.
        let opened = !self.lexicon.elides && time.time_openers.contains(self.before(at, 1));
        (bare || opened).then_some(((hour, 0), number.next, false))
    }

    /// "half past", "quarter to"; in French behind the hour: "et demie", "moins le quart".
    fn shift_at(&self, at: usize) -> Option<(i16, usize)> {
        self.lexicon.time.shifts.iter().find_map(|shift| {
            let fits = self.says(at, &shift.words);
            fits.then_some((shift.minutes, at + shift.words.len()))
        })
    }

    /// "half past ten", "halb elf", "quarter to nine".
    fn half_or_quarter(&self, at: usize) -> Option<((u8, u8), usize, bool)> {
        let (minutes, hour_at) = self.shift_at(at).filter(|_| !self.lexicon.elides)?;
        let hour = self.number(hour_at).filter(|n| n.value < 25 && n.cents.is_none())?;
        let total = (i64::try_from(hour.value).ok()? * 60 + i64::from(minutes)).rem_euclid(24 * 60);
        let clock = (u8::try_from(total / 60).ok()?, u8::try_from(total % 60).ok()?);
        let next = hour.next + usize::from(self.lexicon.time.hour.contains(self.text(hour.next)));
        self.with_half_of_day(clock, next, true)
    }

    fn with_half_of_day(
        &self,
        (hour, minute): (u8, u8),
        next: usize,
        sure: bool,
    ) -> Option<((u8, u8), usize, bool)> {
        let half = match (self.text(next), self.text(next + 1)) {
            ("am", _) if !self.lexicon.numbers.is_german() => Some((false, 1)),
            ("pm", _) => Some((true, 1)),
            ("a", "m") => Some((false, 2)),
            ("p", "m") => Some((true, 2)),
            _ => None,
        };
        match half {
            Some((true, skip)) if hour < 12 => Some(((hour + 12, minute), next + skip, true)),
            Some((_, skip)) => Some(((hour, minute), next + skip, true)),
            None => Some(((hour, minute), next, sure)),
        }
    }

    fn relative(&self, at: usize) -> Option<(Kind, usize)> {
        let time = &self.lexicon.time;
        let longest = |phrases: &[(Vec<String>, u8)]| {
            let fits = phrases.iter().filter(|(words, _)| self.says(at, words));
            fits.max_by_key(|(words, _)| words.len()).map(|(words, id)| (*id, at + words.len()))
        };
        // "Guten Morgen" is no day.
        if at > 0 && time.greeting_openers.contains(self.before(at, 1)) {
            return None;
        }
        longest(&time.relative)
            .map(|(id, next)| (Kind::Relative(id), next))
            .or_else(|| longest(&time.parts).map(|(id, next)| (Kind::Part(id), next)))
    }

    fn count(&self, at: usize) -> Option<(Kind, usize)> {
        let number = self.number(at).filter(|n| n.cents.is_none() && !self.is_percent(n.next))?;
        let one = number.value <= 1 && !self.tokens[at].is_number();
        let value = u32::try_from(number.value).ok().filter(|_| !one)?;
        Some((Kind::Count(value), number.next))
    }
}

/// "10:30", "10h30", "10h".
fn written_clock(text: &str) -> Option<(u8, u8)> {
    let (hour, minute) = text.split_once([':', 'h'])?;
    let hour: u8 = hour.parse().ok().filter(|hour| *hour < 25)?;
    if minute.is_empty() && text.ends_with('h') {
        return Some((hour, 0));
    }
    let minute: u8 = minute.parse().ok().filter(|m| *m < 60)?;
    Some((hour, minute))
}

/// "1030", "930", "10.30".
fn torn_clock(text: &str) -> Option<(u8, u8)> {
    let (hour, minute) = match text.split_once(['.', '-']) {
        Some(parts) => parts,
        None => text.split_at_checked(text.len().checked_sub(2)?)?,
    };
    minutes_of(hour, minute)
}

/// An hour and its minutes, on the five minutes of an agreed time.
fn minutes_of(hour: &str, minute: &str) -> Option<(u8, u8)> {
    let fits = (1..=2).contains(&hour.len()) && minute.len() == 2;
    let hour: u8 = hour.parse().ok().filter(|hour| fits && *hour < 24)?;
    let minute: u8 = minute.parse().ok().filter(|minute| *minute < 60 && minute % 5 == 0)?;
    Some((hour, minute))
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
