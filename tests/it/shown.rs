//! Every type of `confidential/` that can be printed, copied, encoded or lent out is on a list, with the reason why that
//! shows nothing; examples that must not compile stand beside ones that do.

use crate::tidy::walk;
use std::collections::BTreeSet;
use std::path::Path;

/// File, type and reason. What holds a word or a sample may not be on it, but for the one type that is sent and the one
/// that texts are made in.
const SHOWN: &[(&str, &str, &str)] = &[
    ("guard/mod.rs", "Fault", "a closed list of reasons"),
    ("guard/mod.rs", "Guarded", "Serialize alone: it is the note that leaves the ear"),
    ("guard/mod.rs", "Kind", "a closed list"),
    ("guard/mod.rs", "Modality", "a closed list"),
    ("guard/names.rs", "Sure", "a closed list"),
    ("guard/sensitive.rs", "Sort", "a closed list"),
    ("hall.rs", "Settings", "settings"),
    ("jitter.rs", "Packets", "two counters"),
    ("line.rs", "Ending", "a closed list"),
    ("line.rs", "Since", "two times"),
    ("notes/deeds.rs", "Deed", "places and numbers; no text"),
    ("notes/deeds.rs", "Mode", "a closed list"),
    ("notes/lexicon.rs", "LexiconError", "quotes a lexicon, which is part of the program"),
    ("notes/lexicon.rs", "Need", "a closed list of a lexicon's"),
    ("notes/lexicon.rs", "Style", "a closed list of a lexicon's"),
    ("notes/mod.rs", "Objection", "a closed list"),
    ("notes/mod.rs", "Quality", "three per cents"),
    ("notes/pairs.rs", "Answer", "a closed list"),
    ("notes/pattern.rs", "Found", "places"),
    ("notes/pattern.rs", "Rest", "borrows a lexicon"),
    ("notes/pattern.rs", "View", "borrows the call; its copy is the same borrow"),
    ("notes/values/mod.rs", "Kind", "a date, a time or an amount as numbers, wiped; no text"),
    ("notes/values/mod.rs", "Number", "a number that was read"),
    ("notes/when.rs", "When", "a date and a time as numbers"),
    ("panics.rs", "Place", "a file and a line of ours"),
    ("pcm.rs", "Budget", "a counter of bytes"),
    ("recogniser/ghosts.rs", "Judgement", "two probabilities"),
    ("recogniser/mod.rs", "Failure", "a closed list"),
    ("recogniser/mod.rs", "ModelError", "names a model's files"),
    ("recogniser/mod.rs", "Packing", "a setting"),
    ("text.rs", "Text", "Deref alone: functions of the folder borrow it as the text that it is"),
    ("words.rs", "Speaker", "who, not what"),
];

const TRAITS: [&str; 6] = ["Debug", "Display", "Clone", "Serialize", "AsRef", "Deref"];

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

fn shows(text: &str) -> bool {
    words(text).any(|word| TRAITS.contains(&word))
}

/// The types of a file that derive one of the traits or have it written out, its tests left out.
fn shown_in(code: &str) -> Vec<String> {
    let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut found = Vec::new();
    let mut derives = false;
    for line in code.lines().map(str::trim) {
        if line.starts_with("#[derive(") {
            derives |= shows(line);
        }
        let named = words(line).skip_while(|word| !["struct", "enum", "union"].contains(word)).nth(1);
        if let Some(name) = named.filter(|_| !line.starts_with("//") && !line.starts_with('#')) {
            found.extend(derives.then(|| name.to_owned()));
            derives = false;
        }
        if let Some((given, receiver)) = line.strip_prefix("impl").and_then(|rest| rest.split_once(" for "))
            && shows(given)
        {
            found.extend(words(receiver).next().map(str::to_owned));
        }
    }
    found
}

#[test]
fn whatever_may_be_shown_of_what_was_said_is_on_a_list_with_its_reason() {
    let root = Path::new("src/confidential");
    let mut found = BTreeSet::new();
    walk(root, &mut |path: &Path, text: String| {
        let file = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let tests = path.components().any(|part| part.as_os_str() == "tests") || file.ends_with("tests.rs");
        if !tests {
            found.extend(shown_in(&text).into_iter().map(|name| (file.clone(), name)));
        }
    });
    let listed: BTreeSet<_> =
        SHOWN.iter().map(|(file, name, _)| ((*file).to_owned(), (*name).to_owned())).collect();
    assert!(found.is_subset(&listed), "not on the list: {:?}", found.difference(&listed).collect::<Vec<_>>());
    assert!(listed.is_subset(&found), "nothing to list: {:?}", listed.difference(&found).collect::<Vec<_>>());
}

#[test]
fn the_search_for_what_may_be_shown_finds_it() {
    assert_eq!(shown_in("#[derive(Zeroize)]\npub struct A {\n#[derive(Clone, Copy)]\nenum B {"), ["B"]);
    assert_eq!(shown_in("impl<T> std::fmt::Debug for C<T> {"), ["C"]);
    assert_eq!(shown_in("impl Drop for D {\nstruct E;\nfn f() -> Clone {}"), [""; 0]);
}

/// On stable a `compile_fail` example passes whatever the error is, a mistyped path, too. So each documentation with one
/// has one before it that compiles and names the same.
#[test]
fn what_must_not_compile_stands_behind_the_same_that_does() {
    let mut looked = 0;
    walk(Path::new("src"), &mut |path: &Path, text: String| {
        let (mut compiles, mut open) = (false, false);
        for line in text.lines().map(str::trim) {
            let Some(comment) = line.strip_prefix("///") else {
                compiles = false;
                continue;
            };
            let Some(kind) = comment.trim().strip_prefix("```") else { continue };
            open = !open;
            if open && kind.contains("compile_fail") {
                looked += 1;
                assert!(compiles, "{}: nothing before it compiles: {line}", path.display());
            } else if open {
                compiles |= kind.is_empty() || kind == "no_run";
            }
        }
    });
    assert!(looked >= 8, "{looked} examples that must not compile");
}
