//! What a switch or a person may write where a number is asked for.

use super::hand::Hand;
use callgist::call::numbering::dialled_at_home;
use callgist::call::{CallId, Leg, Number};

/// Numbers, calls' ids and legs' names: what is taken has the form that is promised, is read again from what is printed,
/// and keeps its secret when it is shown; a number in full stays what it is in every country, and is one of its own
/// spellings, each of which is a number.
pub fn numbers(bytes: &[u8]) {
    let mut hand = Hand::new(bytes);
    let country = hand.one_of(&["", "352", "49", "33", "39", "1", "43", "44", "420"]);
    let text = String::from_utf8_lossy(hand.some(200));
    if let Ok(number) = Number::new(&text) {
        numbered(&number);
    }
    if let Ok(number) = Number::in_country(&text, country) {
        numbered(&number);
        assert_eq!(
            Number::in_country(number.as_str(), country),
            Ok(number.clone()),
            "it changes when it is read again"
        );
        at_home(&number, country);
    }
    if let Some(id) = CallId::parse(&text) {
        assert_eq!(id.to_string(), text.to_lowercase(), "another id than the one that is written");
    }
    if let Ok(leg) = Leg::new(&text) {
        assert!(leg.as_str() == text && text.len() <= 64);
        assert!(!text.chars().any(|letter| letter.is_whitespace()
            || letter.is_control()
            || "(){}[]$'\"\\,;".contains(letter)));
    }
}

fn numbered(number: &Number) {
    let digits = number.as_str().strip_prefix('+').unwrap_or(number.as_str());
    assert!((2..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()));
    assert_eq!(Number::new(number.as_str()).as_ref(), Ok(number));
    let shown = format!("{number:?}");
    assert!(shown.chars().filter(char::is_ascii_digit).count() <= 2, "more than two digits are shown");
    let spellings = number.spellings();
    assert_eq!(spellings.first(), Some(number));
    for spelling in &spellings {
        assert_eq!(Number::new(spelling.as_str()).as_ref(), Ok(spelling), "a spelling that is no number");
    }
    if number.as_str().starts_with('+') {
        for country in ["", "352", "49", "39", "1"] {
            assert_eq!(Number::in_country(number.as_str(), country).as_ref(), Ok(number));
        }
    }
}

/// Dialled as at home, it is the same number; what cannot be told stays as it was dialled.
fn at_home(number: &Number, country: &str) {
    let full = number.as_str().strip_prefix('+').filter(|_| !country.is_empty());
    let Some(national) = full.and_then(|full| full.strip_prefix(country)) else { return };
    for dialled in dialled_at_home(national, country) {
        // Nobody can tell these from one of another country, from one that has lost its plus, or from one with a zero too many.
        let ambiguous = national.starts_with('0')
            || dialled.starts_with("00")
            || dialled.trim_start_matches('0').starts_with(country);
        let Ok(read) = Number::in_country(&dialled, country) else { continue };
        let told = read.as_str().starts_with('+');
        assert!(ambiguous || !told || read == *number, "{} at home is {}", number.as_str(), read.as_str());
    }
}
