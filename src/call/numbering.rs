//! How numbers are written where they are dialled: what a switch shows goes in with a country's code, and the number in
//! E.164 form comes out; or an E.164 number goes in, and every other way in which it is written comes out.
//!
//! What cannot be told stays as it is: extensions, emergency and directory numbers, numbers of one's own exchange, and
//! numbers of other countries that came without `+` and `00`.
//!
//! [E.164](https://www.itu.int/rec/T-REC-E.164), [E.129](https://www.itu.int/rec/T-REC-E.129) (national plans)

/// A number as it is dialled or shown in the country `code`, in E.164 form; nothing where that cannot be told.
pub(super) fn e164(shown: &str, code: &str) -> Option<String> {
    let abroad = shown.strip_prefix("00").or_else(|| shown.strip_prefix("011").filter(|_| code == NANP));
    match abroad {
        Some(rest) => {
            let full = rest.trim_start_matches('0');
            (full.len() >= SHORTEST_FULL).then(|| ["+", full].concat())
        }
        None => national(shown, code).map(|national| ["+", code, national].concat()),
    }
}

/// How a number of the country `code` is dialled within it.
pub fn dialled_at_home(national: &str, code: &str) -> Vec<String> {
    match Plan::of(code) {
        Plan::TrunkZero => vec![["0", national].concat()],
        // Some dial a zero all the same, out of habit or by a rule of their switch.
        Plan::NoTrunkZero(_) => vec![["0", national].concat(), national.to_owned()],
        Plan::ZeroKept | Plan::Nanp => vec![national.to_owned()],
    }
}

/// Other ways in which a number may have been written down before it was known to be this one.
pub(super) fn other_spellings(number: &str) -> Vec<String> {
    let Some(digits) = number.strip_prefix('+') else {
        let plus_lost = number.len() >= SHORTEST_WITHOUT_PLUS && !number.starts_with('0');
        return Vec::from_iter(plus_lost.then(|| ["+", number].concat()));
    };
    let bare = NO_TRUNK_ZERO.iter().map(|(code, _)| *code).chain([ZERO_KEPT, NANP]);
    let bare = bare.filter_map(|code| digits.strip_prefix(code).filter(|rest| Plan::of(code).has(rest)));
    std::iter::once(digits).chain(bare).map(str::to_owned).collect()
}

/// The national part of a number of the country `code`.
fn national<'a>(shown: &'a str, code: &str) -> Option<&'a str> {
    if code.is_empty() {
        return None;
    }
    let plan = Plan::of(code);
    // "3901234567" is a mobile number, though a short number of a town behind 39 would look the same.
    let is_mobile = matches!(plan, Plan::ZeroKept) && shown.len() == ITALIAN_MOBILE && shown.starts_with('3');
    let plus_lost = shown.strip_prefix(code).filter(|rest| plan.has(rest) && !is_mobile);
    let after_zero = shown.strip_prefix('0');
    plus_lost.or_else(|| match plan {
        Plan::TrunkZero => after_zero.filter(|rest| rest.len() >= SHORTEST_AFTER_ZERO),
        Plan::NoTrunkZero(_) => [Some(shown), after_zero].into_iter().flatten().find(|rest| plan.has(rest)),
        Plan::ZeroKept | Plan::Nanp => Some(shown).filter(|rest| plan.has(rest)),
    })
}

/// How a country writes its own numbers.
#[derive(Clone, Copy)]
enum Plan {
    /// National numbers are dialled with a zero that is not part of them.
    TrunkZero,
    /// They are dialled as they are; the shortest has so many digits.
    NoTrunkZero(usize),
    /// The same, and where they begin with a zero, it is part of them.
    ZeroKept,
    /// Ten digits, or eleven with a one before them.
    Nanp,
}

impl Plan {
    fn of(code: &str) -> Plan {
        match NO_TRUNK_ZERO.iter().find(|(other, _)| *other == code) {
            Some((_, shortest)) => Plan::NoTrunkZero(*shortest),
            None if code == ZERO_KEPT => Plan::ZeroKept,
            None if code == NANP => Plan::Nanp,
            None => Plan::TrunkZero,
        }
    }

    /// Whether `digits` can only be a whole national number.
    fn has(self, digits: &str) -> bool {
        let first = |at: usize| digits.as_bytes().get(at).copied().unwrap_or_default();
        match self {
            Plan::TrunkZero => digits.len() >= SHORTEST_WITHOUT_ZERO && first(0) != b'0',
            // With a one begin emergency numbers, directories and the like.
            Plan::NoTrunkZero(shortest) => digits.len() >= shortest && first(0) >= b'2',
            Plan::ZeroKept => match first(0) {
                // The zero, and as many as behind any other.
                b'0' => digits.len() > SHORTEST_AFTER_ZERO,
                first => digits.len() >= SHORTEST_ITALIAN_MOBILE && first == b'3',
            },
            Plan::Nanp => digits.len() == 10 && first(0) >= b'2' && first(3) >= b'2',
        }
    }
}

/// Countries where a national number is dialled without a leading zero, with the digits of the shortest: Luxembourg,
/// Denmark, Norway, Spain, Portugal, Poland, Czechia, Liechtenstein, Monaco. Fewer digits would take an extension for a
/// number of that country; more would leave numbers unknown.
const NO_TRUNK_ZERO: [(&str, usize); 9] =
    [("352", 6), ("45", 8), ("47", 8), ("34", 9), ("351", 9), ("48", 9), ("420", 9), ("423", 7), ("377", 8)];

/// Italy.
const ZERO_KEPT: &str = "39";

/// The North American Numbering Plan: the United States, Canada and most of the Caribbean.
const NANP: &str = "1";

/// Digits of the shortest number after `00`: less is something of the switch's own.
const SHORTEST_FULL: usize = 7;

/// The same after a trunk zero, area code included.
const SHORTEST_AFTER_ZERO: usize = 5;

/// The same after a country's code without `+`; less may be a number that happens to begin so.
const SHORTEST_WITHOUT_ZERO: usize = 7;

/// They are dialled without a zero, and so long but for old ones.
const ITALIAN_MOBILE: usize = 10;
const SHORTEST_ITALIAN_MOBILE: usize = 9;

/// Of a number in full that has lost its `+`; national numbers without a zero are shorter nearly everywhere.
const SHORTEST_WITHOUT_PLUS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_known_in_the_forms_of_their_country() {
        for (code, shown, full) in [
            ("352", "621123456", "+352621123456"),
            ("352", "471234", "+352471234"),
            ("352", "352621123456", "+352621123456"),
            ("352", "0621123456", "+352621123456"),
            ("352", "004930901820", "+4930901820"),
            ("352", "352621", "+352352621"),
            ("49", "030901820", "+4930901820"),
            ("49", "4930901820", "+4930901820"),
            ("49", "00352621123456", "+352621123456"),
            ("43", "015123456", "+4315123456"),
            ("43", "4315123456", "+4315123456"),
            ("41", "0442345678", "+41442345678"),
            ("41", "41442345678", "+41442345678"),
            ("33", "0123456789", "+33123456789"),
            ("33", "33123456789", "+33123456789"),
            ("39", "0612345678", "+390612345678"),
            ("39", "390612345678", "+390612345678"),
            ("39", "3331234567", "+393331234567"),
            ("39", "393331234567", "+393331234567"),
            ("39", "3931234567", "+393931234567"),
            ("39", "3900000000", "+393900000000"),
            ("1", "2125550123", "+12125550123"),
            ("1", "12125550123", "+12125550123"),
            ("1", "4165550123", "+14165550123"),
            ("1", "011352621123456", "+352621123456"),
            ("44", "02079460000", "+442079460000"),
            ("44", "442079460000", "+442079460000"),
            ("45", "45123456", "+4545123456"),
            ("45", "4545123456", "+4545123456"),
        ] {
            assert_eq!(e164(shown, code).as_deref(), Some(full), "{shown} in {code}");
        }
    }

    #[test]
    fn what_cannot_be_told_stays_as_it_is() {
        for (code, shown) in [
            ("352", "112"),
            ("352", "12345"),
            ("352", "116117"),
            ("352", "1001"),
            ("352", "35212"),
            ("352", "4712"),
            ("49", "110"),
            ("49", "116117"),
            ("49", "901820"),
            ("49", "4912"),
            ("49", "0110"),
            ("49", "0012"),
            ("49", "352621123456"),
            ("43", "144"),
            ("41", "1414"),
            ("33", "3631"),
            ("33", "118712"),
            ("39", "112"),
            ("39", "39112"),
            ("1", "911"),
            ("1", "5550123"),
            ("1", "1234567890"),
            ("1", "0301234567"),
            ("44", "999"),
            ("", "030901820"),
            ("", "621123456"),
        ] {
            assert_eq!(e164(shown, code), None, "{shown} in {code}");
        }
    }

    #[test]
    fn a_number_is_found_as_it_was_written_before_its_country_was_known() {
        assert_eq!(other_spellings("+352621123456"), ["352621123456", "621123456"]);
        assert_eq!(other_spellings("+4930901820"), ["4930901820"]);
        assert_eq!(other_spellings("+12125550123"), ["12125550123", "2125550123"]);
        assert_eq!(other_spellings("352621123456"), ["+352621123456"]);
        assert_eq!(other_spellings("1001"), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn a_number_is_known_however_it_is_dialled_at_home(
            (code, national) in prop_oneof![
                (Just("352"), "[2-9][0-9]{5}|6[0-9]{8}"),
                (Just("49"), "[1-9][0-9]{6,10}"),
                (Just("39"), "0[1-9][0-9]{5,8}|3[0-9]{9}"),
                (Just("1"), "[2-9][0-9]{2}[2-9][0-9]{6}"),
                (Just("420"), "[2-9][0-9]{8}"),
            ],
        ) {
            let full = ["+", code, &national].concat();
            for shown in dialled_at_home(&national, code) {
                prop_assert_eq!(e164(&shown, code), Some(full.clone()), "{} in {}", shown, code);
            }
            prop_assert_eq!(e164(&["00", code, &national].concat(), "44"), Some(full));
        }
    }
}
