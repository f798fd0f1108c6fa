//! What a line leaves out: how people are called, and each kind of value, in sentences of whoever wrote them.

use super::names::Names;
use super::*;
use crate::border::{Kind as Left, TrustLabel};
use crate::call::Language::{self, De, En, Fr};
use crate::confidential::notes::{lexicon, tokens, values};
use crate::confidential::{Turn, Word};

fn call(lines: &[&str]) -> Transcript {
    let word = |text: &str| Word::new(text.to_owned(), 0, 0, 0.9);
    let turn = |line: &&str| {
        let (who, said) = line.split_once(": ").unwrap();
        let speaker = if who == "c" { Speaker::Caller } else { Speaker::Agent(1) };
        Turn { speaker, words: said.split_whitespace().map(word).collect() }
    };
    Transcript::new(lines.iter().map(turn).collect())
}

fn only(kind: Left) -> LeftOut {
    LeftOut::default().with(kind)
}

/// The words of `words` that are names to be left out.
fn named(language: Language, kind: Left, lines: &[&str], words: &str) -> Vec<String> {
    let lexicon = lexicon::of(language);
    let tokens = tokens::read(&call(lines), lexicon);
    let values = values::read(&tokens, lexicon);
    let covered = values::cover(&tokens, &values);
    let names = Names::find(&tokens, &values, &covered, lexicon, only(kind));
    words.split_whitespace().filter(|word| names.stand_in(word)).map(str::to_owned).collect()
}

fn are_agents(language: Language, lines: &[&str], words: &str) {
    let all: Vec<&str> = words.split_whitespace().collect();
    assert_eq!(named(language, Left::AgentNames, lines, words), all, "{lines:?}");
    assert_eq!(named(language, Left::Names, lines, words), all, "{lines:?}");
}

fn are_callers(language: Language, lines: &[&str], words: &str) {
    let all: Vec<&str> = words.split_whitespace().collect();
    assert_eq!(named(language, Left::AgentNames, lines, words), Vec::<&str>::new(), "{lines:?}");
    assert_eq!(named(language, Left::Names, lines, words), all, "{lines:?}");
}

fn are_nobodys(language: Language, lines: &[&str], words: &str) {
    assert_eq!(named(language, Left::Names, lines, words), Vec::<&str>::new(), "{lines:?}");
}

#[test]
fn an_agents_name_is_known_by_how_he_presents_himself_and_is_addressed() {
    are_agents(En, &["a: good morning hallam heating this is sarek from the office", "c: hello"], "sarek");
    are_agents(En, &["a: you're speaking with joanna watkinson how can i help"], "watkinson");
    are_agents(En, &["a: hallam heating denbighley speaking how can i help"], "denbighley");
    are_agents(
        En,
        &["a: hello", "c: the boiler is broken", "a: i see", "c: thank you blenkinsop"],
        "blenkinsop",
    );
    are_agents(De, &["a: nordkraft energie mein name ist kowalke was kann ich für sie tun"], "kowalke");
    are_agents(De, &["a: druckhaus sie sprechen mit frau akbulut schönen guten tag"], "akbulut");
    are_agents(De, &["a: leitstelle brenninger am apparat"], "brenninger");
    are_agents(De, &["a: fitness hallo hier ist der marwino", "c: hallo"], "marwino");
    are_agents(Fr, &["a: service clients bonjour je suis magalou que puis je pour vous"], "magalou");
    are_agents(Fr, &["a: cabinet bonjour brenvalle à l'appareil"], "brenvalle");
    are_agents(Fr, &["a: bonjour vous êtes avec madame ostrowskaya"], "ostrowskaya");
}

#[test]
fn a_colleague_who_is_named_is_an_agent() {
    are_agents(En, &["c: hello", "a: my colleague trudgillian will call you back"], "trudgillian");
    are_agents(En, &["c: hello", "a: one moment i'll put you through to pettiforde"], "pettiforde");
    are_agents(En, &["c: your colleague ammanford told me that somebody comes"], "ammanford");
    are_agents(De, &["c: hallo", "a: meine kollegin tiedjensen ruft sie morgen zurück"], "tiedjensen");
    are_agents(De, &["c: ihr kollege brandhuber hat mir das zugesagt"], "brandhuber");
    are_agents(Fr, &["c: allô", "a: ma collègue terrassonne vous rappelle demain"], "terrassonne");
}

#[test]
fn the_callers_own_name_is_no_agents() {
    are_callers(En, &["a: hello", "c: my name is abernathy the boiler is broken"], "abernathy");
    are_callers(En, &["a: hello", "c: hello this is quilterson from quality homes"], "quilterson");
    are_callers(De, &["a: guten tag", "c: mein name ist hollersbach die heizung ist kaputt"], "hollersbach");
    are_callers(De, &["a: guten tag", "c: guten tag hier ist ingo velthusen", "a: ja"], "velthusen");
    are_callers(Fr, &["a: bonjour", "c: je m'appelle carpentras la chaudière est en panne"], "carpentras");
}

#[test]
fn a_word_that_is_a_thing_may_be_told_though_somebody_is_called_so() {
    let lines =
        ["a: you're speaking with bill how can i help", "c: the bill is too high", "a: i check the bill"];
    are_nobodys(En, &lines, "bill help high");
    are_nobodys(
        De,
        &["a: guten tag", "c: im keller steht wasser", "a: der monteur ruft sie an"],
        "keller monteur",
    );
    are_nobodys(
        En,
        &["a: hello", "c: hi it's the boiler", "a: the technician will call you"],
        "boiler technician",
    );
    are_nobodys(Fr, &["a: bonjour c'est votre canapé de la livraison", "c: oui"], "canape livraison");
    are_nobodys(De, &["a: hallo", "c: nein", "a: fragen sie nach der leiterin"], "leiterin");
}

const SAID: [&str; 6] = [
    "c: hello my dishwasher is leaking the order number is four four seven one two and my name is abernathy",
    "a: four four seven one two the technician comes on friday at ten thirty that costs forty five euros",
    "c: call me on oh one seven one three nine two oh oh four four please",
    "a: oh one seven one three nine two oh oh four four i will call you back on friday at ten thirty",
    "c: friday at ten thirty forty five euros fine how long does it take",
    "a: it takes two weeks before monday it is not possible",
];

/// What becomes of one statement beside a sound reason, on a line that leaves out these.
fn left(left_out: LeftOut, kind: Kind, text: &str) -> Result<String, &'static str> {
    let statement = |kind, by: Speaker, text: &str, reason| Statement {
        kind,
        by,
        positive: kind != Kind::Refusal,
        modality: Modality::Fact,
        text: text.into(),
        shorter: None,
        evidence: if by.is_caller() { vec![0, 2, 4] } else { vec![1, 3, 5] },
        rule: "test",
        reason,
    };
    let reason =
        statement(Kind::Issue, Speaker::Caller, "The caller reported a problem: the dishwasher.", true);
    let mut draft = Draft {
        language: En,
        topics: Topics::default(),
        trust: Trust { label: TrustLabel::Good, confidence_pct: 90, kept_pct: 90, arrived_pct: 90 },
        statements: vec![reason, statement(kind, Speaker::Agent(1), text, false)],
        dead: Vec::new(),
        left_out,
    };
    let verdict = examine(&call(&SAID), lexicon::of(En), &mut draft, &[]);
    assert!(verdict.note.is_some(), "the reason alone is a note");
    match verdict.faults[1] {
        None => Ok(draft.statements[1].text.as_str().to_owned()),
        Some(fault) => Err(fault.word()),
    }
}

/// What is told where nothing is left out, and not at all where that kind is, whoever wrote it.
fn goes(kind: Left, of: Kind, text: &str) {
    assert_eq!(left(LeftOut::default(), of, text), Ok(text.to_owned()));
    assert_eq!(left(only(kind), of, text), Err("left out"), "{text}");
}

#[test]
fn a_sentence_that_only_carries_what_is_left_out_goes_with_it() {
    goes(Left::Amounts, Kind::Amount, "The agent named an amount of €45.");
    goes(Left::Amounts, Kind::Information, "The agent said that it costs €45.");
    goes(Left::References, Kind::Reference, "The number 44712 was given.");
    goes(Left::PhoneNumbers, Kind::Callback, "The number for a call is 01713920044.");
    goes(Left::Dates, Kind::Appointment, "The time agreed was on Friday at 10:30.");
    goes(Left::Times, Kind::Information, "The agent gave these times: at 10:30.");
    goes(Left::Durations, Kind::Information, "The agent gave a period of 2 weeks.");
}

#[test]
fn a_value_in_words_is_one_too() {
    let in_words = |kind, text: &str| left(only(kind), Kind::Information, text);
    let amount = "The agent said that the price is forty five euros.";
    assert_eq!(in_words(Left::Amounts, amount), Err("left out"));
    assert_eq!(in_words(Left::Times, "The agent said that he calls at half past ten."), Err("left out"));
    assert_eq!(in_words(Left::Dates, "The agent said that he comes this friday."), Err("left out"));
}

#[test]
fn what_was_agreed_or_promised_is_told_without_its_time() {
    let cases = [
        (
            Left::Dates,
            Kind::Appointment,
            "A technician visit was agreed on Friday at 10:30.",
            "A technician visit was agreed.",
        ),
        (
            Left::Times,
            Kind::Appointment,
            "A technician visit was agreed on Friday at 10:30.",
            "A technician visit was agreed on Friday.",
        ),
        (
            Left::Dates,
            Kind::Callback,
            "The agent promised to call back on Friday at 10:30.",
            "The agent promised to call back.",
        ),
        (
            Left::Dates,
            Kind::Promise,
            "The agent promised on Friday: dishwasher.",
            "The agent promised: dishwasher.",
        ),
        (
            Left::Amounts,
            Kind::Promise,
            "The agent promised to reduce it to €45.",
            "The agent promised to reduce it.",
        ),
        (
            Left::PhoneNumbers,
            Kind::Callback,
            "The agent promised to call back (01713920044).",
            "The agent promised to call back.",
        ),
    ];
    for (left_out, kind, text, without) in cases {
        assert_eq!(left(LeftOut::default(), kind, text), Ok(text.to_owned()));
        assert_eq!(left(only(left_out), kind, text), Ok(without.to_owned()), "{text}");
    }
}

#[test]
fn what_is_another_thing_without_its_value_is_not_told_at_all() {
    goes(Left::Dates, Kind::Refusal, "The agent refused as not possible on Friday: technician.");
    goes(
        Left::Dates,
        Kind::Information,
        "The agent said it is possible to cancel until Friday, free of charge.",
    );
    goes(Left::Amounts, Kind::Promise, "The agent promised to pay €45 back.");
}

#[test]
fn one_kind_left_out_leaves_the_others() {
    let text = "The number for a call is 01713920044.";
    assert_eq!(left(only(Left::References), Kind::Callback, text), Ok(text.to_owned()));
    let text = "The number 44712 was given.";
    assert_eq!(left(only(Left::PhoneNumbers), Kind::Reference, text), Ok(text.to_owned()));
    let text = "A technician visit was agreed on Friday at 10:30.";
    for kind in [Left::Amounts, Left::References, Left::PhoneNumbers, Left::Names, Left::Durations] {
        assert_eq!(left(only(kind), Kind::Appointment, text), Ok(text.to_owned()));
    }
    let verb = "Contact by phone may continue.";
    assert_eq!(left(only(Left::Dates), Kind::Information, verb), Ok(verb.to_owned()));
}

#[test]
fn whoever_is_named_is_left_out_and_not_told_twice_over() {
    let text = "The agent promised to call abernathy back.";
    assert_eq!(left(only(Left::AgentNames), Kind::Callback, text), Ok(text.to_owned()));
    assert_eq!(left(only(Left::Names), Kind::Callback, text), Err("named"));
    let again = "The caller reported a problem: the dishwasher.";
    assert_eq!(left(only(Left::Dates), Kind::Promise, again), Ok(again.to_owned()));
}
