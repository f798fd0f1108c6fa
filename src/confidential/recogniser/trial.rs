//! What the tests of the recognisers share: models, a voice, and the counting of wrong words.

use std::path::PathBuf;

/// A folder of the user's cache, where `make` keeps what it downloads.
pub(in crate::confidential) fn cache(name: &str) -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("CALLGIST_CACHE").or_else(|| Some(set("XDG_CACHE_HOME")?.join("callgist")));
    cache.or_else(|| Some(set("HOME")?.join(".cache/callgist"))).unwrap().join(name)
}

/// To the terminal even when the test harness keeps the output of tests to itself.
pub(in crate::confidential) fn shout(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "\n*** {line} ***");
}

/// Words as they are counted: lower case, letters and digits only, and a number however it is written.
pub(in crate::confidential) fn plain_words(text: &str) -> Vec<String> {
    let plain = |word: &str| {
        let plain: String =
            word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        NUMBERS.iter().find(|(word, _)| *word == plain).map_or(plain, |(_, digits)| (*digits).to_owned())
    };
    text.split([' ', '-', '\n']).map(plain).filter(|word| !word.is_empty()).collect()
}

const NUMBERS: [(&str, &str); 11] = [
    ("zero", "0"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
];

/// Words to change, leave out or put in to get from one text to the other.
pub(in crate::confidential) fn word_errors(spoken: &str, heard: &str) -> usize {
    let (spoken, heard) = (plain_words(spoken), plain_words(heard));
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, word) in spoken.iter().enumerate() {
        let mut before = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in heard.iter().enumerate() {
            let changed = before + usize::from(word != other);
            before = row[j + 1];
            row[j + 1] = changed.min(before + 1).min(row[j] + 1);
        }
    }
    row[heard.len()]
}

#[test]
fn word_errors_are_the_shortest_way_between_two_texts() {
    assert_eq!(word_errors("Please press nine, now.", "please press 9 now"), 0);
    assert_eq!(word_errors("Please press nine, now.", "please dress now"), 2);
    assert_eq!(word_errors("one two three", "one three four"), 2);
    assert_eq!(word_errors("one", ""), 1);
}
