use super::*;
use crate::border::{Kind, LeftOut};
use crate::call::AgentLeg;
use crate::config::{Agents, Basis, Mode};
use crate::store::UtcMillis;
use std::fs;

const LANGS: [Lang; 3] = [Lang::De, Lang::En, Lang::Fr];

/// Settings in which everything is told.
fn settings(more: &str) -> Config {
    Config::parse(&written(more, BASES)).unwrap()
}

fn written(more: &str, bases: &str) -> String {
    let whole = "controller = \"Muster & Söhne GmbH\"\naddress = \"Musterweg 1, 12345 Musterstadt\"\n\
                 contact = \"datenschutz@example.com\"\ndpo = \"dsb@example.com\"\nauthority = \"Musterbehörde\"\n\
                 privacy_page = \"https://example.com/privacy\"\nspeech_permission = \"Muster & Co., 3. 5. 2026\"\n\
                 balancing = \"D. Muster, 4. 5. 2026\"\nemployees_told = \"2026-05-05\"\n";
    let text = crate::config::DEFAULT
        .replace("/usr/share/callgist/sounds/en/8000/notice.wav", "/nowhere/notice.wav")
        .replace("/var/lib/callgist/callgist.db", "/nowhere/callgist.db");
    format!("{text}{whole}{more}{bases}")
}

const BASES: &str = "[line.basis]\nnote = \"legitimate_interest\"\ndo_not_contact = \"legitimate_interest\"\n\
                     log = \"legitimate_interest\"\ndisplay = \"contract\"\n";

/// The same of a line that asks for consent.
fn asking(more: &str, agent_confirms: bool) -> Config {
    let mut config = settings(more);
    let line = &mut config.lines[0];
    line.mode = Mode::Consent { question: "/nowhere/question.wav".into(), agent_confirms };
    line.told.bases.note = Some(Basis::Consent);
    config
}

/// The same of a line whose agents are not heard.
fn caller_alone(mut config: Config) -> Config {
    config.lines[0].agent_leg = AgentLeg::NotHeard;
    config
}

fn facts(config: &Config, lang: Lang) -> Facts {
    Facts::of(Some(config), config.lines.first(), lang, UtcMillis(0))
}

fn all(config: &Config, lang: Lang) -> Vec<Rendered> {
    chosen(None, lang, &facts(config, lang)).unwrap()
}

/// Set CALLGIST_BLESS to write the golden files anew, and read what changed.
#[test]
fn every_text_is_as_it_was_read_and_approved() {
    let unrecorded = "never_recorded = true\n";
    let golden = [
        (settings(unrecorded), ""),
        (asking(unrecorded, true), ".consent"),
        (caller_alone(settings(unrecorded)), ".caller"),
    ];
    let golden = golden.iter().flat_map(|golden| LANGS.map(|lang| (golden, lang)));
    for ((config, kind), lang) in golden {
        let path = format!("tests/golden/notices/{}{kind}.md", lang.code());
        let version = facts(config, lang).version();
        let texts: String = all(config, lang)
            .iter()
            .map(|text| format!("<!-- {} -->\n{}\n", text.text.word(), text.markdown))
            .collect();
        // The version hangs on every letter, so it cannot be part of what it is compared with.
        let texts = texts.replace(&version, "VERSION").replace(env!("CARGO_PKG_VERSION"), "SOFTWARE");
        if std::env::var_os("CALLGIST_BLESS").is_some() {
            fs::create_dir_all("tests/golden/notices").unwrap();
            fs::write(&path, &texts).unwrap();
        }
        assert_eq!(texts, fs::read_to_string(&path).unwrap(), "{path}");
    }
}

#[test]
fn without_settings_every_text_is_there_and_says_what_is_missing() {
    for lang in LANGS {
        let facts = Facts::of(None, None, lang, UtcMillis(0));
        let texts = chosen(None, lang, &facts).unwrap();
        assert_eq!(texts.len(), if lang == Lang::De { 11 } else { 9 });
        let website = render(Text::Website, lang, &facts).unwrap();
        assert!(website.missing.contains("controller") && website.missing.contains("basis"));
        assert!(website.markdown.contains("[[controller]]") && website.markdown.contains("90"));
    }
    let english = Facts::of(None, None, Lang::En, UtcMillis(0));
    assert!(chosen(Some(Text::Dpia), Lang::En, &english).is_none());
}

#[test]
fn what_goes_to_callers_is_complete_once_the_line_is_told() {
    let config = settings("");
    for lang in LANGS {
        for text in
            [Text::Announcement, Text::Clause, Text::Ticket, Text::Signature, Text::Website, Text::Record]
        {
            let rendered = render(text, lang, &facts(&config, lang)).unwrap();
            assert_eq!(rendered.missing, BTreeSet::new(), "{lang:?} {text:?}");
            assert!(!rendered.markdown.contains(['{', '}']), "{lang:?} {text:?}");
        }
    }
}

#[test]
fn where_callers_are_asked_every_text_for_them_says_so_and_none_speaks_of_an_interest_of_ours() {
    let asks = asking("", false);
    let mut special = asking("", false);
    special.lines[0].special_categories = true;
    for (lang, consent, interest, nine) in [
        (Lang::En, "consent", "legitimate interest (", "Art. 9(2)(a)"),
        (Lang::De, "inwillig", "berechtigtes Interesse (", "Art. 9 Abs. 2 Buchst. a"),
        (Lang::Fr, "consent", "intérêt légitime (", "art. 9, par. 2, point a)"),
    ] {
        for text in [
            Text::Announcement,
            Text::Clause,
            Text::Ticket,
            Text::Signature,
            Text::Website,
            Text::Record,
            Text::Balancing,
        ] {
            let says = |config: &Config| render(text, lang, &facts(config, lang)).unwrap();
            let asked = says(&asks).markdown;
            assert!(asked.contains(consent) && !asked.contains(interest), "{lang:?} {text:?}: {asked}");
            assert!(!says(&settings("")).markdown.contains("key one"), "{lang:?} {text:?}");
            if text != Text::Balancing {
                assert_eq!(says(&asks).missing, BTreeSet::new(), "{lang:?} {text:?}");
            }
        }
        let website = |config: &Config| render(Text::Website, lang, &facts(config, lang)).unwrap().markdown;
        assert!(website(&special).contains(nine) && !website(&asks).contains(nine), "{lang:?}");
    }
}

#[test]
fn agents_and_callers_are_told_of_the_agents_key_where_it_counts() {
    for (lang, key) in [(Lang::En, "star one"), (Lang::De, "Stern und Eins"), (Lang::Fr, "étoile un")] {
        let says = |config: &Config| render(Text::Agent, lang, &facts(config, lang)).unwrap().markdown;
        assert!(says(&asking("", true)).contains(key) && !says(&asking("", false)).contains(key), "{lang:?}");
    }
    let version = |config: &Config| facts(config, Lang::En).version();
    let versions = [settings(""), asking("", false), asking("", true)].map(|config| version(&config));
    assert_eq!(BTreeSet::from(versions).len(), 3);
}

#[test]
fn staff_and_callers_are_told_whether_agents_are_heard_and_since_when_they_know() {
    let (heard, alone) = (settings(""), caller_alone(settings("")));
    let asked = caller_alone(asking("", false));
    let says = |config: &Config, text, lang| render(text, lang, &facts(config, lang)).unwrap();
    for lang in LANGS {
        let dated = [Text::Record, Text::Balancing, Text::Agent, Text::Employee];
        let german = [Text::Dpia, Text::WorksCouncil].into_iter().filter(|_| lang == Lang::De);
        for text in dated.into_iter().chain(german) {
            assert!(says(&heard, text, lang).markdown.contains("2026-05-05"), "{lang:?} {text:?}");
            assert!(!says(&alone, text, lang).markdown.contains("2026-05-05"), "{lang:?} {text:?}");
            assert!(!says(&alone, text, lang).missing.contains("employees_told"), "{lang:?} {text:?}");
            let mut untold = settings("");
            untold.lines[0].told.employees_told = None;
            assert!(says(&untold, text, lang).missing.contains("employees_told"), "{lang:?} {text:?}");
        }
        for text in [Text::Clause, Text::Website] {
            for config in [&alone, &asked] {
                let alone = says(config, text, lang).markdown;
                let only = ["only what you say", "nur", "que ce que vous dites", "Seul ce que vous dites"];
                let only = only.map(str::to_lowercase);
                assert!(only.iter().any(|only| alone.to_lowercase().contains(only)), "{alone}");
                assert!(!alone.contains("both parties") && !alone.contains("beider Seiten"), "{alone}");
            }
        }
    }
    let version = |config: &Config| facts(config, Lang::En).version();
    let mut later = settings("");
    later.lines[0].told.employees_told = Some(jiff::civil::date(2026, 5, 6));
    assert_eq!(BTreeSet::from([&heard, &alone, &later].map(version)).len(), 3);
}

#[test]
fn retention_stands_in_every_text_that_names_it_and_changes_the_version() {
    let (before, after) = (settings(""), settings(""));
    let mut after = after;
    // More digits than the version, which stands in some of them, holds by chance.
    after.lines[0].keep_notes_days = 3_077;
    for lang in LANGS {
        for text in [Text::Clause, Text::Website, Text::Record, Text::Employee] {
            let days = |config: &Config| render(text, lang, &facts(config, lang)).unwrap().markdown;
            assert!(days(&after).contains("3077") && !days(&before).contains("3077"), "{lang:?} {text:?}");
        }
        assert_ne!(facts(&before, lang).version(), facts(&after, lang).version());
        assert_eq!(facts(&before, lang).version(), facts(&before, Lang::En).version());
    }
}

#[test]
fn every_period_stands_in_record_and_website_and_without_one_it_says_until_when() {
    let (none, mut set) = (settings(""), settings(""));
    set.store.keep_log_days = 3_071;
    set.store.keep_objections_days = Some(3_072);
    set.store.keep_erased_days = 3_073;
    set.lines[0].keep_wishes_days = Some(3_074);
    set.lines[0].keep_rows_days = 3_075;
    set.lines[0].keep_notes_days = 3_076;
    for (lang, until) in [
        (Lang::En, "until you take them back"),
        (Lang::De, "bis Sie sie zurücknehmen"),
        (Lang::Fr, "que vous les retiriez"),
    ] {
        for text in [Text::Website, Text::Record] {
            let says = |config: &Config| render(text, lang, &facts(config, lang)).unwrap().markdown;
            for days in 3_071..=3_076 {
                let days = days.to_string();
                assert!(
                    says(&set).contains(&days) && !says(&none).contains(&days),
                    "{lang:?} {text:?} {days}"
                );
            }
        }
        let website = render(Text::Website, lang, &facts(&none, lang)).unwrap().markdown;
        assert!(website.contains(until), "{lang:?}: {website}");
    }
}

#[test]
fn processors_are_named_as_receivers_and_nothing_says_then_that_all_is_done_on_our_own_machines() {
    let named = settings("processors = [\"Muster Hosting S.A.\", \"Zweite GmbH\"]\n");
    for (lang, nobody, own) in [
        (Lang::En, "Nobody outside", "our own equipment"),
        (Lang::De, "Niemand außerhalb", "unseren eigenen Geräten"),
        (Lang::Fr, "Personne à l'extérieur", "nos propres machines"),
    ] {
        let joined =
            |config: &Config| all(config, lang).into_iter().map(|text| text.markdown).collect::<String>();
        let (with, without) = (joined(&named), joined(&settings("")));
        assert_eq!(
            with.matches("Muster Hosting S.A.; Zweite GmbH").count(),
            2,
            "{lang:?}: website and record"
        );
        assert!(!with.contains(nobody) && !with.contains(own), "{lang:?}");
        assert!(without.contains(nobody) && without.contains(own), "{lang:?}");
    }
    assert_ne!(facts(&named, Lang::En).version(), facts(&settings(""), Lang::En).version());
}

#[test]
fn no_recording_is_claimed_only_where_it_is_set() {
    let says = |config: &Config| render(Text::Website, Lang::En, &facts(config, Lang::En)).unwrap().markdown;
    assert!(says(&settings("never_recorded = true\n")).contains("not recorded by our telephone system"));
    assert!(!says(&settings("")).contains("not recorded by our telephone system"));
}

#[test]
fn where_the_notice_tells_of_recordings_no_text_for_callers_says_that_there_is_none() {
    for (lang, told, denials) in [
        (Lang::En, "may also record the call", ["not recorded", "No recording"]),
        (Lang::De, "außerdem aufzeichnen", ["nicht aufgezeichnet", "Keine Aufnahme"]),
        (
            Lang::Fr,
            "peut en outre enregistrer l'appel",
            ["L'appel n'est pas enregistré", "Aucun enregistrement"],
        ),
    ] {
        let all_of =
            |more: &str| all(&settings(more), lang).into_iter().map(|text| text.markdown).collect::<String>();
        let (before, after) = (all_of(""), all_of("recordings_told = true\n"));
        assert!(after.contains(told) && !before.contains(told), "{lang:?}");
        assert!(denials.iter().all(|denial| !after.contains(denial)), "{lang:?}");
        assert!(before.contains(denials[1]), "{lang:?}");
    }
    let version = |more: &str| facts(&settings(more), Lang::En).version();
    assert_ne!(version(""), version("recordings_told = true\n"));
}

#[test]
fn each_purpose_has_its_own_basis_and_one_word_is_that_of_the_summary_alone() {
    let mut each = settings("");
    each.lines[0].tell_earlier_notes = true;
    let only = Config::parse(&written("", "basis = \"legitimate_interest\"\n")).unwrap();
    for (lang, contract, interest) in [
        (Lang::En, "earlier summaries: performance of a contract", "legitimate interest, Art. 6(1)(f) GDPR."),
        (
            Lang::De,
            "erfährt: Erfüllung eines Vertrags",
            "berechtigtes Interesse, Art. 6 Abs. 1 Buchst. f DSGVO.",
        ),
        (
            Lang::Fr,
            "antérieurs : exécution d'un contrat",
            "intérêt légitime, art. 6, par. 1, point f) du RGPD.",
        ),
    ] {
        let website = |config: &Config| render(Text::Website, lang, &facts(config, lang)).unwrap();
        let told = website(&each);
        assert!(told.markdown.contains(contract) && told.markdown.contains(interest), "{}", told.markdown);
        let told = website(&only);
        assert_eq!(told.missing, ["basis_do_not_contact", "basis_log"].map(str::to_owned).into());
        assert!(told.markdown.contains("[[basis_log]]") && !told.markdown.contains("[[basis]]"));
    }
    let before = facts(&each, Lang::En).version();
    each.lines[0].told.bases.log = None;
    assert_ne!(facts(&each, Lang::En).version(), before);
}

#[test]
fn what_permits_the_processing_of_speech_is_said_apart_from_the_basis_and_missing_until_it_is_set() {
    let said = settings("");
    let mut unsaid = settings("");
    unsaid.lines[0].told.speech_permission = None;
    for (lang, text) in
        [(Lang::En, Text::Record), (Lang::De, Text::Record), (Lang::Fr, Text::Record), (Lang::De, Text::Dpia)]
    {
        let of = |config: &Config| render(text, lang, &facts(config, lang)).unwrap();
        assert!(of(&said).markdown.contains("Muster & Co., 3. 5. 2026"), "{lang:?} {text:?}");
        assert!(of(&unsaid).markdown.contains("[[speech_permission]]"), "{lang:?} {text:?}");
        assert!(of(&unsaid).missing.contains("speech_permission"), "{lang:?} {text:?}");
    }
    assert_ne!(facts(&said, Lang::En).version(), facts(&unsaid, Lang::En).version());
}

#[test]
fn that_interests_were_balanced_is_said_only_where_the_settings_say_where_and_is_missing_until_then() {
    let said = settings("");
    let mut unsaid = settings("");
    unsaid.lines[0].told.balancing = None;
    for lang in LANGS {
        let of = |config: &Config| render(Text::Record, lang, &facts(config, lang)).unwrap();
        assert!(of(&said).markdown.contains("D. Muster, 4. 5. 2026"), "{lang:?}");
        assert!(of(&unsaid).markdown.contains("[[balancing]]"), "{lang:?}");
        assert!(of(&unsaid).missing.contains("balancing"), "{lang:?}");
        for claim in ["balancing is documented", "Abwägung liegt vor", "mise en balance documentée"] {
            assert!(!of(&unsaid).markdown.contains(claim), "{lang:?}");
        }
        assert!(!of(&asking("", false)).markdown.contains("D. Muster"), "{lang:?}: nothing is balanced");
    }
    assert_ne!(facts(&said, Lang::En).version(), facts(&unsaid, Lang::En).version());
}

#[test]
fn callers_and_agents_are_told_that_the_key_is_surer_than_speaking() {
    for (lang, sure, restricted) in [
        (Lang::En, "surer", "nobody works with it"),
        (Lang::De, "sicherer", "niemand arbeitet mit ihr"),
        (Lang::Fr, "la touche est plus sûre", "personne ne travaille avec lui"),
    ] {
        for config in [settings(""), asking("", false), asking("", true)] {
            let says = |text| render(text, lang, &facts(&config, lang)).unwrap().markdown.to_lowercase();
            assert!(says(Text::Website).contains(sure) && says(Text::Agent).contains(sure), "{lang:?}");
            assert!(says(Text::Website).contains(restricted), "{lang:?}");
        }
    }
}

#[test]
fn staff_are_told_whether_it_is_kept_who_had_a_call() {
    let of = |agents| {
        let mut config = settings("");
        config.lines[0].agents = agents;
        config
    };
    let [none, pseudonym, kept] = [Agents::None, Agents::Pseudonym, Agents::Kept].map(of);
    for (text, lang, says) in [
        (Text::Employee, Lang::En, ["is not stored", "agent-7f3a9c", "which extension had the call"]),
        (Text::Employee, Lang::De, ["wird nicht gespeichert", "agent-7f3a9c", "welcher Nebenanschluss"]),
        (Text::Employee, Lang::Fr, ["n'est pas enregistrée", "agent-7f3a9c", "quel poste a eu l'appel"]),
        (Text::Website, Lang::En, ["is not kept", "made for that day", "which of our extensions"]),
        (
            Text::Website,
            Lang::De,
            ["wird nicht gespeichert", "für diesen Tag", "welcher unserer Nebenanschlüsse"],
        ),
        (Text::Website, Lang::Fr, ["n'est pas conservé", "formé pour ce jour", "lequel de nos postes"]),
        (Text::Record, Lang::En, ["is not stored", "keyed hash", "the extension that had a call"]),
        (
            Text::Record,
            Lang::De,
            ["wird nicht gespeichert", "Hashwert der Nebenstelle", "wird die Nebenstelle"],
        ),
        (Text::Record, Lang::Fr, ["n'est pas enregistré", "hachage du poste", "le poste qui a eu l'appel"]),
        (Text::WorksCouncil, Lang::De, ["wird nicht gespeichert", "Tagesname", "welcher Nebenanschluss"]),
    ] {
        for (at, config) in [&none, &pseudonym, &kept].into_iter().enumerate() {
            let told = render(text, lang, &facts(config, lang)).unwrap().markdown;
            for (other, says) in says.iter().enumerate() {
                assert_eq!(told.contains(says), at == other, "{text:?} {lang:?} {says}: {told}");
            }
        }
    }
    let versions = [&none, &pseudonym, &kept].map(|config| facts(config, Lang::En).version());
    assert!(versions[0] != versions[1] && versions[1] != versions[2] && versions[0] != versions[2]);
}

#[test]
fn where_it_is_kept_who_had_a_call_a_summary_may_name_staff_only_if_names_are_not_left_out() {
    let mut named = settings("");
    named.lines[0].agents = Agents::Kept;
    let mut unnamed = named.clone();
    unnamed.lines[0].redact = LeftOut::default().with(Kind::Names);
    for (text, lang, may, never) in [
        (Text::Employee, Lang::En, "may name you", "leaves it out"),
        (Text::Employee, Lang::De, "kann Ihren Namen nennen", "Ihren Namen lässt das Programm"),
        (Text::Employee, Lang::Fr, "peut vous nommer", "omet votre nom"),
        (Text::Record, Lang::En, "may name staff", "names of staff are left out"),
        (Text::Record, Lang::De, "kann Beschäftigte nennen", "Namen von Beschäftigten lassen"),
        (Text::Record, Lang::Fr, "peut nommer le personnel", "les noms du personnel sont omis"),
        (Text::WorksCouncil, Lang::De, "können Beschäftigte nennen", "Namen von Beschäftigten lässt"),
    ] {
        let says = |config: &Config| render(text, lang, &facts(config, lang)).unwrap().markdown;
        let (named, unnamed) = (says(&named), says(&unnamed));
        assert!(named.contains(may) && !named.contains(never), "{text:?} {lang:?}: {named}");
        assert!(unnamed.contains(never) && !unnamed.contains(may), "{text:?} {lang:?}: {unnamed}");
    }
}

#[test]
fn it_is_told_what_is_left_out_of_summaries() {
    let mut more = settings("");
    more.lines[0].redact = LeftOut::default().with(Kind::Amounts).with(Kind::Dates);
    for (lang, always, chosen) in [
        (Lang::En, "passwords and codes", "amounts of money, days and dates"),
        (Lang::De, "Kennwörter und Codes", "Geldbeträge, Tage und Daten"),
        (Lang::Fr, "les mots de passe et les codes", "les montants, les jours et les dates"),
    ] {
        let sheet = Some(Text::WorksCouncil).filter(|_| lang == Lang::De);
        for text in [Text::Website, Text::Record].into_iter().chain(sheet) {
            let says = |config: &Config| render(text, lang, &facts(config, lang)).unwrap().markdown;
            assert!(says(&more).contains(always) && says(&more).contains(chosen), "{lang:?} {text:?}");
            assert!(says(&settings("")).contains(always), "{lang:?} {text:?}");
            assert!(!says(&settings("")).contains(chosen), "{lang:?} {text:?}");
        }
    }
    assert_ne!(facts(&more, Lang::En).version(), facts(&settings(""), Lang::En).version());
    assert_eq!(facts(&more, Lang::En).version(), facts(&more, Lang::Fr).version());
}

#[test]
fn that_whoever_is_outside_is_heard_after_a_transfer_is_told_where_it_is_so() {
    let mut outside = settings("");
    outside.lines[0].listen_outside = true;
    let alone = caller_alone(outside.clone());
    for (lang, website, record) in [
        (Lang::En, "transferred to somebody outside", "After a transfer outside"),
        (Lang::De, "nach außen verbunden", "Nach einer Weiterleitung nach außen"),
        (Lang::Fr, "transféré vers l'extérieur", "Après un transfert vers l'extérieur"),
    ] {
        for (text, says) in [(Text::Website, website), (Text::Record, record)] {
            let said = |config: &Config| render(text, lang, &facts(config, lang)).unwrap().markdown;
            assert!(
                said(&outside).contains(says) && !said(&settings("")).contains(says),
                "{lang:?} {text:?}"
            );
            assert!(!said(&alone).contains(says), "{lang:?} {text:?}");
        }
    }
    assert_ne!(facts(&outside, Lang::En).version(), facts(&settings(""), Lang::En).version());
}

#[test]
fn callers_are_told_where_it_is_shown_at_ring_how_many_notes_there_are() {
    let mut shown = settings("");
    shown.lines[0].tell_earlier_notes = true;
    for (lang, website, record) in [
        (Lang::En, "how many earlier summaries", "At the next call"),
        (Lang::De, "wie viele frühere Zusammenfassungen", "Beim nächsten Anruf"),
        (Lang::Fr, "combien de résumés antérieurs", "Lors d'un prochain appel"),
    ] {
        for (text, says) in [(Text::Website, website), (Text::Record, record)] {
            let said = |config: &Config| render(text, lang, &facts(config, lang)).unwrap().markdown;
            assert!(said(&shown).contains(says) && !said(&settings("")).contains(says), "{lang:?} {text:?}");
        }
    }
    assert_ne!(facts(&shown, Lang::En).version(), facts(&settings(""), Lang::En).version());
}

#[test]
fn agents_are_told_for_how_long_a_note_is_a_draft_and_what_becomes_of_it() {
    let mut discards = settings("");
    discards.lines[0].discard_unapproved = true;
    let mut none = settings("");
    none.lines[0].draft_minutes = 0;
    for (lang, kept, discarded) in [
        (Lang::En, "15 minutes", "is discarded then"),
        (Lang::De, "15 Minuten", "wird dann verworfen"),
        (Lang::Fr, "15 minutes", "est alors rejeté"),
    ] {
        let says = |config: &Config| render(Text::Agent, lang, &facts(config, lang)).unwrap().markdown;
        assert!(says(&settings("")).contains(kept) && !says(&settings("")).contains(discarded), "{lang:?}");
        assert!(says(&discards).contains(kept) && says(&discards).contains(discarded), "{lang:?}");
        assert!(!says(&none).contains(kept) && !says(&none).contains(discarded), "{lang:?}");
    }
    assert_ne!(facts(&discards, Lang::En).version(), facts(&settings(""), Lang::En).version());
}

#[test]
fn the_alarm_is_raised_when_settings_or_sound_are_no_longer_what_was_published() {
    let folder = tempfile::tempdir().unwrap();
    let sound = folder.path().join("notice.wav");
    fs::write(&sound, "one").unwrap();
    let mut config = settings("");
    config.lines[0].notice.clone_from(&sound);
    let Drift::NothingPublished(version) = drift(&config, &config.lines[0]) else {
        panic!("nothing was published")
    };
    config.lines[0].told.texts_version = Some(version.clone());
    assert_eq!(drift(&config, &config.lines[0]), Drift::None(version));
    let changed = |config: &Config| match drift(config, &config.lines[0]) {
        Drift::Drifted(_, changed) => changed.words(),
        other => panic!("{other:?}"),
    };
    fs::write(&sound, "another").unwrap();
    assert_eq!(changed(&config), "sound");
    fs::write(&sound, "one").unwrap();
    type Change = fn(&mut Config);
    let changes: [(&str, Change); 6] = [
        ("notes", |config| config.lines[0].keep_notes_days += 1),
        ("rows", |config| config.lines[0].keep_rows_days += 1),
        ("wishes", |config| config.lines[0].keep_wishes_days = Some(700)),
        ("log", |config| config.store.keep_log_days += 1),
        ("objections", |config| config.store.keep_objections_days = Some(700)),
        ("erased", |config| config.store.keep_erased_days += 1),
    ];
    for (what, change) in changes {
        let mut other = config.clone();
        change(&mut other);
        assert_eq!(changed(&other), "settings", "{what}");
        let [told] = &drifts(&other)[..] else { panic!("one line") };
        assert_eq!(
            (told.published, told.settings, told.sound, told.texts),
            (true, true, false, false),
            "{what}"
        );
    }
    config.lines[0].told.texts_version = Some("0123456789ab".to_owned());
    assert_eq!(changed(&config), "texts and settings and sound", "of an earlier version it cannot be told");
}

#[test]
fn the_forms_say_the_same_and_a_setting_is_no_markup() {
    let config = settings("");
    let website = render(Text::Website, Lang::De, &facts(&config, Lang::De)).unwrap().markdown;
    let html = Form::Html.write(&website);
    assert!(html.contains("<strong>Verantwortlich.</strong> Muster &amp; Söhne GmbH"), "{html}");
    assert!(!html.contains("**") && html.contains("<h3>"));
    let text = Form::Txt.write(&website);
    assert!(text.contains("Muster & Söhne GmbH") && !text.contains("**") && !text.contains("##"));
    let list = Form::Html.write(&render(Text::Agent, Lang::De, &facts(&config, Lang::De)).unwrap().markdown);
    assert_eq!((list.matches("<ul>").count(), list.matches("</ul>").count()), (1, 1));
}

#[test]
fn every_text_tells_how_fast_an_objection_counts_and_none_claims_an_approval() {
    for (lang, at_once, recognised) in [
        (Lang::De, "sofort", "sobald es erkannt ist"),
        (Lang::En, "at once", "as soon as it is recognised"),
        (Lang::Fr, "immédiat", "dès que c'est reconnu"),
    ] {
        let mut joined = String::new();
        for config in [settings("never_recorded = true\n"), asking("", true)] {
            for text in [Text::Clause, Text::Website] {
                let says = render(text, lang, &facts(&config, lang)).unwrap().markdown;
                assert!(says.contains(at_once) && says.contains(recognised), "{lang:?} {text:?}");
            }
            joined.extend(all(&config, lang).into_iter().map(|text| text.markdown));
        }
        for claim in
            ["approved by", "certified", "genehmigt", "zertifiziert", "approuvé", "certifié", "anonym"]
        {
            assert!(!joined.to_lowercase().contains(claim), "{lang:?}: {claim}");
        }
    }
}
