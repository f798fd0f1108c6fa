//! The log, backups, the list of who must not be contacted, rights and retention, on the file itself.

use super::*;

fn number(text: &str) -> Number {
    Number::new(text).unwrap()
}

/// A database with three calls of one caller and one of another.
fn kept() -> (tempfile::TempDir, PathBuf) {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    for id in 1..=3 {
        wait(store.keep(noted(id, "The Quetzalcoatlus pump makes noise."))).unwrap();
    }
    wait(store.keep(CallRecord { caller: Some(number("+33140000099")), ..noted(4, "A price was asked.") }))
        .unwrap();
    (folder, path)
}

#[test]
fn whoever_is_looked_for_and_unknown_is_not_kept_for_that() {
    let (_folder, path) = kept();
    let stranger = number("+352661987654");
    let persons = || texts(&Connection::open(&path).unwrap(), "SELECT id FROM persons ORDER BY id");
    let before = persons();
    let mut clerk = Clerk::open(&path).unwrap();
    clerk.log(&Entry::new(Deed::Found).looked_for(Some(&stranger)), NOW).unwrap();
    assert_eq!(persons(), before);
    clerk.object(&stranger, NOW).unwrap();
    clerk.log(&Entry::new(Deed::Found).looked_for(Some(&stranger)), NOW).unwrap();
    assert_eq!(clerk.objections().unwrap(), [(stranger.clone(), NOW)]);
    let log = clerk.whole_log().unwrap();
    let of = |deed: &str| log.iter().rfind(|entry| entry.deed == deed).unwrap().person.clone();
    assert_eq!(of("found"), of("objected"), "known, it is told whose data were looked at");
    assert!(of("found").is_some());
    clerk.erase_calls(&[], Some(&stranger), true, NOW).unwrap();
    clerk.log(&Entry::new(Deed::Found).looked_for(Some(&stranger)), NOW).unwrap();
    assert_eq!(persons(), before, "and nothing comes back by looking whether it is gone");
}

fn log_of(path: &Path) -> Vec<String> {
    let log = Clerk::open(path).unwrap().whole_log().unwrap();
    log.into_iter().map(|entry| entry.deed).collect()
}

/// What somebody could do who has the file and SQLite.
fn by_hand(path: &Path, change: &str) {
    let raw = Connection::open(path).unwrap();
    raw.execute_batch(
        "DROP TRIGGER the_log_is_not_changed; DROP TRIGGER the_log_is_not_cut;
         DROP TRIGGER a_checkpoint_is_not_changed;",
    )
    .unwrap();
    raw.execute_batch(change).unwrap();
}

fn faults(path: &Path) -> Vec<Fault> {
    Clerk::open(path).unwrap().verify_log(None).unwrap().faults
}

#[test]
fn every_deed_has_its_place_in_the_log() {
    let (_folder, path) = kept();
    let mut clerk = Clerk::open(&path).unwrap();
    for deed in Deed::ALL {
        clerk.log(&Entry::new(*deed).detail("1"), NOW).unwrap();
    }
    assert!(faults(&path).is_empty());
}

#[test]
fn a_note_and_a_reason_are_told_of_the_call_alone_and_a_request_of_a_random_id_for_the_person() {
    let (_folder, path) = kept();
    let store = Store::open(&path).unwrap();
    wait(store.keep(not_noted(9, NoSummary::Objection))).unwrap();
    wait(store.keep_request(request(1))).unwrap();
    drop(store);
    let log = Clerk::open(&path).unwrap().whole_log().unwrap();
    let told: Vec<_> = log.iter().map(|entry| (entry.deed.as_str(), entry.detail.as_deref())).collect();
    let kept = ("note_kept", None);
    let end = [("objection", None), ("note_refused", Some("objection")), ("request_kept", None)];
    assert_eq!(told, [[kept; 4].as_slice(), &end].concat());
    let persons: std::collections::BTreeSet<_> =
        log.iter().filter_map(|entry| entry.person.clone()).collect();
    assert_eq!(persons.len(), 1);
    assert!(log.iter().all(|entry| entry.call.is_some() != entry.person.is_some()), "{log:?}");
    assert!(log.iter().all(|entry| !format!("{entry:?}").contains("621123456")));
}

/// Other calls of the number stay, and so does what protects it.
#[test]
fn from_the_log_of_an_erased_call_nothing_leads_to_its_caller() {
    let (_folder, path) = kept();
    let caller = number("+352621123456");
    wait(Store::open(&path).unwrap().keep_request(request(1))).unwrap();
    let mut clerk = Clerk::open(&path).unwrap();
    clerk.object(&caller, NOW).unwrap();
    clerk.mark_calls(&[CallId(1)], Mark::Hold, NOW).unwrap();
    clerk.mark_calls(&[CallId(1)], Mark::Release, NOW).unwrap();
    clerk.log(&Entry::new(Deed::Shown).call(CallId(1)), NOW).unwrap();
    assert!(clerk.log_about(&[CallId(1)], None).unwrap().len() > 4, "it tells of the call");
    clerk.erase_calls(&[CallId(1)], Some(&caller), false, NOW).unwrap();
    clerk.mark_calls(&[CallId(2)], Mark::Hold, NOW).unwrap();
    clerk.withdraw_objection(&caller, NOW).unwrap();
    let log = clerk.whole_log().unwrap();
    assert!(log.iter().any(|entry| entry.person.is_some()));
    assert!(log.iter().all(|entry| entry.call.is_none() || entry.person.is_none()), "{log:?}");
    let erased = log.iter().find(|entry| entry.deed == "erased").unwrap();
    assert_eq!((&erased.call, &erased.person), (&None, &None), "an erasure names nobody");
    let about = clerk.log_about(&[], Some(&caller)).unwrap();
    assert_eq!(about.iter().map(|entry| entry.deed.as_str()).collect::<Vec<_>>(), ["objection_withdrawn"]);
    assert!(faults(&path).is_empty());
}

#[test]
fn a_receipt_fits_the_number_that_was_named_and_neither_log_nor_receipt_holds_it() {
    let (_folder, path) = kept();
    let (caller, other) = (number("+352621123456"), number("+33140000099"));
    let mut clerk = Clerk::open(&path).unwrap();
    let calls = [CallId(1), CallId(2), CallId(3)];
    let receipt = clerk.erase_calls(&calls, Some(&caller), true, NOW).unwrap().receipt;
    let unnamed = clerk.erase_calls(&[CallId(4)], None, false, NOW).unwrap().receipt;
    let entry = clerk.receipt(&receipt, Some(&caller)).unwrap().unwrap();
    assert_eq!((entry.deed.as_str(), entry.at), ("erased", NOW));
    assert!(entry.detail.unwrap().starts_with("3."));
    assert!(clerk.receipt(&unnamed, None).unwrap().is_some());
    for (receipt, number) in [
        (&receipt, Some(&other)),
        (&receipt, None),
        (&unnamed, Some(&caller)),
        (&"0".repeat(32), Some(&caller)),
    ] {
        assert_eq!(clerk.receipt(receipt, number), Ok(None));
    }
    assert!(!receipt.contains("621123456") && !is_anywhere(&path, "621123456"));
    assert!(!is_anywhere(&path, &receipt), "whoever has the log alone cannot try numbers");
}

#[test]
fn an_entry_can_neither_be_changed_nor_removed_by_sql_alone() {
    let (_folder, path) = kept();
    let raw = Connection::open(&path).unwrap();
    for change in ["UPDATE log SET at = 0", "DELETE FROM log WHERE seq = 2", "DELETE FROM log"] {
        assert!(raw.execute_batch(change).is_err(), "{change}");
    }
    assert!(faults(&path).is_empty());
}

#[test]
fn whatever_is_done_to_an_entry_by_hand_is_named() {
    let again = "CREATE TEMP TABLE t AS SELECT * FROM log WHERE seq IN (2, 3);
                 DELETE FROM log WHERE seq IN (2, 3);
                 INSERT INTO log SELECT 5 - seq, at, deed, call, person, line, detail, hash FROM t;";
    for (change, named) in [
        ("UPDATE log SET detail = 'x' WHERE seq = 2", vec![Fault::Changed { seq: 2 }]),
        ("UPDATE log SET call = NULL WHERE seq = 1", vec![Fault::Changed { seq: 1 }]),
        ("DELETE FROM log WHERE seq = 2", vec![Fault::Missing { from: 2, to: 2 }]),
        ("DELETE FROM log WHERE seq = 1", vec![Fault::Missing { from: 1, to: 1 }]),
        ("DELETE FROM log WHERE seq > 2", vec![Fault::Missing { from: 3, to: 4 }]),
        (again, vec![Fault::Changed { seq: 2 }, Fault::Changed { seq: 3 }, Fault::Changed { seq: 4 }]),
        (
            "DELETE FROM log WHERE seq = 1;
             INSERT INTO checkpoints SELECT 1, '00000000' || substr(hash, 9), 1 FROM log WHERE seq = 2;",
            vec![Fault::Changed { seq: 2 }, Fault::NoCheckpoint { seq: 2 }],
        ),
    ] {
        let (_folder, path) = kept();
        assert!(faults(&path).is_empty());
        by_hand(&path, change);
        assert_eq!(faults(&path), named, "{change}");
    }
}

#[test]
fn a_log_that_was_written_anew_does_not_hold_the_head_that_was_noted() {
    let (_folder, path) = kept();
    let head = Clerk::open(&path).unwrap().verify_log(None).unwrap().head;
    let ask = |path: &Path| Clerk::open(path).unwrap().verify_log(Some(&head[..16])).unwrap().faults;
    Clerk::open(&path).unwrap().log(&Entry::new(Deed::LogRead), NOW).unwrap();
    assert!(ask(&path).is_empty());
    by_hand(&path, "DELETE FROM log; DELETE FROM sqlite_sequence WHERE name = 'log';");
    Clerk::open(&path).unwrap().log(&Entry::new(Deed::LogRead), NOW).unwrap();
    assert!(faults(&path).is_empty());
    assert_eq!(ask(&path), [Fault::HeadUnknown]);
}

#[test]
fn a_pruned_log_verifies_from_its_checkpoint_and_a_broken_one_is_not_pruned() {
    let (_folder, path) = kept();
    let mut clerk = Clerk::open(&path).unwrap();
    let later = UtcMillis(NOW.0 + 1_000);
    clerk.log(&Entry::new(Deed::LogRead), later).unwrap();
    assert_eq!(clerk.prune_log(NOW, later), Ok(Some(4)));
    assert_eq!(log_of(&path), ["log_read", "pruned"]);
    assert!(faults(&path).is_empty());
    by_hand(&path, "UPDATE log SET detail = 'x' WHERE deed = 'log_read'");
    assert_eq!(clerk.prune_log(UtcMillis(later.0 + 5), later), Ok(None));
}

#[test]
fn settings_are_logged_when_they_changed() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    for version in ["a", "a", "b", "a"] {
        wait(store.log_change(Entry::new(Deed::SettingsChanged).detail(version), NOW)).unwrap();
    }
    assert_eq!(log_of(&path), ["settings_changed"; 3]);
}

#[test]
fn a_backup_is_whole_private_and_writes_over_nothing() {
    let (folder, path) = kept();
    let copy = folder.path().join("copy.db");
    let mut clerk = Clerk::open(&path).unwrap();
    clerk.backup(&copy, NOW).unwrap();
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(Reader::open(&copy).unwrap().list(&Filter::default()).unwrap().len(), 4);
    let before = fs::read(&copy).unwrap();
    assert_eq!(clerk.backup(&copy, NOW).unwrap_err().trouble, Trouble::Exists);
    assert_eq!(fs::read(&copy).unwrap(), before);
}

#[test]
fn what_was_erased_after_a_backup_stays_erased_and_what_protects_stays() {
    let (folder, path) = kept();
    let copy = folder.path().join("copy.db");
    let mut clerk = Clerk::open(&path).unwrap();
    clerk.backup(&copy, NOW).unwrap();
    let caller = number("+352621123456");
    let erased = clerk.erase_calls(&[CallId(1), CallId(2), CallId(3)], Some(&caller), false, NOW).unwrap();
    assert_eq!(erased.calls.len(), 3);
    clerk.erase_calls(&[CallId(99)], None, false, NOW).unwrap();
    clerk.object(&caller, NOW).unwrap();
    let by_hand = Connection::open(&path).unwrap();
    by_hand.execute("DELETE FROM calls WHERE id = ?1", [CallId(4).to_string()]).unwrap();
    let restored = clerk.restore(&copy, None, NOW).unwrap();
    assert_eq!((restored.calls, restored.buried, restored.began_anew), (1, 3, false));
    assert_eq!(clerk.objects_since(&caller), Ok(Some(NOW)));
    assert_eq!(clerk.objects_since(&number("+33140000099")), Ok(None));
    assert!(faults(&path).is_empty());
    let left = Reader::open(&path).unwrap().list(&Filter::default()).unwrap();
    assert_eq!(left.iter().map(|kept| kept.call.id.0).collect::<Vec<_>>(), [4]);
    assert!(fs::read_dir(path.parent().unwrap()).unwrap().count() <= 3, "no copy is left behind");
    // What the log tells of the call that came back: what it told before, and that.
    let told = clerk.log_about(&[CallId(4)], None).unwrap();
    let told: Vec<(&str, Option<&str>)> =
        told.iter().map(|entry| (entry.deed.as_str(), entry.line.as_deref())).collect();
    assert_eq!(told, [("note_kept", Some("main")), ("restored", Some("main"))]);
}

#[test]
fn a_lost_database_comes_back_with_its_log() {
    let (folder, path) = kept();
    let copy = folder.path().join("copy.db");
    Clerk::open(&path).unwrap().backup(&copy, NOW).unwrap();
    let fresh = folder.path().join("fresh.db");
    drop(Store::open(&fresh).unwrap());
    let restored = Clerk::open(&fresh).unwrap().restore(&copy, None, NOW).unwrap();
    assert_eq!((restored.calls, restored.began_anew), (4, true));
    assert_eq!(
        log_of(&fresh),
        [
            "note_kept",
            "note_kept",
            "note_kept",
            "note_kept",
            "backed_up",
            "restored",
            "restored",
            "restored",
            "restored",
            "restored"
        ]
    );
    assert!(faults(&fresh).is_empty());
}

#[test]
fn a_newer_a_foreign_and_a_broken_backup_are_refused() {
    let (folder, path) = kept();
    let copy = folder.path().join("copy.db");
    let mut clerk = Clerk::open(&path).unwrap();
    clerk.backup(&copy, NOW).unwrap();
    Connection::open(&copy).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(clerk.restore(&copy, None, NOW).unwrap_err().trouble, Trouble::Newer { found: 99, .. }));
    fs::write(&copy, "no database at all, but a text of some length that says so".repeat(20)).unwrap();
    assert_eq!(clerk.restore(&copy, None, NOW).unwrap_err().trouble, Trouble::NotOurs);
    assert!(fs::read_dir(path.parent().unwrap()).unwrap().count() <= 3, "no copy is left behind");
}

#[test]
fn after_an_erasure_no_byte_of_the_person_is_left() {
    let (_folder, path) = kept();
    let mut clerk = Clerk::open(&path).unwrap();
    let caller = number("+352621123456");
    clerk.add_contacts(&[entry(caller.as_str())], NOW).unwrap();
    clerk.object(&caller, NOW).unwrap();
    for canary in ["Quetzalcoatlus", "+352621123456"] {
        assert!(is_anywhere(&path, canary), "the search finds what is there");
    }
    let calls = [CallId(1), CallId(2), CallId(3)];
    let erased = clerk.erase_calls(&calls, Some(&caller), false, NOW).unwrap();
    assert_eq!((erased.requests_kept, erased.objection_kept), (1, true));
    assert!(!is_anywhere(&path, "Quetzalcoatlus") && is_anywhere(&path, "+352621123456"));
    let erased = clerk.erase_calls(&[], Some(&caller), true, NOW).unwrap();
    assert_eq!((erased.requests_erased, erased.requests_kept, erased.objection_kept), (1, 0, false));
    assert!(!is_anywhere(&path, "+352621123456") && !is_anywhere(&path, "621123456"));
    assert!(is_anywhere(&path, "A price was asked."));
    assert!(faults(&path).is_empty());
}

#[test]
fn a_restricted_note_is_not_shown_and_a_held_call_is_not_erased() {
    let (_folder, path) = kept();
    let mut clerk = Clerk::open(&path).unwrap();
    let text = |path: &Path| match Reader::open(path).unwrap().show(CallId(1)).unwrap().unwrap().call.outcome
    {
        Outcome::Noted(summary) => summary.text,
        Outcome::NotNoted(_) => panic!("there is a note"),
    };
    assert_eq!(clerk.mark_calls(&[CallId(1), CallId(77)], Mark::Restrict, NOW), Ok(1));
    assert_eq!(text(&path), "");
    clerk.mark_calls(&[CallId(1)], Mark::Unrestrict, NOW).unwrap();
    assert!(text(&path).contains("Quetzalcoatlus"));
    clerk.mark_calls(&[CallId(1)], Mark::Hold, NOW).unwrap();
    assert_eq!(clerk.erase_calls(&[CallId(1)], None, false, NOW).unwrap().calls, []);
    clerk.mark_calls(&[CallId(1)], Mark::Release, NOW).unwrap();
    assert_eq!(clerk.erase_calls(&[CallId(1)], None, false, NOW).unwrap().calls, [CallId(1)]);
}

#[test]
fn of_a_corrected_note_the_old_text_is_gone() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    wait(store.keep(noted(1, "The Quetzalcoatlus pump makes noise."))).unwrap();
    let mut clerk = Clerk::open(&path).unwrap();
    assert_eq!(clerk.correct(CallId(1), "The pump is quiet.", "", NOW), Ok(true));
    assert_eq!(clerk.correct(CallId(2), "The pump is quiet.", "", NOW), Ok(false));
    assert!(!is_anywhere(&path, "Quetzalcoatlus") && is_anywhere(&path, "The pump is quiet."));
    assert!(Reader::open(&path).unwrap().show(CallId(1)).unwrap().unwrap().marks.corrected);
}

#[test]
fn the_list_blocks_what_was_asked_for_until_it_is_rejected_withdrawn_or_expired() {
    let (_folder, path) = kept();
    let caller = number("+352621123456");
    wait(Store::open(&path).unwrap().keep_request(request(1))).unwrap();
    let mut clerk = Clerk::open(&path).unwrap();
    let ask = |clerk: &Clerk, channel, intent| {
        clerk.check_contact(&Question { number: caller.clone(), channel, intent }, NOW).unwrap()
    };
    // Pending and protective at once: calls and text messages, for advertising.
    assert_eq!(ask(&clerk, Channel::Calls, Intent::Advertising), Listed::Blocked);
    assert_eq!(ask(&clerk, Channel::Sms, Intent::Advertising), Listed::Blocked);
    assert_eq!(ask(&clerk, Channel::Email, Intent::Advertising), Listed::NotListed);
    assert_eq!(ask(&clerk, Channel::Calls, Intent::Service), Listed::NotListed);
    let id = clerk.contacts(Some(&caller)).unwrap()[0].id;
    for (state, listed) in [
        (State::Confirmed, Listed::Blocked),
        (State::Rejected, Listed::NotListed),
        (State::Withdrawn, Listed::NotListed),
    ] {
        assert_eq!(clerk.decide_contact(id, state, NOW), Ok(true));
        assert_eq!(ask(&clerk, Channel::Calls, Intent::Advertising), listed, "{state:?}");
    }
    assert_eq!(clerk.decide_contact(999, State::Confirmed, NOW), Ok(false));
    let everything = NewContact {
        channels: Channels { calls: true, ..Channels::default() },
        exceptions: Exceptions { callback: true, service: false },
        source: Source::Import,
        expires: Some(UtcMillis(NOW.0 + 10)),
        ..entry(caller.as_str())
    };
    clerk.add_contacts(&[everything], NOW).unwrap();
    assert_eq!(ask(&clerk, Channel::Calls, Intent::Service), Listed::Blocked);
    assert_eq!(ask(&clerk, Channel::Calls, Intent::Callback), Listed::NotListed);
    let store = Store::open(&path).unwrap();
    let block = Block { number: caller.clone(), advertising: true, service: true, callback: false };
    assert_eq!(wait(store.blocks(NOW)).unwrap(), [block]);
    let later = UtcMillis(NOW.0 + 10);
    let service = Question { number: caller, channel: Channel::Calls, intent: Intent::Service };
    assert_eq!(clerk.check_contact(&service, later), Ok(Listed::NotListed));
    assert_eq!(wait(store.blocks(later)).unwrap(), []);
}

#[test]
fn a_sweep_leaves_no_row_past_its_time_but_those_that_are_restricted_or_held() {
    let (_folder, path) = kept();
    let store = Store::open(&path).unwrap();
    wait(store.keep(not_noted(5, NoSummary::TooShort))).unwrap();
    wait(store.keep(CallRecord { line: name("closed"), ..noted(6, "A price was asked.") })).unwrap();
    let mut clerk = Clerk::open(&path).unwrap();
    clerk.mark_calls(&[CallId(1)], Mark::Hold, NOW).unwrap();
    clerk.mark_calls(&[CallId(2)], Mark::Restrict, NOW).unwrap();
    let lines = vec![LineRetention { line: name("main"), notes_days: 10, rows_days: 20, wishes_days: None }];
    let retention = Retention { lines, log_days: 400, objections_days: None, erased_days: 3_650 };
    let in_days = |days: i64| UtcMillis(1_795_459_060_000 + days * UtcMillis::DAY + 1);
    let left = || {
        let list = Reader::open(&path).unwrap().list(&Filter::default()).unwrap();
        let mut left: Vec<_> = list.iter().map(|kept| kept.call.id.0).collect();
        left.sort_unstable();
        left
    };
    let sweep = |at| wait(store.sweep(retention.clone(), at)).unwrap();
    assert_eq!(sweep(in_days(9)), Swept::default());
    assert_eq!(clerk.overdue(&retention, in_days(10)), Ok(2));
    assert_eq!(sweep(in_days(10)), Swept { calls: 2, ..Swept::default() });
    assert_eq!(left(), [1, 2, 5, 6]);
    assert_eq!(sweep(in_days(20)).calls, 2);
    assert_eq!((left(), clerk.overdue(&retention, in_days(20))), (vec![1, 2], Ok(0)));
    assert!(!is_anywhere(&path, "A price was asked.") && !is_anywhere(&path, "+33140000099"));
    assert!(sweep(in_days(500)).log_entries > 0);
    assert!(faults(&path).is_empty());
}
