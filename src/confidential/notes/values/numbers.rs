//! Numbers as words or digits, and what is made of them alone: amounts, counts, digit strings.

use super::{Kind, Number, Reader, push_number};
use crate::confidential::Text;
use crate::confidential::notes::lexicon::Style;

impl Reader<'_> {
    /// A number in words or digits.
    pub(super) fn number(&self, at: usize) -> Option<Number> {
        self.written(at).or_else(|| self.spoken(at))
    }

    pub(super) fn written(&self, at: usize) -> Option<Number> {
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

    pub(super) fn spoken(&self, at: usize) -> Option<Number> {
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

    pub(super) fn amount(&self, at: usize) -> Option<(Kind, usize)> {
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

    pub(super) fn currency(&self, at: usize) -> Option<u8> {
        self.lexicon.numbers.currencies.get(self.text(at)).copied()
    }

    /// Letters and at least three digits, said one by one or in groups.
    pub(super) fn digits(&self, at: usize) -> Option<(Text, usize)> {
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

    pub(super) fn count(&self, at: usize) -> Option<(Kind, usize)> {
        let number = self.number(at).filter(|n| n.cents.is_none() && !self.is_percent(n.next))?;
        let one = number.value <= 1 && !self.tokens[at].is_number();
        let value = u32::try_from(number.value).ok().filter(|_| !one)?;
        Some((Kind::Count(value), number.next))
    }
}
