//! The note engine on the written calls of `tests/calls`, measured by the scorer that comes with them.

use callgist::cli::note::{NoteArgs, run};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

fn calls() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/calls")
}

/// The scorer's figures for what the engine makes of the development calls.
fn figures() -> BTreeMap<String, f64> {
    let out = tempfile::tempdir().unwrap();
    let args =
        NoteArgs { calls: vec![calls().join("dev")], out: Some(out.path().to_owned()), explain: false };
    run(&args).unwrap();
    let scored = Command::new("python3")
        .arg(calls().join("score.py"))
        .arg(calls().join("dev"))
        .arg(out.path())
        .output()
        .expect("the scorer needs python3");
    let text = String::from_utf8(scored.stdout).unwrap();
    let line = text.lines().last().unwrap_or_default();
    line.split(' ')
        .filter_map(|pair| pair.split_once('='))
        .map(|(k, v)| (k.to_owned(), v.parse().unwrap()))
        .collect()
}

#[test]
fn the_written_calls_are_told_as_well_as_they_ever_were() {
    let figures = figures();
    let figure = |name: &str| *figures.get(name).unwrap_or_else(|| panic!("the scorer gives no {name}"));
    let none = [
        "false_claims",
        "leaks",
        "kept_after_objection",
        "text_where_none_expected",
        "calls_over_run_limit",
        "short_sentences",
        "calls_over_cap",
        "unsupported_statements",
        "missing_outputs",
    ];
    for name in none {
        assert_eq!(figure(name), 0.0, "{name}");
    }
    let all = [
        "dnc_precision",
        "dnc_recall",
        "dnc_scope_exact",
        "dnc_detail_exact",
        "objection_precision",
        "objection_recall",
        "none_precision",
        "none_recall",
        "none_reason_exact",
    ];
    for name in all {
        assert_eq!(figure(name), 1.0, "{name}");
    }
    // Floors: what the engine reached when this was written. They may rise; they never fall.
    let floors = [
        ("essential_recall", 0.865),
        ("typed_recall", 0.735),
        ("all_recall", 0.62),
        ("min_function_share", 0.25),
    ];
    for (name, floor) in floors {
        assert!(figure(name) >= floor, "{name} is {} and was {floor}", figure(name));
    }
    let ceilings = [("max_run", 5.0), ("mean_short_run_share", 0.1), ("max_short_run_share", 0.35)];
    for (name, ceiling) in ceilings {
        assert!(figure(name) <= ceiling, "{name} is {} and may be {ceiling}", figure(name));
    }
}

#[test]
fn no_rule_names_a_person_or_a_company_of_the_written_calls() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/confidential/notes/lexicon");
    let mut rules = String::new();
    for language in ["en", "de", "fr"] {
        for file in std::fs::read_dir(folder.join(language)).unwrap() {
            let path = file.unwrap().path();
            // Given names are listed there, in order never to be said.
            if path.file_name().is_some_and(|name| name != "words.toml") {
                rules.push_str(&std::fs::read_to_string(path).unwrap().to_lowercase());
            }
        }
    }
    let names = [
        "lumetra",
        "halden",
        "planwise",
        "tilleuls",
        "silvan",
        "corvin",
        "brightwell",
        "hobbs",
        "lindhorst",
        "wiegand",
        "havelländer",
        "moselbogen",
        "obertal",
        "pulsar",
        "garrigue",
        "transvélo",
        "oyelaran",
        "kessel",
        "vito",
        "turkey",
        "aubry",
        "nambiar",
        "reuter",
        "fromm",
        "wimmer",
        "feltgen",
        "ferrand",
        "leudelange",
        "mersch",
    ];
    let words: std::collections::BTreeSet<&str> = rules.split(|c: char| !c.is_alphanumeric()).collect();
    for name in names {
        assert!(!words.contains(name), "{name}");
    }
}
