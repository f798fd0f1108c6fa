//! What no note may hold, looked for by code that is neither the guard's nor the daemon's.

/// Digits that belong together, with at most one blank or hyphen between two, and are a payment card's number (ISO/IEC
/// 7812-1, annex B).
pub fn holds_card(text: &str) -> bool {
    let mut runs = vec![Vec::new()];
    let mut between = 0;
    for letter in text.chars() {
        match letter.to_digit(10) {
            Some(digit) if between < 2 => runs.last_mut().expect("there is one").push(digit),
            Some(digit) => runs.push(vec![digit]),
            None if " -\u{a0}\u{202f}".contains(letter) => {
                between += 1;
                continue;
            }
            None => {
                between = 2;
                continue;
            }
        }
        between = 0;
    }
    let luhn = |run: &Vec<u32>| {
        let mut double = false;
        let sum: u32 = run.iter().rev().fold(0, |sum, digit| {
            let twice = if double { digit * 2 } else { *digit };
            double = !double;
            sum + twice / 10 + twice % 10
        });
        sum.is_multiple_of(10)
    };
    runs.iter().any(|run| (13..=19).contains(&run.len()) && luhn(run))
}

/// An account's number (ISO 13616) of the countries that the lines of these languages are in.
pub fn holds_account(text: &str) -> bool {
    let plain: Vec<u8> =
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_uppercase()).collect();
    let lengths =
        [("DE", 22), ("LU", 20), ("FR", 27), ("BE", 16), ("AT", 20), ("CH", 21), ("GB", 22), ("IE", 22)];
    let from = |at: usize| {
        let (_, length) = lengths.iter().find(|(country, _)| plain[at..].starts_with(country.as_bytes()))?;
        let number = plain.get(at..at + length)?;
        let digits = number.iter().filter(|byte| byte.is_ascii_digit()).count();
        let remainder = number[4..].iter().chain(&number[..4]).fold(0u32, |sum, byte| match byte {
            b'0'..=b'9' => (sum * 10 + u32::from(byte - b'0')) % 97,
            letter => (sum * 100 + u32::from(letter - b'A') + 10) % 97,
        });
        (digits >= 12 && remainder == 1).then_some(())
    };
    (0..plain.len()).any(|at| from(at).is_some())
}
