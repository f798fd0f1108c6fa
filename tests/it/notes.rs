//! The note engine on the written calls of `tests/calls`, measured by the scorer that comes with them.

use callgist::border::Kind;
use callgist::cli::note::{NoteArgs, run};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

fn calls() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/calls")
}

/// The scorer's figures for what the engine makes of a folder's calls, of one language or all.
fn figures(folder: &str, language: Option<&str>) -> BTreeMap<String, f64> {
    let out = tempfile::tempdir().unwrap();
    let name = folder;
    let folder = calls().join(folder);
    let args =
        NoteArgs { calls: vec![folder.clone()], out: Some(out.path().to_owned()), ..NoteArgs::default() };
    run(&args).unwrap();
    let mut scorer = Command::new("python3");
    scorer.arg(calls().join("score.py")).arg(folder).arg(out.path());
    if let Some(language) = language {
        scorer.args(["--language", language]);
    }
    let scored = scorer.output().expect("the scorer needs python3");
    let text = String::from_utf8(scored.stdout).unwrap();
    let line = text.lines().last().unwrap_or_default();
    eprintln!("{name} {}: {line}", language.unwrap_or("all"));
    line.split(' ')
        .filter_map(|pair| pair.split_once('='))
        .map(|(k, v)| (k.to_owned(), v.parse().unwrap()))
        .collect()
}

/// What may never be, whatever the calls.
fn assert_form(figures: &BTreeMap<String, f64>) {
    let figure = |name: &str| *figures.get(name).unwrap_or_else(|| panic!("the scorer gives no {name}"));
    let none = [
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
    assert!(figure("min_function_share") >= 0.25, "telegrams");
    let ceilings = [("max_run", 5.0), ("mean_short_run_share", 0.1), ("max_short_run_share", 0.35)];
    for (name, ceiling) in ceilings {
        assert!(figure(name) <= ceiling, "{name} is {} and may be {ceiling}", figure(name));
    }
}

/// Floors are what the engine reached when they were written. They may rise; they never fall.
fn assert_floors(figures: &BTreeMap<String, f64>, floors: &[(&str, f64)]) {
    for (name, floor) in floors {
        let figure = figures.get(*name).copied().unwrap_or_default();
        assert!(figure >= *floor, "{name} is {figure} and was {floor}");
    }
}

#[test]
fn the_written_calls_are_told_as_well_as_they_ever_were() {
    let figures = figures("dev", None);
    assert_form(&figures);
    assert_eq!(figures["false_claims"], 0.0);
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
        assert_eq!(figures[name], 1.0, "{name}");
    }
    // All facts fell from 0.70 when promises, wishes and requests stopped taking words of sentences beside them: a note
    // says less, and less that is wrong.
    assert_floors(&figures, &[("essential_recall", 0.88), ("typed_recall", 0.75), ("all_recall", 0.67)]);
}

/// Calls in other domains, written with their labels by people who had not seen the rules.
#[test]
fn calls_of_other_domains_are_told_as_well_as_they_ever_were() {
    // English fell from 0.82 and 0.60, French from 0.58 of all facts, for the same reason.
    let bars = [
        ("en", [("essential_recall", 0.8), ("typed_recall", 0.75), ("all_recall", 0.57)]),
        ("de", [("essential_recall", 0.74), ("typed_recall", 0.67), ("all_recall", 0.6)]),
        ("fr", [("essential_recall", 0.74), ("typed_recall", 0.66), ("all_recall", 0.57)]),
    ];
    for (language, floors) in bars {
        let figures = figures("own", Some(language));
        assert_form(&figures);
        assert_floors(&figures, &floors);
    }
}

#[test]
fn no_note_holds_what_its_line_leaves_out() {
    leaves_everything_out(&["dev", "own"]);
}

#[test]
fn no_note_of_a_fresh_call_holds_what_its_line_leaves_out() {
    leaves_everything_out(&["fresh", "fresh2", "fresh3", "fresh4", "fresh5", "fresh6"]);
}

#[test]
fn no_note_of_the_calls_to_learn_from_holds_what_its_line_leaves_out() {
    leaves_everything_out(&["more"]);
}

#[test]
fn each_kind_is_left_out_alone() {
    for (_, kind) in Kind::SETTABLE {
        for (call, note) in redacted("dev", &[kind]) {
            holds_none(kind, &call, &note);
        }
    }
}

fn leaves_everything_out(folders: &[&str]) {
    let everything: Vec<Kind> = Kind::SETTABLE.iter().map(|(_, kind)| *kind).collect();
    for folder in folders {
        let calls = redacted(folder, &everything);
        for (call, note) in &calls {
            everything.iter().for_each(|kind| holds_none(*kind, call, note));
        }
        let words: Vec<usize> = calls.iter().map(|(_, note)| note.split_whitespace().count()).collect();
        let notes = words.iter().filter(|words| **words > 0).count();
        let told: usize = words.iter().sum();
        assert!(
            notes * 2 > calls.len() && told > 15 * notes,
            "{folder}: {notes} notes of {told} words are left"
        );
    }
}

/// The calls of a folder with their notes on a line that leaves these out.
fn redacted(folder: &str, kinds: &[Kind]) -> Vec<(Value, String)> {
    let out = tempfile::tempdir().unwrap();
    let folder = calls().join(folder);
    let (calls, redact) = (vec![folder.clone()], kinds.to_vec());
    run(&NoteArgs { calls, redact, out: Some(out.path().to_owned()), ..NoteArgs::default() }).unwrap();
    let read = |path: &Path| serde_json::from_str::<Value>(&std::fs::read_to_string(path).unwrap()).unwrap();
    let files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    files
        .map(|file| {
            let note = read(&out.path().join(file.file_name().unwrap()));
            (read(&file), note["summary"].as_str().unwrap().to_owned())
        })
        .collect()
}

/// By shape, and by what the call's labels say that is of this kind: no finder of the engine's is asked.
fn holds_none(kind: Kind, call: &Value, note: &str) {
    let days = "(?i)\\b(mon|tues|wednes|thurs|fri|satur|sun)day\\b|\\b(montag|dienstag|mittwoch|donnerstag|freitag|samstag|\
                sonntag|januar|februar|märz|april|juni|juli|august|september|oktober|november|dezember)|\\b(lundi|mardi|\
                mercredi|jeudi|vendredi|samedi|dimanche|janvier|février|avril|juin|juillet|août|septembre|octobre|\
                novembre|décembre)\\b|\\b(january|february|june|july|october|december|tomorrow|übermorgen|demain)\\b";
    let shape = match kind {
        Kind::Amounts => "[€£$]|(?i)\\d (euros?|pfund|livres|dollars?|franken|francs|pounds)\\b",
        Kind::PhoneNumbers => "\\d{7}",
        Kind::References => "\\b[A-Z]{1,3}\\d{3}",
        Kind::Dates => days,
        Kind::Times => "\\d:\\d\\d|\\d Uhr\\b|\\d h\\b|\\((morning|afternoon|evening)\\)",
        Kind::Durations => {
            "(?i)\\d+ (minutes?|hours?|days?|weeks?|minuten|stunden|tagen?|wochen?|heures?|jours?|semaines?)\\b"
        }
        _ => "^\\b$",
    };
    let id = &call["id"];
    assert!(!regex::Regex::new(shape).unwrap().is_match(note), "{id} {kind:?}: {note}");
    let closed: String = note.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    for label in labelled(kind, call) {
        assert!(!closed.contains(&label), "{id} {kind:?} {label}: {note}");
    }
}

/// What the labels of a call have of a kind: numbers of three digits or more, and the names that people gave themselves.
fn labelled(kind: Kind, call: &Value) -> Vec<String> {
    let fact = match kind {
        Kind::Amounts => "amount",
        Kind::References => "reference",
        Kind::PhoneNumbers => "callback",
        Kind::Names => return presented(call),
        _ => return Vec::new(),
    };
    let facts = call["gold"]["facts"].as_array().unwrap().iter().filter(|found| found["kind"] == fact);
    let stems = facts
        .flat_map(|found| found["any_of"].as_array().unwrap().iter().flat_map(|one| one.as_array().unwrap()));
    let digits =
        |stem: &Value| stem.as_str().unwrap().chars().filter(char::is_ascii_digit).collect::<String>();
    stems.map(digits).filter(|digits| digits.len() >= 3).collect()
}

/// "My name is Ruth Abernethy": the family name, where it was recognised as it was said.
fn presented(call: &Value) -> Vec<String> {
    let says = "(?:[Mm]y name(?:'s| is)|[Mm]ein Name ist|[Jj]e m'appelle|[Yy]ou're speaking (?:to|with)|[Ss]ie sprechen mit) \
                (?:Frau |Herrn |Madame |Monsieur )?((?:\\p{Lu}\\p{Ll}+ ?){1,2})";
    let says = regex::Regex::new(says).unwrap();
    let mut names = Vec::new();
    for turn in call["turns"].as_array().unwrap() {
        let (written, heard) = (turn["written"].as_str().unwrap(), turn["heard"].as_str().unwrap());
        for found in says.captures_iter(written) {
            let last = found[1].split_whitespace().last().unwrap().to_lowercase();
            names.extend(
                heard.to_lowercase().split_whitespace().find(|word| *word == last).map(str::to_owned),
            );
        }
    }
    names
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
        // tests/calls/own
        "pellworth",
        "quayside",
        "okafor",
        "moira",
        "playhouse",
        "tulloch",
        "verity",
        "corrigan",
        "amory",
        "priya",
        "marlow",
        "stanbrook",
        "penhaligon",
        "hazelmere",
        "bascombe",
        "dilys",
        "tomasz",
        "carrow",
        "aldersby",
        "marchbank",
        "marchmont",
        "goodhew",
        "imrie",
        "yasmin",
        "lisbon",
        "weißkirch",
        "jansen",
        "oberlin",
        "rosenbrücke",
        "halbach",
        "sandvoß",
        "weidner",
        "petrovic",
        "möbius",
        "paulchen",
        "eschenhof",
        "brettschneider",
        "kohlhaas",
        "madeira",
        "kröger",
        "ahlers",
        "rheinlift",
        "sommerkamp",
        "lindenhof",
        "krome",
        "lindqvist",
        "grabowski",
        "kapernbaum",
        "tausendkorn",
        "brinkhoff",
        "haberl",
        "isartal",
        "fechner",
        "auental",
        "terhorst",
        "okonjo",
        "dobler",
        "eisenhalle",
        "cressonnet",
        "clairval",
        "ferrandier",
        "goasguen",
        "guivarch",
        "jaubertie",
        "kervasdoué",
        "loubatière",
        "marchenoir",
        "ouadah",
        "paquelet",
        "permalux",
        "pradeilles",
        "sévrienne",
        "taillebois",
        "tournebise",
        "vigneaux",
        "biscuit",
    ];
    let words: std::collections::BTreeSet<&str> = rules.split(|c: char| !c.is_alphanumeric()).collect();
    for name in names {
        assert!(!words.contains(name), "{name}");
    }
}
