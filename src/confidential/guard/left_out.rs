//! A sentence of ours goes in; whether it holds what its line leaves out comes out, and the sentence without it where that
//! says nothing else.
//!
//! A sentence is read by the finders that read the call, so that it does not matter who wrote it, or whether a number stands
//! in it as digits or as words. Only the time of something agreed, promised or wished may be taken out of a sentence, the
//! amount to which something changes, and the number in brackets: what is not possible *on Thursday*, or free *until May*,
//! is another thing without its day, and a sentence that only carries what is left out has nothing else to say.

use super::names::Names;
use super::{Kind, Statement};
use crate::border::{Kind as Left, LeftOut};
use crate::confidential::notes::lexicon::Lexicon;
use crate::confidential::notes::pattern::{self, View};
use crate::confidential::notes::tokens::{self, Token};
use crate::confidential::notes::values::{self, Kind as Valued, Value};
use crate::confidential::notes::when::{self, When};
use crate::confidential::notes::{fill, print_amount};
use crate::confidential::{Speaker, Text, Transcript, Turn, Word};
use std::collections::{BTreeMap, BTreeSet};

/// What may not stand in the notes of this call.
pub(in crate::confidential) struct Withheld<'a> {
    lexicon: &'a Lexicon,
    left_out: LeftOut,
    /// Whether it leaves out more than names and numbers.
    values: bool,
    names: Names,
    /// Digits of numbers to call and of references.
    digits: BTreeSet<Text>,
    /// Whole amounts that were said, which may be told without a currency.
    amounts: BTreeSet<u64>,
}

/// Tokens before a number in which it is called a telephone's, or a reference.
const CALLED: usize = 25;
const LABEL: usize = 6;

/// Digits of the shortest and of the longest telephone number.
const PHONE: std::ops::RangeInclusive<usize> = 7..=15;

/// Digits of which a group is told from another number.
const TOLD_APART: usize = 3;

impl<'a> Withheld<'a> {
    pub fn new(
        tokens: &[Token],
        values: &[Value],
        covered: &[Option<usize>],
        lexicon: &'a Lexicon,
        left_out: LeftOut,
    ) -> Withheld<'a> {
        let names = Names::find(tokens, values, covered, lexicon, left_out);
        let (mut digits, mut amounts) = (BTreeSet::new(), BTreeSet::new());
        let (banned, counts) = (vec![false; tokens.len()], BTreeMap::new());
        let view = plain_view(tokens, values, covered, lexicon, &banned, &counts);
        for value in values {
            match &value.kind {
                Valued::Digits if is_left_out(left_out, view, value) => {
                    digits.insert(value.digits.chars().filter(char::is_ascii_digit).collect());
                }
                Valued::Count(count) if left_out.holds(Left::References) && is_labelled(view, value) => {
                    digits.insert(when::number(u64::from(*count)));
                }
                Valued::Amount { cents, .. } if left_out.holds(Left::Amounts) => {
                    amounts.insert(cents / 100);
                }
                _ => {}
            }
        }
        let kinds = [Left::Amounts, Left::Dates, Left::Times, Left::Durations];
        let values = kinds.into_iter().any(|kind| left_out.holds(kind));
        Withheld { lexicon, left_out, values, names, digits, amounts }
    }

    /// Whether a sentence names somebody who is not to be named.
    pub fn is_named_in(&self, sentence: &str) -> bool {
        self.names.stand_in(sentence)
    }

    /// Whether a sentence holds anything that is left out.
    pub fn stands_in(&self, sentence: &str) -> bool {
        if self.left_out.is_nothing() {
            return false;
        }
        self.is_named_in(sentence) || self.holds_digits(sentence) || self.values && self.holds_value(sentence)
    }

    /// The same of a statement, whose kind says what its number is.
    pub fn stands_in_statement(&self, statement: &Statement) -> bool {
        let told = match statement.kind {
            Kind::Amount => self.left_out.holds(Left::Amounts),
            Kind::Reference => self.left_out.holds(Left::References),
            _ => false,
        };
        let number = statement.text.contains(|c: char| c.is_ascii_digit());
        told && number || self.stands_in(&statement.text)
    }

    fn holds_digits(&self, sentence: &str) -> bool {
        let groups = super::sensitive::digit_groups(sentence);
        let told_apart = groups.iter().filter(|group| group.len() >= TOLD_APART);
        told_apart.into_iter().any(|group| self.digits.iter().any(|digits| digits.contains(group.as_str())))
    }

    fn holds_value(&self, sentence: &str) -> bool {
        let read = Sentence::read(sentence, self.lexicon);
        read.values.iter().any(|value| match value.kind {
            Valued::Weekday(_) | Valued::Date { .. } | Valued::Relative(_) => {
                self.left_out.holds(Left::Dates)
            }
            Valued::Month(_) => self.left_out.holds(Left::Dates) && !is_verb(&read.tokens, value),
            Valued::Time { .. } | Valued::Window { .. } | Valued::Part(_) => self.left_out.holds(Left::Times),
            Valued::Duration { .. } => self.left_out.holds(Left::Durations),
            Valued::Amount { .. } => self.left_out.holds(Left::Amounts),
            Valued::Count(count) => self.amounts.contains(&u64::from(count)),
            Valued::Digits => false,
        })
    }

    /// The sentence without what is left out, where it may be told without it.
    pub fn without(&self, statement: &Statement) -> Option<Text> {
        let tells = match statement.kind {
            Kind::Appointment => !self.is_time_alone(&statement.text),
            Kind::Promise | Kind::FollowUp | Kind::Callback | Kind::Request => statement.positive,
            _ => false,
        };
        if !tells {
            return None;
        }
        let mut text = self.without_times(&statement.text);
        text = self.without_amounts(&text);
        text = self.without_numbers(&text);
        (!self.stands_in(&text)).then_some(text)
    }

    /// "The time agreed was ..." has nothing else to say.
    fn is_time_alone(&self, sentence: &str) -> bool {
        let opens = |frame: &str| {
            let opening = self.lexicon.frame(frame).split('{').next().unwrap_or_default();
            !opening.is_empty() && sentence.starts_with(opening)
        };
        opens("appointment_plain") || opens("range")
    }

    /// Each time as we say it, whole: with its day goes the hour of that day, too.
    fn without_times(&self, sentence: &str) -> Text {
        let read = Sentence::read(sentence, self.lexicon);
        let mut text = Text::from(sentence);
        for when in read.whens() {
            let (said, left) = (when.say(self.lexicon), self.shortened(&when).say(self.lexicon));
            if said != left && !said.trim().is_empty() {
                text = cut(&text, said.as_str(), left.as_str());
            }
        }
        text
    }

    fn shortened(&self, when: &When) -> When {
        if self.left_out.holds(Left::Dates) && (when.day.is_some() || when.end.is_some()) {
            return When::default();
        }
        let mut left = when.clone();
        if self.left_out.holds(Left::Times) {
            (left.time, left.part) = (None, None);
        }
        if self.left_out.holds(Left::Durations) {
            left.duration = None;
        }
        let bounds_nothing = left.day.is_none() && left.time.is_none() && left.duration.is_none();
        if bounds_nothing || left.time.is_none() && left.bound.is_some_and(|(_, on_time)| on_time) {
            left.bound = None;
        }
        left
    }

    /// "To €45" of what is changed to it.
    fn without_amounts(&self, sentence: &str) -> Text {
        let mut text = Text::from(sentence);
        if !self.left_out.holds(Left::Amounts) {
            return text;
        }
        let read = Sentence::read(sentence, self.lexicon);
        for value in &read.values {
            if let Valued::Amount { cents, currency } = value.kind {
                let amount = print_amount(self.lexicon, cents, currency);
                let to = fill(self.lexicon.frame("to_amount"), &[("n", amount.as_str())]);
                text = cut(&text, &to, "");
            }
        }
        text
    }

    /// The number to call, in brackets behind the call.
    fn without_numbers(&self, sentence: &str) -> Text {
        let mut text = Text::from(sentence);
        for group in super::sensitive::digit_groups(sentence) {
            let mut bracket = Text::from(" (");
            bracket.push_str(&group);
            bracket.push(')');
            text = cut(&text, &bracket, "");
        }
        text
    }
}

/// Whether a number is one that is left out. In doubt it is both, a number to call and a reference.
fn is_left_out(left_out: LeftOut, view: View<'_>, value: &Value) -> bool {
    let plain = value.digits.bytes().all(|b| b.is_ascii_digit());
    let may_be_called = plain && PHONE.contains(&value.digits.len());
    let first = value.from.saturating_sub(CALLED);
    let near = (first..value.from).find(|&at| view.tokens[at].turn + 1 >= value.turn).unwrap_or(value.from);
    let called = pattern::any(view.lexicon.cue("phone_number"), view, &(near..value.from));
    left_out.holds(Left::PhoneNumbers) && may_be_called && (called || !is_labelled(view, value))
        || left_out.holds(Left::References) && !(may_be_called && called)
}

/// Whether a number is called a reference right before.
fn is_labelled(view: View<'_>, value: &Value) -> bool {
    let first = value.from.saturating_sub(LABEL);
    let near = (first..value.from).find(|&at| view.tokens[at].turn == value.turn).unwrap_or(value.from);
    pattern::any(view.lexicon.cue("tell_reference"), view, &(near..value.from))
}

/// English "may" and "march" are verbs, too: months are those behind a small word of time or beside a number.
fn is_verb(tokens: &[Token], value: &Value) -> bool {
    const BEFORE: [&str; 10] =
        ["in", "of", "by", "from", "until", "since", "before", "after", "next", "last"];
    let text = tokens[value.from].text.as_str();
    let before = value.from.checked_sub(1).map_or("", |before| tokens[before].text.as_str());
    ["may", "march"].contains(&text) && value.to == value.from + 1 && !BEFORE.contains(&before)
}

fn cut(text: &str, said: &str, left: &str) -> Text {
    // The frame has the blank where what was said begins a sentence.
    let bare = || text.split_once(said.trim_start());
    let (head, left, tail) = match text.split_once(said) {
        Some((head, tail)) => (head, left, tail),
        None => match bare() {
            Some((head, tail)) if left.trim().is_empty() => (head.trim_end(), "", tail),
            Some((head, tail)) => (head, left.trim_start(), tail),
            None => (text, "", ""),
        },
    };
    let mut cut = Text::from(head);
    cut.push_str(left);
    cut.push_str(tail);
    cut
}

/// A sentence of ours, read as a turn of a call is.
struct Sentence<'a> {
    lexicon: &'a Lexicon,
    tokens: Vec<Token>,
    values: Vec<Value>,
}

impl<'a> Sentence<'a> {
    fn read(text: &str, lexicon: &'a Lexicon) -> Sentence<'a> {
        let words = text.split_whitespace().map(|word| Word::new(word.to_owned(), 0, 0, 1.0)).collect();
        let turn = Turn { speaker: Speaker::Agent(1), words };
        let tokens = tokens::read(&Transcript::new(vec![turn]), lexicon);
        let values = values::read(&tokens, lexicon);
        Sentence { lexicon, tokens, values }
    }

    fn whens(&self) -> Vec<When> {
        let covered = values::cover(&self.tokens, &self.values);
        let (banned, counts) = (vec![false; self.tokens.len()], BTreeMap::new());
        let view = plain_view(&self.tokens, &self.values, &covered, self.lexicon, &banned, &counts);
        when::read(view, &(0..self.tokens.len()))
    }
}

/// With nothing banned, and without what only a whole call tells.
pub(super) fn plain_view<'a>(
    tokens: &'a [Token],
    values: &'a [Value],
    covered: &'a [Option<usize>],
    lexicon: &'a Lexicon,
    banned: &'a [bool],
    counts: &'a BTreeMap<String, (usize, usize)>,
) -> View<'a> {
    View { tokens, values, covered, banned, lexicon, verbs: &[], counts, cased: false, channel: &[] }
}
