//! Days, months, durations and windows of time.

use super::{Kind, Reader};
use crate::confidential::notes::lexicon::Style;

impl Reader<'_> {
    pub(super) fn window(&self, at: usize) -> Option<(Kind, usize)> {
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

    pub(super) fn duration(&self, at: usize) -> Option<(Kind, usize)> {
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

    pub(super) fn unit(&self, at: usize) -> Option<u8> {
        self.lexicon.time.units.get(self.text(at)).copied()
    }

    pub(super) fn date(&self, at: usize) -> Option<(Kind, usize)> {
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

    pub(super) fn month(&self, at: usize) -> Option<u8> {
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

    pub(super) fn relative(&self, at: usize) -> Option<(Kind, usize)> {
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
}
