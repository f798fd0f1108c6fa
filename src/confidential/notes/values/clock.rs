//! Times of day.

use super::{Kind, Reader};
use crate::confidential::notes::lexicon::Style;

impl Reader<'_> {
    pub(super) fn time(&self, at: usize) -> Option<(Kind, usize)> {
        let ((hour, minute), next, sure) = self.clock(at, false)?;
        let opened = self.lexicon.time.time_openers.contains(self.before(at, 1));
        let free = self.currency(next).is_none() && self.unit(next).is_none() && self.number(next).is_none();
        let whole = minute == 0;
        let fits = sure || free && (!whole || opened && self.bare_hour_ends(next));
        fits.then_some((Kind::Time { hour, minute }, next))
    }

    /// "Thursday at 1030", "at 10.30 in the morning", "at 10-30": a recogniser's way to write a time. It is one only
    /// behind "at" and beside a day or a part of the day.
    pub(super) fn torn_time(&self, at: usize) -> Option<(Kind, usize)> {
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
    pub(super) fn clock(&self, at: usize, bare: bool) -> Option<((u8, u8), usize, bool)> {
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
