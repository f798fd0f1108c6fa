//! Databases of earlier versions are brought up to date with all that is in them.

use super::*;

/// A database as version 3 left it, with two calls.
fn of_version_3(path: &Path) -> Connection {
    fs::create_dir(path.parent().unwrap()).unwrap();
    let mut old = Connection::open(path).unwrap();
    open::MIGRATIONS.to_version(&mut old, 3).unwrap();
    old.execute_batch(
        "INSERT INTO calls (id, line, language, offered, ended, note, trust, confidence_pct, kept_pct, arrived_pct, engine,
             version) VALUES ('0000000000000001', 'main', 'en', 1, 2, 'The agent promised to call.', 'good', 90, 90, 90,
             'notes', '0.1.0');
         INSERT INTO calls (id, line, language, offered, ended, reason, engine, version)
             VALUES ('0000000000000002', 'main', 'en', 3, 4, 'too_short', 'notes', '0.1.0');
         INSERT INTO topics VALUES ('0000000000000001', 'callback');
         INSERT INTO segments VALUES ('0000000000000001', 1, '1001', 1, 2);",
    )
    .unwrap();
    old
}

#[test]
fn a_database_of_version_3_keeps_its_calls_and_its_log_and_takes_the_new_words() {
    let (_folder, path) = place();
    let old = of_version_3(&path);
    for at in 1..=3 {
        log::append(&old, &Entry::new(Deed::Listed).detail("1"), UtcMillis(at)).unwrap();
    }
    let new_word =
        "INSERT INTO log VALUES (9, 1, 'promise_kept', NULL, NULL, NULL, NULL, printf('%064d', 0))";
    assert!(old.execute(new_word, []).is_err(), "version 3 does not know it");
    drop(old);

    drop(Store::open(&path).unwrap());
    let mut clerk = Clerk::open(&path).unwrap();
    let verdict = clerk.verify_log(None).unwrap();
    assert_eq!((verdict.entries, verdict.faults.len()), (3, 0));
    assert!(clerk.mark_promise(CallId(1), 1, true, NOW).unwrap());
    let kept = clerk.call(CallId(1)).unwrap().unwrap();
    assert_eq!((kept.call.segments.len(), kept.promises()[0].kept), (1, Some(NOW)));
    assert!(clerk.call(CallId(2)).unwrap().is_some());
    assert_eq!(clerk.approve_draft(CallId(1), NOW), Ok(Drafted::NoDraft), "a note from before is no draft");
    let verdict = clerk.verify_log(None).unwrap();
    assert_eq!((verdict.entries, verdict.faults.len()), (4, 0));
    let raw = Connection::open(&path).unwrap();
    let no_word = "INSERT INTO log VALUES (9, 1, 'gossip', NULL, NULL, NULL, NULL, printf('%064d', 0))";
    assert!(raw.execute(no_word, []).is_err(), "the list is closed as before");
    assert!(raw.execute("DELETE FROM log", []).is_err(), "and the log append-only");
    let reason = |word: &str| format!("UPDATE calls SET reason = '{word}' WHERE id = '0000000000000002'");
    assert!(raw.execute(&reason("discarded"), []).is_ok() && raw.execute(&reason("boredom"), []).is_err());
    assert_eq!(texts(&raw, "PRAGMA integrity_check"), ["ok"]);
}
