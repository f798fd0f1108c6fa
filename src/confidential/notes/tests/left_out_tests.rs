//! Whole notes of lines that leave something out.

use super::*;
use crate::border::Kind as Left;

fn note(language: Language, lines: &str, left_out: LeftOut) -> String {
    let note = summarise(&call(lines), language, DAY, left_out, GOOD);
    note.map_or_else(|reason| reason.word().to_owned(), |note| note.text().to_owned())
}

/// A call that names an agent in what it is about.
const CALLS: [(Language, &str, &str); 3] = [
    (
        Language::En,
        "a: good morning hallam lettings how can i help
         c: hello i have a problem with mould in the bedroom and your colleague ammanford promised me a surveyor
         a: i am sorry about the mould ammanford should have booked the surveyor
         c: i want the surveyor from ammanford and i want the mould gone
         a: okay i will send the surveyor on monday
         c: good thank you",
        "ammanford",
    ),
    (
        Language::De,
        "a: hausverwaltung brandhuber am apparat
         c: guten tag ich möchte den vertrag brandhuber per post
         a: gut ich schicke ihnen den vertrag brandhuber am montag
         c: ja danke für den vertrag brandhuber",
        "brandhuber",
    ),
    (
        Language::Fr,
        "a: agence bonjour brenvalle à l'appareil
         c: bonjour je veux le contrat brenvalle par courrier
         a: je vous envoie le contrat brenvalle lundi
         c: oui merci pour le contrat brenvalle",
        "brenvalle",
    ),
];

#[test]
fn an_agents_name_stands_in_a_note_only_where_agents_are_kept() {
    for (language, lines, name) in CALLS {
        let kept = note(language, lines, LeftOut::default()).to_lowercase();
        assert!(kept.contains(name), "the call is no trial: {kept}");
        let none = note(language, lines, LeftOut::default().with(Left::AgentNames)).to_lowercase();
        assert!(!none.contains(name), "{none}");
        assert!(none.split_whitespace().count() + 6 > kept.split_whitespace().count(), "{kept}: {none}");
    }
}

#[test]
fn a_note_that_names_nobody_is_the_same_whatever_is_said_of_agents() {
    for (language, lines, name) in CALLS {
        let lines = lines.replace(name, "");
        let kept = note(language, &lines, LeftOut::default());
        assert_eq!(kept, note(language, &lines, LeftOut::default().with(Left::AgentNames)));
    }
}

/// "Free of charge until the 15th" is not told as free of charge.
#[test]
fn a_note_with_less_tells_nothing_that_the_whole_one_does_not() {
    let lines = "a: hotel good morning how can i help
        c: hello i have booked a double room for friday and i would like to cancel the room
        a: you can cancel the double room free of charge until friday at ten thirty
        c: until friday at ten thirty okay and what does the room cost
        a: the double room costs two hundred and sixty one euros
        c: two hundred and sixty one euros okay i will call you back on friday
        a: good i will send the confirmation by email tomorrow";
    let whole = note(Language::En, lines, LeftOut::default());
    let dates = |text: &str| text.contains("Friday") || text.contains("tomorrow");
    assert!(dates(&whole), "the call is no trial: {whole}");
    let less = note(Language::En, lines, LeftOut::default().with(Left::Dates));
    assert!(!dates(&less) && !less.is_empty(), "{less}");
    for sentence in less.split_inclusive(". ") {
        let told = whole.split_inclusive(". ").any(|s| is_part(sentence, s, lexicon::of(Language::En)));
        assert!(told, "{sentence}: {whole}");
    }
}

#[test]
fn where_the_object_is_a_name_no_other_takes_its_place() {
    let lines = "a: hausverwaltung hier ist brandhuber
        c: ich brauche einen termin die heizung ist kaputt
        a: ich schicke ihnen brandhuber am montag wieder
        c: brandhuber soll die heizung reparieren";
    let kept = note(Language::De, lines, LeftOut::default());
    assert!(kept.contains("Brandhuber am Montag zu schicken"), "the call is no trial: {kept}");
    let none = note(Language::De, lines, LeftOut::default().with(Left::AgentNames));
    assert!(!none.contains("Brandhuber") && !none.contains("zu schicken"), "{none}");
}

#[test]
fn a_sentence_with_words_taken_out_is_told_and_none_without_its_denial() {
    let part = |part: &str, whole: &str| is_part(part, whole, lexicon::of(Language::En));
    assert!(part("The agent promised: surveyor.", "The agent promised: ammanford and surveyor."));
    assert!(!part("The agent promised: heating.", "The agent promised: ammanford."));
    assert!(!part("The agent promised: dogs.", "The agent promised: not dogs ammanford."));
    assert!(!part("The agent promised: surveyor, surveyor.", "The agent promised: surveyor."));
}

/// A call whose agent is called Bill, and what else is said in it.
fn with_bill(said: &str) -> String {
    format!(
        "a: good morning hallam lettings you're speaking with bill how can i help
         {said}
         a: okay i will send the surveyor on monday
         c: good thank you"
    )
}

#[test]
fn a_name_that_is_a_common_word_is_left_out_where_it_was_said_as_a_name() {
    let calls = [
        (
            Left::AgentNames,
            "c: hello i have a problem with mould in the bedroom your name is bill the boiler is broken",
        ),
        (
            Left::Names,
            "c: hello i have a problem with mould\na: i will check the name of bill and send it by post",
        ),
    ];
    for (left, said) in calls {
        let lines = with_bill(said);
        let kept = note(Language::En, &lines, LeftOut::default());
        assert!(kept.contains("bill"), "the call is no trial: {kept}");
        let less = note(Language::En, &lines, LeftOut::default().with(left));
        assert!(!less.contains("bill") && less.contains("mould"), "{less}");
    }
}

#[test]
fn a_common_word_that_is_a_name_elsewhere_is_told_where_it_is_none() {
    let lines = with_bill("c: hello i have a problem with my bill the bill is much too high");
    let kept = note(Language::En, &lines, LeftOut::default());
    assert!(kept.contains("bill"), "the call is no trial: {kept}");
    assert_eq!(kept, note(Language::En, &lines, LeftOut::default().with(Left::AgentNames)));
}
