//! What a note may never hold, one kind at a time, beside what only looks like it.

use super::sensitive::Secrets;
use crate::call::Language::{self, De, En, Fr};
use crate::confidential::notes::lexicon;
use crate::confidential::notes::{tokens, values};
use crate::confidential::{Speaker, Transcript, Turn, Word};

/// Lines of a call, both sides by turns, and its secrets.
fn secrets(language: Language, lines: &[&str]) -> (Vec<tokens::Token>, Secrets) {
    let word = |text: &str| Word::new(text.to_owned(), 0, 0, 0.9);
    let turn = |(at, said): (usize, &&str)| Turn {
        speaker: if at % 2 == 0 { Speaker::Caller } else { Speaker::Agent(1) },
        words: said.split_whitespace().map(word).collect(),
    };
    let transcript = Transcript::new(lines.iter().enumerate().map(turn).collect());
    let lexicon = lexicon::of(language);
    let tokens = tokens::read(&transcript, lexicon);
    let values = values::read(&tokens, lexicon);
    let covered = values::cover(&tokens, &values);
    let secrets = Secrets::find(&tokens, &values, &covered, lexicon);
    (tokens, secrets)
}

/// Whether every one of `words` is banned where it stands.
fn keeps_out(language: Language, lines: &[&str], words: &str) {
    let (tokens, secrets) = secrets(language, lines);
    for word in words.split_whitespace() {
        let mut places =
            tokens.iter().zip(&secrets.tokens).filter(|(token, _)| token.text == word).peekable();
        assert!(places.peek().is_some(), "{word} is no token of {lines:?}");
        assert!(places.all(|(_, banned)| *banned), "{word} may stand: {lines:?}");
    }
}

/// Whether none of `words` is banned.
fn lets_through(language: Language, lines: &[&str], words: &str) {
    let (tokens, secrets) = secrets(language, lines);
    for word in words.split_whitespace() {
        let mut places =
            tokens.iter().zip(&secrets.tokens).filter(|(token, _)| token.text == word).peekable();
        assert!(places.peek().is_some(), "{word} is no token of {lines:?}");
        assert!(places.any(|(_, banned)| !*banned), "{word} is banned: {lines:?}");
        assert!(!secrets.leak(word), "{word} leaks: {lines:?}");
    }
}

#[test]
fn what_stands_around_a_word_of_health_is_kept_out_with_it() {
    keeps_out(En, &["my son is allergic to hazel nuts and needs his zyrtex"], "allergic hazel nuts zyrtex");
    keeps_out(En, &["he has broken the leg on saturday"], "broken leg");
    keeps_out(De, &["ich muss doch das elli kiss nehmen den blut verdünner"], "elli kiss blut verdünner");
    keeps_out(De, &["mein orthopäde sagt bandscheiben vor fall"], "orthopäde bandscheiben fall");
    keeps_out(De, &["es geht um meine wurzel behandlung"], "wurzel behandlung");
    keeps_out(
        Fr,
        &["j'ai mes anti coagulants le prévu scalpe pour ma valse"],
        "anti coagulants scalpe valse",
    );
    keeps_out(Fr, &["il est à l'air gique à la rachide"], "air gique rachide");
}

#[test]
fn an_answer_that_says_it_again_is_kept_out_too() {
    keeps_out(En, &["i take warfarin and bisoprol", "the bisoprol is fine on the day"], "bisoprol");
    keeps_out(
        De,
        &["nehmen sie noch den blutverdünner", "ja das elli kiss soll ich das absetzen"],
        "elli absetzen",
    );
    let far = ["my hospital wants a catalogue", "yes", "right", "fine", "you sent a catalogue of lamps"];
    lets_through(En, &far, "catalogue");
}

#[test]
fn ordinary_things_that_sound_like_health_are_let_through() {
    lets_through(En, &["the boiler has lost pressure and the gauge is low"], "pressure gauge");
    lets_through(En, &["the leg of the table is broken and i have a spare"], "leg broken spare");
    lets_through(En, &["i will be back on monday with the heart of the matter"], "back heart matter");
    lets_through(En, &["the party of ten wants the union hall by the church"], "party union church hall");
    lets_through(
        En,
        &["the mechanic diagnosed the car body parts are dented"],
        "diagnosed body parts dented",
    );
    lets_through(En, &["my account was disabled"], "disabled");
    lets_through(
        De,
        &["die messwerte und die werte der anlage sucht herzlich die rezeption"],
        "werte sucht rezeption",
    );
    lets_through(De, &["ich habe beschwerden über die andere partei im vertrag"], "beschwerden partei");
    lets_through(De, &["das bein vom tisch ist gebrochen und wackelt mir"], "bein wackelt");
    lets_through(Fr, &["la tension de la prise et vingt degrés dans le fauteuil"], "tension degres fauteuil");
    lets_through(
        Fr,
        &["il est parti avec le syndicat de copropriété et le plâtre du mur"],
        "parti syndicat platre",
    );
    lets_through(Fr, &["le brûleur chauffe pas et la cheville du mur bouge"], "bruleur chauffe cheville");
    lets_through(En, &["the fuel injector of the van and the blind of the window"], "injector blind fuel");
    lets_through(Fr, &["le pied de la table est cassé et je le rends"], "pied casse");
}

#[test]
fn the_end_of_a_cards_number_and_its_expiry_are_kept_out() {
    let ends = |language, lines: &[&str], secret: &str| {
        let (_, secrets) = secrets(language, lines);
        assert!(secrets.leak(secret), "{secret} of {lines:?}");
    };
    ends(De, &["auf der karte vom chef die mit sieben vier eins null am schluss"], "7410");
    ends(En, &["which card shall i use", "the one that you have", "its five nine three eight"], "5938");
    ends(En, &["is it the card ending in eight one five three"], "8153");
    ends(Fr, &["c'est la carte qui se termine par trente et un cinquante six"], "3156");
    keeps_out(De, &["mit der karte", "ja", "gültig bis elf neunundzwanzig"], "elf neunundzwanzig");
    keeps_out(En, &["by card", "and the expiry date", "eleven twenty nine"], "eleven twenty nine");
}

#[test]
fn numbers_beside_cards_that_are_no_payment_cards_are_let_through() {
    let (_, library) = secrets(En, &["my library card is four four seven one two"]);
    assert!(!library.leak("44712"));
    let (_, place) = secrets(En, &["we need eighty place cards", "the order is four four seven one two"]);
    assert!(!place.leak("44712"));
    let (_, later) =
        secrets(De, &["ich zahle mit karte", "gern", "und", "ja", "die nummer ist vier vier sieben eins"]);
    assert!(!later.leak("4471"));
}

#[test]
fn a_date_of_birth_is_kept_out_behind_its_question() {
    let lines = ["hallo", "ihr geburtsdatum bitte", "moment", "ja", "hallo"];
    lets_through(De, &lines, "moment");
    let lines = ["ich", "ihr geburtsdatum bitte", "dritter mai neunzehnhundertachtundvierzig"];
    keeps_out(De, &lines, "dritter mai neunzehnhundertachtundvierzig");
    keeps_out(En, &["i", "your date of birth", "the third of may nineteen forty eight"], "third may forty");
}

#[test]
fn streets_are_kept_out_with_and_without_a_number() {
    keeps_out(
        En,
        &["the neighbour is at number sixteen i'm at fourteen coopers yard"],
        "coopers yard sixteen",
    );
    keeps_out(En, &["come to tannery lane please"], "tannery lane");
    keeps_out(De, &["wir wohnen im birkenweg"], "birkenweg");
    keeps_out(De, &["am selbst eig zwei und zwanzig"], "eig zwei zwanzig");
    keeps_out(De, &["in der tulpen gasse acht"], "tulpen gasse acht");
    keeps_out(Fr, &["c'est rue des tanneurs au fond"], "tanneurs");
}

#[test]
fn ways_and_places_that_are_no_streets_are_let_through() {
    lets_through(De, &["der stellplatz zwölf ist frei und der umweg ist weit"], "stellplatz umweg");
    lets_through(De, &["das fahrrad ist weg"], "fahrrad");
    lets_through(En, &["the van is in the yard behind the hill"], "yard hill");
    lets_through(Fr, &["il y a de la place dans le chemin"], "chemin");
}

#[test]
fn people_who_are_not_on_the_call_are_kept_out() {
    keeps_out(En, &["philippa drove me there"], "philippa");
    keeps_out(De, &["mein mann der gerd ist da und meine nichte die wiltrud auch"], "gerd wiltrud");
    keeps_out(Fr, &["mon mari lucien rentre et solène aussi"], "lucien solene");
    keeps_out(En, &["mister abernethy has the key"], "abernethy");
    lets_through(De, &["meine frau die bezahlt das"], "bezahlt");
}
