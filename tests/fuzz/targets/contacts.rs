//! A CSV file of people who must not be contacted.

use super::hand::Hand;
use callgist::border::Channels;
use callgist::cli::contacts::read_csv;
use callgist::cli::counter::Zone;

/// The import: no panic; either every row is an entry that protects something, or every mistake is named by its line and
/// nothing is taken; and no number stands in a mistake.
pub fn contacts(bytes: &[u8]) {
    let mut hand = Hand::new(bytes);
    let country = hand.one_of(&["", "352", "49", "39", "1"]);
    let text = String::from_utf8_lossy(hand.some(usize::MAX));
    match read_csv(&text, country, &Zone::of(true)) {
        Ok(entries) => {
            let rows = text.lines().skip(1).filter(|line| !line.trim().is_empty()).count();
            assert_eq!(entries.len(), rows, "a row was left out");
            for entry in entries {
                assert!(entry.channels != Channels::default(), "an entry that protects nothing");
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            let lines = text.lines().count();
            for problem in &problems {
                let place =
                    problem.strip_prefix("line ").and_then(|rest| rest.split(':').next()?.parse().ok());
                assert!(place.is_none_or(|line: usize| (2..=lines).contains(&line)), "{problem}");
                let told = problem.split_once(':').map_or(problem.as_str(), |(_, told)| told);
                // A date in what it says is an example of ours.
                let told = told.replace("2026-11-24", "").replace("2026-11", "").replace("14:30", "");
                let longest = told.split(|letter: char| !letter.is_ascii_digit()).map(str::len).max();
                assert!(longest.unwrap_or(0) < 4, "a number in a mistake: {problem}");
            }
        }
    }
}
