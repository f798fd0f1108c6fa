//! What is left out where it may be another thing: words that may be misheard, amounts that fell, objects of something
//! else. Each with a near miss that is told.

use super::*;

/// A call of the language with one word of the caller's that the agent says again, or another instead.
fn leak(language: Language, again: bool) -> String {
    texts(
        language,
        match (language, again) {
            (Language::En, false) => {
                "a: good morning repairs\nc: good morning my dishwasher is leaking and there is a gromp on the floor\n\
                 a: i see the dishwasher is leaking"
            }
            (Language::En, true) => {
                "a: good morning repairs\nc: good morning my dishwasher is leaking and there is a gromp on the floor\n\
                 a: a gromp and the dishwasher is leaking"
            }
            (Language::De, false) => {
                "a: guten tag reparaturdienst\nc: guten tag meine spülmaschine ist undicht und die fusel ist kaputt\n\
                 a: die spülmaschine ist undicht ich schau nach"
            }
            (Language::De, true) => {
                "a: guten tag reparaturdienst\nc: guten tag meine spülmaschine ist undicht und die fusel ist kaputt\n\
                 a: die fusel und die spülmaschine ich schau nach"
            }
            (Language::Fr, false) => {
                "a: bonjour service réparation\nc: bonjour mon lave vaisselle fuit il y a une fuite et la gouge est \
                 cassée\na: une fuite au lave vaisselle d'accord je note"
            }
            (Language::Fr, true) => {
                "a: bonjour service réparation\nc: bonjour mon lave vaisselle fuit il y a une fuite et la gouge est \
                 cassée\na: la gouge et une fuite au lave vaisselle d'accord je note"
            }
        },
    )
    .to_lowercase()
}

#[test]
fn a_short_word_that_was_heard_once_is_not_told() {
    for (language, word) in [(Language::En, "gromp"), (Language::De, "fusel"), (Language::Fr, "gouge")] {
        let (once, twice) = (leak(language, false), leak(language, true));
        assert!(!once.contains(word), "{once}");
        assert!(twice.contains(word), "{twice}");
    }
}

#[test]
fn an_amount_that_is_let_go_in_the_same_breath_is_not_told() {
    let calls = [
        (
            Language::En,
            "c: hello i have a problem with my tent booking the tent is too big\n\
             a: there is an admin charge of thirty five euros OR\nc: thank you thirty five euros",
            ["but i won't be charging that", "and that is the lot"],
        ),
        (
            Language::De,
            "c: guten tag ich habe ein problem mit meiner rechnung die rechnung ist falsch\n\
             a: die gebühr sind fünfunddreißig euro OR\nc: fünfunddreißig euro gut",
            ["aber die berechnen wir ihnen nicht", "und das steht im vertrag"],
        ),
        (
            Language::Fr,
            "c: bonjour j'ai un problème avec ma facture la facture est fausse\n\
             a: il y a trente cinq euros de frais OR\nc: trente cinq euros d'accord",
            ["mais je vous les compte pas", "et c'est tout"],
        ),
    ];
    for (language, call, [waived, stands]) in calls {
        let (waived, stands) =
            (texts(language, &call.replace("OR", waived)), texts(language, &call.replace("OR", stands)));
        assert!(!waived.contains("35"), "{waived}");
        assert!(stands.contains("35"), "{stands}");
    }
}

#[test]
fn an_amount_that_was_put_right_is_told_as_the_later_one_alone() {
    let calls = [
        (
            Language::En,
            "c: hello i have a problem with my stove the stove is smoking last year it was seventy five pounds\n\
             a: it's seventy five pounds no sorry eighty two pounds\nc: eighty two pounds alright",
        ),
        (
            Language::De,
            "c: guten tag ich habe ein problem mit meinem ofen der ofen raucht letztes mal waren es fünfundsiebzig euro\n\
             a: das sind fünfundsiebzig euro nein warten sie zweiundachtzig euro\nc: zweiundachtzig euro gut",
        ),
        (
            Language::Fr,
            "c: bonjour j'ai un problème avec mon poêle le poêle fume l'an dernier c'était soixante quinze euros\n\
             a: c'est soixante quinze euros non pardon quatre vingt deux euros\nc: quatre vingt deux euros d'accord",
        ),
    ];
    for (language, call) in calls {
        let text = texts(language, call);
        assert!(text.contains("82") && !text.contains("75"), "{text}");
    }
}

#[test]
fn a_number_of_things_that_was_put_right_is_not_told() {
    let call = "c: hello i had a delivery and three bottles are broken OR\na: bottles broken i'm sorry";
    let corrected = english(&call.replace("OR", "hang on no it's two bottles broken"));
    assert!(!corrected.contains("3 bottles"), "{corrected}");
    let plain = english(&call.replace("OR", "and two plates are missing"));
    assert!(plain.contains("3 bottles"), "{plain}");
}

#[test]
fn an_hour_of_work_is_no_time() {
    let call = "c: bonjour ma machine est en panne la machine ne marche plus\n\
                a: je viens demain à sept heures une heure OR et la machine tourne\nc: demain sept heures d'accord";
    let text = texts(Language::Fr, &call.replace("OR", "de travail"));
    assert!(text.contains("7 h") && !text.contains(" 1 h"), "{text}");
    assert!(kinds(Language::Fr, "demain à une heure de l'après midi").iter().any(|kind| kind.is_time()));
}

#[test]
fn what_ends_at_a_time_is_not_promised_for_it() {
    let call = "c: hello the alarm keeps ringing the alarm is broken\n\
                a: we have you down for monday the seventh at eight OR i'll switch the alarm off for you\nc: okay thank you";
    let until = english(&call.replace("OR", "until then"));
    let promise = until.split(". ").find(|sentence| sentence.contains("promised"));
    assert!(promise.is_none_or(|promise| !promise.contains("8:00")), "{until}");
}

#[test]
fn the_doctor_to_whom_it_goes_is_not_what_is_sent() {
    let text = texts(
        Language::Fr,
        "c: bonjour j'ai un problème avec mes résultats et vous envoyez aussi à mon médecin le docteur\n\
         a: oui il les aura en même temps que vous",
    );
    assert!(!text.contains("envoyer le docteur"), "{text}");
}
