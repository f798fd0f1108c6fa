//! What a note said and should not have: one test for each kind of untruth that a reader found.

use super::*;

fn french(lines: &str) -> String {
    texts(Language::Fr, lines)
}

fn german(lines: &str) -> String {
    texts(Language::De, lines)
}

#[test]
fn an_hour_that_was_said_in_two_ways_is_told_as_the_later_one() {
    let text = german(
        "a: guten tag tierklinik was kann ich tun\nc: mein kater humpelt ich hätte gern einen termin\n\
         a: ich hätte donnerstag sechzehn uhr fünfzehn\nc: donnerstag viertel nach vier ja das nehme ich",
    );
    assert!(text.contains("16:15") && !text.contains(" 4:15"), "{text}");
}

#[test]
fn per_cent_is_neither_a_hundred_nor_an_amount() {
    assert!(kinds(Language::Fr, "dix pour cent donc deux cent trente quatre euros") == [euros(23_400)]);
    assert!(kinds(Language::Fr, "c'est pour cent euros") == [euros(10_000)]);
    assert!(
        kinds(Language::En, "thirty per cent").is_empty()
            && kinds(Language::De, "dreißig prozent").is_empty()
    );
}

#[test]
fn two_french_amounts_in_a_row_are_two() {
    is(
        Language::Fr,
        "mille trois cents plus cent quatre vingts mille cinq cent soixante dix euros",
        &[V::Count(1_300), V::Count(180), euros(157_000)],
    );
    is(Language::Fr, "deux cent mille euros", &[euros(20_000_000)]);
}

#[test]
fn digits_that_can_be_read_in_two_ways_are_not_told() {
    let number = |said: &str| {
        let call = "a: bonjour la billetterie\n\
                    c: bonjour j'ai un problème avec mes places mon abonnement ne marche plus\n\
                    a: vous avez le numéro d'abonné\nc: oui le numéro c'est le SAID\na: SAID très bien";
        french(&call.replace("SAID", said))
    };
    let (sure, torn) =
        (number("vingt cinq trente deux trente et un"), number("vingt quatre vingt cinq trente et un"));
    assert!(sure.contains("253231"), "{sure}");
    assert!(!torn.contains("2425") && !torn.contains("2085"), "{torn}");
}

#[test]
fn a_number_that_is_called_one_is_no_amount() {
    let text = french(
        "a: bonjour l'école de musique\nc: bonjour j'ai un souci avec le violoncelle la cheville est cassée\n\
         a: d'accord vous le louez chez nous\nc: oui on le loue chez vous le contrat c'est le six cent dix huit\n\
         a: six cent dix huit oui c'est quinze euros par mois\nc: d'accord",
    );
    let amounts = text.split('.').find(|sentence| sentence.contains("montant"));
    assert!(
        amounts.is_some_and(|amounts| amounts.contains("15 euros") && !amounts.contains("618")),
        "{text}"
    );
}

#[test]
fn a_short_reference_with_letters_and_one_in_one_piece_are_told() {
    let text = english("a: your booking number is t t nine zero five\nc: t t nine zero five thank you");
    assert!(text.contains("TT905"), "{text}");
}

#[test]
fn the_time_within_an_act_goes_before_one_behind_it() {
    let text = english("a: they'll go out today you should have them on thursday\nc: great");
    assert!(text.contains("send the goods the same day") && !text.contains("Thursday"), "{text}");
    let text = english("a: i'll ring you back today by four o'clock\nc: good");
    assert!(text.contains("call back the same day by 4:00"), "{text}");
}

#[test]
fn what_is_refused_under_a_condition_is_told_with_it() {
    let conditional = english(
        "c: can i have my deposit back\na: if you hand the key in sure without the key i can't refund the deposit",
    );
    assert!(conditional.contains("unless a condition is met"), "{conditional}");
    let flat = english("c: can i have my deposit back\na: no i can't refund the deposit");
    assert!(flat.contains("not possible to refund the deposit.") && !flat.contains("unless"), "{flat}");
    let told = english(
        "c: could you take the old machine apart\na: i need a written order otherwise we can't take the old machine apart",
    );
    assert!(told.contains("unless a condition is met"), "{told}");
}

#[test]
fn a_condition_behind_a_promise_is_told() {
    let said = "a: guten tag\nc: guten tag ich möchte meinen vertrag kündigen\n\
                a: die bestätigung schicke ich ihnen per mail wenn die ummeldung da ist\nc: gut danke";
    let text = german(said);
    assert!(text.contains("unter einer Bedingung"), "{text}");
}

#[test]
fn what_the_caller_is_to_bring_is_no_promise_of_the_agents() {
    let text = german(
        "a: praxis guten morgen\nc: guten morgen ich brauche einen termin\na: dann dienstag um acht uhr\n\
         c: dienstag um acht ja das passt\na: trage ich das ein die karte bitte mitbringen neues quartal\nc: mach ich",
    );
    assert!(!text.contains("Team sagte zu"), "{text}");
}

#[test]
fn what_is_granted_beside_a_refusal_is_not_refused() {
    let text = english(
        "c: could i have something off the price of the sofa\n\
         a: so no reduction on the sofa but we'll refund the delivery fifty nine pounds\nc: thank you",
    );
    let refused = text.split('.').find(|sentence| sentence.contains("refused"));
    assert!(refused.is_some_and(|refused| !refused.contains("delivery")), "{text}");
}

#[test]
fn a_time_far_behind_an_answer_is_another_matters() {
    let text = german(
        "a: großhandel guten tag\nc: hier fehlen zwei kisten tomaten und die sahne ist aufgeplatzt\n\
         a: die kaputte sahne schreibe ich dir gut das sind elf euro vierzig\n\
         c: elf vierzig passt machst du mir von den tomaten für samstag gleich mehr\na: acht kisten",
    );
    assert!(text.contains("Sahne") && !text.contains("zwar am Samstag"), "{text}");
}

#[test]
fn a_worry_brought_up_late_is_no_problem() {
    let mut lines = OPENING.to_owned();
    for _ in 0..6 {
        lines.push_str("a: the pump and the filter were changed by the colleague\nc: the pump was fine and the filter was fine\n");
    }
    lines.push_str("a: anything else\nc: one more question what if the heating needs a part and it stays broken\na: then you ring us");
    let text = texts(Language::En, &lines);
    assert!(!text.contains("heating"), "{text}");
}

#[test]
fn a_list_of_nothing_ends_with_its_sentence() {
    let call = say::sentence(lexicon::of(Language::De), "told_call", &[("when", " morgen"), ("list", "")]);
    assert!(call == "Ein Anruf wurde vereinbart morgen.");
}

#[test]
fn a_word_for_looking_makes_no_appointment_for_a_look() {
    let text = english(
        "c: can you move my driving test please\na: let me have a look friday the ninth at two\n\
         c: friday the ninth at two yes that works",
    );
    assert!(text.contains("agreed") && !text.contains("for a look"), "{text}");
}

#[test]
fn a_week_is_told_as_a_week_and_a_month_without_its_preposition() {
    let text = english("a: i'll send you the invoice the week of the fifteenth\nc: thank you");
    assert!(text.contains("in the week of the 15th"), "{text}");
    let month = when::When {
        day: Some(V::Month(5)),
        bound: lexicon::of(Language::De)
            .time
            .bounds
            .iter()
            .position(|bound| bound.id == "from")
            .map(|at| (at, false)),
        ..when::When::default()
    };
    assert!(month.say(lexicon::of(Language::De)) == " ab Mai");
}

#[test]
fn french_denies_around_a_verb_and_behind_it() {
    let text = french(
        "a: bonjour\nc: bonjour j'ai un problème avec ma chaudière elle ne démarre plus et le brûleur chauffe pas\n\
         a: d'accord je vous envoie un technicien demain matin",
    );
    assert!(text.contains("ne démarre pas") && text.contains("chauffe pas"), "{text}");
}

#[test]
fn what_others_are_to_do_for_the_caller_is_no_task_of_the_callers() {
    let text = french(
        "a: bonjour la salle de sport\nc: bonjour je voudrais mettre mon abonnement en pause\na: d'accord c'est noté\n\
         c: très bien et ma place au cours de pilates on me la garde\na: ça dépend des inscriptions",
    );
    assert!(!text.contains("s'occuper"), "{text}");
}

#[test]
fn a_question_that_scorns_is_no_request() {
    let text =
        english("a: that is our sales team\nc: i live in a flat what would i do with a heat pump\na: i see");
    assert!(!text.contains("heat pump"), "{text}");
}

#[test]
fn what_stands_between_two_turns_of_an_agreement_is_no_detail_of_it() {
    let text = english(
        "a: the technician could come on thursday the sixth\nc: thursday the sixth yes that works\na: good\n\
         c: my dad said the warranty is gone\na: your dad is wrong the warranty is not gone\nc: okay\n\
         a: so thursday the sixth at ten thirty\nc: thursday at ten thirty great",
    );
    let agreed = text.split('.').find(|sentence| sentence.contains("Thursday the 6th"));
    assert!(agreed.is_some_and(|agreed| agreed.contains("10:30") && !agreed.contains("dad")), "{text}");
}

#[test]
fn what_would_be_the_price_is_not_agreed() {
    let text = english(
        "a: okay\nc: and who pays for the crown\n\
         a: with a bad impression normally half so that's the bad impression price the full price would be one thirty\n\
         c: yeah that's fair okay",
    );
    assert!(!text.contains("agreed"), "{text}");
}

#[test]
fn a_day_and_its_hour_stay_together() {
    let text = german(
        "a: bürgerbüro guten tag\nc: guten tag wie lange haben sie heute offen ich brauche einen ausweis\n\
         a: heute bis sechzehn uhr donnerstags dann bis achtzehn uhr dreißig\nc: alles klar danke",
    );
    assert!(text.contains("Donnerstag bis 18:30"), "{text}");
}

#[test]
fn what_cannot_be_done_with_it_is_told_of_nothing_else() {
    let text = french(
        "a: bonjour\nc: bonjour la pompe de ma piscine est en panne le déplacement n'est pas compris dans mon contrat\n\
         a: votre contrat couvre l'entretien je ne peux pas l'enlever\nc: ah bon",
    );
    assert!(!text.contains("récupérer"), "{text}");
}

#[test]
fn the_number_of_somebody_who_is_not_to_be_called_is_no_number_for_a_call() {
    let text = german(
        "a: guten tag\nc: guten tag es geht um die anlage auf dem haus meiner mutter die anlage ist kaputt\na: gut\n\
         c: ich möchte dass sie meine mutter nicht mehr anrufen unter ihrer nummer\na: welche nummer\n\
         c: null acht neun neun neun neun neun acht sieben vier zwei\n\
         a: null acht neun neun neun neun neun acht sieben vier zwei die sperre ich für anrufe\nc: danke",
    );
    assert!(!text.contains("Für einen Anruf gilt"), "{text}");
}

#[test]
fn what_nobody_can_say_yet_is_left_open_and_not_refused() {
    let text = english(
        "c: will i get money off for the days without water\na: that i can't tell you now the billing team decides",
    );
    assert!(text.contains("left open, without a promise") && !text.contains("refused"), "{text}");
}

#[test]
fn a_refusal_that_is_thought_over_is_none() {
    let text = english(
        "c: can't it be the end of this month\n\
         a: i'm afraid i can't do that it's in the contract well actually hold on if she's moved there's a clause\n\
         c: in the next town",
    );
    assert!(!text.contains("refused") && !text.contains("declined"), "{text}");
}

#[test]
fn a_promise_that_an_appointment_tells_is_not_told_of_another_thing() {
    let text = english(
        "a: there might be one in the demonstration machine\nc: the demonstration machine oh please\n\
         a: we have the demonstration machine in the hall and it has the same spindle i have just asked the boss\n\
         c: when could i have it\n\
         a: i take it out today and test it and you have it tomorrow before noon\nc: tomorrow wow tomorrow before noon\n\
         a: wait tonight what time is it now no the courier comes at two i will not be ready at two so it goes tomorrow \
         and you have it on friday friday before noon that i can promise\nc: friday before noon okay that'll still do",
    );
    assert!(text.contains("agreed on Friday") && !text.contains("machine on Friday"), "{text}");
}

#[test]
fn what_is_entered_for_a_request_not_to_be_contacted_is_no_promise_beside_it() {
    let text = german(
        "a: reisebüro guten tag\nc: guten tag in der bestätigung fehlt die halbpension\na: das sehe ich\n\
         c: und ich möchte keine werbeanrufe mehr und keine sms die mails sind in ordnung\n\
         a: gut mail bleibt telefon und sms nehme ich raus\nc: danke",
    );
    assert!(!text.contains("sagte zu"), "{text}");
}

#[test]
fn a_period_that_the_caller_declines_is_not_told() {
    let declined = english(
        "a: i can replace the screw or we send the frame back but that takes two weeks\n\
         c: two weeks no i can't be without it that long just the screw please",
    );
    assert!(declined.contains("dishwasher") && !declined.contains("2 weeks"), "{declined}");
    let taken = english("a: the part takes two weeks\nc: two weeks okay fine");
    assert!(taken.contains("2 weeks"), "{taken}");
}

#[test]
fn a_promise_with_its_own_object_takes_nothing_else_of_its_turn() {
    let text = german(
        "a: guten tag die zeitung\nc: guten tag ich hätte gern das probeabo\n\
         a: das abo ist monatlich kündbar ich schicke ihnen die bestätigung per e-mail\nc: danke",
    );
    assert!(text.contains("Bestätigung per E-Mail zu schicken."), "{text}");
}

#[test]
fn a_call_that_is_only_possible_is_not_told() {
    let call = |more: &str| {
        let call = "a: good morning the garage\nc: hello my brakes make a noise can you have a look\n\
                    a: yes of course MORE\nc: all right thank you";
        texts(Language::En, &call.replace("MORE", more))
    };
    let possible = call("i might be able to call you back");
    assert!(!possible.contains("call back"), "{possible}");
    let promised = call("i will call you back tomorrow");
    assert!(promised.contains("call back"), "{promised}");
}

#[test]
fn one_word_behind_a_callers_because_is_no_cause() {
    let text = texts(
        Language::En,
        "a: good morning the driving school\nc: hello i have a problem with my lesson i paid him cash\n\
         a: are you sure\nc: yes cause he definitely took it he put it in the box\na: all right",
    );
    assert!(!text.contains("cause"), "{text}");
}

#[test]
fn a_number_that_is_called_a_code_or_a_secret_is_never_told() {
    let secret = english(
        "a: may i have your number\nc: my secret is xylocarp borborygmus and the code is 48 15 16 23 42 99\n\
         a: 48 15 16 23 42 99 thank you",
    );
    assert!(
        secret.contains("dishwasher") && !secret.contains("4815") && !secret.contains("xylo"),
        "{secret}"
    );
    let asked = english("a: what is your code\nc: four eight one five\na: four eight one five thank you");
    assert!(!asked.contains("4815"), "{asked}");
    let open =
        english("a: which error code do you see\nc: four eight one five\na: four eight one five thank you");
    assert!(open.contains("4815"), "{open}");
    let french = french(
        "a: bonjour\nc: bonjour j'ai un problème avec mon lave vaisselle le lave vaisselle fuit\na: votre mot de passe\n\
         c: c'est tournesol\na: tournesol merci et le code\nc: quarante huit quinze\na: quarante huit quinze merci",
    );
    assert!(
        french.contains("vaisselle") && !french.contains("tournesol") && !french.contains("4815"),
        "{french}"
    );
}

#[test]
fn a_call_of_courtesies_is_too_short() {
    let reason = |language, text: &str| explain(&call(text), language, LeftOut::default()).reason;
    let calls = [
        (
            Language::En,
            "a: thank you for waiting one moment please\nc: good morning thank you for waiting one moment please",
        ),
        (
            Language::De,
            "a: vielen dank fürs warten einen moment bitte\nc: guten morgen danke fürs warten einen moment bitte",
        ),
        (
            Language::Fr,
            "a: merci de patienter un instant s'il vous plaît\nc: bonjour merci de patienter un instant s'il vous plaît",
        ),
    ];
    for (language, text) in calls {
        assert!(reason(language, text) == Some(NoSummary::TooShort), "{text}");
    }
}

#[test]
fn what_is_asked_for_is_told_without_the_words_of_another_sentence() {
    let text = texts(
        Language::En,
        "c: Hello, my dishwasher is leaking since Thursday, zyzzyva quokka. Could you please send somebody to repair it?\n\
         a: All right. I will see to it.",
    );
    let asked = text.split('.').find(|sentence| sentence.contains("asked"));
    assert!(asked.is_some_and(|asked| !asked.contains("quokka") && !asked.contains("dishwasher")), "{text}");
}

#[test]
fn trying_hard_is_no_promise() {
    let text = german(
        "a: guten tag\nc: guten tag die rechnung vom letzten einsatz ist falsch aber nicht wieder musik bitte\n\
         a: ich gebe mir kühe moment\nc: danke",
    );
    assert!(!text.contains("sagte zu"), "{text}");
}

#[test]
fn a_period_that_fell_in_another_turn_is_not_told_when_it_is_named_again() {
    let text = english(
        "a: the part takes ten days i'd say\nc: ten days is no good the wedding is on friday\n\
         a: ten days from the factory but there is one in the hall\nc: ten days from the factory i see\na: so we take the other one",
    );
    assert!(text.contains("dishwasher") && !text.contains("10 days"), "{text}");
}

#[test]
fn what_is_kept_of_advertising_is_no_decision_beside_the_request() {
    let text = french(
        "a: bonjour la billetterie\nc: bonjour j'ai un problème avec mes places de balcon je ne peux plus venir\na: d'accord\n\
         c: je ne veux plus de mails publicitaires il faut m'enlever de là la brochure par la poste je la garde\n\
         a: c'est noté plus de mails",
    );
    assert!(!text.contains("accepté"), "{text}");
}

#[test]
fn how_a_caller_presents_themselves_is_not_what_they_call_about() {
    let text = german(
        "a: fitnessclub guten tag\nc: hallo guten tag joh lande felt ich rufe an wegen dem vertrag und der kündigungsfrist\n\
         a: oh schade\nc: ich ziehe bald um",
    );
    assert!(text.contains("Vertrag") && !text.contains("lande") && !text.contains("felt"), "{text}");
}

/// What sounds like a denial, or like noon, and is none.
#[test]
fn what_a_recogniser_puts_in_the_place_of_other_words_is_read_as_those() {
    let text = english(
        "a: i'll ring you on friday before five to let you no about the charge\nc: friday before five",
    );
    assert!(text.contains("promised to call back on Friday before 5:00"), "{text}");
    let text = english("a: i'll email you the confirmation this after noon\nc: brilliant thanks");
    assert!(text.contains("send the confirmation by e-mail") && !text.contains("noon at"), "{text}");
    assert!(!text.contains("at noon"), "{text}");
}

#[test]
fn a_day_that_was_taken_up_does_not_fall_when_another_matter_has_its_own() {
    let text = french(
        "a: bonjour école de musique\nc: bonjour je voudrais un autre horaire le mercredi ne va plus pour le violoncelle\n\
         a: le jeudi dix sept heures quinze ça irait\nc: dix sept heures quinze oui c'est parfait\n\
         a: je vous envoie une proposition par mail lundi\nc: lundi volontiers\n\
         a: et le concert est le treize décembre\nc: on sera absents",
    );
    assert!(text.contains("jeudi à 17 h 15"), "{text}");
    assert!(text.contains("par e-mail lundi"), "{text}");
    let text = french(
        "c: bonjour la livraison n'est pas venue\na: mon responsable est absent il vous rappelle aujourd'hui avant dix sept heures\n\
         c: sur ce numéro et avant dix sept heures pas demain\na: c'est noté",
    );
    assert!(text.contains("rappeler aujourd'hui avant 17 h"), "{text}");
}

#[test]
fn what_the_agent_does_not_stand_for_is_not_agreed() {
    let text = french(
        "a: bonjour location\nc: bonjour j'ai une voiture réservée vous n'avez pas une automatique\n\
         a: peut être il y en a une jeudi soir mais je ne vous garantis rien\nc: d'accord tant mieux",
    );
    assert!(!text.contains("convenu"), "{text}");
}

#[test]
fn a_call_half_an_hour_before_and_what_is_free_are_told() {
    let text = english(
        "a: the driver will ring you half an hour before\nc: lovely\na: the inspection's free of charge",
    );
    assert!(text.contains("30 minutes beforehand"), "{text}");
    assert!(text.contains("free of charge: inspection"), "{text}");
    let text =
        german("c: hallo die dusche ist undicht\na: umsonst geht die reparatur leider nicht\nc: schade");
    assert!(!text.contains("Kostenlos"), "{text}");
}

#[test]
fn a_contract_is_named_only_where_somebody_named_it() {
    let text = german(
        "a: sanitär guten tag\nc: guten tag die rechnung ist falsch die dusche ist undicht\na: das tut mir leid\n\
         c: ja und die stornieren sie mir jetzt sofort",
    );
    assert!(!text.contains("Vertrag"), "{text}");
}

#[test]
fn a_price_that_is_waived_is_no_amount_of_the_note() {
    let text = german(
        "c: guten tag der export bricht ab ich brauche fernwartung heute\na: die fernwartung machen wir um vier\n\
         c: was kostet das\na: normal fünfundvierzig euro aber das ist unser fehler das berechnen wir ihnen nicht\n\
         c: gut danke",
    );
    assert!(!text.contains("45"), "{text}");
}

#[test]
fn our_place_is_no_street_and_the_end_of_a_card_is_told_nowhere() {
    let text = english(
        "a: i've got the seventeenth or the twenty fourth\nc: put us on the twenty fourth please\n\
         a: the twenty fourth of february then nine o'clock start at our place\nc: nine o'clock good",
    );
    assert!(text.contains("24th of February"), "{text}");
    let text = french(
        "c: bonjour j'ai une voiture réservée vendredi\na: la caution fait huit cents euros sur la carte qui se termine par \
         trente et un cinquante six\nc: oui trente et un cinquante six",
    );
    assert!(!text.contains("31") && !text.contains("56"), "{text}");
}
