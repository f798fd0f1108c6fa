mod contacts;
mod drafts;
#[cfg(feature = "sqlcipher")]
mod encrypted;
mod evidence;
mod held_up;
mod hidden;
mod pages;
mod promises;
mod retention;
mod versions;

use super::*;
use crate::border::{
    Channels, Heard, MAX_TEXT, ModelId, Purpose, Recogniser, TOPICS, Topics, Trust, TrustLabel,
};
use crate::call::{AgentLeg, Language, NoSummary, Number};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// A folder that goes away, and the path of a database in it.
fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/callgist.db");
    (folder, path)
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// On the list by a command, for everything.
fn entry(number: &str) -> NewContact {
    NewContact {
        number: Number::new(number).unwrap(),
        channels: Channels::ALL,
        purpose: Purpose::Everything,
        exceptions: Exceptions::default(),
        source: Source::Command,
        via: None,
        received: None,
        expires: None,
    }
}

fn call(id: u64, outcome: Outcome) -> CallRecord {
    CallRecord {
        id: CallId(id),
        line: name("main"),
        notice_version: None,
        language: Language::En,
        caller: None,
        called: None,
        offered: UtcMillis(1_795_459_000_000 + id as i64),
        announced: None,
        notice: None,
        consent: None,
        bridged: None,
        ended: UtcMillis(1_795_459_060_000),
        end_cause: None,
        outcome,
        origin: Origin::here(None),
        heard: None,
        agent_leg: None,
        segments: Vec::new(),
        draft: None,
    }
}

fn segment(agent: Option<&str>, from: i64, to: i64) -> Segment {
    Segment { agent: agent.map(name), from: UtcMillis(from), to: UtcMillis(to) }
}

fn summary(text: &str) -> Summary {
    let trust = Trust { label: TrustLabel::Fair, confidence_pct: 81, kept_pct: 97, arrived_pct: 100 };
    Summary { text: text.into(), topics: Topics::default().with("fault").with("callback"), trust }
}

fn played() -> Played {
    let sound = Sha256([0xab; 32]);
    let question = Some(Sha256([0xcd; 32]));
    let measured = Measured { sound, question, lasts: 2_620, settings: name("0123456789abcdef") };
    Played { from: UtcMillis(1), to: UtcMillis(2_625), measured: Some(measured) }
}

fn noted(id: u64, text: &str) -> CallRecord {
    CallRecord {
        notice_version: Some(name("de-1")),
        language: Language::De,
        caller: Some(Number::new("+352621123456").unwrap()),
        called: Some(Number::new("1001").unwrap()),
        announced: Some(UtcMillis(1)),
        notice: Some(played()),
        consent: Some(Decision { given: true, at: UtcMillis(1) }),
        bridged: Some(UtcMillis(2)),
        end_cause: Some(name("NORMAL_CLEARING")),
        origin: Origin::here(Some((Recogniser::Whisper, ModelId([0xab, 0, 1, 2, 3, 4, 5, 6])))),
        heard: Some(Heard {
            listened_ms: 61_000,
            speech_ms: 40_000,
            recognised_ms: 40_000,
            backlog_ms: 0,
            words: 140,
            lost_packets: 3,
        }),
        agent_leg: Some(AgentLeg::NotHeard),
        segments: vec![segment(Some("1001"), 2, 30), segment(Some("outside"), 31, 40), segment(None, 50, 50)],
        ..call(id, Outcome::Noted(summary(text)))
    }
}

fn not_noted(id: u64, reason: NoSummary) -> CallRecord {
    call(id, Outcome::NotNoted(reason))
}

fn request(call: u64) -> Request {
    Request {
        call: Some(CallId(call)),
        line: Some(name("main")),
        number: Some(Number::new("+352621123456").unwrap()),
        channels: Channels { calls: true, sms: true, ..Channels::default() },
        purpose: Purpose::Advertising,
        created: UtcMillis(1_795_459_030_000),
    }
}

const NOW: UtcMillis = UtcMillis(1_795_460_000_000);

fn refusal(result: Result<Store, StoreError>) -> StoreError {
    result.err().expect("the store is refused")
}

#[test]
fn a_call_reads_back_as_it_was_kept() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let note = noted(7, "Kunde meldet: die Heizung fällt aus.");
    let bare = not_noted(8, NoSummary::Unanswered);
    wait(store.keep(note.clone())).unwrap();
    wait(store.keep(bare.clone())).unwrap();
    let reader = Reader::open(&path).unwrap();
    assert_eq!(
        reader.show(CallId(7)).unwrap(),
        Some(Kept {
            call: note,
            requests: Vec::new(),
            marks: Marks::default(),
            promises_kept: BTreeMap::new()
        })
    );
    assert_eq!(
        reader.show(CallId(8)).unwrap(),
        Some(Kept {
            call: bare,
            requests: Vec::new(),
            marks: Marks::default(),
            promises_kept: BTreeMap::new()
        })
    );
    assert_eq!(reader.show(CallId(9)).unwrap(), None);
}

#[test]
fn it_is_told_whether_a_call_has_its_row() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    wait(store.keep(not_noted(7, NoSummary::Partial))).unwrap();
    assert!(wait(store.holds(CallId(7))).unwrap());
    assert!(!wait(store.holds(CallId(8))).unwrap());
    wait(store.erase(CallId(7), NOW)).unwrap();
    assert!(!wait(store.holds(CallId(7))).unwrap());
}

#[test]
fn every_reason_topic_and_label_has_its_place() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    for (id, &reason) in NoSummary::ALL.iter().enumerate() {
        wait(store.keep(not_noted(id as u64, reason))).unwrap();
    }
    let all = TOPICS.iter().fold(Topics::default(), |topics, word| topics.with(word));
    for (id, label) in [(100, TrustLabel::Low), (101, TrustLabel::Fair), (102, TrustLabel::Good)] {
        let trust = Trust { label, ..summary("x").trust };
        let outcome = Outcome::Noted(Summary { topics: all, trust, ..summary("A fault was reported.") });
        wait(store.keep(call(id, outcome.clone()))).unwrap();
        let kept = Reader::open(&path).unwrap().show(CallId(id)).unwrap().unwrap();
        assert_eq!(kept.call.outcome, outcome);
    }
    let kept = Reader::open(&path).unwrap().list(&Filter { limit: 1_000, ..Filter::default() }).unwrap();
    assert_eq!(kept.len(), NoSummary::ALL.len() + 3);
}

#[test]
fn a_list_is_newest_first_and_by_number_and_line() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    for id in [2, 3, 1] {
        wait(store.keep(not_noted(id, NoSummary::TooShort))).unwrap();
    }
    wait(store.keep(CallRecord { line: name("sales"), ..noted(4, "A price was asked.") })).unwrap();
    let reader = Reader::open(&path).unwrap();
    let list = |filter: Filter| {
        let kept = reader.list(&filter).unwrap();
        kept.iter().map(|kept| kept.call.id.0).collect::<Vec<_>>()
    };
    let number = |text: &str| Filter { number: Some(Number::new(text).unwrap()), ..Filter::default() };
    assert_eq!(list(Filter::default()), [4, 3, 2, 1]);
    assert_eq!(list(Filter { limit: 2, ..Filter::default() }), [4, 3]);
    assert_eq!(list(Filter { line: Some("main".into()), ..Filter::default() }), [3, 2, 1]);
    assert_eq!(list(number("+352621123456")), [4]);
    assert_eq!(list(number("+352621123457")), [0; 0]);
}

#[test]
fn what_was_handed_in_is_kept_though_nobody_waits() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    for id in 0..50 {
        drop(store.keep(not_noted(id, NoSummary::TooShort)));
    }
    drop(store);
    let kept = Reader::open(&path).unwrap().list(&Filter { limit: 1_000, ..Filter::default() }).unwrap();
    assert_eq!(kept.len(), 50);
}

#[test]
fn a_call_is_kept_once() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    wait(store.keep(not_noted(1, NoSummary::Objection))).unwrap();
    let again = wait(store.keep(noted(1, "A second ending.")));
    assert_eq!(again.unwrap_err().trouble, Trouble::Rule);
    let kept = Reader::open(&path).unwrap().show(CallId(1)).unwrap().unwrap();
    assert_eq!(kept.call.outcome, Outcome::NotNoted(NoSummary::Objection));
}

#[test]
fn a_note_too_long_or_empty_is_refused_whole() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let fits = "é".repeat(MAX_TEXT / 2);
    wait(store.keep(noted(1, &fits))).unwrap();
    for (id, bad) in [(2, "x".repeat(MAX_TEXT + 1)), (3, fits.clone() + "é"), (4, String::new())] {
        assert_eq!(wait(store.keep(noted(id, &bad))).unwrap_err().trouble, Trouble::Rule);
        assert_eq!(Reader::open(&path).unwrap().show(CallId(id)).unwrap(), None);
    }
}

#[test]
fn of_a_call_with_an_objection_no_figures_are_kept() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    for (id, reason) in [(1, NoSummary::Objection), (2, NoSummary::ObjectionSuspected)] {
        let outcome = Outcome::NotNoted(reason);
        wait(store.keep(CallRecord { outcome, ..noted(id, "x") })).unwrap();
        let call = Reader::open(&path).unwrap().show(CallId(id)).unwrap().unwrap().call;
        assert_eq!((call.heard, call.agent_leg), (None, None));
    }
    let raw = Connection::open(&path).unwrap();
    assert!(raw.execute("UPDATE calls SET agent_heard = 0", []).is_err());
    let figures =
        "UPDATE calls SET listened_ms = 1, speech_ms = 1, recognised_ms = 1, words = 1, lost_packets = 0";
    assert!(raw.execute(figures, []).is_err());
}

#[test]
fn a_request_is_linked_to_its_call_until_there_is_an_objection() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    wait(store.keep_request(request(1))).unwrap();
    wait(store.keep(noted(1, "Advertising calls were declined."))).unwrap();
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.show(CallId(1)).unwrap().unwrap().requests, [request(1)]);

    // Made before the objection, and told after it. What is on the list already would not be added again.
    let wider =
        |purpose, number: &str| Request { purpose, number: Some(Number::new(number).unwrap()), ..request(2) };
    wait(store.keep_request(wider(Purpose::Everything, "+352621123457"))).unwrap();
    wait(store.keep(not_noted(2, NoSummary::Objection))).unwrap();
    wait(store.keep_request(wider(Purpose::Everything, "+352621123458"))).unwrap();
    assert_eq!(reader.show(CallId(2)).unwrap().unwrap().requests, []);
    let calls: Vec<_> = reader.requests().unwrap().iter().map(|request| request.call).collect();
    assert_eq!(calls, [None, None, Some(CallId(1))]);
    let lines: Vec<_> = reader.requests().unwrap().into_iter().map(|request| request.line).collect();
    assert_eq!(lines, [None, None, Some(name("main"))], "with several lines it would narrow the call down");

    let raw = Connection::open(&path).unwrap();
    let later = "UPDATE calls SET reason = 'objection', note = NULL, trust = NULL, confidence_pct = NULL,
                 kept_pct = NULL, arrived_pct = NULL, words = NULL, listened_ms = NULL, speech_ms = NULL,
                 recognised_ms = NULL, lost_packets = NULL, agent_heard = NULL WHERE note IS NOT NULL";
    assert_eq!(raw.execute(later, []).unwrap(), 1);
    assert!(
        reader.requests().unwrap().iter().all(|request| request.call.is_none() && request.line.is_none())
    );
}

#[test]
fn a_request_stays_when_its_call_is_erased() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    wait(store.keep(noted(1, "Advertising calls were declined."))).unwrap();
    wait(store.keep_request(request(1))).unwrap();
    Clerk::open(&path).unwrap().erase_calls(&[CallId(1)], None, false, NOW).unwrap();
    assert_eq!(wait(store.erase(CallId(1), NOW)), Ok(false));
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.show(CallId(1)), Ok(None));
    assert_eq!(reader.requests().unwrap(), [Request { call: None, ..request(1) }], "its line stays");
}

#[test]
fn nothing_of_an_erased_call_is_left_in_any_file() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    for id in 0..200 {
        let secret = [5, 77, 150].contains(&id);
        let text = if secret { "Quetzalcoatlus was the password." } else { "A pump makes noise." };
        let caller = if secret { "+4989123454321" } else { "+35226000000" };
        wait(store.keep(CallRecord { caller: Some(Number::new(caller).unwrap()), ..noted(id, text) }))
            .unwrap();
    }
    for canary in ["Quetzalcoatlus", "+4989123454321"] {
        assert!(is_anywhere(&path, canary), "the search finds what is there");
    }
    for id in [5, 77, 150] {
        assert_eq!(wait(store.erase(CallId(id), NOW)), Ok(true));
    }
    for canary in ["Quetzalcoatlus", "+4989123454321"] {
        assert!(!is_anywhere(&path, canary));
    }
    assert!(is_anywhere(&path, "A pump makes noise."));
}

/// Searches the bytes of every file beside the database.
fn is_anywhere(path: &Path, canary: &str) -> bool {
    let files = fs::read_dir(path.parent().unwrap()).unwrap();
    let mut bytes = files.map(|file| fs::read(file.unwrap().path()).unwrap());
    bytes.any(|bytes| bytes.windows(canary.len()).any(|window| window == canary.as_bytes()))
}

#[test]
fn the_files_are_their_owners_alone() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    wait(store.keep(not_noted(1, NoSummary::TooShort))).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    let files: Vec<_> =
        fs::read_dir(path.parent().unwrap()).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 3, "database, write-ahead log and its index");
    assert!(files.iter().all(|file| mode(file) == 0o600));
    drop(store);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
    let _store = Store::open(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn the_settings_that_protect_are_on() {
    let (_folder, path) = place();
    let connection = open::to_write(&Database::from(&path), open::PATIENCE).unwrap();
    let setting = |name: &str| {
        connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap()
    };
    assert_eq!(setting("journal_mode"), "wal".to_owned().into());
    for (name, value) in [("secure_delete", 1), ("foreign_keys", 1), ("temp_store", 2), ("trusted_schema", 0)]
    {
        assert_eq!(setting(name), i64::from(value).into(), "{name}");
    }
}

#[test]
fn a_database_that_may_not_be_written_is_refused() {
    let (_folder, path) = place();
    drop(Store::open(&path).unwrap());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    let refused = refusal(Store::open(&path));
    assert_eq!(refused.trouble, Trouble::ReadOnly);
    assert!(refused.to_string().contains("run chmod 0600"));
    assert!(Reader::open(&path).is_ok());
}

#[test]
fn a_database_that_another_process_holds_is_refused() {
    let (_folder, path) = place();
    drop(Store::open(&path).unwrap());
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = open::to_write(&Database::from(&path), Duration::from_millis(20)).unwrap_err();
    assert_eq!(refused.trouble, Trouble::Locked);
    assert!(refused.to_string().contains("end it"));
    other.execute_batch("ROLLBACK").unwrap();
    assert!(open::to_write(&Database::from(&path), Duration::from_millis(20)).is_ok());
}

#[test]
fn an_erasure_that_a_reader_holds_up_says_so() {
    let (_folder, path) = place();
    let connection = open::to_write(&Database::from(&path), Duration::from_millis(20)).unwrap();
    let reader = open::to_read(&Database::from(&path), open::PATIENCE).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM calls;").unwrap();
    connection.execute("DELETE FROM calls", []).unwrap();
    connection
        .execute("INSERT INTO do_not_contact (id, call, number, calls, email, letters, sms, purpose, created) VALUES (1, NULL, NULL, 1, 0, 0, 0, 'everything', 1)", [])
        .unwrap();
    assert_eq!(open::empty_log(&connection), Ok(false));
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(open::empty_log(&connection), Ok(true));
}

#[test]
fn a_database_of_a_newer_version_is_refused_untouched() {
    let (_folder, path) = place();
    drop(Store::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(&path).unwrap();
    let refused = refusal(Store::open(&path));
    assert_eq!(refused.trouble, Trouble::Newer { found: 99, known: open::KNOWN });
    assert!(refused.to_string().contains("version 99"));
    assert_eq!(Reader::open(&path).err().unwrap(), refused);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_database_of_an_older_version_is_brought_up_to_date_by_writing_only() {
    let (_folder, path) = place();
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, "").unwrap();
    let refused = Reader::open(&path).err().unwrap();
    assert_eq!(refused.trouble, Trouble::Older { found: 0, known: open::KNOWN });
    drop(Store::open(&path).unwrap());
    assert!(Reader::open(&path).is_ok());
    drop(Store::open(&path).unwrap());
}

#[test]
fn a_file_that_is_something_else_is_refused_untouched() {
    let (folder, path) = place();
    let text = folder.path().join("notes.txt");
    fs::write(&text, "Dear diary, today I wrote a long line that is no database at all.\n".repeat(40))
        .unwrap();
    let foreign = folder.path().join("other.db");
    Connection::open(&foreign)
        .unwrap()
        .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1);")
        .unwrap();
    for file in [&text, &foreign] {
        let before = fs::read(file).unwrap();
        assert_eq!(refusal(Store::open(file)).trouble, Trouble::NotOurs);
        assert_eq!(fs::read(file).unwrap(), before);
    }
    assert_eq!(refusal(Store::open(folder.path())).trouble, Trouble::NotAFile);
    assert!(matches!(
        refusal(Store::open(&text.join("a/callgist.db"))).trouble,
        Trouble::Folder(_) | Trouble::Io(_)
    ));
    assert_eq!(Reader::open(&path).err().unwrap().trouble, Trouble::Missing);
}

#[test]
fn a_damaged_database_is_refused() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    for id in 0..200 {
        wait(store.keep(noted(id, "A pump makes noise."))).unwrap();
    }
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    let pages = bytes.len() / 4096;
    for page in 2..pages {
        bytes[page * 4096..][..200].fill(0x5a);
    }
    fs::write(&path, bytes).unwrap();
    let refused = refusal(Store::open(&path));
    assert_eq!(refused.trouble, Trouble::Damaged);
    assert!(refused.to_string().contains("restore a backup"));
}

#[test]
fn a_store_whose_thread_has_ended_says_so() {
    let (jobs, _) = mpsc::channel();
    let store = Store { path: "x".into(), jobs: Some(jobs), thread: None };
    let lost = wait(store.keep(not_noted(1, NoSummary::TooShort)));
    assert_eq!(lost.unwrap_err().trouble, Trouble::Ended);
}

#[test]
fn the_migrations_run_from_the_first_to_the_last() {
    open::MIGRATIONS.validate().unwrap();
}

#[test]
fn a_row_has_a_note_or_a_reason() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    wait(store.keep(noted(1, "A pump makes noise."))).unwrap();
    wait(store.keep(not_noted(2, NoSummary::TooShort))).unwrap();
    let raw = Connection::open(&path).unwrap();
    for broken in [
        "UPDATE calls SET reason = 'fax' WHERE note IS NOT NULL",
        "UPDATE calls SET note = NULL WHERE note IS NOT NULL",
        "UPDATE calls SET note = 'x' WHERE note IS NULL",
        "UPDATE calls SET reason = NULL WHERE note IS NULL",
        "UPDATE calls SET trust = NULL WHERE note IS NOT NULL",
        "UPDATE calls SET words = NULL WHERE note IS NOT NULL",
    ] {
        assert!(raw.execute(broken, []).is_err(), "{broken}");
    }
}

/// Walks whatever tables there are, so that a later migration cannot add a place for what was said.
#[test]
fn no_column_but_the_note_can_hold_a_sentence_and_none_can_hold_sound() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let draft = Some(Draft { until: NOW, discard: false });
    wait(store.keep(CallRecord { draft, ..noted(1, "Das Team sagte zu, anzurufen.") })).unwrap();
    wait(store.keep(not_noted(8, NoSummary::Fax))).unwrap();
    wait(store.keep_request(request(1))).unwrap();
    wait(store.erase(CallId(8), NOW)).unwrap();
    drop(store);
    let mut clerk = Clerk::open(&path).unwrap();
    assert!(clerk.mark_promise(CallId(1), 1, true, NOW).unwrap());
    clerk.object(&Number::new("+352621123456").unwrap(), NOW).unwrap();
    clerk.prune_log(UtcMillis(NOW.0 - 1), NOW).unwrap();
    let nothing_due = Retention { lines: vec![], log_days: 400, objections_days: None, erased_days: 3_650 };
    assert!(clerk.sweep(&nothing_due, NOW).unwrap().is_good());
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    // What a key brings, without the rule that then keeps the plain columns from being tried.
    raw.execute_batch("DROP TRIGGER an_encrypted_list_is_given_no_plain_number").unwrap();
    raw.execute("INSERT INTO contacts_key VALUES (1, printf('%064d', 0), 1)", []).unwrap();
    let mut columns = 0;
    for table in
        texts(&raw, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    {
        let strict = format!("SELECT strict FROM pragma_table_list WHERE name = '{table}'");
        assert_eq!(raw.query_row(&strict, [], |row| row.get(0)), Ok(1), "{table} is strict");
        let rows =
            raw.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).unwrap();
        assert!(rows > 0, "{table} has a row to try");
        for column in texts(&raw, &format!("SELECT name || ' ' || type FROM pragma_table_info('{table}')")) {
            let (column, kind) = column.split_once(' ').unwrap();
            assert!(matches!(kind, "TEXT" | "INTEGER"), "{table}.{column} is {kind}");
            try_column(&raw, &table, column);
            columns += 1;
        }
    }
    assert_eq!(columns, 27 + 2 + 22 + 3 + 8 + 3 + 2 + 5 + 2 + 5 + 3 + 3 + 3 + 3 + 7 + 3);
}

fn try_column(raw: &Connection, table: &str, column: &str) {
    let set = |value: rusqlite::types::Value| {
        raw.execute_batch("SAVEPOINT try").unwrap();
        let set = raw.execute(&format!("UPDATE {table} SET {column} = ?1"), [value]);
        raw.execute_batch("ROLLBACK TO try; RELEASE try").unwrap();
        set.is_ok()
    };
    let is_note = (table, column) == ("calls", "note");
    for sentence in ["I said that the pump makes noise.", "pump noise", "Pumpe\tlaut", &"wort ".repeat(500)] {
        let holds = set(sentence.to_owned().into());
        assert_eq!(holds, is_note && sentence.len() <= MAX_TEXT, "{table}.{column}");
    }
    assert!(!set("ohneleerzeichen".repeat(40).into()) || is_note, "{table}.{column}");
    assert!(!set("ohneleerzeichen".repeat(200).into()), "{table}.{column}");
    assert!(!set(vec![0x80_u8; 160].into()), "{table}.{column}");
}

fn texts(raw: &Connection, query: &str) -> Vec<String> {
    let mut statement = raw.prepare(query).unwrap();
    let texts = statement.query_map([], |row| row.get(0)).unwrap();
    texts.map(Result::unwrap).collect()
}

#[test]
fn of_an_objection_no_row_tells_who_had_the_call() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let objected = Outcome::NotNoted(NoSummary::Objection);
    wait(store.keep(CallRecord { outcome: objected, heard: None, ..noted(1, "x") })).unwrap();
    assert_eq!(Reader::open(&path).unwrap().show(CallId(1)).unwrap().unwrap().call.segments, []);
    let raw = Connection::open(&path).unwrap();
    let late = "INSERT INTO segments SELECT id, 1, '1001', 1, 2 FROM calls";
    assert!(raw.execute(late, []).is_err());
    wait(store.keep(noted(2, "A pump makes noise."))).unwrap();
    assert_eq!(Reader::open(&path).unwrap().show(CallId(2)).unwrap().unwrap().call.segments.len(), 3);
    wait(store.erase(CallId(2), NOW)).unwrap();
    assert_eq!(raw.query_row("SELECT count(*) FROM segments", [], |row| row.get(0)), Ok(0));
}

#[test]
fn neither_a_note_nor_a_number_is_shown_by_debug() {
    let shown = format!("{:?}", noted(1, "A pump makes noise."));
    assert!(!shown.contains("pump") && !shown.contains("621"), "{shown}");
}
