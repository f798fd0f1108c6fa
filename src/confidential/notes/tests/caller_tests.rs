//! Calls whose agents are not heard: the note is told from the caller's words, and from nothing else.

use super::*;
use crate::call::AgentLeg;

/// The caller's part of a call.
fn alone(text: &str) -> Transcript {
    let whole = call(text);
    let by_caller = |turn: &&Turn| turn.speaker.is_caller();
    let again = |turn: &Turn| Turn {
        speaker: turn.speaker,
        words: turn
            .words
            .iter()
            .map(|w| Word::new(w.text().to_owned(), w.start_ms, w.end_ms, w.probability))
            .collect(),
    };
    let turns = whole.turns.iter().filter(by_caller).map(again).collect();
    Transcript { turns, agent_leg: AgentLeg::NotHeard }
}

const LEAK: &str = "a: hello the kitchen shop how can i help you\n\
                    c: hello yes my dishwasher is leaking water on the floor since yesterday\n\
                    a: i see would you like a technician to come\n\
                    c: yes please i want to book an appointment for the repair\n\
                    a: i will call you back tomorrow before noon\n\
                    c: thank you very much goodbye";

#[test]
fn nobody_who_is_not_heard_promises_anything() {
    let both = summarise(&call(LEAK), Language::En, DAY, LeftOut::default(), GOOD).ok().unwrap();
    assert!(both.text().contains("agent promised"), "{}", both.text());
    let caller = summarise(&alone(LEAK), Language::En, DAY, LeftOut::default(), GOOD).ok().unwrap();
    let text = caller.text();
    assert!(text.contains("dishwasher") && !text.to_lowercase().contains("agent"), "{text}");
    assert!(!text.contains("noon") && !text.contains("call back"), "{text}");
}

#[test]
fn a_caller_alone_is_never_one_side_of_a_call() {
    let reason = |lines: &str| summarise(&alone(lines), Language::En, DAY, LeftOut::default(), GOOD).err();
    assert_eq!(reason("a: hello\na: is anybody there"), Some(NoSummary::NothingSaid));
    assert_eq!(reason("a: hello\nc: oh\na: hello hello hello"), Some(NoSummary::NothingSaid));
    let voicemail = "a: please leave a message after the tone\n\
                     c: hello this is about my order the dishwasher is broken and leaks please call me back";
    assert_eq!(
        summarise(&call(voicemail), Language::En, DAY, LeftOut::default(), GOOD).err(),
        Some(NoSummary::OneSided)
    );
    assert_eq!(reason(voicemail), None);
    let german = "c: ja guten tag ich habe ein problem mit der heizung und die ist nicht mehr warm";
    assert_eq!(reason(german), Some(NoSummary::Language));
    let noise = "c: zorble quinta mervo stalp hentic rovul drasp umbel corvit plesh wunto";
    assert_eq!(reason(noise), Some(NoSummary::Language));
}

#[test]
fn a_caller_alone_objects_and_asks_not_to_be_contacted_as_ever() {
    let says = |lines: &str| alone(lines);
    let objects = "c: hello my dishwasher leaks\na: a summary is made\nc: i object to the summary of this call please stop it";
    assert!(objection(&says(objects), Language::En) == Objection::Heard);
    assert_eq!(
        summarise(&says(objects), Language::En, DAY, LeftOut::default(), GOOD).err(),
        Some(NoSummary::Objection)
    );
    let talk =
        "c: hello my dishwasher leaks\na: well\nc: it has leaked since yesterday and i need a technician";
    assert!(objection(&says(talk), Language::En) == Objection::None);
    let asks = "c: hello my dishwasher leaks\na: well\nc: and please stop calling me with advertising calls";
    assert_eq!(do_not_contact(&says(asks), Language::En).len(), 1);
    // Made before the objection, in a turn of its own.
    let both = format!("{asks}\na: fine\nc: i object to the summary of this call please stop it");
    assert_eq!(do_not_contact(&says(&both), Language::En).len(), 1);
}

/// All calls that were written for the engine, with what their agents say left out.
#[test]
fn no_statement_about_any_written_call_is_of_an_agent_who_was_not_heard() {
    let (mut noted, mut files) = (0, Vec::new());
    for folder in ["dev", "more"] {
        files.extend(
            std::fs::read_dir(format!("tests/calls/{folder}")).unwrap().map(|file| file.unwrap().path()),
        );
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    for path in &files {
        let written: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let language = match written["language"].as_str().unwrap() {
            "de" => Language::De,
            "fr" => Language::Fr,
            _ => Language::En,
        };
        let said: Vec<String> = written["turns"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|turn| turn["speaker"] == "caller")
            .map(|turn| format!("c:{}", turn["heard"].as_str().unwrap()))
            .collect();
        let transcript = alone(&said.join("\n"));
        let told = explain(&transcript, language, LeftOut::default());
        assert_ne!(told.reason, Some(NoSummary::OneSided), "{}", path.display());
        for statement in &told.statements {
            assert_eq!(statement.by, "caller", "{}: {} ({})", path.display(), statement.text, statement.rule);
            assert!(
                !["promise", "appointment", "refusal", "decision"].contains(&statement.kind),
                "{}: {} ({})",
                path.display(),
                statement.text,
                statement.rule
            );
        }
        noted += usize::from(told.reason.is_none());
    }
    assert!(files.len() > 20 && noted * 2 > files.len(), "{noted} notes of {} calls", files.len());
}
