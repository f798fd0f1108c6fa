//! Texts that somebody might type in a note's place, in all three languages.

use super::*;
use crate::border::LeftOut;
use crate::confidential::notes::explain;
use std::collections::BTreeMap;

/// The sorts that are found, each with the first word of its sentence.
fn found(text: &str, language: Language) -> Vec<(&'static str, &str)> {
    let first = |at: Range<usize>| text[at].split_whitespace().next().unwrap();
    look(text, language).into_iter().map(|finding| (finding.sort.word(), first(finding.at))).collect()
}

#[test]
fn what_is_kept_out_of_notes_is_found_in_a_typed_text_in_each_language() {
    use Language::{De, En, Fr};
    let texts = [
        (En, "The pump is loud. Her husband has diabetes.", ("health", "Her")),
        (En, "The pump is loud. Mr. Weber calls back on Friday.", ("name", "Mr.")),
        (En, "The pump is loud. The technician comes to 14 Tannery Lane.", ("address", "The")),
        (En, "The password is sunflower.", ("secret", "The")),
        (En, "The caller was born on 12 May 1948.", ("birth", "The")),
        (En, "The caller pays with the card ending in 9410.", ("card", "The")),
        (En, "Write to anna@example.com about the pump.", ("mail", "Write")),
        (De, "Die Pumpe ist laut. Ihr Mann hat Diabetes.", ("health", "Ihr")),
        (De, "Die Pumpe ist laut. Hr. Weber ruft am Freitag zurück.", ("name", "Hr.")),
        (De, "Der Techniker kommt in den Birkenweg 14.", ("address", "Der")),
        (De, "Das Passwort lautet Sonnenblume.", ("secret", "Das")),
        (De, "Das Geburtsdatum ist der 12. Mai 1948.", ("birth", "Das")),
        (Fr, "La pompe est bruyante. Son mari a du diabète.", ("health", "Son")),
        (Fr, "La pompe est bruyante. Mme Weber rappelle vendredi.", ("name", "Mme")),
        (Fr, "Le technicien vient au 14 rue des Tanneurs.", ("address", "Le")),
        (Fr, "Le mot de passe est tournesol.", ("secret", "Le")),
        (Fr, "Sa date de naissance est le 12 mai 1948.", ("birth", "Sa")),
    ];
    for (language, text, expected) in texts {
        let found = found(text, language);
        assert!(found.contains(&expected), "{text}: {found:?}");
        assert!(
            text.starts_with(expected.1) || found.iter().all(|(_, first)| *first == expected.1),
            "{found:?}"
        );
    }
}

#[test]
fn a_text_about_the_matter_is_let_through_in_each_language() {
    use Language::{De, En, Fr};
    let texts = [
        (En, "The pump is quiet. The technician comes on Friday, 27 November, at 10:30."),
        (En, "The caller asked for a refund of 45.90 euros. The reference is 441729."),
        (En, "The agent promised to call back tomorrow after 2:00 (07700900618)."),
        (De, "Der Rückruf ist morgen um 10:30 Uhr unter 0621123456."),
        (De, "Die Pumpe ist leise. Der Techniker kommt am Freitag, 27. November, um 10:30 Uhr."),
        (De, "Die Rechnung über 45,90 Euro wird berichtigt. Der Rückruf ist am Montag um 9 Uhr."),
        (Fr, "La pompe est silencieuse. Le technicien vient vendredi 27 novembre à 10 h 30."),
        (Fr, "La facture de 45,90 euros sera corrigée. Le rappel est prévu lundi à 9 heures."),
    ];
    for (language, text) in texts {
        assert_eq!(found(text, language), [], "{text}");
    }
}

#[test]
fn a_name_is_not_parted_from_its_title() {
    let lexicon = lexicon::of(Language::En);
    let parts = |text: &str| -> Vec<String> {
        sentences(text, lexicon).into_iter().map(|at| text[at].trim().to_owned()).collect()
    };
    assert_eq!(parts("Mr. Weber called. It leaks."), ["Mr. Weber called.", "It leaks."]);
    assert_eq!(parts("It leaks, e.g. below. Why? No idea!"), ["It leaks, e.g. below.", "Why?", "No idea!"]);
    assert_eq!(parts("No stop at all"), ["No stop at all"]);
    assert_eq!(parts(""), [""; 0]);
}

/// A corrected text is mostly the note with a word changed, so what the engine writes must pass. Of the hundred notes of all
/// folders three do not: a word that was misheard stands beside "dad" and looks like a name.
#[test]
fn the_notes_of_the_written_calls_could_be_typed_again() {
    let (mut notes, mut alarms) = (0, BTreeMap::new());
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/calls/dev");
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let call: serde_json::Value = serde_json::from_str(&text).unwrap();
        let language: Language = serde_json::from_value(call["language"].clone()).unwrap();
        let turns = call["turns"].as_array().unwrap().iter().map(|turn| Turn {
            speaker: if turn["speaker"] == "caller" { Speaker::Caller } else { Speaker::Agent(1) },
            words: turn["heard"].as_str().unwrap().split_whitespace().map(word).collect(),
        });
        let note = explain(&Transcript::new(turns.collect()), language, LeftOut::default()).summary;
        notes += u32::from(!note.is_empty());
        if let Some(finding) = look(&note, language).first() {
            let id = call["id"].as_str().unwrap().to_owned();
            alarms.insert(id, (finding.sort.word(), note[finding.at.clone()].to_owned()));
        }
    }
    assert!(notes > 8, "{notes}");
    assert!(alarms.is_empty(), "{} of {notes}: {alarms:#?}", alarms.len());
}

fn word(text: &str) -> Word {
    Word::new(text.to_owned(), 0, 0, 1.0)
}
