//! Sentences in, structs out, step by step, in English and German; and what holds for any words in any order.

use super::*;
use crate::border::{self, FromEar, MAX_MESSAGE, Note, Purpose, WhoseNumber};
use crate::call::CallId;
use crate::confidential::{Speaker, Turn, Word};
use proptest::prelude::*;
use values::Kind as V;

const DAY: Day = Day { year: 2026, month: 3, day: 2, minute: 600 };
const GOOD: Quality = Quality { confidence_pct: 91, kept_pct: 97, arrived_pct: 100 };

/// A call from lines "c: ..." and "a: ...".
fn call(text: &str) -> Transcript {
    let turns = text.lines().map(str::trim).filter(|line| !line.is_empty()).zip(0u32..).map(|(line, at)| {
        let (who, said) = line.split_once(':').unwrap();
        let speaker = if who == "c" { Speaker::Caller } else { Speaker::Agent(1) };
        let word = |w: &str| Word::new(w.to_owned(), at * 5_000, at * 5_000 + 300, 0.9);
        Turn { speaker, words: said.split_whitespace().map(word).collect() }
    });
    Transcript::new(turns.collect())
}

fn read(language: Language, text: &str) -> Read {
    let mut line = String::from("c: ");
    line.push_str(text);
    Read::new(&call(&line), lexicon::of(language))
}

fn kinds(language: Language, text: &str) -> Vec<V> {
    let read = read(language, text);
    read.values.iter().map(|value| value.kind.clone()).collect()
}

fn is(language: Language, text: &str, expected: &[V]) {
    assert!(kinds(language, text) == expected, "{text}");
}

/// One number is read, and it is these letters and digits.
fn reads(language: Language, text: &str, digits: &str) {
    let read = read(language, text);
    let [value] = read.values.as_slice() else { panic!("{text}") };
    assert!(value.kind == V::Digits && value.digits == digits, "{text}");
}

fn time(hour: u8, minute: u8) -> V {
    V::Time { hour, minute }
}

fn euros(cents: u64) -> V {
    V::Amount { cents, currency: 0 }
}

fn date(weekday: Option<u8>, day: u8, month: Option<u8>) -> V {
    V::Date { weekday, day, month }
}

#[test]
fn english_values_are_read_from_both_recognisers() {
    use Language::En;
    is(En, "that is forty five euros fifty", &[euros(4_550)]);
    is(En, "That is €45.50.", &[euros(4_550)]);
    is(En, "two hundred and sixty one euros please", &[euros(26_100)]);
    is(En, "it was £1,250 in all", &[V::Amount { cents: 125_000, currency: 1 }]);
    is(En, "on thursday at ten thirty then", &[V::Weekday(3), time(10, 30)]);
    is(En, "On Thursday at 10:30.", &[V::Weekday(3), time(10, 30)]);
    is(En, "half past two", &[time(14 - 12, 30)]);
    is(En, "at 6 pm", &[time(18, 0)]);
    is(En, "friday the seventh", &[date(Some(4), 7, None)]);
    is(En, "Friday the 7th of March,", &[date(Some(4), 7, Some(3))]);
    is(En, "between eight and ten", &[V::Window { from: (8, 0), to: (10, 0) }]);
    reads(En, "four four one seven two nine", "441729");
    reads(En, "It's 4-4-1-7-2-9.", "441729");
    reads(En, "k b one zero zero seven", "KB1007");
    reads(En, "six nine one double zero eight fifty two", "69100852");
    is(En, "within ten working days", &[V::Duration { count: 10, unit: 3 }]);
    is(En, "tomorrow before noon", &[V::Relative(1), V::Part(4)]);
    is(En, "one second please", &[]);
    for torn in ["1030", "10.30", "10-30", "10:30"] {
        let text = format!("on Thursday at {torn} in the morning");
        is(En, &text, &[V::Weekday(3), time(10, 30), V::Part(0)]);
    }
    assert!(!kinds(En, "my number is 1030").iter().any(|kind| matches!(kind, V::Time { .. })));
}

#[test]
fn german_values_are_read_from_both_recognisers() {
    use Language::De;
    is(De, "vier und achtzig euro fünfzig", &[euros(8_450)]);
    is(De, "Das sind 84,50 Euro.", &[euros(8_450)]);
    is(De, "ein hundert drei und sechzig euro", &[euros(16_300)]);
    is(De, "sechshundertdreißig euro", &[euros(63_000)]);
    is(De, "zwölfhundertachtzig euro", &[euros(128_000)]);
    is(De, "zweitausendneunhundert euro und hundertzwei euro", &[euros(290_000), euros(10_200)]);
    is(De, "um sieben uhr fünf und vierzig", &[time(7, 45)]);
    is(De, "um 7:45 Uhr", &[time(7, 45)]);
    is(De, "um 7.45 Uhr", &[time(7, 45)]);
    is(De, "um halb elf", &[time(10, 30)]);
    is(De, "um drei zehn uhr", &[time(13, 0)]);
    is(De, "um achtzehn ur dreißig", &[time(18, 30)]);
    is(De, "samstag elfter oktober", &[date(Some(5), 11, Some(10))]);
    is(De, "eine halbe stunde vorher", &[V::Duration { count: 30, unit: 0 }]);
    is(De, "zwischen vierzehn und sech zehn uhr", &[V::Window { from: (14, 0), to: (16, 0) }]);
    is(De, "mittwoch den fünften", &[date(Some(2), 5, None)]);
    is(De, "am Mittwoch, den 5. um 8 Uhr", &[date(Some(2), 5, None), time(8, 0)]);
    is(De, "zum dreißigsten april", &[date(None, 30, Some(4))]);
    is(De, "am einundzwanzigsten", &[date(None, 21, None)]);
    is(De, "von neun bis zwölf uhr", &[V::Window { from: (9, 0), to: (12, 0) }]);
    is(De, "innerhalb von zwei wochen", &[V::Duration { count: 2, unit: 4 }]);
    reads(De, "sieben null drei neun fünf eins", "703951");
    is(De, "guten morgen", &[]);
    is(De, "morgen vormittag", &[V::Relative(1), V::Part(0)]);
}

#[test]
fn french_values_are_read_from_both_recognisers() {
    use Language::Fr;
    let phone = "zéro six trente neuf quatre vingt dix huit quarante et un vingt sept";
    reads(Fr, phone, "0639984127");
    is(Fr, "entre huit heures et dix heures", &[V::Window { from: (8, 0), to: (10, 0) }]);
    is(Fr, "à 10h30", &[time(10, 30)]);
    is(Fr, "vingt cinq euros", &[euros(2_500)]);
}

#[test]
fn a_value_that_the_other_side_repeats_is_read_back() {
    let transcript = call("a: the ticket is four four one seven two nine\nc: 441 729 got it");
    let read = Read::new(&transcript, lexicon::of(Language::En));
    assert!(read.values.iter().all(|value| value.read_back));
}

fn texts(language: Language, text: &str) -> String {
    let written = explain(&call(text), language, LeftOut::default());
    written.summary
}

const OPENING: &str = "a: good morning this is the service how can i help you\n\
                       c: yes hello i have a problem with my dishwasher the dishwasher is leaking\n";

fn english(more: &str) -> String {
    let mut text = OPENING.to_owned();
    text.push_str(more);
    texts(Language::En, &text)
}

#[test]
fn will_is_a_promise_and_could_is_not() {
    assert!(
        english("a: okay i'll send you the invoice by friday")
            .contains("promised to send the invoice by Friday")
    );
    let could = english("a: we could perhaps send you the invoice by friday");
    assert!(!could.contains(" promised to send"), "{could}");
    let not = english("a: i can't send you the invoice by friday");
    assert!(not.contains("not possible to send the invoice"), "{not}");
}

#[test]
fn an_appointment_stands_when_the_other_side_agrees_and_falls_when_it_does_not() {
    let agreed =
        "a: the technician could come on thursday at ten thirty\nc: thursday at ten thirty yes that works";
    assert!(
        english(agreed).contains("technician visit was agreed on Thursday at 10:30"),
        "{}",
        english(agreed)
    );
    let refused = "a: the technician could come on thursday at ten thirty\n\
                   c: no thursday doesn't work is friday possible\na: friday at nine then\nc: friday at nine great";
    let text = english(refused);
    assert!(text.contains("Friday at 9:00") && !text.contains("Thursday"), "{text}");
    let open =
        english("a: the technician could come on thursday at ten thirty\nc: i have to ask my office first");
    assert!(!open.contains("agreed"), "{open}");
}

#[test]
fn what_was_corrected_is_gone() {
    let said = "a: the technician comes on friday between eight and ten no wait sorry that's wrong it's ten to twelve\n\
                c: friday ten to twelve okay that works";
    let text = english(said);
    assert!(text.contains("10-12") && !text.contains("8-10"), "{text}");
}

#[test]
fn one_of_two_ways_is_offered_and_what_is_done_anyway_is_promised() {
    let either = english(
        "a: i can replace the screw or we send the machine back to the maker\nc: no just the screw please",
    );
    assert!(!either.contains(" promised to send"), "{either}");
    let sure = english("a: we send the machine back to the maker\nc: okay");
    assert!(sure.contains(" promised to send"), "{sure}");
}

#[test]
fn a_time_belongs_to_what_it_stands_beside() {
    let letter =
        english("a: it's a quarter to eight the letter was wrong i'll send you a new invoice\nc: good");
    assert!(letter.contains("promised to send") && !letter.contains("7:45"), "{letter}");
    let since = english(
        "a: i could come at a quarter to eight\nc: a quarter to eight and the coat is missing since monday\na: okay",
    );
    assert!(!since.contains("Monday"), "{since}");
}

#[test]
fn a_call_that_is_agreed_is_no_appointment() {
    let call = texts(
        Language::De,
        "a: guten tag\nc: guten tag ich habe eine mahnung bekommen das buch ist längst zurück\n\
         a: davon steht hier leider nichts ich rufe sie morgen vormittag an und sage ihnen ob es da ist\n\
         c: gut unter dieser nummer bitte am besten zwischen neun und elf\n\
         a: morgen zwischen neun und elf ist notiert\nc: danke",
    );
    assert!(
        call.contains("Ein Anruf wurde vereinbart morgen 9-11 Uhr") && !call.contains("Termin"),
        "{call}"
    );
}

#[test]
fn an_hour_of_the_evening_is_told_as_one() {
    let evening = english(
        "a: the technician could come on friday half past seven in the evening\n\
         c: friday half past seven in the evening that works",
    );
    assert!(evening.contains("Friday (evening) at 7:30"), "{evening}");
}

#[test]
fn of_two_amounts_the_one_that_was_is_not_told() {
    let price = english(
        "a: it costs nineteen euros instead of thirty nine euros\nc: nineteen euros is better than thirty nine euros okay",
    );
    assert!(price.contains("€19") && !price.contains("€39"), "{price}");
}

#[test]
fn swapped_speakers_do_not_make_a_promise_of_the_agents() {
    let swapped = english("c: i'll send you the form by friday\na: okay thank you");
    assert!(swapped.contains("The caller said they would send the form by Friday"), "{swapped}");
    assert!(!swapped.contains("agent promised"), "{swapped}");
}

/// "It" is what the caller, one turn before, called their own; not what somebody else spoke of.
#[test]
fn what_is_wrong_with_it_is_told_with_what_it_is() {
    let (question, answer) =
        ("a: the belt wasn't it", "c: that's right and now it's squealing and leaking like mad");
    let told = |first, second| texts(Language::En, &[first, second, answer].join("\n"));
    let own = told("c: hi i had my tumble dryer in with you last week", question);
    assert!(own.contains("reported a problem") && own.contains("tumble dryer"), "{own}");
    let others =
        told("c: hi the radiator in the hall was repaired", "a: we put it on my bench beside my dryer");
    assert!(others.contains("reported a problem"), "{others}");
    assert!(!others.contains("bench") && !others.contains("dryer"), "{others}");
    let german = texts(
        Language::De,
        "a: Guten Tag.\nc: Hallo, ich hatte meinen Rasenmäher letzte Woche bei Ihnen.\na: Der Riemen, oder?\n\
         c: Stimmt, und das quietscht jetzt wieder.",
    );
    assert!(german.contains("Problem: Rasenmäher"), "{german}");
    let french = texts(
        Language::Fr,
        "a: Bonjour.\nc: Bonjour, j'avais ma tondeuse chez vous la semaine dernière.\na: La courroie, non ?\n\
         c: Oui, et ça grince encore.",
    );
    assert!(french.contains("fait part de ceci : tondeuse"), "{french}");
}

#[test]
fn the_demo_call_is_told_as_whisper_hears_it() {
    let text = texts(
        Language::En,
        "a: Good morning, Northfield Appliances, how can I help?\n\
         c: Hello, my dishwasher is leaking. There's water all over the kitchen floor.\n\
         a: I'm sorry to hear that. Can I have your customer number, please?\n\
         c: Yes, it's 4 7 1 1 0 8.\n\
         a: 4 7 1 1 0 8. Thank you. I can send a technician on Thursday at 10:30.\n\
         c: Thursday at 10:30 is fine.\n\
         a: The visit costs €45. And I'll call you back tomorrow before noon to confirm the part.\n\
         c: Okay, €45. Thank you, bye.",
    );
    for part in [
        "dishwasher",
        "technician visit was agreed on Thursday at 10:30",
        "call back tomorrow",
        "€45",
        "471108",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_german_call_is_told_as_whisper_hears_it() {
    let text = texts(
        Language::De,
        "a: Guten Tag, Heizungsbau Nord, was kann ich für Sie tun?\n\
         c: Guten Tag, unsere Heizung ist ausgefallen. Seit gestern ist die Wohnung kalt.\n\
         a: Oh je. Haben Sie eine Kundennummer?\n\
         c: Ja, die 5 5 8 2 1.\n\
         a: 5 5 8 2 1. Ein Techniker könnte am Donnerstag um 10:30 Uhr kommen.\n\
         c: Donnerstag um 10:30 Uhr, ja, das passt.\n\
         a: Gut. Ich rufe Sie morgen noch einmal zurück. Die Anfahrt kostet 45 Euro.\n\
         c: 45 Euro, in Ordnung. Danke, auf Wiederhören.",
    );
    for part in ["Heizung", "Donnerstag um 10:30 Uhr vereinbart", "morgen zurückzurufen", "45 Euro", "55821"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

fn objects(language: Language, lines: &str) -> Objection {
    objection(&call(lines), language)
}

#[test]
fn objections_are_heard() {
    let said = [
        (Language::En, "c: please switch the summary off i don't want that"),
        (Language::En, "c: i object to this call being summarised"),
        (Language::En, "c: I don't want any AI writing notes about me."),
        (Language::En, "c: that message said a computer makes a summary\na: yes\nc: i don't want that"),
        (Language::En, "a: shall i switch the automatic summary off for you\nc: yes please"),
        (Language::En, "c: no recording please"),
        (Language::De, "c: ich möchte nicht dass das gespräch zusammengefasst wird"),
        (Language::De, "c: Ich widerspreche der Zusammenfassung."),
        (Language::De, "c: schalten sie die ki bitte ab"),
        (Language::De, "c: keine aufzeichnung bitte"),
        (Language::De, "a: das ist die automatische zusammenfassung\nc: das will ich nicht"),
        (Language::Fr, "c: je ne veux pas que vous fassiez un résumé de cet appel"),
        (Language::Fr, "c: je m'oppose à l'enregistrement"),
    ];
    for (language, lines) in said {
        assert!(objects(language, lines) == Objection::Heard, "{lines}");
    }
}

#[test]
fn asking_praising_and_quoting_are_no_objections() {
    let said = [
        (Language::En, "c: what happens with the summary"),
        (Language::En, "c: i don't mind the summary"),
        (Language::En, "c: my wife doesn't want the ai but i am fine with it"),
        (Language::En, "c: i don't want the blue one"),
        (Language::En, "c: please switch the alarm off"),
        (Language::En, "c: oh good a human being i've been talking two machines all morning"),
        (Language::De, "c: wie funktioniert das mit der zusammenfassung"),
        (Language::De, "c: gegen die zusammenfassung habe ich nichts"),
        (Language::De, "c: das will ich nicht ich will mein geld zurück"),
        (Language::Fr, "c: le résumé ça ne me dérange pas"),
        (Language::En, "c: i don't like doing it on the computer i like to pay at the counter with a person"),
        (
            Language::Fr,
            "c: votre truc de résumé là ça va où c'est gardé longtemps\n\
             a: c'est juste quelques lignes pour nous la voix n'est pas enregistrée\nc: ça me va très bien",
        ),
    ];
    for (language, lines) in said {
        assert!(objects(language, lines) != Objection::Heard, "{lines}");
    }
}

fn contact_of(language: Language, lines: &str) -> Option<(Vec<&'static str>, Purpose)> {
    let found = do_not_contact(&call(lines), language);
    found.first().map(|request| (request.channels.words(), request.purpose))
}

#[test]
fn requests_not_to_be_contacted_are_heard_with_their_channels() {
    let ads = Purpose::Advertising;
    let said = [
        (Language::En, "c: please stop calling me about offers", vec!["calls"]),
        (Language::En, "c: no more text messages and no emails please", vec!["email", "sms"]),
        (Language::En, "c: take me off your mailing list emails are fine", vec!["calls", "letters", "sms"]),
        (Language::En, "c: i don't want to be contacted any more", vec!["all"]),
        (Language::De, "c: rufen sie mich bitte nicht mehr an", vec!["calls"]),
        (Language::De, "c: ich möchte keine newsletter mehr", vec!["email"]),
        (Language::De, "c: schicken sie mir keine sms mehr briefe sind in ordnung", vec!["sms"]),
        (Language::Fr, "c: arrêtez de m'envoyer des sms", vec!["sms"]),
        (Language::En, "c: your people keep ringing me with offers i want it stopped", vec!["calls"]),
        (
            Language::Fr,
            "c: on me téléphone pour vendre un contrat je ne veux plus de ces appels-là monsieur",
            vec!["calls"],
        ),
    ];
    for (language, lines, channels) in said {
        assert_eq!(contact_of(language, lines), Some((channels, ads)), "{lines}");
    }
    let all = contact_of(Language::En, "c: never call me again for any reason");
    assert_eq!(all, Some((vec!["calls"], Purpose::Everything)));
}

#[test]
fn reports_times_and_other_numbers_are_no_such_requests() {
    let said = [
        (Language::En, "c: don't call me before noon please"),
        (Language::En, "c: my mother said she doesn't want any more calls"),
        (Language::En, "c: please call me back tomorrow"),
        (Language::De, "c: meine mutter wollte nicht dass sie sie anrufen"),
        (Language::De, "c: mich dürfen sie ruhig anrufen"),
        (Language::De, "c: rufen sie mich bitte nicht vor zehn uhr an"),
        (Language::Fr, "c: rappelez moi demain"),
    ];
    for (language, lines) in said {
        assert_eq!(contact_of(language, lines), None, "{lines}");
    }
}

#[test]
fn what_is_added_to_a_request_for_somebody_else_is_no_request_of_the_callers() {
    let said = "c: meine kollegin kriegt ständig anrufe sie möchte keine werbeanrufe mehr\n\
                a: welche nummer hat die kollegin denn\nc: 0176 0406 9135\n\
                a: 0176 0406 9135 nur anrufe oder auch sms und mails\n\
                c: nur die anrufe ihre newsletter liest sie sogar\na: gut dann keine werbeanrufe mehr auf die nummer";
    let found = do_not_contact(&call(said), Language::De);
    assert!(
        matches!(found.as_slice(), [DoNotContact { number: WhoseNumber::Named(_), .. }]),
        "{}",
        found.len()
    );
}

#[test]
fn calls_without_a_note_say_why() {
    let reason =
        |language, lines: &str| summarise(&call(lines), language, DAY, LeftOut::default(), GOOD).err();
    let en = Language::En;
    assert_eq!(reason(en, "a: hello\na: hello is anybody there"), Some(NoSummary::NothingSaid));
    let voicemail =
        "a: please leave a message after the tone\nc: hello this is a message about my order please call me";
    assert_eq!(reason(en, voicemail), Some(NoSummary::OneSided));
    let wrong = "a: computer company good morning\nc: hi is that the flower shop\na: no\nc: oh sorry wrong number bye";
    assert_eq!(reason(en, wrong), Some(NoSummary::WrongNumber));
    let short = "a: good morning the service how can i help you\nc: oh never mind bye";
    assert_eq!(reason(en, short), Some(NoSummary::TooShort));
    let german = "a: guten tag was kann ich für sie tun haben sie die nummer von dem vertrag\n\
                  c: ja guten tag ich habe ein problem mit der heizung und die ist nicht mehr warm";
    assert_eq!(reason(en, german), Some(NoSummary::Language));
    let objecting = "a: hello how can i help you\nc: i object to the summary of this call please stop it";
    assert_eq!(reason(en, objecting), Some(NoSummary::Objection));
}

#[test]
fn a_guarded_note_is_decoded_as_the_daemons_note() {
    let mut lines = OPENING.to_owned();
    lines.push_str("a: okay i'll send you a new invoice by friday\nc: great thank you bye");
    let note = summarise(&call(&lines), Language::En, DAY, LeftOut::default(), GOOD).ok().unwrap();
    let text = note.text().to_owned();
    let message = FromEar::Noted { call: CallId(7), heard: border::Heard::default(), note };
    let mut room = [0; MAX_MESSAGE];
    let bytes = border::encode(&message, &mut room).unwrap();
    let FromEar::Noted { note, .. } = border::decode::<FromEar<Note>>(bytes).unwrap() else { panic!() };
    assert_eq!(note.text(), text);
    assert_eq!(note.language(), Language::En);
    assert_eq!(note.trust().confidence_pct, 91);
}

/// The daemon would take the ear for broken, and end it with all its calls.
#[test]
fn a_word_in_another_languages_letters_reaches_no_note() {
    let lines = "c: l’appelant n'a pas reçu la facture İ ß ŉ ǰ ΐ\n\
                 a: je vous envoie la facture demain à 15 h 30 d’accord\nc: oui d'accord envoyez la facture";
    assert!(!texts(Language::Fr, lines).contains('ΐ'), "{}", texts(Language::Fr, lines));
}

#[test]
fn cards_accounts_and_passwords_never_reach_a_note() {
    let text = english(
        "a: i need your card number\n\
         c: four thousand twelve eighty five seventy seven thirty three ninety four ten expires zero nine twenty eight\n\
         a: and the password for the account\nc: it's sunflower eighty eight\n\
         a: four thousand twelve eighty five seventy seven thirty three ninety four ten i'll send you an invoice by friday",
    );
    for secret in ["4000", "4012", "1285", "7733", "9410", "0928", "sunflower", "88"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

const WORDS: &str = "i we you the a no not will can send call back invoice dishwasher leaking thursday friday tomorrow at \
     ten thirty eight euros four one seven hundred and of yes okay fine please problem with my is on to want summary \
     card 4000 1285 7733 9410 DE89 3704 0044 0532 0130 00 number technician come that's great refund by until from";

#[test]
fn a_relatives_name_is_secret_and_a_relative_may_be_the_last_word() {
    for language in [Language::En, Language::De, Language::Fr] {
        let lexicon = lexicon::of(language);
        for relation in &lexicon.sensitive.relations {
            let mut line = String::from("c: ");
            line.push_str(relation);
            let alone = Read::new(&call(&line), lexicon).tokens.len();
            line.push_str(" anouk");
            let read = Read::new(&call(&line), lexicon);
            assert!(read.secrets.tokens[alone], "{line}");
        }
    }
}

mod caller_tests;
mod left_out_tests;
mod truth_tests;

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_words_in_any_order_give_no_run_of_six_and_no_account(
        lines in proptest::collection::vec((any::<bool>(), proptest::collection::vec(0usize..90, 1..14)), 1..16),
    ) {
        let words: Vec<&str> = WORDS.split_whitespace().collect();
        let mut text = String::new();
        for (caller, picks) in &lines {
            text.push_str(if *caller { "c:" } else { "a:" });
            for pick in picks {
                text.push(' ');
                text.push_str(words[pick % words.len()]);
            }
            text.push('\n');
        }
        let transcript = call(&text);
        for language in [Language::En, Language::De, Language::Fr] {
            let _ = do_not_contact(&transcript, language);
            if let Ok(note) = summarise(&transcript, language, DAY, LeftOut::default(), GOOD) {
                prop_assert!(guard::obeys_the_caps(&transcript, note.text()), "{}", note.text());
            }
        }
    }

    #[test]
    fn no_text_makes_the_engine_panic(lines in proptest::collection::vec((any::<bool>(), "\\PC{0,60}"), 0..6)) {
        let turns = lines.iter().map(|(caller, said)| Turn {
            speaker: if *caller { Speaker::Caller } else { Speaker::Agent(1) },
            words: said.split(' ').map(|w| Word::new(w.to_owned(), 0, 0, 0.9)).collect(),
        });
        let transcript = Transcript::new(turns.collect());
        for language in [Language::En, Language::De, Language::Fr] {
            let _ = summarise(&transcript, language, DAY, LeftOut::default(), GOOD);
            let _ = objection(&transcript, language);
            let _ = do_not_contact(&transcript, language);
        }
    }
}

/// A case of `cases/`: what it is, and the call.
fn cases(language: Language) -> Vec<(String, String)> {
    let text = match language {
        Language::En => include_str!("cases/en.txt"),
        Language::De => include_str!("cases/de.txt"),
        Language::Fr => include_str!("cases/fr.txt"),
    };
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let case = |line: &str| {
        let (kind, rest) = line.split_once(' ').unwrap();
        let (label, said) = match kind {
            "D" => {
                let mut parts = rest.splitn(3, ' ');
                let (scope, purpose) = (parts.next().unwrap(), parts.next().unwrap());
                (["D", scope, purpose].join(" "), parts.next().unwrap())
            }
            _ => (kind.to_owned(), rest),
        };
        let turns = said.split('/').enumerate().filter(|(_, turn)| !turn.trim().is_empty());
        let lines: Vec<String> =
            turns.map(|(at, turn)| [if at == 1 { "a:" } else { "c:" }, turn.trim()].join(" ")).collect();
        (label, lines.join("\n"))
    };
    lines.map(case).collect()
}

/// Found of those that are, and right of those found, in per cent, and what was missed or wrong.
fn judge(
    language: Language,
    is: &str,
    finds: impl Fn(&Transcript) -> bool,
    other: &str,
) -> (usize, usize, String) {
    let (mut all, mut hits, mut false_hits) = (0, 0, 0);
    let mut misses = String::new();
    for (label, lines) in cases(language) {
        let found = finds(&call(&lines));
        if label.starts_with(is) {
            all += 1;
            hits += usize::from(found);
        }
        if label == other {
            false_hits += usize::from(found);
        }
        if found != label.starts_with(is) && (label.starts_with(is) || label == other) {
            misses.push_str(&lines);
            misses.push('\n');
        }
    }
    (100 * hits / all, 100 * hits / (hits + false_hits).max(1), misses)
}

#[test]
fn objections_are_told_from_near_misses() {
    for (language, recall, precision) in
        [(Language::En, 95, 90), (Language::De, 95, 90), (Language::Fr, 90, 90)]
    {
        let (found, right, misses) =
            judge(language, "O", |t| objection(t, language) == Objection::Heard, "N");
        assert!(found >= recall && right >= precision, "{} {found} {right}: {misses}", language.code());
    }
}

#[test]
fn requests_not_to_be_contacted_are_told_from_near_misses() {
    for (language, recall, precision) in
        [(Language::En, 95, 90), (Language::De, 95, 90), (Language::Fr, 90, 90)]
    {
        let (found, right, misses) = judge(language, "D", |t| !do_not_contact(t, language).is_empty(), "X");
        let wanted: Vec<_> =
            cases(language).into_iter().filter(|(label, _)| label.starts_with('D')).collect();
        let exact = wanted.iter().filter(|(label, lines)| {
            let Some(request) = do_not_contact(&call(lines), language).first().copied() else { return false };
            let purpose = if request.purpose == Purpose::Everything { "everything" } else { "advertising" };
            let mut words = request.channels.words();
            words.sort_unstable();
            let said = ["D", &words.join(","), purpose].join(" ");
            said == *label
        });
        let exact = 100 * exact.count() / wanted.len();
        assert!(
            found >= recall && right >= precision && exact >= 95,
            "{} {found} {right} {exact}: {misses}",
            language.code()
        );
    }
}
