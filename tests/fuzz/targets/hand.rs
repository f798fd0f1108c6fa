//! Bytes become choices, so that whoever changes bytes changes a story. Where no byte is left, every choice is the first.

use callgist::border::{Kind, LeftOut};

pub struct Hand<'a>(&'a [u8]);

impl<'a> Hand<'a> {
    pub fn new(bytes: &'a [u8]) -> Hand<'a> {
        Hand(bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub fn wide(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    /// So many bytes, or as many as there are.
    pub fn some(&mut self, count: usize) -> &'a [u8] {
        let (some, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        some
    }
}

/// What a line leaves out, a kind for each bit.
pub fn left_out(bits: u8) -> LeftOut {
    let kinds = [Kind::AgentNames, Kind::Names, Kind::Dates, Kind::Amounts, Kind::PhoneNumbers, Kind::Times];
    let set = kinds.into_iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
    set.fold(LeftOut::default(), |left_out, (_, kind)| left_out.with(kind))
}
