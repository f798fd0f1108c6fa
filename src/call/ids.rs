//! Names of calls, legs and numbers, checked on the way in.

use super::numbering;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Our own number for a call: drawn at random by the daemon, unrelated to the switch's ids.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    /// Sixteen hexadecimal digits; logs show the first six.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06x}", self.0 >> 40)
    }
}

impl CallId {
    /// Reads what `Display` wrote.
    pub fn parse(text: &str) -> Option<CallId> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits.then(|| u64::from_str_radix(text, 16).ok().map(CallId)).flatten()
    }
}

/// A leg's name at the switch (FreeSWITCH: `Unique-ID`): 1 to 64 letters, digits, `-`, `.`, `_`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leg(Box<str>);

/// The text is no leg's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegError;

impl Leg {
    pub fn new(text: &str) -> Result<Leg, LegError> {
        let fits = (1..=64).contains(&text.len());
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
        if fits && plain { Ok(Leg(text.into())) } else { Err(LegError) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.get(..8).unwrap_or(&self.0))
    }
}

/// A telephone number, 2 to 15 digits, with a leading `+` when it is in E.164 form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(Box<str>);

/// The text is no telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberError;

impl Number {
    /// Takes the number as it is; blanks, `-`, `.`, `/` and brackets are left out, and so is the zero of "+49 (0)30" or
    /// "0049 (0)30", which is dialled at home alone. Italy's belongs to the number.
    pub fn new(text: &str) -> Result<Number, NumberError> {
        let start = text.trim_start();
        let code = start.strip_prefix('+').or_else(|| start.strip_prefix("00"));
        let abroad = code.is_some_and(|code| !code.trim_start().starts_with("39"));
        let text = if abroad { text.replacen("(0)", "", 1) } else { text.to_owned() };
        let digits: String = text.chars().filter(|c| !" -./()".contains(*c)).collect();
        let rest = digits.strip_prefix('+').unwrap_or(&digits);
        let fits = (2..=15).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit());
        if fits { Ok(Number(digits.into())) } else { Err(NumberError) }
    }

    /// The same number in E.164 form for a line in the country `code` (`"352"`, `"49"`), where that can be told; see
    /// [`numbering`].
    pub fn in_country(text: &str, code: &str) -> Result<Number, NumberError> {
        let number = Number::new(text)?;
        let full = numbering::e164(number.as_str(), code).and_then(|full| Number::new(&full).ok());
        Ok(full.unwrap_or(number))
    }

    /// This number and every other way in which it may have been written down before its country was known.
    pub fn spellings(&self) -> Vec<Number> {
        let others = numbering::other_spellings(&self.0).into_iter().map(|text| Number(text.into()));
        std::iter::once(self.clone()).chain(others).collect()
    }

    /// The whole number; for the store and the switch only.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Number {
    /// Masked: the last two digits only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail = self.0.len().saturating_sub(2);
        write!(f, "…{}", &self.0[tail..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_name_cannot_hold_a_line_break_or_a_blank() {
        assert!(Leg::new("ef0b1c7c-8d6c-4d57-9b0e-2a4de0a0c1f3").is_ok());
        for bad in ["", "a b", "a\nb", "a)b", &"x".repeat(65)] {
            assert_eq!(Leg::new(bad), Err(LegError));
        }
    }

    #[test]
    fn numbers_print_masked() {
        let number = Number::new("+352 621 123 456").unwrap();
        assert_eq!(number.as_str(), "+352621123456");
        assert_eq!(format!("{number:?}"), "…56");
        assert_eq!(Number::new("anonymous"), Err(NumberError));
    }

    #[test]
    fn national_numbers_get_the_code_of_the_line() {
        let e164 = |text: &str| Number::in_country(text, "49").unwrap().as_str().to_owned();
        assert_eq!(e164("+352621123456"), "+352621123456");
        assert_eq!(e164("0035226123456"), "+35226123456");
        assert_eq!(e164("030 901820"), "+4930901820");
        assert_eq!(e164("1001"), "1001");
        assert_eq!(e164("+49 (0)30 901820"), "+4930901820");
        assert_eq!(e164("+39 (0)6 12345678"), "+390612345678");
        assert_eq!(e164("0049 (0)30 901820"), "+4930901820");
        assert_eq!(e164("00 49 (0)30 901820"), "+4930901820");
        assert_eq!(e164("0039 (0)6 12345678"), "+390612345678");
    }

    #[test]
    fn a_call_id_is_read_back() {
        let id = CallId(0x00ab_cdef_0123_4567);
        assert_eq!(CallId::parse(&id.to_string()), Some(id));
        assert_eq!(format!("{id:?}"), "00abcd");
        assert_eq!(CallId::parse("+0abcdef01234567"), None);
    }
}
