//! A caller's rights from the command line: a call is kept as the daemon keeps it, a person asks, and afterwards the
//! bytes of the files are searched.

use crate::canary::Canary;
use crate::consent::{IN_THE_QUESTION, NOTICE};
use crate::live::sidecar::{At, Sidecar, asking};
use crate::stories::Stage;
use callgist::border::{Channels, Heard, ModelId, Purpose, Recogniser, Topics, Trust, TrustLabel};
use callgist::call::{AgentLeg, CallId, Language, NoSummary, Number, Party};
use callgist::sim::{Act, Script, When};
use callgist::store::{
    CallRecord, Clerk, ContactsKey, Database, Deed, Draft, Entry, Kept, Marks, Name, Origin, Outcome, Played,
    Request, Segment, Store, Summary, UtcMillis,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;
use tempfile::TempDir;

pub(crate) const CALLER: &str = "+352621987654";

struct Office {
    folder: TempDir,
}

impl Office {
    /// Two calls of one caller, one of another, and one whose number was withheld; a request was made in the first.
    fn open() -> Office {
        let office = Office { folder: tempfile::tempdir().unwrap() };
        let store = Store::open(&office.database()).unwrap();
        let keep = |call| wait(store.keep(call)).unwrap();
        keep(call(1, Some(CALLER), Some("The Quetzalcoatlus heating is cold.")));
        keep(call(2, Some(CALLER), None));
        keep(call(3, Some("+33140000099"), Some("A price was asked.")));
        keep(call(4, None, Some("Somebody asked for the opening hours.")));
        wait(store.keep_request(request(UtcMillis(1_795_459_030_000)))).unwrap();
        office
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("data/callgist.db")
    }

    fn ask(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_callgist"))
            .args(words)
            .arg("--database")
            .arg(self.database())
            .output()
            .unwrap()
    }

    #[track_caller]
    fn says(&self, words: &[&str]) -> String {
        let output = self.ask(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.says(&[words, &["--json"]].concat())).unwrap()
    }

    /// Does what the dry run says, with the word that it prints.
    #[track_caller]
    fn surely(&self, words: &[&str]) -> Value {
        let dry = self.json(words);
        assert_eq!(dry["dry_run"], true, "{dry}");
        self.json(&[words, &["--confirm", dry["confirm"].as_str().unwrap()]].concat())
    }

    /// Settings of the line `main` with all that texts need; in place of its name this, where it is not empty.
    fn settings(&self, name: &str) -> String {
        let default =
            Command::new(env!("CARGO_BIN_EXE_callgist")).args(["config", "default"]).output().unwrap();
        let mut text = String::from_utf8(default.stdout).unwrap();
        for set in ["controller", "address", "contact", "dpo", "authority", "privacy_page"] {
            text = text.replace(&format!("\n# {set} = "), &format!("\n{set} = "));
        }
        if !name.is_empty() {
            text = text.replace(&format!("\n{name}"), "\nname = \"other\"");
        }
        text += "\n[line.basis]\nnote = \"legitimate_interest\"\ndo_not_contact = \"contract\"\n\
                 log = \"legitimate_interest\"\n";
        let file = self.folder.path().join("callgist.toml");
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }

    fn code(&self, words: &[&str]) -> i32 {
        self.ask(words).status.code().unwrap()
    }

    /// What is printed by a command that ends so.
    #[track_caller]
    fn ends(&self, code: i32, words: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.ask(words);
        let (told, said) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert_eq!(status.code(), Some(code), "{words:?}: {told} {said}");
        told + &said
    }

    /// A call of which row and log tell that it was announced, as the daemon writes them.
    fn announced(&self, id: u64) -> String {
        let mut clerk = Clerk::open(&self.database()).unwrap();
        let of_call = |deed| Entry::new(deed).call(CallId(id)).line(&Name::new("main").unwrap());
        let at = |ms: i64| UtcMillis(1_795_459_000_000 + ms);
        clerk.log(&of_call(Deed::NoticePlayed).detail("1"), at(4_010)).unwrap();
        clerk.log(&of_call(Deed::ListeningStarted).detail("whisper"), at(6_100)).unwrap();
        let notice = Some(Played { from: at(500), to: at(3_900), measured: None });
        let row =
            CallRecord { notice, ..call(id, Some("+33140000077"), Some("A Diplodocus was asked for.")) };
        wait(Store::open(&self.database()).unwrap().keep(row)).unwrap();
        CallId(id).to_string()
    }

    fn holds(&self, text: &str) -> bool {
        holds(&self.folder.path().join("data"), text)
    }

    fn deeds(&self) -> Vec<String> {
        let log = self.says(&["log", "export"]);
        let deed =
            |line: &str| serde_json::from_str::<Value>(line).unwrap()["deed"].as_str().unwrap().to_owned();
        log.lines().map(deed).collect()
    }
}

fn holds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

/// What the caller asked for in the first call.
pub(crate) fn request(created: UtcMillis) -> Request {
    Request {
        call: Some(CallId(1)),
        line: Some(Name::new("main").unwrap()),
        number: Some(Number::new(CALLER).unwrap()),
        channels: Channels { calls: true, ..Channels::default() },
        purpose: Purpose::Advertising,
        created,
    }
}

pub(crate) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn call(id: u64, caller: Option<&str>, note: Option<&str>) -> CallRecord {
    let trust = Trust { label: TrustLabel::Good, confidence_pct: 90, kept_pct: 97, arrived_pct: 100 };
    let noted = |text: &str| {
        let topics = Topics::default().with("information");
        Outcome::Noted(Summary { text: text.into(), topics, trust })
    };
    CallRecord {
        id: CallId(id),
        line: Name::new("main").unwrap(),
        notice_version: Some(Name::new("1").unwrap()),
        language: Language::En,
        caller: caller.map(|number| Number::new(number).unwrap()),
        called: Some(Number::new("1001").unwrap()),
        offered: UtcMillis(1_795_459_000_000 + id as i64),
        announced: Some(UtcMillis(1_795_459_004_000)),
        notice: None,
        consent: None,
        bridged: Some(UtcMillis(1_795_459_006_000)),
        ended: UtcMillis(1_795_459_060_000),
        end_cause: None,
        outcome: note.map_or(Outcome::NotNoted(NoSummary::TooShort), noted),
        origin: Origin::here(Some((Recogniser::Whisper, ModelId([1; 8])))),
        heard: Some(Heard { listened_ms: 54_000, speech_ms: 20_000, words: 60, ..Heard::default() }),
        agent_leg: Some(AgentLeg::Heard),
        segments: Vec::new(),
        draft: None,
    }
}

#[test]
fn an_access_request_is_answered_in_one_command_without_anybody_elses_number() {
    let office = Office::open();
    let found = office.json(&["person", "find", CALLER]);
    assert_eq!(found["calls"].as_array().unwrap().len(), 2);
    let text = office.says(&["person", "export", CALLER]);
    assert!(text.contains("Quetzalcoatlus") && text.contains(CALLER), "{text}");
    assert!(!text.contains("1001") && !text.contains("+33140000099"), "{text}");
    let export = office.json(&["person", "export", CALLER]);
    assert_eq!(export["calls"][1]["summary"], "The Quetzalcoatlus heating is cold.");
    assert_eq!(export["calls"][1]["called"], Value::Null);
    assert_eq!(export["do_not_contact"][0]["state"], "pending");
    assert_eq!(office.deeds().iter().filter(|deed| *deed == "exported").count(), 2);
    assert_eq!(office.code(&["person", "find", "+4930000000"]), 1);
}

/// All that Art. 15(1) asks for, beside the data.
#[test]
fn an_access_request_is_answered_with_purposes_bases_periods_rights_and_what_the_log_tells() {
    let office = Office::open();
    let config = office.settings("");
    let config = config.as_str();
    office.says(&["calls", "show", &CallId(1).to_string()]);
    let export =
        |more: &[&str]| office.says(&[&["person", "export", CALLER, "--config", config], more].concat());
    let text = export(&[]);
    for says in [
        "Example S.A., 1, rue Exemple",
        "privacy@example.com; data protection officer: dpo@example.com",
        "what was asked and promised: legitimate interest, Art. 6(1)(f) GDPR",
        "a wish: performance of a contract, Art. 6(1)(b) GDPR",
        "what was done: legitimate interest",
        "summaries 90 days and entries without one 90 days after the call; the log 1095 days",
        "erased after 2027-02-21 18:37:40",
        "played to its end at 2026-11-23 18:36:44; version 1.",
        "There is no summary: the caller rang off before",
        "Since 2026-11-23 18:37:10: not by telephone calls, for advertising; not looked at yet, and protecting; \
         from a call; without an end",
        "There is none.",
        "## Categories of data",
        "From the calls themselves",
        "Nobody. Callgist sends data about callers to no one",
        "None (Art. 22)",
        "(Art. 16), erasure (Art. 17), restriction (Art. 18)",
        "(Art. 20), and objection at any time (Art. 21)",
        "(Art. 77): CNPD",
        "the call was shown to somebody (0000000000000001)",
        "a summary was kept (0000000000000001)",
        "no summary was kept: the caller rang off before saying what it was about (0000000000000002)",
        "a wish not to be contacted was kept",
    ] {
        assert!(text.contains(says), "{says}: {text}");
    }
    assert!(!text.contains("[[") && !text.contains("A price was asked.") && !text.contains("1001"), "{text}");
    let german = export(&["--lang", "de"]);
    assert!(
        german.contains("Auskunft nach Art. 15 DSGVO") && german.contains("berechtigtes Interesse"),
        "{german}"
    );
    assert!(german.contains("der Anruf wurde jemandem gezeigt"), "{german}");
    let french = export(&["--lang", "fr"]);
    assert!(french.contains("art. 15 du RGPD") && french.contains("exécution d'un contrat"), "{french}");
    for text in [&german, &french] {
        assert!(text.contains("Quetzalcoatlus") && !text.contains("[["), "{text}");
    }
    let told: Value = serde_json::from_str(&export(&["--format", "json"])).unwrap();
    let line = &told["lines"][0];
    assert_eq!((&line["controller"], &line["mode"]), (&"Example S.A.".into(), &"notice".into()), "{told}");
    assert_eq!(line["purposes"][1]["basis"], "contract", "{told}");
    assert_eq!(told["calls"][1]["kept_until"], "2027-02-21T18:37:40.000Z", "{told}");
    assert_eq!((&told["automated_decisions"], &told["receivers"]), (&false.into(), &Value::Array(vec![])));
    assert!(told["log"].as_array().unwrap().iter().any(|entry| entry["deed"] == "shown"), "{told}");
    assert_eq!(told["missing"], Value::Array(vec![]), "{told}");
    office.surely(&["person", "restrict", CALLER]);
    let restricted = export(&[]);
    assert!(restricted.contains("It is not erased as long as") && !restricted.contains("2027-02-21"));
}

#[test]
fn what_an_answer_lacks_is_a_placeholder_and_named_and_nothing_is_invented() {
    let office = Office::open();
    let told = office.ask(&["person", "export", CALLER]);
    let (text, said) = (String::from_utf8(told.stdout).unwrap(), String::from_utf8(told.stderr).unwrap());
    assert!(text.contains("**Who is responsible:** [[controller]], [[address]]"), "{text}");
    assert!(text.contains("summaries [[keep_notes]] days") && text.contains("erased after [[keep_until]]"));
    for name in ["controller", "basis", "keep_notes", "authority"] {
        assert!(said.contains(&format!("callgist: missing: {name}\n")), "{said}");
    }
    let json = office.json(&["person", "export", CALLER]);
    assert_eq!(
        (&json["lines"][0]["settings"], &json["keep_log_days"]),
        (&false.into(), &Value::Null),
        "{json}"
    );
    // Of a line that is named otherwise now the settings say nothing; its rows go with the longest period.
    let other = office.settings("name = \"main\"");
    let text = office.says(&["person", "export", CALLER, "--config", &other]);
    assert!(text.contains("line main, [[number]]") && text.contains("2027-02-21"), "{text}");
}

#[test]
fn somebody_elses_name_in_a_summary_is_left_out_of_an_answer_and_agents_are_never_named() {
    let office = Office::open();
    let segments = vec![Segment {
        agent: Some(Name::new("1077").unwrap()),
        from: UtcMillis(1_795_459_006_000),
        to: UtcMillis(1_795_459_060_000),
    }];
    let note = "Ms Parasaurolophus is moving. Parasaurolophus' key is missing.";
    let kept = CallRecord { segments, ..call(5, Some(CALLER), Some(note)) };
    wait(Store::open(&office.database()).unwrap().keep(kept)).unwrap();
    for form in ["text", "json"] {
        let export = ["person", "export", CALLER, "--format", form, "--mask", "Parasaurolophus"];
        let told = office.says(&export);
        assert!(!told.contains("Parasaurolophus") && !told.contains("1077"), "{told}");
        assert!(told.contains("Ms […] is moving. […]' key is missing."), "{told}");
    }
    assert!(office.says(&["person", "export", CALLER]).contains("2026-11-23 18:36:46 – 2026-11-23 18:37:40"));
    assert_eq!(office.code(&["person", "export", CALLER, "--mask", "Diplodocus"]), 1, "it stands nowhere");
    assert!(office.says(&["calls", "show", &CallId(5).to_string()]).contains("Parasaurolophus"));
}

#[test]
fn a_call_shows_its_evidence_without_a_word_of_its_note_and_says_what_is_not_on_record() {
    let office = Office::open();
    let id = CallId(1).to_string();
    let head = office.json(&["log", "verify"])["head"].as_str().unwrap().to_owned();
    let text = office.ends(NOT_PROVED, &["calls", "evidence", &id, "--head", &head]);
    assert!(text.contains("played to its end, version 1; by the row 2026-11-23 18:36:44.000"), "{text}");
    assert!(text.contains("Announced: not proved: the row tells of it, and the log has no entry"), "{text}");
    assert!(
        text.contains("kept       a note; its words do not stand here") && text.contains("note_kept"),
        "{text}"
    );
    assert!(text.contains("listening  when it began is not on record"), "{text}");
    assert!(text.contains("--   not on record, so not compared: by the log's order nothing"), "{text}");
    assert!(text.contains("what the notice sounded like"), "{text}");
    assert!(text.contains("yes  the head that was named is in the log"), "{text}");
    assert!(text.contains(&format!("head that was named: {head}, entry ")), "{text}");
    assert!(!text.contains("compare the hash"), "there is none: {text}");
    for secret in ["Quetzalcoatlus", "621987654", "heating"] {
        assert!(!text.contains(secret), "{text}");
    }
    let evidence_json = |id: &str| -> Value {
        serde_json::from_slice(&office.ask(&["calls", "evidence", id, "--json"]).stdout).unwrap()
    };
    let told = evidence_json(&id);
    let evidence = &told["evidence"];
    assert_eq!(evidence["announcement"], "not_proved", "{told}");
    assert_eq!((&evidence["notice_sha256"], &evidence["mode"]), (&Value::Null, &Value::Null), "{told}");
    assert_eq!((&evidence["kept"], &evidence["caller_masked"]), (&"a note".into(), &"…54".into()), "{told}");
    assert_eq!(told["sha256"].as_str().unwrap().len(), 64);
    let strange = office.ends(1, &["calls", "evidence", &id, "--head", "0123456789ab"]);
    assert!(strange.contains("yes  the log is as it was written"), "{strange}");
    assert!(strange.contains("NO   the head that was named is in the log"), "{strange}");
    assert!(strange.contains("is not in the log (or was mistyped)"), "{strange}");
    assert_eq!(office.code(&["calls", "evidence", "00000000000000aa"]), 1, "nobody knows it");
    assert!(office.deeds().iter().any(|deed| deed == "exported"));

    office.surely(&["person", "erase", CALLER]);
    assert_eq!(office.code(&["calls", "evidence", &id]), NOT_PROVED);
    let told = evidence_json(&id);
    let evidence = &told["evidence"];
    assert_eq!((&evidence["row"], &evidence["line"]), (&false.into(), &Value::Null), "{told}");
    assert!(evidence["log"].as_array().unwrap().iter().any(|entry| entry["deed"] == "note_kept"), "{told}");
    assert!(evidence["not_on_record"].to_string().contains("it was erased"), "{told}");
    assert!(!told.to_string().contains(CALLER));
}

/// What `calls evidence` ends with where nothing contradicts the announcement, and not both tell of it.
const NOT_PROVED: i32 = 11;

#[test]
fn an_announcement_is_proved_by_row_and_log_and_contradicted_by_times_that_do_not_fit() {
    let office = Office::open();
    let id = office.announced(20);
    let evidence = ["calls", "evidence", id.as_str()];
    let text = office.ends(0, &evidence);
    assert!(text.contains("Announced: proved, by row and log"), "{text}");
    for holds in [
        "by the log's order nothing was listened to before the notice had been played to its end",
        "row and log date the notice alike, to 5 s",
        "came in this order (5 s are allowed between two clocks)",
    ] {
        assert!(
            text.lines().any(|line| line.starts_with("  yes") && line.contains(holds)),
            "{holds}: {text}"
        );
    }
    let raw = rusqlite::Connection::open(office.database()).unwrap();
    let change = |sql: &str| raw.execute(&format!("{sql} = '{id}'"), []).unwrap();
    assert_eq!(change("UPDATE calls SET announced = announced + 6000 WHERE id"), 1);
    let text = office.ends(1, &evidence);
    assert!(text.contains("NO   row and log date the notice alike"), "{text}");
    assert!(text.contains("Announced: not proved: a comparison below fails"), "{text}");
    change("UPDATE calls SET announced = announced - 6000 WHERE id");
    office.ends(0, &evidence);
    for (what, moved, back) in [
        ("calls SET offered = offered", "+ 20000 WHERE id", "- 20000 WHERE id"),
        ("announcements SET ended = ended", "+ 20000 WHERE call", "- 20000 WHERE call"),
        ("calls SET ended = ended", "- 60000 WHERE id", "+ 60000 WHERE id"),
    ] {
        assert_eq!(change(&format!("UPDATE {what} {moved}")), 1);
        let text = office.ends(1, &evidence);
        assert!(text.contains("NO   offered, notice, its end"), "{what}: {text}");
        change(&format!("UPDATE {what} {back}"));
    }
    office.ends(0, &evidence);
}

#[test]
fn of_a_call_that_a_restore_brought_back_nothing_is_said_to_hold_that_the_log_does_not_tell() {
    let office = Office::open();
    let id = office.announced(20);
    let copy = office.folder.path().join("copy.db");
    office.says(&["store", "backup", copy.to_str().unwrap()]);
    // A database that is there already has a log of its own.
    let office = Office::open();
    office.says(&["store", "restore", copy.to_str().unwrap()]);
    let told = office.ends(NOT_PROVED, &["calls", "evidence", &id, "--json"]);
    let told: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    let evidence = &told["evidence"];
    let log = evidence["log"].as_array().unwrap();
    assert_eq!((log.len(), &log[0]["deed"]), (1, &"restored".into()), "{told}");
    assert_eq!(evidence["announcement"], "not_proved", "{told}");
    assert!(evidence["restored"].is_string(), "{told}");
    assert!(
        evidence["not_on_record"].to_string().contains("before a restore brought its row back"),
        "{told}"
    );
    let order = |check: &&Value| check["what"].as_str().unwrap().starts_with("by the log's order");
    let checks = evidence["checks"].as_array().unwrap();
    assert_eq!(checks.iter().find(order).unwrap()["holds"], Value::Null, "{told}");
    // Asked again there is an entry of the call: that it was asked about.
    let text = office.ends(NOT_PROVED, &["calls", "evidence", &id]);
    assert!(text.contains("Announced: not proved: a restore brought the row back"), "{text}");
    assert!(text.contains("  restored   from a copy, 2"), "{text}");
    let asked = text.lines().find(|line| line.contains("exported evidence")).unwrap();
    assert!(asked.ends_with("(somebody asked for this evidence, no part of the call)"), "{asked}");
    office.surely(&["person", "erase", "--call", &id]);
    let text = office.ends(NOT_PROVED, &["calls", "evidence", &id]);
    assert!(text.contains("Announced: not proved: there is no row"), "{text}");
    assert!(!text.contains("yes  by the log's order"), "{text}");
}

/// Somebody wrote another outcome into the row than the one that the log tells.
#[test]
fn evidence_of_a_row_that_the_log_does_not_bear_out_says_no_and_fails() {
    let office = Office::open();
    let raw = rusqlite::Connection::open(office.database()).unwrap();
    raw.execute_batch(
        "UPDATE calls SET reason = 'objection', words = NULL, listened_ms = NULL, speech_ms = NULL,
            recognised_ms = NULL, lost_packets = NULL, agent_heard = NULL WHERE reason = 'too_short'",
    )
    .unwrap();
    let told = office.ask(&["calls", "evidence", &CallId(2).to_string()]);
    let text = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.status.code(), Some(1), "{text}");
    assert!(text.contains("NO   row and log say the same of what was kept"), "{text}");
}

#[test]
fn a_receipt_is_matched_to_its_number_by_whoever_names_it_and_by_nobody_else() {
    let office = Office::open();
    let receipt = office.surely(&["person", "erase", CALLER, "--also-requests"]);
    let code = receipt["receipt"].as_str().unwrap();
    assert!(!receipt.to_string().contains("621987654") && !office.holds("621987654"), "{receipt}");
    let fits = office.json(&["person", "receipt", code, "+352 621 987 654"]);
    assert_eq!((&fits["calls"], &fits["erased"]), (&2.into(), &receipt["erased"]), "{fits}");
    assert!(
        office
            .says(&["person", "receipt", code, CALLER])
            .starts_with("The receipt fits: 2 calls were erased")
    );
    assert_eq!(office.code(&["person", "receipt", code, "+33140000099"]), 1);
    assert_eq!(office.code(&["person", "receipt", code]), 1);
    assert_eq!(office.code(&["person", "receipt", &"0".repeat(32), CALLER]), 1);
    assert_eq!(office.code(&["person", "receipt", "abc", CALLER]), 2);
    assert!(!office.holds("621987654"), "and asking keeps nothing either");
}

#[test]
fn calls_are_listed_by_several_reasons_at_once() {
    let office = Office::open();
    let store = Store::open(&office.database()).unwrap();
    for (id, reason) in [(6, NoSummary::Objection), (7, NoSummary::ObjectionSuspected), (8, NoSummary::Fax)] {
        let outcome = Outcome::NotNoted(reason);
        wait(store.keep(CallRecord { outcome, heard: None, ..call(id, Some(CALLER), None) })).unwrap();
    }
    let ids = |words: &[&str]| {
        let listed = office.json(&[&["calls", "list"], words].concat());
        let calls = listed["calls"].as_array().unwrap().clone();
        calls.iter().map(|call| call["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let objections = [7, 6].map(|id| CallId(id).to_string());
    assert_eq!(ids(&["--reason", "objection,objection_suspected"]), objections);
    assert_eq!(ids(&["--reason", "objection", "--reason", "objection_suspected"]), objections);
    assert_eq!(ids(&["--reason", "fax"]), [CallId(8).to_string()]);
    assert_eq!(ids(&[]).len(), 7);
    assert_eq!(office.code(&["calls", "list", "--reason", "objection,weather"]), 2);
}

#[test]
fn one_is_told_as_one() {
    let office = Office::open();
    let one = "+33140000099";
    assert!(office.says(&["person", "find", one]).contains("1 call, 0 entries not to be contacted"));
    assert!(office.says(&["calls", "history", one]).contains("1 call, 1 note, 0 promises open"));
    assert!(office.says(&["person", "erase", one]).contains("1 call and its note would be erased"));
    assert!(office.says(&["person", "hold", one]).contains("1 call would get the mark"));
    let word = office.json(&["person", "object", one])["confirm"].as_str().unwrap().to_owned();
    let receipt = office.says(&["person", "object", one, "--confirm", &word]);
    assert!(receipt.contains("1 note is restricted"), "{receipt}");
    let csv = office.folder.path().join("list.csv");
    std::fs::write(&csv, "number\n+49301111\n").unwrap();
    let import = office.says(&["contacts", "import", csv.to_str().unwrap(), "--dry-run"]);
    assert_eq!(import, "1 entry would be added\n");
    for told in [&["log", "verify"][..], &["log", "prune", "--keep-days", "36500"]] {
        let text = office.says(told);
        assert!(!text.contains(" 1 entries") && text.contains("entries"), "{text}");
    }
}

/// Also a number that is only asked about in lists.
#[test]
fn whoever_is_listed_for_and_unknown_is_not_kept_for_that() {
    let office = Office::open();
    let stranger = "+352661777888";
    office.says(&["calls", "list", "--number", stranger]);
    office.says(&["calls", "history", stranger]);
    office.says(&["contacts", "list", "--number", stranger]);
    assert!(!office.holds(&stranger[1..]));
}

#[test]
fn after_an_erasure_no_byte_of_the_calls_is_left_and_the_request_still_protects() {
    let office = Office::open();
    assert!(office.holds("Quetzalcoatlus"));
    let receipt = office.surely(&["person", "erase", CALLER]);
    assert_eq!(receipt["calls"].as_array().unwrap().len(), 2, "{receipt}");
    assert_eq!(receipt["do_not_contact_kept"], 1);
    assert!(!office.holds("Quetzalcoatlus") && office.holds("A price was asked."));
    assert_eq!(office.code(&["contacts", "check", CALLER]), 10);
    let receipt = office.surely(&["person", "erase", CALLER, "--also-requests"]);
    assert_eq!(receipt["do_not_contact_erased"], 1, "{receipt}");
    assert!(!office.holds(&CALLER[1..]), "the number is gone from every file");
    assert_eq!(office.code(&["contacts", "check", CALLER]), 0);
    office.says(&["log", "verify"]);
}

/// From what a caller says on the simulated switch, by the real note engine, to the search of every byte.
#[test]
fn a_wish_that_was_spoken_outlives_the_erasure_of_its_call_and_its_moment_leads_nowhere() {
    let canary = Canary::saying(
        "My dishwasher is leaking and the kitchen floor is wet. And please do not call me with any offers any more.",
    );
    let (stage, mut callgist) = spoken(&canary, |_, settings| settings);
    let call = stage.call(stage.talk(10));
    let row = callgist.kept();
    let (id, note) =
        (row["id"].as_str().unwrap(), row["summary"].as_str().unwrap_or_else(|| panic!("{row}")));
    stage.ended(call);

    let caller = row["caller"].as_str().unwrap();
    let listed = || callgist.ask(&["contacts", "list"])[0]["do_not_contact"].clone();
    let wish = listed()[0].clone();
    assert_eq!(
        (&wish["state"], &wish["number"], &wish["call"]),
        (&"pending".into(), &row["caller"], &row["id"])
    );
    assert_eq!(wish["scope"], serde_json::json!(["calls"]), "{wish}");
    let created = wish["created"].as_str().unwrap();
    assert!(created.contains("T00:00:00") && created != row["ended"], "{wish} {row}");

    let store = callgist.path("store");
    assert!(holds(&store, note) && holds(&store, id));
    let word = callgist.ask(&["person", "erase", caller])[0]["confirm"].as_str().unwrap().to_owned();
    let receipt = callgist.ask(&["person", "erase", caller, "--confirm", &word]);
    assert_eq!((&receipt[0]["calls"][0], &receipt[0]["do_not_contact_kept"]), (&row["id"], &1.into()));
    assert!(!holds(&store, note), "no byte of the note is left");
    assert_eq!((&listed()[0]["number"], &listed()[0]["call"]), (&row["caller"], &Value::Null));
    for entry in callgist.ask(&["log", "export"]) {
        assert!(entry["call"].is_null() || entry["person"].is_null(), "{entry}");
    }
}

/// The same for a person's rights, one after the other.
#[test]
fn each_right_holds_from_what_was_said_on_a_call_to_the_bytes_of_the_files() {
    let canary = Canary::saying("My dishwasher is leaking and the kitchen floor is wet.");
    let (stage, mut callgist) = spoken(&canary, |_, settings| settings);
    let call = stage.call(stage.talk(10));
    let row = callgist.kept();
    stage.ended(call);
    let (id, caller) = (row["id"].as_str().unwrap(), row["caller"].as_str().unwrap());
    let store = callgist.path("store");
    assert!(holds(&store, "dishwasher"), "{row}\n{}", callgist.log());

    // Access, and the data to take along.
    let export = told(&callgist, 0, &["person", "export", caller]);
    assert!(export.contains("dishwasher") && export.contains(caller), "{export}");
    let export = told(&callgist, 0, &["person", "export", caller, "--format", "json"]);
    let data: Value = serde_json::from_str(&export[..=export.rfind('}').unwrap()]).unwrap();
    assert_eq!(
        (&data["calls"][0]["id"], &data["calls"][0]["summary"]),
        (&row["id"], &row["summary"]),
        "{data}"
    );

    // Restriction.
    let reads: [&[&str]; 6] = [
        &["calls", "list"],
        &["calls", "list", "--json"],
        &["calls", "show", id],
        &["calls", "show", id, "--json"],
        &["calls", "history", caller],
        &["calls", "history", caller, "--json"],
    ];
    let read = |word: &str| reads.map(|words| told(&callgist, 0, words).contains(word));
    assert_eq!(read("dishwasher"), [true; 6]);
    surely(&callgist, &["person", "restrict", caller]);
    assert_eq!(read("dishwasher"), [false; 6]);
    surely(&callgist, &["person", "restrict", caller, "--lift"]);
    assert_eq!(read("dishwasher"), [true; 6]);

    // Rectification, which the guard looks at.
    let wrong = "The dryer is leaking. Her husband has diabetes.";
    let refused = told(&callgist, 1, &["person", "rectify", id, "--text", wrong]);
    assert!(refused.contains("health") && refused.contains("\"Her husband has diabetes.\""), "{refused}");
    assert!(holds(&store, "dishwasher") && !holds(&store, "diabetes"));
    callgist.ask(&["person", "rectify", id, "--text", "The dryer is leaking."]);
    assert!(!holds(&store, "dishwasher"), "a byte of the old note is left");
    assert_eq!((read("dryer"), read("dishwasher")), ([true; 6], [false; 6]));

    // Objection after the call: it is never heard again, and what there is cannot be read.
    surely(&callgist, &["person", "object", caller]);
    assert_eq!(read("dryer"), [false; 6]);
    let call = stage.call(stage.talk(3));
    let next = callgist.kept();
    assert_eq!(
        (&next["no_summary_reason"], &next["announced"]),
        (&"excluded".into(), &Value::Null),
        "{next}"
    );
    assert!(stage.ended(call).taps.is_empty());
    assert!(!holds(&store, "dishwasher"));

    // Erasure, and a copy of before that is brought back.
    let copy = callgist.path("copy.db");
    told(&callgist, 0, &["store", "backup", copy.to_str().unwrap()]);
    callgist.ask_to_stop();
    callgist.ended();
    let receipt = surely(&callgist, &["person", "erase", caller, "--also-requests"]);
    assert_eq!(receipt["calls"].as_array().unwrap().len(), 2, "{receipt}");
    let gone = || ["dryer", &caller[1..], &caller[4..], id].map(|text| holds(&store, text));
    assert_eq!(gone()[..3], [false; 3]);
    assert!(told(&callgist, 1, &["person", "export", caller]).contains("nothing is kept"));
    let restored = callgist.ask(&["store", "restore", copy.to_str().unwrap()]);
    assert_eq!((&restored[0]["calls"], &restored[0]["stay_erased"]), (&0.into(), &2.into()), "{restored:?}");
    assert!(!gone()[0], "the copy brought the note back");
    assert_eq!(callgist.ask(&["log", "verify"])[0]["faults"], Value::Array(vec![]));
}

#[test]
fn a_consent_that_is_withdrawn_in_the_call_or_after_it_leaves_no_byte_of_a_note() {
    let canary = Canary::saying("My dishwasher is leaking and the kitchen floor is wet.");
    let (stage, mut callgist) =
        spoken(&canary, |stage, settings| asking(&settings, &stage.folder.path().join("question.wav")));
    let yes = (When::Noticed(NOTICE + IN_THE_QUESTION), Act::Keys(Party::Caller, "1".into()));
    let no = (When::Bridged(Duration::from_secs(4)), Act::Keys(Party::Caller, "*9".into()));
    let store = callgist.path("store");

    let call = stage.call(Script { events: vec![yes.clone(), no], ..stage.talk(10) });
    let row = callgist.kept();
    stage.ended(call);
    assert_eq!(
        (&row["no_summary_reason"], &row["consent"]["given"]),
        (&"objection".into(), &true.into()),
        "{row}"
    );
    assert!(!holds(&store, "dishwasher"));

    let call = stage.call(Script { events: vec![yes], ..stage.talk(10) });
    let row = callgist.kept();
    stage.ended(call);
    assert_eq!(row["consent"]["given"], true, "{row}");
    assert!(holds(&store, "dishwasher"), "{row}");
    // As the texts promise: what there is goes, and no call is summarised again.
    let caller = row["caller"].as_str().unwrap();
    surely(&callgist, &["person", "object", caller]);
    surely(&callgist, &["person", "erase", caller]);
    assert!(!holds(&store, "dishwasher"), "a byte of the note is left");
    let call = stage.call(stage.talk(3));
    let row = callgist.kept();
    assert_eq!((&row["no_summary_reason"], &row["announced"]), (&"excluded".into(), &Value::Null), "{row}");
    assert!(stage.ended(call).taps.is_empty());
}

/// A stage, and a Callgist whose ear hears what the canary says; `change` may change its settings.
fn spoken(canary: &Canary, change: impl FnOnce(&Stage, String) -> String) -> (Stage, Sidecar) {
    let stage = Stage::set();
    let at = |name: &str| stage.folder.path().join(name);
    let (password_file, notice) = (&at("password"), &at("notice.wav"));
    let at = At { event_socket: stage.switch.event_socket().port(), password_file, notice };
    let callgist = Sidecar::canary_with(&at, canary, |settings| change(&stage, settings));
    (stage, callgist)
}

/// All that a command says that ends so, of the database of a Callgist.
#[track_caller]
fn told(callgist: &Sidecar, code: i32, words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_callgist"))
        .args(words)
        .arg("--config")
        .arg(callgist.path("callgist.toml"))
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
    said
}

/// Does what a dry run says, with the word that it prints.
#[track_caller]
fn surely(callgist: &Sidecar, words: &[&str]) -> Value {
    let word = callgist.ask(words)[0]["confirm"].as_str().unwrap().to_owned();
    callgist.ask(&[words, &["--confirm", &word]].concat())[0].clone()
}

#[test]
fn what_was_kept_before_the_callers_country_was_known_is_found_and_goes_with_the_rest() {
    let office = Office::open();
    let store = Store::open(&office.database()).unwrap();
    let (national, bare) = ("621987654", "352621987654");
    wait(store.keep(call(5, Some(national), Some("The Parasaurolophus boiler drips.")))).unwrap();
    wait(store.keep(call(6, Some(bare), None))).unwrap();
    drop(store);
    // As somebody wrote it into a list, and as a caller was shown when he objected.
    office.says(&["contacts", "add", national, "--channels", "calls", "--purpose", "everything"]);
    office.surely(&["person", "object", national]);
    let found = office.json(&["person", "find", CALLER]);
    assert_eq!(found["calls"].as_array().unwrap().len(), 4, "{found}");
    assert_eq!(found["do_not_contact"].as_array().unwrap().len(), 2, "{found}");
    assert_eq!(found["standing_objection"], true, "{found}");
    assert_eq!(office.json(&["person", "find", bare])["calls"].as_array().unwrap().len(), 3);
    assert_eq!(office.code(&["contacts", "check", CALLER, "--purpose", "service"]), 10);
    let export = office.says(&["person", "export", CALLER]);
    assert!(export.contains("Parasaurolophus"), "{export}");
    let receipt = office.surely(&["person", "erase", CALLER, "--also-requests"]);
    assert_eq!(receipt["calls"].as_array().unwrap().len(), 4, "{receipt}");
    assert_eq!(
        (&receipt["do_not_contact_erased"], &receipt["standing_objection_kept"]),
        (&2.into(), &false.into())
    );
    assert!(!office.holds(national), "the number is gone from every file");
    office.says(&["log", "verify"]);
}

#[test]
fn an_erasure_asks_twice_and_the_word_fits_only_what_was_shown() {
    let office = Office::open();
    let word = office.json(&["person", "erase", CALLER])["confirm"].as_str().unwrap().to_owned();
    assert!(office.holds("Quetzalcoatlus"));
    assert_eq!(office.code(&["person", "erase", CALLER, "--also-requests", "--confirm", &word]), 1);
    wait(Store::open(&office.database()).unwrap().keep(call(9, Some(CALLER), None))).unwrap();
    assert_eq!(office.code(&["person", "erase", CALLER, "--confirm", &word]), 1);
    assert!(office.holds("Quetzalcoatlus"));
    let foreign = CallId(3).to_string();
    assert_eq!(office.code(&["person", "erase", CALLER, "--call", &foreign]), 1);
    assert_eq!(office.code(&["person", "erase"]), 2);
}

/// Also what was shown has changed since, and not which calls there are.
#[test]
fn a_word_from_before_a_hold_a_restriction_an_objection_or_a_wish_does_not_fit() {
    let office = Office::open();
    let id = CallId(1).to_string();
    let wish = ["contacts", "add", CALLER, "--channels", "sms", "--purpose", "advertising"];
    type Change<'a> = (&'a str, Box<dyn Fn() + 'a>);
    let changes: [Change; 4] = [
        ("a hold", Box::new(|| drop(office.surely(&["person", "hold", "--call", &id])))),
        ("a restriction", Box::new(|| drop(office.surely(&["person", "restrict", "--call", &id])))),
        ("an objection", Box::new(|| drop(office.surely(&["person", "object", CALLER])))),
        ("a wish", Box::new(|| drop(office.says(&wish)))),
    ];
    let commands: [&[&str]; 4] = [
        &["person", "erase", CALLER],
        &["person", "erase", CALLER, "--also-requests"],
        &["person", "object", CALLER],
        &["person", "restrict", CALLER],
    ];
    for (what, change) in &changes {
        let words = commands.map(|command| office.json(command)["confirm"].as_str().unwrap().to_owned());
        change();
        for (command, word) in commands.iter().zip(&words) {
            let told = office.ends(1, &[*command, &["--confirm", word]].concat());
            assert!(told.contains("the word does not fit"), "{what}, {command:?}: {told}");
        }
    }
    assert!(office.holds("Quetzalcoatlus"));
}

#[test]
fn whoever_asks_about_a_number_is_told_which_was_looked_for_and_when_nothing_is_kept_of_it() {
    let office = Office::open();
    let (stranger, spelled) = ("+352661777888", "+352 661 777 888");
    assert!(office.says(&["person", "find", "+352 621 987 654"]).contains(&format!("Of {CALLER}: 2 calls")));
    assert_eq!(office.json(&["person", "find", CALLER])["number"], CALLER);
    assert_eq!(office.json(&["person", "erase", CALLER])["number"], CALLER);
    assert!(office.says(&["person", "erase", CALLER]).contains(&format!("Dry run, of {CALLER}: ")));
    assert!(office.ends(0, &["person", "export", CALLER]).contains(&format!("looked for {CALLER}")));
    for command in [&["person", "export", spelled][..], &["person", "erase", spelled, "--also-requests"]] {
        let told = office.ask(command);
        let said = String::from_utf8(told.stderr).unwrap();
        assert_eq!((told.status.code(), told.stdout.as_slice()), (Some(1), &b""[..]), "{said}");
        assert!(said.contains(&format!("nothing is kept of {stranger}")), "{said}");
    }
    let told = office.ends(1, &["person", "export", spelled, "--format", "json"]);
    assert!(told.contains("\"nothing_kept\":true") && told.contains(stranger), "{told}");
    assert!(!office.deeds().iter().any(|deed| deed == "erased"));
    assert!(!office.holds(&stranger[1..]));
    // What protects alone is no call that could be erased.
    office.says(&["contacts", "add", stranger, "--channels", "calls", "--purpose", "everything"]);
    assert!(office.ends(1, &["person", "erase", stranger]).contains("only with --also-requests"));
    assert_eq!(office.surely(&["person", "erase", stranger, "--also-requests"])["do_not_contact_erased"], 1);
}

/// The office with a key for its list, which the next start encrypts.
struct KeyedOffice {
    office: Office,
    key: String,
}

impl KeyedOffice {
    fn open() -> KeyedOffice {
        let office = Office::open();
        let key = key_file(office.folder.path(), "contacts.key", "7f");
        let database =
            Database { contacts: Some(ContactsKey::read(&key).unwrap()), ..(&office.database()).into() };
        drop(Store::open(database).unwrap());
        KeyedOffice { office, key: key.to_str().unwrap().to_owned() }
    }

    fn ask(&self, words: &[&str]) -> Output {
        self.office.ask(&[words, &["--contacts-key-file", &self.key]].concat())
    }

    #[track_caller]
    fn says(&self, words: &[&str]) -> String {
        self.office.says(&[words, &["--contacts-key-file", &self.key]].concat())
    }

    fn code(&self, words: &[&str]) -> i32 {
        self.ask(words).status.code().unwrap()
    }
}

fn key_file(folder: &Path, name: &str, byte: &str) -> PathBuf {
    let file = folder.join(name);
    std::fs::write(&file, byte.repeat(32)).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    file
}

#[test]
fn a_list_that_is_encrypted_is_imported_asked_shown_and_answered_about_as_before() {
    let keyed = KeyedOffice::open();
    let (new, office) = ("+49309018201", &keyed.office);
    let csv = office.folder.path().join("list.csv");
    std::fs::write(&csv, format!("number,channels,purpose\n{new},calls,everything\n")).unwrap();
    keyed.says(&["contacts", "import", csv.to_str().unwrap()]);
    assert!(!office.holds(&new[1..]));
    assert_eq!(keyed.code(&["contacts", "check", new, "--purpose", "service"]), 10);
    assert_eq!(keyed.code(&["contacts", "check", CALLER]), 10);
    assert_eq!(keyed.code(&["contacts", "check", "+49309018202"]), 0);
    let table = keyed.says(&["contacts", "list"]);
    assert!(table.contains("...201") && table.contains("...654") && !table.contains(&new[1..]), "{table}");
    assert!(keyed.says(&["contacts", "list", "--json"]).contains(new));
    assert!(keyed.says(&["person", "export", CALLER]).contains("not looked at yet, and protecting"));
    assert_eq!(
        office.code(&["contacts", "check", new]),
        5,
        "without the key it is not known, so it is not done"
    );
    let told = office.ask(&["calls", "list"]);
    assert!(String::from_utf8(told.stderr).unwrap().contains("[store] contacts_key_file"));
    let wrong = key_file(office.folder.path(), "wrong.key", "80");
    assert_eq!(office.code(&["contacts", "list", "--contacts-key-file", wrong.to_str().unwrap()]), 5);
}

#[test]
fn once_the_calls_of_an_encrypted_entry_are_erased_no_file_holds_its_number_and_it_protects_all_the_same() {
    let keyed = KeyedOffice::open();
    let erase = ["person", "erase", CALLER, "--json"];
    let dry: Value = serde_json::from_str(&keyed.says(&erase)).unwrap();
    let sure = ["--confirm", dry["confirm"].as_str().unwrap()];
    let receipt: Value = serde_json::from_str(&keyed.says(&[&erase[..], &sure].concat())).unwrap();
    assert_eq!((receipt["calls"].as_array().unwrap().len(), &receipt["do_not_contact_kept"]), (2, &1.into()));
    assert!(!keyed.office.holds(&CALLER[1..]) && !keyed.office.holds(&CALLER[4..]));
    assert_eq!(keyed.code(&["contacts", "check", CALLER]), 10);

    let copy = keyed.office.folder.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    keyed.says(&["store", "backup", copy]);
    std::fs::remove_dir_all(keyed.office.folder.path().join("data")).unwrap();
    let other = key_file(keyed.office.folder.path(), "other.key", "80");
    let other = ["--contacts-key-file", other.to_str().unwrap()];
    let restore = ["store", "restore", copy, "--json"];
    let refused = keyed.office.ask(&[&restore[..], &other].concat());
    assert!(String::from_utf8(refused.stderr).unwrap().contains("--copy-contacts-key-file"));
    let named = ["--copy-contacts-key-file", &keyed.key];
    let restored: Value =
        serde_json::from_str(&keyed.office.says(&[&restore[..], &other, &named].concat())).unwrap();
    assert_eq!(restored["do_not_contact"], 1, "{restored}");
    assert_eq!(keyed.office.code(&[&["contacts", "check", CALLER][..], &other].concat()), 10);
    assert!(!keyed.office.holds(&CALLER[4..]));
}

#[test]
fn what_was_erased_stays_erased_after_a_restore() {
    let office = Office::open();
    let copy = office.folder.path().join("copy.db");
    office.says(&["store", "backup", copy.to_str().unwrap()]);
    office.surely(&["person", "erase", CALLER]);
    let restored = office.json(&["store", "restore", copy.to_str().unwrap()]);
    assert_eq!((&restored["calls"], &restored["stay_erased"]), (&0.into(), &2.into()), "{restored}");
    assert!(!office.holds("Quetzalcoatlus"));
    assert_eq!(office.code(&["store", "backup", copy.to_str().unwrap()]), 5);
    std::fs::remove_dir_all(office.folder.path().join("data")).unwrap();
    let restored = office.json(&["store", "restore", copy.to_str().unwrap()]);
    assert_eq!((&restored["calls"], &restored["database_was_new"]), (&4.into(), &true.into()), "{restored}");
    office.says(&["log", "verify"]);
}

#[test]
fn a_caller_who_withheld_the_number_is_found_by_line_and_time() {
    let office = Office::open();
    let listed = office.json(&["calls", "list", "--withheld", "--line", "main", "--since", "2026-11-23"]);
    let id = listed["calls"][0]["id"].as_str().unwrap();
    assert_eq!(listed["calls"].as_array().unwrap().len(), 1, "{listed}");
    let receipt = office.surely(&["person", "erase", "--call", id]);
    assert_eq!(receipt["calls"], Value::from(vec![id]));
    assert!(!office.holds("opening hours"));
}

#[test]
fn an_objection_restricts_the_notes_and_stands_until_it_is_taken_back() {
    let office = Office::open();
    office.surely(&["person", "object", CALLER]);
    let id = CallId(1).to_string();
    let shown = office.json(&["calls", "show", &id]);
    assert_eq!((&shown["summary"], &shown["restricted"]), (&Value::Null, &true.into()), "{shown}");
    assert!(!office.says(&["calls", "list"]).contains("Quetzalcoatlus"));
    assert!(office.says(&["person", "export", CALLER]).contains("Quetzalcoatlus"));
    assert_eq!(office.json(&["person", "find", CALLER])["standing_objection"], true);
    let standing = office.json(&["person", "objections"]);
    assert_eq!(standing["standing_objections"][0]["number"], CALLER, "{standing}");
    assert!(office.says(&["person", "objections"]).ends_with("1 standing objection\n"));
    let word = office.json(&["person", "object", CALLER, "--withdraw"]);
    let word = word["confirm"].as_str().unwrap();
    office.says(&["person", "object", CALLER, "--withdraw", "--confirm", word]);
    assert_eq!(office.json(&["person", "find", CALLER])["standing_objection"], false);
    office.surely(&["person", "restrict", CALLER, "--lift"]);
    assert!(office.says(&["calls", "show", &id]).contains("Quetzalcoatlus"));
}

#[test]
fn restricted_notes_are_listed_and_said_to_be_kept_until_somebody_decides() {
    let office = Office::open();
    let listed = |more: &[&str]| {
        let listed = office.json(&[&["calls", "list", "--restricted"], more].concat());
        listed["calls"].as_array().unwrap().iter().map(|call| call["id"].clone()).collect::<Vec<_>>()
    };
    assert!(listed(&[]).is_empty());
    let dry = office.says(&["person", "object", CALLER]);
    assert!(dry.contains("their notes are kept until you decide: lift or erase"), "{dry}");
    let confirm = |words: &[&str]| {
        let word = office.json(words)["confirm"].as_str().unwrap().to_owned();
        office.says(&[words, &["--confirm", &word]].concat())
    };
    let receipt = confirm(&["person", "object", CALLER]);
    assert!(receipt.contains("kept until you decide") && receipt.contains("restrict +352621987654 --lift"));
    assert_eq!(listed(&[]), [Value::from(CallId(1).to_string())]);
    assert!(listed(&["--number", "+33140000099"]).is_empty());
    let again = office.says(&["person", "object", CALLER]);
    assert!(again.contains("One is kept already, of "), "{again}");
    let receipt = confirm(&["person", "object", CALLER, "--withdraw"]);
    assert!(receipt.starts_with("Receipt, ") && receipt.contains("the standing objection is taken back"));
    assert!(receipt.contains("1 call stays restricted") && receipt.contains("--lift"), "{receipt}");
    assert_eq!(office.code(&["person", "object", CALLER, "--withdraw"]), 1, "it is taken back");
    office.surely(&["person", "object", CALLER]);
    let told = office.surely(&["person", "object", CALLER, "--withdraw"]);
    assert_eq!((&told["stay_restricted"], told["withdrawn"].is_string()), (&1.into(), true), "{told}");
    office.surely(&["person", "restrict", CALLER, "--lift"]);
    assert!(listed(&[]).is_empty());
}

#[test]
fn an_erasure_that_takes_a_standing_objection_along_says_so() {
    let office = Office::open();
    office.surely(&["person", "object", CALLER]);
    let words = ["person", "erase", CALLER, "--also-requests"];
    let word = office.json(&words)["confirm"].as_str().unwrap().to_owned();
    let receipt = office.says(&[&words[..], &["--confirm", &word]].concat());
    assert!(
        receipt.contains(
            "taken back: the standing objection; calls of the number are announced and heard again"
        )
    );
    assert!(receipt.contains("Callgist made no recording and no transcript."), "{receipt}");
    assert!(!receipt.contains("621987654"), "{receipt}");
    office.surely(&["person", "object", CALLER]);
    let receipt = office.surely(&words);
    assert_eq!(
        (&receipt["standing_objection_erased"], &receipt["standing_objection_kept"]),
        (&true.into(), &false.into()),
        "{receipt}"
    );
}

#[test]
fn a_note_is_put_right_and_nothing_of_the_old_one_is_left() {
    let office = Office::open();
    let id = CallId(1).to_string();
    let card = ["person", "rectify", &id, "--text", "Card 4111 1111 1111 1111 was named."];
    assert_eq!(office.code(&card), 1);
    office.says(&["person", "rectify", &id, "--text", "The heating was warm."]);
    let shown = office.json(&["calls", "show", &id]);
    assert_eq!((&shown["summary"], &shown["corrected"]), (&"The heating was warm.".into(), &true.into()));
    assert!(!office.holds("Quetzalcoatlus"));
}

#[test]
fn what_the_guard_finds_in_a_corrected_text_is_refused_by_kind_and_sentence_in_the_language_of_the_call() {
    let office = Office::open();
    let store = Store::open(&office.database()).unwrap();
    let draft = Some(Draft { until: UtcMillis(now_ms() + 600_000), discard: false });
    for (id, language) in [(31, Language::En), (32, Language::De), (33, Language::Fr)] {
        let row = call(id, Some(CALLER), Some("Velociraptor."));
        wait(store.keep(CallRecord { language, draft, ..row })).unwrap();
    }
    let texts = [
        (31, "health", "The lift is slow. Her husband has diabetes."),
        (31, "secret", "The password is sunflower."),
        (32, "health", "Der Aufzug ist langsam. Ihr Mann hat Diabetes."),
        (32, "name", "Hr. Weber ruft am Freitag zurück."),
        (33, "health", "L'ascenseur est lent. Son mari a du diabète."),
        (33, "address", "Le technicien vient au 14 rue des Tanneurs."),
    ];
    let file = office.folder.path().join("text");
    for (id, kind, text) in texts {
        let id = CallId(id).to_string();
        std::fs::write(&file, text).unwrap();
        for words in [["calls", "correct", &id, ""], ["person", "rectify", &id, "--file"]] {
            let mut words = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>();
            words.push(file.to_str().unwrap());
            let said = office.ends(1, &words);
            assert!(said.contains(&format!("  {kind}: ")) && said.contains("leave that out"), "{said}");
            assert!(said.contains("--accept"), "{said}");
        }
        let shown = office.json(&["calls", "show", &id]);
        assert_eq!((&shown["summary"], &shown["corrected"]), (&"Velociraptor.".into(), &false.into()));
    }
    assert!(!office.deeds().contains(&"corrected".to_owned()));
}

/// A false alarm must not stand against a person's right.
#[test]
fn what_a_person_wants_told_is_kept_when_it_is_accepted_by_kind_and_the_log_says_so_but_no_card_ever_is() {
    let office = Office::open();
    let id = CallId(1).to_string();
    let rectify = |code, more: &[&str]| {
        let words = ["person", "rectify", &id, "--text"];
        office.ends(code, &[&words, more].concat())
    };
    let text = "The lift is slow. Her husband has diabetes. Mr. Weber calls back.";
    let said = rectify(1, &[text]);
    assert!(said.contains("  health: ") && said.contains("  name: "), "{said}");
    assert!(said.contains("--accept name,health"), "{said}");
    rectify(1, &[text, "--accept", "health"]);
    assert!(!office.holds("diabetes"));
    let said = rectify(0, &[text, "--accept", "health,name"]);
    assert!(said.contains("you accepted: name, health"), "{said}");
    assert_eq!(office.json(&["calls", "show", &id])["summary"], text);
    let entries = |deed: &str| -> Vec<Value> {
        let log = office.says(&["log", "export"]);
        let entries = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        entries.filter(|entry| entry["deed"] == deed).collect()
    };
    let log = entries("corrected");
    assert_eq!(log.len(), 1, "{log:?}");
    assert_eq!(log[0]["detail"], "name+health", "{log:?}");
    assert!(!office.says(&["log", "export"]).contains("diabetes"));

    // Whether it has the shape of a number or only stands beside the word.
    for card in ["Card 4111 1111 1111 1111 was named.", "She pays with the card ending in 9410."] {
        let said = rectify(1, &[card, "--accept", "health,name,secret,birth,address,mail"]);
        assert!(said.contains("card") && !said.contains("add --accept"), "{said}");
    }
    assert!(rectify(2, &[text, "--accept", "card"]).contains("one of: secret, birth"));
    // Nothing was accepted where nothing was found.
    rectify(0, &["The lift is quick.", "--accept", "health"]);
    assert_eq!(entries("corrected")[1]["detail"], Value::Null);
    office.says(&["log", "verify"]);
}

#[test]
fn a_note_is_named_by_the_beginning_of_its_id_and_its_new_text_may_stand_in_a_file_or_come_in() {
    let office = Office::open();
    let id = "5f0c000000000001";
    let store = Store::open(&office.database()).unwrap();
    wait(store.keep(call(u64::from_str_radix(id, 16).unwrap(), None, Some("The Iguanodon is late."))))
        .unwrap();
    drop(store);
    let summary = || office.json(&["calls", "show", id])["summary"].clone();
    let file = office.folder.path().join("text");
    std::fs::write(&file, "The lift\n is late.\n").unwrap();
    office.says(&["person", "rectify", "5f0c", "--file", file.to_str().unwrap()]);
    assert_eq!(summary(), "The lift is late.");
    office.says(&["person", "rectify", "5f0c", "--text", "The lift is on time."]);
    assert_eq!(summary(), "The lift is on time.");
    let mut child = Command::new(env!("CARGO_BIN_EXE_callgist"))
        .args(["person", "rectify", "5f0c", "--database"])
        .arg(office.database())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"The lift is early.\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(summary(), "The lift is early.");
    std::fs::write(&file, " \n").unwrap();
    for empty in [&["--text", ""][..], &["--text", " "], &["--file", file.to_str().unwrap()]] {
        let told = office.ends(2, &[&["person", "rectify", "5f0c"], empty].concat());
        assert!(told.contains("the new text is empty") && told.contains("person erase --call"), "{told}");
    }
    assert_eq!(office.code(&["person", "rectify", "abcd", "--text", "Nobody."]), 1);
    assert_eq!(summary(), "The lift is early.");
}

#[test]
fn a_draft_is_corrected_approved_or_discarded_while_it_is_one_and_by_the_person_after_that() {
    let office = Office::open();
    let store = Store::open(&office.database()).unwrap();
    let until = |minutes: i64| UtcMillis(now_ms() + minutes * 60_000);
    let draft = |minutes| Some(Draft { until: until(minutes), discard: true });
    let drafted =
        |id, note, minutes| CallRecord { draft: draft(minutes), ..call(id, Some(CALLER), Some(note)) };
    wait(store.keep(drafted(11, "The Pterodactylus boiler is loud.", 10))).unwrap();
    wait(store.keep(drafted(12, "The Brachiosaurus door is open.", 10))).unwrap();
    wait(store.keep(drafted(13, "The Diplodocus roof is wet.", 10))).unwrap();
    wait(store.keep(drafted(14, "The Stegosaurus lift is slow.", -1))).unwrap();
    let [loud, open, wet, slow] = [11, 12, 13, 14].map(|id| CallId(id).to_string());
    assert_eq!(office.json(&["calls", "list", "--drafts"])["calls"].as_array().unwrap().len(), 3);
    assert!(office.says(&["calls", "show", &loud]).contains("A draft until"));

    let text = office.folder.path().join("text");
    std::fs::write(&text, "Card 4111 1111 1111 1111 was named.").unwrap();
    assert_eq!(office.code(&["calls", "correct", &loud, text.to_str().unwrap()]), 1);
    std::fs::write(&text, "The boiler\n  is quiet.\n").unwrap();
    office.says(&["calls", "correct", &loud, text.to_str().unwrap()]);
    let shown = office.json(&["calls", "show", &loud]);
    assert_eq!(
        (&shown["summary"], &shown["corrected"]),
        (&"The boiler is quiet.".into(), &true.into()),
        "{shown}"
    );
    assert!(!office.holds("Pterodactylus"));

    office.says(&["calls", "approve", &open]);
    let shown = office.json(&["calls", "show", &open]);
    assert_eq!((&shown["approved"], &shown["draft_until"]), (&true.into(), &Value::Null), "{shown}");
    assert_eq!(office.code(&["calls", "discard", &open]), 1, "it is no draft any more");

    office.says(&["calls", "discard", &wet]);
    let shown = office.json(&["calls", "show", &wet]);
    assert_eq!(
        (&shown["no_summary_reason"], &shown["topics"]),
        (&"discarded".into(), &Value::Null),
        "{shown}"
    );
    assert!(!office.holds("Diplodocus"));

    let late = office.ask(&["calls", "approve", &slow]);
    assert!(String::from_utf8(late.stderr).unwrap().contains("person rectify"));
    assert_eq!(office.code(&["calls", "approve", &CallId(1).to_string()]), 1, "it never was one");
    let deeds = office.deeds();
    for deed in ["corrected", "approved", "discarded"] {
        assert_eq!(deeds.iter().filter(|told| *told == deed).count(), 1, "{deed}: {deeds:?}");
    }
    office.says(&["log", "verify"]);
}

#[test]
fn a_held_call_is_neither_erased_nor_silently_left_out() {
    let office = Office::open();
    office.surely(&["person", "hold", CALLER]);
    let told = office.json(&["person", "erase", CALLER]).to_string();
    assert!(told.contains("0 calls and their notes would be erased for good, 2 would stay"), "{told}");
    let receipt = office.surely(&["person", "erase", CALLER]);
    assert_eq!((&receipt["held"], receipt["calls"].as_array().unwrap().len()), (&2.into(), 0), "{receipt}");
    assert!(office.holds("Quetzalcoatlus"));
}

#[test]
fn the_list_is_imported_asked_and_decided_on() {
    let office = Office::open();
    let csv = office.folder.path().join("list.csv");
    std::fs::write(&csv, "number,channels,purpose\n+49301111,calls,everything\n+49302222,pigeon,\n").unwrap();
    let csv = csv.to_str().unwrap();
    let refused = office.ask(&["contacts", "import", csv]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("line 3: channels") && !said.contains("49302222"), "{said}");
    assert_eq!(office.code(&["contacts", "check", "+49301111"]), 0, "all of them or none");
    std::fs::write(csv, "number,channels,purpose\n+49301111,calls,everything\n").unwrap();
    office.says(&["contacts", "import", csv]);
    let blocked = office.ask(&["contacts", "check", "+49301111", "--purpose", "service"]);
    assert_eq!((blocked.stdout.as_slice(), blocked.status.code()), (b"blocked\n".as_slice(), Some(10)));
    assert_eq!(office.code(&["contacts", "check", "+49301111", "--channel", "email"]), 0);
    let listed = office.json(&["contacts", "list", "--number", "+49301111"]);
    let id = listed["do_not_contact"][0]["id"].to_string();
    office.says(&["contacts", "withdraw", &id]);
    assert_eq!(office.says(&["contacts", "check", "+49301111"]), "not listed\n");
    assert_eq!(office.code(&["contacts", "reject", "999"]), 1);
    assert_eq!(office.code(&["contacts", "check", "nobody"]), 2);
}

#[test]
fn what_is_on_the_list_already_is_said_so_and_how_a_wish_came_is_told_by_list_and_answer() {
    let office = Office::open();
    let listed = || office.json(&["contacts", "list"])["do_not_contact"].as_array().unwrap().clone();
    assert_eq!(listed().len(), 1, "from a call: calls, for advertising");
    let same = ["contacts", "add", CALLER, "--channels", "calls"];
    assert!(office.says(&same).contains("entry 1 covers this already: nothing was added"));
    let told = office.json(&same);
    assert_eq!(
        (&told["added"], &told["already"]),
        (&Value::Array(vec![]), &serde_json::json!([1])),
        "{told}"
    );
    let wider = [&same[..3], &["--source", "letter", "--received", "2026-11-20", "--utc"]].concat();
    assert_eq!(office.json(&wider)["added"], serde_json::json!([2]));
    assert_eq!(listed().len(), 2);
    let table = office.says(&["contacts", "list"]);
    assert!(table.contains("command, letter 2026-11-"), "{table}");
    assert_eq!((&listed()[0]["via"], &listed()[0]["source"]), (&"letter".into(), &"command".into()));
    assert!(office.says(&["person", "export", CALLER]).contains("from our staff (by letter, 2026-11-"));
    let german = office.says(&["person", "export", CALLER, "--lang", "de"]);
    assert!(german.contains("(per Brief, 2026-11-"), "{german}");
    assert_eq!(office.code(&["contacts", "add", CALLER, "--source", "she rang up and cried"]), 2);
    assert_eq!(office.code(&["contacts", "add", CALLER, "--received", "2999-01-01"]), 2);

    let csv = office.folder.path().join("Stop list 2026.csv");
    std::fs::write(&csv, format!("number\n{CALLER}\n+49301111\n+49301111\n")).unwrap();
    let import = ["contacts", "import", csv.to_str().unwrap()];
    let dry = office.says(&[&import[..], &["--dry-run"]].concat());
    assert!(dry.contains("1 entry would be added; 2 there already"), "{dry}");
    assert_eq!(listed().len(), 2);
    assert_eq!(office.says(&import), "1 entry protects from now on; 2 there already\n");
    assert_eq!(listed()[0]["via"], "Stop_list_2026.csv");

    let ends = ["contacts", "add", "+49302222", "--expires"];
    office.says(&[&ends[..], &["2030-01-01", "--utc"]].concat());
    assert!(office.says(&[&ends[..], &["2031-01-01", "--utc"]].concat()).contains("lasts longer now"));
    let told = office.json(&["contacts", "list", "--number", "+49302222"]);
    let entries = told["do_not_contact"].as_array().unwrap();
    assert_eq!((entries.len(), &entries[0]["expires"]), (1, &"2031-01-01T00:00:00.000Z".into()), "{told}");
    office.says(&["log", "verify"]);
}

#[test]
fn days_and_months_are_those_of_the_hosts_zone_and_it_is_said_which() {
    let office = Office::open();
    // A quarter of an hour before midnight UTC, on the next day east of there.
    let store = Store::open(&office.database()).unwrap();
    let late = UtcMillis(1_796_082_300_000);
    wait(store.keep(CallRecord { offered: late, ended: late, ..call(30, None, None) })).unwrap();
    drop(store);
    let listed = |zone: &str, words: &[&str]| {
        let told = Command::new(env!("CARGO_BIN_EXE_callgist"))
            .args([&["calls", "list", "--json"], words].concat())
            .arg("--database")
            .arg(office.database())
            .env("TZ", zone)
            .output()
            .unwrap();
        let calls: Value = serde_json::from_slice(&told.stdout).unwrap();
        (calls["calls"].as_array().unwrap().len(), String::from_utf8(told.stderr).unwrap())
    };
    // POSIX has the sign the other way round.
    let east = "EST-2";
    let (december, said) = listed(east, &["--since", "2026-12"]);
    assert_eq!(december, 1, "{said}");
    assert!(
        said.contains("calls from 2026-12-01 00:00 ") && said.contains("which is 2026-11-30 22:00:00 UTC"),
        "{said}"
    );
    let (december, said) = listed(east, &["--since", "2026-12", "--utc"]);
    assert!(december == 0 && said.contains("calls from 2026-12-01 00:00:00 UTC"), "{december} {said}");
    assert_eq!(listed("UTC", &["--since", "2026-11-30", "--until", "2026-12"]).0, 1);
    assert_eq!(listed(east, &["--since", "2026-11-30", "--until", "2026-12-01"]).0, 0);
}

#[test]
fn processors_are_named_to_whoever_asks_who_received_something() {
    let office = Office::open();
    let file = office.settings("");
    let with = |list: &str| {
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("# processors = ", &format!("processors = {list} # "))).unwrap();
    };
    let config = ["--config", file.as_str()];
    let export = |more: &[&str]| office.says(&[&["person", "export", CALLER], &config[..], more].concat());
    assert!(export(&[]).contains("Nobody. Callgist sends data about callers to no one"));
    assert!(office.says(&[&["person", "receivers"], &config[..]].concat()).contains("Receivers: none"));
    with("[\"Hosting S.A.\"]");
    let text = export(&[]);
    assert!(
        text.contains("on our instructions (Art. 28): Hosting S.A.") && !text.contains("Nobody. "),
        "{text}"
    );
    let told: Value = serde_json::from_str(&export(&["--format", "json"])).unwrap();
    assert_eq!(told["receivers"], serde_json::json!(["Hosting S.A."]), "{told}");
    let receivers = office.says(&[&["person", "receivers"], &config[..]].concat());
    assert!(receivers.contains("Processors of line main (its settings say so): Hosting S.A."), "{receivers}");
    // Without settings nobody knows.
    let unknown = office.says(&["person", "export", CALLER]);
    assert!(unknown.contains("on our instructions (Art. 28): [[processors]]"), "{unknown}");
}

#[test]
fn in_a_dispute_the_history_tells_what_was_promised_and_what_was_kept() {
    let office = Office::open();
    let said = "The caller reported a problem: heating. The agent promised to call back by 17:30. The agent promised to \
                send a form.";
    let store = Store::open(&office.database()).unwrap();
    wait(store.keep(call(7, Some(CALLER), Some(said)))).unwrap();
    drop(store);
    let id = CallId(7).to_string();
    let open = office.json(&["calls", "list", "--open-promises"]);
    assert_eq!((open["calls"].as_array().unwrap().len(), &open["calls"][0]["id"]), (1, &id.as_str().into()));
    assert_eq!(office.code(&["calls", "kept", &id]), 1, "there are two: which?");
    assert_eq!(office.json(&["calls", "kept", &id, "2"])["state"], "kept");
    assert_eq!(office.code(&["calls", "kept", &id, "3"]), 1);
    let history = office.says(&["calls", "history", CALLER]);
    assert!(history.contains("promise 1, open: The agent promised to call back by 17:30."), "{history}");
    assert!(
        history.contains("promise 2, kept 2") && history.contains("3 calls, 2 notes, 1 promise open, 1 kept")
    );
    assert_eq!(history, office.says(&["calls", "history", "--link", &id]), "the link leads to the caller");
    assert_eq!(office.code(&["calls", "history", "--link", "00000000000000aa"]), 1);
    assert_eq!(office.code(&["calls", "history"]), 2);
    office.says(&["calls", "kept", &id, "2", "--open"]);
    let told = office.json(&["calls", "show", &id]);
    assert_eq!(told["promises"][1]["kept"], Value::Null, "{told}");
    assert_eq!(told["promises"][1]["text"], "The agent promised to send a form.");
    let deeds = office.deeds();
    assert!(
        ["promise_kept", "promise_open"].iter().all(|deed| deeds.contains(&(*deed).to_owned())),
        "{deeds:?}"
    );
    office.surely(&["person", "restrict", CALLER]);
    assert_eq!(office.json(&["calls", "show", &id])["promises"], Value::Array(vec![]));
    assert_eq!(
        office.json(&["person", "export", CALLER])["calls"][0]["promises"].as_array().unwrap().len(),
        2
    );
    let history = office.says(&["calls", "history", CALLER]);
    assert!(!history.contains("17:30") && history.contains("restricted"), "{history}");
}

/// What the note engine says with, and which of it is a promise of ours.
#[test]
fn every_frame_of_a_promise_and_no_other_is_taken_for_one() {
    let promised = [
        "promise",
        "promise_condition",
        "told_promise",
        "told_promise_if",
        "told_callback",
        "told_callback_if",
    ];
    for language in [Language::En, Language::De, Language::Fr] {
        let path = format!("src/confidential/notes/lexicon/{}/render.toml", language.code());
        let frames: BTreeMap<String, String> =
            toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for (name, frame) in &frames {
            let parties = ["Agent", "agent", "Caller", "caller"];
            let said = parties
                .iter()
                .fold(frame.clone(), |said, party| said.replace(&format!("{{{party}}}"), &frames[*party]));
            let call = CallRecord { language, ..call(1, None, Some(&said)) };
            let (requests, marks, promises_kept) = (Vec::new(), Marks::default(), BTreeMap::new());
            let kept = Kept { call, requests, marks, promises_kept };
            let is_one = !kept.promises().is_empty();
            assert_eq!(is_one, promised.contains(&name.as_str()), "{}: {name}", language.code());
        }
        assert!(promised.iter().all(|name| frames.contains_key(*name)), "{}", language.code());
    }
}

#[test]
fn calls_are_listed_by_what_their_notes_name() {
    let office = Office::open();
    let ids = |words: &[&str]| {
        let listed = office.json(&[&["calls", "list"], words].concat());
        let ids =
            listed["calls"].as_array().unwrap().iter().map(|call| call["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    let store = Store::open(&office.database()).unwrap();
    wait(store.keep(call(8, Some(CALLER), Some("The number 4711-22 was given.")))).unwrap();
    assert_eq!(ids(&["--reference", "47 1122"]), [CallId(8).to_string()]);
    assert_eq!(ids(&["--topic", "information"]).len(), 4);
    assert_eq!(ids(&["--topic", "information", "--number", "+33140000099"]), [CallId(3).to_string()]);
    assert!(ids(&["--topic", "fault"]).is_empty() && ids(&["--open-promises"]).is_empty());
    assert_eq!(office.code(&["calls", "list", "--topic", "weather"]), 2);
    assert_eq!(office.code(&["calls", "list", "--reference", "4"]), 2);
}

#[test]
fn whatever_reads_or_changes_stands_in_the_log() {
    let office = Office::open();
    office.says(&["calls", "list"]);
    let history = office.says(&["calls", "history", CALLER]);
    assert!(history.find("Quetzalcoatlus") < history.find("too_short"), "the oldest first: {history}");
    office.says(&["calls", "show", &CallId(3).to_string()]);
    office.says(&["person", "export", CALLER]);
    office.says(&["contacts", "list"]);
    office.surely(&["person", "erase", CALLER]);
    let deeds = office.deeds();
    for deed in ["listed", "shown", "exported", "contacts_read", "erased", "log_read"] {
        assert!(deeds.iter().any(|told| told == deed), "{deed}: {deeds:?}");
    }
    let verdict = office.json(&["log", "verify"]);
    assert_eq!(verdict["faults"], Value::Array(vec![]));
    let head = &verdict["head"].as_str().unwrap()[..20];
    office.says(&["log", "verify", "--head", head]);
    assert_eq!(office.code(&["log", "verify", "--head", "0123456789ab"]), 1);
}

/// Everything that a field can be named by: tables, messages, settings, lexicons, what is logged and printed.
#[test]
fn there_is_no_field_for_emotion_score_voice_print_or_ranking() {
    let forbidden = [
        "emotion",
        "sentiment",
        "mood",
        "anger",
        "stress",
        "score",
        "rating",
        "ranking",
        "satisf",
        "politeness",
        "voiceprint",
        "voice_print",
        "biometric",
        "speaker_id",
        "gender",
        "dialect",
        "talk_ratio",
        "per_agent",
        "agent_id",
        "performance",
    ];
    let mut looked = 0;
    let mut look = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap().to_lowercase().replace("saturating", "");
        let comment = |line: &str| ["//", "#", "--"].iter().any(|mark| line.trim_start().starts_with(mark));
        for line in text.lines().filter(|line| !comment(line)) {
            let word = forbidden.iter().find(|word| line.contains(*word));
            assert!(word.is_none(), "{}: {line}", path.display());
        }
        looked += 1;
    };
    for folder in ["src/store", "src/store/schema", "src/config", "src/cli", "src/call", "src/daemon"] {
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        files.filter(|path| path.is_file()).for_each(|path| look(&path));
    }
    look(Path::new("src/border.rs"));
    // And what the figures are named and say of themselves.
    look(Path::new("src/figures.rs"));
    for (name, help) in callgist::figures::NAMES {
        let told = format!("{name} {help}").to_lowercase();
        let word =
            forbidden.iter().chain(&["caller_", "extension", "agent"]).find(|word| told.contains(*word));
        assert!(word.is_none(), "{name}: {help}");
    }
    assert!(looked > 40, "{looked} files");
    // Of a lexicon what its lists are for: the words in them are what people say.
    let mut lists = 0;
    for language in ["de", "en", "fr"] {
        for file in std::fs::read_dir(format!("src/confidential/notes/lexicon/{language}")).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            for name in text.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name) {
                let word = forbidden.iter().find(|word| name.to_lowercase().contains(*word));
                assert!(word.is_none(), "{}: {name}", path.display());
                lists += 1;
            }
        }
    }
    assert!(lists > 300, "{lists} lists");
}
