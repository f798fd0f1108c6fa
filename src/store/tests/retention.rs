//! What has a time goes when it is up, all of it, and the count afterwards says so or raises the alarm.

use super::*;
use crate::store::open::KNOWN;
use crate::store::retention;

fn at_day(days: i64) -> UtcMillis {
    UtcMillis(NOW.0 + days * UtcMillis::DAY)
}

fn line(name: &str, wishes_days: Option<u32>) -> LineRetention {
    LineRetention { line: self::name(name), notes_days: 10, rows_days: 20, wishes_days }
}

/// Everything has a period.
fn all() -> Retention {
    let lines = vec![line("main", Some(30))];
    Retention { lines, log_days: 40, objections_days: Some(50), erased_days: 60 }
}

/// One row of each kind at least: a note, a reason, a wish of a call and three entries, an objection, what was erased.
fn kept() -> (tempfile::TempDir, PathBuf) {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    wait(store.keep(CallRecord { ended: NOW, ..noted(1, "The pump is loud.") })).unwrap();
    wait(store.keep(CallRecord { ended: NOW, ..not_noted(2, NoSummary::TooShort) })).unwrap();
    wait(store.keep(CallRecord { ended: NOW, ..not_noted(3, NoSummary::TooShort) })).unwrap();
    wait(store.keep_request(Request { created: NOW, ..request(1) })).unwrap();
    drop(store);
    let mut clerk = Clerk::open(&path).unwrap();
    let ends = NewContact { expires: Some(at_day(5)), ..entry("+352621000002") };
    clerk.add_contacts(&[entry("+352621000001"), ends, entry("+352621000003")], NOW).unwrap();
    let withdrawn = clerk.contacts(Some(&Number::new("+352621000003").unwrap())).unwrap()[0].id;
    clerk.decide_contact(withdrawn, State::Withdrawn, NOW).unwrap();
    clerk.object(&Number::new("+352621000004").unwrap(), NOW).unwrap();
    clerk.erase_calls(&[CallId(3)], None, false, NOW).unwrap();
    (folder, path)
}

fn rows(path: &Path, table: &str) -> i64 {
    let raw = Connection::open(path).unwrap();
    raw.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

/// So that no later table is forgotten.
#[test]
fn every_table_is_swept_or_goes_with_a_call_or_holds_nothing_of_anybody() {
    let (_folder, path) = place();
    drop(Store::open(&path).unwrap());
    let raw = Connection::open(&path).unwrap();
    let of_nobody = ["contacts_key", "checkpoints", "sweeps"];
    let others_are_gone = ["persons"];
    for table in
        texts(&raw, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    {
        let keys = format!("SELECT \"table\" || ' ' || on_delete FROM pragma_foreign_key_list('{table}')");
        let with_a_call = texts(&raw, &keys) == ["calls CASCADE"];
        let swept = Kind::ALL.iter().any(|kind| kind.table() == table);
        let named = of_nobody.contains(&table.as_str()) || others_are_gone.contains(&table.as_str());
        assert!(with_a_call || swept || named, "how long do the rows of {table} stay?");
    }
}

#[test]
fn a_sweep_takes_each_kind_of_row_at_its_time_and_counts_none_afterwards() {
    for (days, table, kind) in [
        (10, "calls", Kind::Calls),
        (20, "calls", Kind::Calls),
        (5, "do_not_contact", Kind::Contacts),
        (30, "do_not_contact", Kind::Contacts),
        (50, "objections", Kind::Objections),
        (60, "tombstones", Kind::ErasedIds),
        (40, "log", Kind::Log),
    ] {
        let (_folder, path) = kept();
        let mut clerk = Clerk::open(&path).unwrap();
        let of_kind = |clerk: &Clerk, at| {
            let counted =
                clerk.read(|connection| retention::overdue_by_kind(connection, &all(), at)).unwrap();
            counted.iter().find(|(counted, _)| *counted == kind).unwrap().1
        };
        clerk.sweep(&all(), UtcMillis(at_day(days).0 - 1)).unwrap();
        let before = rows(&path, table);
        let late = UtcMillis(at_day(days).0 + 1);
        let due = of_kind(&clerk, late);
        assert!(due > 0, "{table} after {days} days");
        let swept = clerk.sweep(&all(), late).unwrap();
        assert_eq!((swept.overdue, of_kind(&clerk, late)), (0, 0), "{table} after {days} days");
        // The sweep itself is logged.
        let gone = match kind {
            Kind::Log => i64::try_from(swept.log_entries).unwrap(),
            _ => before - rows(&path, table),
        };
        assert_eq!(gone, i64::try_from(due).unwrap(), "{table} after {days} days");
        assert_eq!(clerk.last_sweep(), Ok(LastSweep { good: Some(late), failed: None }));
    }
    let (_folder, path) = kept();
    let mut clerk = Clerk::open(&path).unwrap();
    assert!(clerk.sweep(&all(), at_day(61)).unwrap().is_good());
    for table in ["calls", "do_not_contact", "objections", "tombstones", "persons", "topics"] {
        assert_eq!(rows(&path, table), 0, "{table}");
    }
}

#[test]
fn without_a_period_wishes_and_objections_stay_until_they_are_taken_back_or_end() {
    let (_folder, path) = kept();
    let mut clerk = Clerk::open(&path).unwrap();
    let none = Retention { lines: vec![line("main", None)], objections_days: None, ..all() };
    let swept = clerk.sweep(&none, at_day(36_000)).unwrap();
    assert_eq!((swept.objections, swept.overdue), (0, 0));
    // The one that ends is gone, and the one that was withdrawn.
    let left = clerk.contacts(None).unwrap();
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|entry| entry.expires.is_none() && entry.state != State::Withdrawn));
    assert_eq!(clerk.objections().unwrap().len(), 1);
}

#[test]
fn an_objection_that_is_made_again_counts_from_then() {
    let (_folder, path) = kept();
    let mut clerk = Clerk::open(&path).unwrap();
    clerk.object(&Number::new("+352621000004").unwrap(), at_day(49)).unwrap();
    for (day, left) in [(51, 1), (98, 1), (100, 0)] {
        clerk.sweep(&all(), at_day(day)).unwrap();
        assert_eq!(clerk.objections().unwrap().len(), left, "day {day}");
    }
}

#[test]
fn what_was_taken_back_stays_as_a_trace_as_long_as_the_log() {
    let (_folder, path) = kept();
    let mut clerk = Clerk::open(&path).unwrap();
    for (day, left) in [(31, 1), (39, 1), (41, 0)] {
        clerk.sweep(&all(), at_day(day)).unwrap();
        assert_eq!(clerk.contacts(None).unwrap().len(), left, "day {day}");
    }
}

#[test]
fn an_entry_of_no_line_stays_for_the_longest_period_and_one_with_an_end_of_its_own_by_that() {
    let (_folder, path) = kept();
    let mut clerk = Clerk::open(&path).unwrap();
    let ends = NewContact { expires: Some(at_day(500)), ..entry("+352621000005") };
    clerk.add_contacts(&[ends], NOW).unwrap();
    let lines = vec![line("main", Some(30)), line("other", Some(90))];
    let two = Retention { lines, ..all() };
    let left = |clerk: &Clerk| {
        let all = clerk.contacts(None).unwrap().into_iter();
        let mut left: Vec<String> =
            all.map(|entry| entry.request.number.unwrap().as_str().to_owned()).collect();
        left.sort();
        left
    };
    clerk.sweep(&two, at_day(89)).unwrap();
    assert_eq!(left(&clerk), ["+352621000001", "+352621000005"], "that of the line is gone");
    clerk.sweep(&two, at_day(91)).unwrap();
    assert_eq!(left(&clerk), ["+352621000005"]);
    clerk.sweep(&two, at_day(501)).unwrap();
    assert!(left(&clerk).is_empty());
    assert_eq!((two.wishes_days(Some(&name("main"))), two.wishes_days(None)), (Some(30), Some(90)));
    let open = Retention { lines: vec![line("main", Some(30)), line("other", None)], ..all() };
    assert_eq!((open.wishes_days(Some(&name("gone"))), open.wishes_days(Some(&name("other")))), (None, None));
}

#[test]
fn a_wish_that_was_made_again_counts_from_then() {
    let (_folder, path) = kept();
    let store = Store::open(&path).unwrap();
    wait(store.keep_request(Request { created: at_day(25), ..request(9) })).unwrap();
    let of_call = |clerk: &Clerk| clerk.contacts(request(1).number.as_ref()).unwrap().len();
    let mut clerk = Clerk::open(&path).unwrap();
    assert_eq!(of_call(&clerk), 1);
    clerk.sweep(&all(), at_day(31)).unwrap();
    assert_eq!(of_call(&clerk), 1);
    clerk.sweep(&all(), at_day(56)).unwrap();
    assert_eq!(of_call(&clerk), 0);
}

#[test]
fn a_sweep_that_fails_or_leaves_a_row_behind_is_kept_until_one_is_good() {
    for (how, left) in [("ABORT, 'no'", None), ("IGNORE", Some(1))] {
        let (_folder, path) = kept();
        let raw = Connection::open(&path).unwrap();
        let stop = format!("CREATE TRIGGER stop BEFORE DELETE ON objections BEGIN SELECT RAISE({how}); END");
        raw.execute_batch(&stop).unwrap();
        let store = Store::open(&path).unwrap();
        let clerk = Clerk::open(&path).unwrap();
        let sweep = || wait(store.sweep(all(), at_day(51)));
        match left {
            None => assert!(sweep().is_err()),
            Some(left) => assert_eq!(sweep().unwrap().overdue, left),
        }
        assert_eq!(clerk.last_sweep(), Ok(LastSweep { good: None, failed: Some(at_day(51)) }), "{how}");
        raw.execute_batch("DROP TRIGGER stop").unwrap();
        assert!(sweep().unwrap().is_good());
        assert_eq!(clerk.last_sweep(), Ok(LastSweep { good: Some(at_day(51)), failed: None }), "{how}");
    }
}

#[test]
fn the_counts_are_those_of_the_rows() {
    let (_folder, path) = kept();
    let store = Store::open(&path).unwrap();
    let draft = Some(Draft { until: at_day(1), discard: false });
    wait(store.keep(CallRecord { draft, ended: NOW, ..noted(7, "The lift is slow.") })).unwrap();
    let counts = wait(store.counts(all(), NOW)).unwrap();
    assert_eq!(
        counts.calls,
        [("main".to_owned(), None, 2), ("main".to_owned(), Some("too_short".to_owned()), 1)]
    );
    assert_eq!(
        counts.contacts,
        [(State::Pending, 1), (State::Confirmed, 2), (State::Rejected, 0), (State::Withdrawn, 1)]
    );
    assert_eq!((counts.drafts, counts.version, counts.sweep), (1, KNOWN, LastSweep::default()));
    assert_eq!(i64::try_from(counts.log_entries), Ok(rows(&path, "log")));
    assert!(counts.overdue.iter().all(|(_, rows)| *rows == 0));
    let late = wait(store.counts(all(), at_day(61))).unwrap();
    let overdue: Vec<usize> = late.overdue.iter().map(|(_, rows)| *rows).collect();
    assert!(overdue.iter().all(|rows| *rows > 0), "{overdue:?}");
    assert_eq!(late.drafts, 0);
    wait(store.sweep(all(), at_day(61))).unwrap();
    assert_eq!(
        wait(store.counts(all(), at_day(61))).unwrap().log_entries,
        usize::try_from(rows(&path, "log")).unwrap()
    );
}
