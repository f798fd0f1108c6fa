//! Values that say when go in, and come out as one time: "Friday the 7th, 10 to 12", "by tomorrow".

use super::lexicon::{Bound, Lexicon};
use super::pattern::View;
use super::say::fill;
use super::values::Kind;
use crate::confidential::Text;
use std::ops::Range;

/// One time, put together from values that stand near each other.
#[derive(Clone, Default)]
pub(in crate::confidential) struct When {
    pub day: Option<Kind>,
    /// The last day of a stay.
    pub end: Option<Kind>,
    pub part: Option<u8>,
    pub time: Option<Kind>,
    pub duration: Option<Kind>,
    /// A place in the lexicon's bounds, and whether it stands before the time of day only.
    pub bound: Option<(usize, bool)>,
    /// "Thursdays".
    pub habitual: bool,
    pub values: Vec<usize>,
}

/// Tokens between two values that belong to one time; more joins what is apart, less tears apart what is one.
const NEAR: usize = 3;

/// The times of one clause or turn.
pub(in crate::confidential) fn read(view: View<'_>, place: &Range<usize>) -> Vec<When> {
    let mut times: Vec<When> = Vec::new();
    let mut last_end = place.start;
    for index in super::values::within(view.values, place) {
        let value = &view.values[index];
        if !value.kind.is_when() {
            continue;
        }
        // "Before five, not tomorrow" is no time of tomorrow.
        let denied = || {
            super::pattern::any(view.lexicon.cue("tell_not"), view, &(last_end.min(value.from)..value.from))
        };
        let near = !times.is_empty() && value.from - last_end <= NEAR && !denied();
        let joined =
            near && times.last_mut().is_some_and(|when| when.add(view, index, value.from - last_end));
        if !joined {
            let mut when = When::default();
            when.add(view, index, 0);
            times.push(when);
        }
        last_end = value.to;
    }
    times
}

/// Afternoon and evening, as every lexicon orders the parts of the day.
const LATE_PARTS: std::ops::RangeInclusive<u8> = 2..=3;

/// "At seven in the evening" is no seven in the morning; "at fourteen in the afternoon" says it once more.
const NOON: u8 = 12;

impl When {
    /// Takes a value in when its slot is free.
    fn add(&mut self, view: View<'_>, index: usize, gap: usize) -> bool {
        let value = &view.values[index];
        let kind = value.kind.clone();
        let free = match &kind {
            // "Half an hour before, on Friday" are two times.
            _ if self.duration.is_some()
                && self.bound.is_some_and(|(at, _)| view.lexicon.time.bounds[at].stands_behind()) =>
            {
                false
            }
            // "Tomorrow, Wednesday" is one day.
            Kind::Weekday(_)
                if gap <= 1 && self.time.is_none() && matches!(self.day, Some(Kind::Relative(_))) =>
            {
                self.day = Some(kind.clone());
                true
            }
            Kind::Weekday(_) | Kind::Relative(_) | Kind::Month(_) => set(&mut self.day, kind.clone()),
            Kind::Date { .. } => {
                let merged = self.day.as_ref().is_some_and(|day| same_day(day, &kind));
                if merged {
                    self.day = Some(kind.clone());
                    true
                } else if self.day.as_ref().is_some_and(|day| matches!(day, Kind::Date { .. })) && gap <= 1 {
                    set(&mut self.end, kind.clone())
                } else {
                    set(&mut self.day, kind.clone())
                }
            }
            Kind::Part(part) => set(&mut self.part, *part),
            Kind::Time { .. } | Kind::Window { .. } => set(&mut self.time, kind.clone()),
            // "until Friday, after that one night is charged" are two times.
            Kind::Duration { .. } if self.day.is_some() || self.time.is_some() => false,
            Kind::Duration { .. } => set(&mut self.duration, kind.clone()),
            Kind::Amount { .. } | Kind::Digits | Kind::Count(_) => false,
        };
        if !free {
            return false;
        }
        self.values.push(index);
        let word = &view.tokens[value.from].text;
        self.habitual |=
            matches!(kind, Kind::Weekday(_)) && word.ends_with('s') && is_plural(view.lexicon, word);
        if self.bound.is_none() && matches!(kind, Kind::Duration { .. }) {
            let next = view.tokens.get(value.to).filter(|next| next.turn == value.turn);
            let fits = |bound: &Bound| next.is_some_and(|next| bound.behind.contains(&next.text));
            self.bound = view.lexicon.time.bounds.iter().position(fits).map(|bound| (bound, false));
        }
        if self.bound.is_none()
            && let Some(bound) = bound_before(view, value.from)
        {
            self.bound = Some((bound, kind.is_time() && self.day.is_some()));
        }
        true
    }

    /// Whether it ends something rather than being the time itself.
    pub fn is_limit(&self, lexicon: &Lexicon) -> bool {
        let id =
            self.bound.and_then(|(index, _)| lexicon.time.bounds.get(index)).map(|bound| bound.id.as_str());
        matches!(id, Some("until" | "by" | "before" | "within"))
    }

    /// As it stands in the note, with a blank before it.
    pub fn say(&self, lexicon: &Lexicon) -> Text {
        let say = &lexicon.time.say;
        let bound = self.bound.and_then(|(index, on_time)| Some((lexicon.time.bounds.get(index)?, on_time)));
        let mut text = Text::new();
        if let (Some(from), Some(to)) = (&self.day, &self.end) {
            text.push(' ');
            let (a, b) = (day(lexicon, from), day(lexicon, to));
            text.push_str(&fill(
                lexicon.frame("from_to"),
                &[("a", a.trim_end_matches(',')), ("b", b.trim_end_matches(','))],
            ));
            return text;
        }
        let first = self.time_first(lexicon);
        if let Some(kind) = &self.day {
            let held = bound.filter(|(_, on_time)| !on_time);
            let plain = match (kind, held) {
                // "From May", not "from in May".
                (Kind::Month(month), Some(_)) => month_name(lexicon, *month),
                _ => day(lexicon, kind),
            };
            let prefix = match kind {
                Kind::Relative(_) | Kind::Month(_) => "",
                _ => say.on.as_str(),
            };
            if let Some(time) = first {
                text.push(' ');
                text.push_str(&fill(&say.at_time, &[("", &clock(lexicon, time))]));
            }
            push_bounded(&mut text, held, &plain, prefix);
        }
        // "In the morning at 11:30" says nothing more than 11:30, and more of the call's words.
        let part = self.part.filter(|part| match &self.time {
            None => true,
            Some(Kind::Time { hour, .. }) => LATE_PARTS.contains(part) && *hour < NOON,
            Some(_) => false,
        });
        if let Some(part) = part.and_then(|part| say.parts.get(usize::from(part))) {
            text.push(' ');
            text.push_str(part);
        }
        if let Some(kind) = self.time.as_ref().filter(|_| first.is_none()) {
            let plain = clock(lexicon, kind);
            let own = bound.filter(|(_, on_time)| *on_time || self.day.is_none());
            match (own, kind) {
                (Some(_), _) => push_bounded(&mut text, own, &plain, ""),
                (None, Kind::Window { .. }) => {
                    text.push(' ');
                    text.push_str(&plain);
                }
                (None, _) if matches!(&self.day, Some(Kind::Date { weekday: Some(_), .. })) => {
                    text.push_str(&fill(&say.after_date, &[("", &plain)]));
                }
                (None, _) => {
                    text.push(' ');
                    text.push_str(&fill(&say.at_time, &[("", &plain)]));
                }
            }
        }
        if let Some(kind) = &self.duration {
            let plain = duration(lexicon, kind);
            match bound {
                Some((bound, _)) => text.push_str(&fill(&bound.duration, &[("", &plain)])),
                None => {
                    text.push(' ');
                    text.push_str(&fill(&say.in_duration, &[("", &plain)]));
                }
            }
        }
        text
    }

    /// The time, where it is said before the day: before a whole date, for in the order of speech both would be six
    /// words of the call.
    fn time_first(&self, lexicon: &Lexicon) -> Option<&Kind> {
        let whole = matches!(self.day, Some(Kind::Date { weekday: Some(_), .. })) && self.bound.is_none();
        let time = self.time.as_ref().filter(|time| matches!(time, Kind::Time { .. }));
        time.filter(|_| whole && lexicon.time.say.time_first)
    }

    /// A day with the hour that was said behind it, and that hour's bound.
    pub fn with_hour(&self, hour: &When) -> When {
        let mut whole = self.completed_by(hour);
        if hour.time.is_some() && self.bound.is_none() {
            whole.bound = hour.bound.map(|(bound, _)| (bound, true));
        }
        whole
    }

    /// Fills what is missing from an earlier proposal of the same day.
    pub fn completed_by(&self, earlier: &When) -> When {
        let mut whole = self.clone();
        let same = match (&self.day, &earlier.day) {
            (Some(a), Some(b)) => same_day(a, b),
            _ => true,
        };
        if !same {
            return whole;
        }
        whole.day = better_day(self.day.as_ref(), earlier.day.as_ref());
        whole.habitual |= earlier.habitual;
        whole.end = self.end.clone().or_else(|| earlier.end.clone());
        whole.time = self.time.clone().or_else(|| earlier.time.clone());
        // "Tuesday at half past eight": the e-mail that comes on Tuesday evening does not move it there.
        whole.part = match (&self.time, &earlier.time) {
            (None, Some(_)) => earlier.part,
            (None, None) => self.part.or(earlier.part),
            (Some(_), _) => self.part,
        };
        whole.bound = if self.time.is_some() { self.bound } else { self.bound.or(earlier.bound) };
        whole.values.extend(earlier.values.iter().copied().filter(|value| !self.values.contains(value)));
        whole
    }
}

fn set<T>(slot: &mut Option<T>, value: T) -> bool {
    let free = slot.is_none();
    if free {
        *slot = Some(value);
    }
    free
}

fn is_plural(lexicon: &Lexicon, word: &str) -> bool {
    lexicon.time.weekdays.contains_key(&word[..word.len() - 1])
}

/// Whether two names may be of one day.
pub(in crate::confidential) fn same_day(a: &Kind, b: &Kind) -> bool {
    match (a, b) {
        (Kind::Weekday(a), Kind::Weekday(b)) => a == b,
        (Kind::Weekday(a), Kind::Date { weekday, .. }) | (Kind::Date { weekday, .. }, Kind::Weekday(a)) => {
            *weekday == Some(*a)
        }
        (Kind::Date { weekday: w, day: d, month: m }, Kind::Date { weekday: v, day: e, month: n }) => {
            d == e && (w.is_none() || v.is_none() || w == v) && (m.is_none() || n.is_none() || m == n)
        }
        (a, b) => a == b,
    }
}

fn better_day(a: Option<&Kind>, b: Option<&Kind>) -> Option<Kind> {
    match (a, b) {
        (Some(Kind::Weekday(weekday)), Some(Kind::Date { day, month, .. }))
        | (Some(Kind::Date { weekday: None, day, month }), Some(Kind::Weekday(weekday))) => {
            Some(Kind::Date { weekday: Some(*weekday), day: *day, month: *month })
        }
        (Some(Kind::Date { weekday, day, month }), Some(Kind::Date { weekday: other, month: more, .. })) => {
            Some(Kind::Date { weekday: weekday.or(*other), day: *day, month: month.or(*more) })
        }
        (Some(kind), _) | (None, Some(kind)) => Some(kind.clone()),
        (None, None) => None,
    }
}

/// The bound that ends right before `at`, an article or "next" between them at most.
fn bound_before(view: View<'_>, at: usize) -> Option<usize> {
    let turn = view.tokens[at].turn;
    let ends_with = |cue: &str| {
        let words: Vec<&str> = cue.split(' ').collect();
        (0..=1).any(|skip| {
            let Some(end) = at.checked_sub(skip) else { return false };
            let skipped = &view.tokens[end..at];
            let article = |word: &String| view.words().determiners.contains(word);
            skipped.iter().all(|token| article(&token.text))
                && end.checked_sub(words.len()).is_some_and(|from| {
                    let place = &view.tokens[from..end];
                    place.iter().zip(&words).all(|(token, word)| {
                        token.turn == turn && super::tokens::fold(word) == token.text.as_str()
                    })
                })
        })
    };
    let fits = |bound: &Bound| bound.cues.iter().filter(|cue| ends_with(cue)).map(String::len).max();
    let bounds = view.lexicon.time.bounds.iter().enumerate();
    bounds.filter_map(|(index, bound)| Some((fits(bound)?, index))).max().map(|(_, index)| index)
}

fn push_bounded(text: &mut Text, bound: Option<(&Bound, bool)>, plain: &str, prefix: &str) {
    match bound {
        Some((bound, _)) => text.push_str(&fill(&bound.say, &[("", plain)])),
        None => {
            text.push(' ');
            text.push_str(prefix);
            text.push_str(plain);
        }
    }
}

pub(in crate::confidential) fn day(lexicon: &Lexicon, kind: &Kind) -> Text {
    let say = &lexicon.time.say;
    let name = |names: &[String], index: u8| {
        names.get(usize::from(index)).map(|name| Text::from(name.as_str())).unwrap_or_default()
    };
    match kind {
        Kind::Weekday(weekday) => name(&say.weekdays, *weekday),
        Kind::Relative(id) => name(&say.relative, *id),
        Kind::Month(month) => fill(&say.in_month, &[("", &month_name(lexicon, *month))]),
        Kind::Date { weekday, day, month } => {
            let frame = match (weekday, month) {
                (Some(_), Some(_)) => &say.weekday_date_month,
                (Some(_), None) => &say.weekday_date,
                (None, Some(_)) => &say.date_month,
                (None, None) => &say.date,
            };
            let weekday = weekday.map(|weekday| name(&say.weekdays, weekday)).unwrap_or_default();
            let month = month.map(|month| month_name(lexicon, month)).unwrap_or_default();
            fill(frame, &[("w", &weekday), ("d", &ordinal(lexicon, *day)), ("m", &month)])
        }
        _ => Text::new(),
    }
}

fn month_name(lexicon: &Lexicon, month: u8) -> Text {
    let names = &lexicon.time.say.months;
    names.get(usize::from(month.saturating_sub(1))).map(|name| Text::from(name.as_str())).unwrap_or_default()
}

fn ordinal(lexicon: &Lexicon, day: u8) -> Text {
    let endings = &lexicon.time.say.ordinals;
    let ending = match day {
        1 | 21 | 31 => &endings[0],
        2 | 22 => &endings[1],
        3 | 23 => &endings[2],
        _ => &endings[3],
    };
    let mut text = number(u64::from(day));
    if day == 1 || !lexicon.elides {
        text.push_str(ending);
    }
    text
}

pub(in crate::confidential) fn clock(lexicon: &Lexicon, kind: &Kind) -> Text {
    let say = &lexicon.time.say;
    let one = |(hour, minute): (u8, u8)| {
        let frame = if minute == 0 { &say.full_hour } else { &say.clock };
        fill(frame, &[("h", &number(u64::from(hour))), ("m", &two_digits(minute))])
    };
    match kind {
        Kind::Time { hour, minute } => one((*hour, *minute)),
        Kind::Window { from, to } => {
            let bare = |(hour, minute): (u8, u8)| {
                let mut text = number(u64::from(hour));
                if minute > 0 {
                    text.push(':');
                    text.push_str(&two_digits(minute));
                }
                text
            };
            fill(&say.window, &[("a", &bare(*from)), ("b", &bare(*to))])
        }
        _ => Text::new(),
    }
}

pub(in crate::confidential) fn duration(lexicon: &Lexicon, kind: &Kind) -> Text {
    let Kind::Duration { count, unit } = kind else { return Text::new() };
    let Some(forms) = lexicon.time.say.units.get(usize::from(*unit)) else { return Text::new() };
    let mut text = number(u64::from(*count));
    text.push(' ');
    text.push_str(&forms[usize::from(*count != 1)]);
    text
}

pub(in crate::confidential) fn two_digits(value: u8) -> Text {
    let mut text = Text::new();
    text.push(char::from(b'0' + value / 10 % 10));
    text.push(char::from(b'0' + value % 10));
    text
}

pub(in crate::confidential) fn number(value: u64) -> Text {
    let mut text = Text::new();
    super::values::push_number(&mut text, value);
    text
}
