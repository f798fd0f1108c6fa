//! Notes that are drafts, and what becomes of them.

use super::*;

const TEXT: &str =
    "Das Team sagte zu, am Montag anzurufen. Das Team sagte zu, den Quetzalcoatlus zu schicken.";

fn later(minutes: i64) -> UtcMillis {
    UtcMillis(NOW.0 + minutes * 60_000)
}

/// Drafts until ten minutes from now; the first one stays after that, the others are discarded.
fn drafted() -> (tempfile::TempDir, PathBuf, Clerk) {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    for id in 1..=4 {
        let draft = Some(Draft { until: later(10), discard: id > 1 });
        wait(store.keep(CallRecord { draft, ..noted(id, TEXT) })).unwrap();
    }
    drop(store);
    let clerk = Clerk::open(&path).unwrap();
    (folder, path, clerk)
}

fn outcome(clerk: &Clerk, id: u64) -> Outcome {
    clerk.call(CallId(id)).unwrap().unwrap().call.outcome
}

#[test]
fn when_its_time_is_up_a_draft_stays_or_is_discarded_as_its_line_said() {
    let (_folder, path, mut clerk) = drafted();
    assert_eq!(clerk.settle_drafts(later(9)), Ok(0));
    assert_eq!(clerk.approve_draft(CallId(2), NOW), Ok(Drafted::Done));
    clerk.mark_calls(&[CallId(3)], Mark::Hold, NOW).unwrap();
    let store = Store::open(&path).unwrap();
    assert_eq!(wait(store.settle_drafts(later(10))), Ok(1));
    assert_eq!(wait(store.settle_drafts(later(10))), Ok(0));
    for id in 1..=3 {
        assert!(matches!(outcome(&clerk, id), Outcome::Noted(_)), "{id}");
    }
    assert_eq!(outcome(&clerk, 4), Outcome::NotNoted(NoSummary::Discarded));
    let log = clerk.whole_log().unwrap();
    let told: Vec<_> = log.iter().filter(|entry| entry.deed == "discarded").collect();
    assert_eq!((told.len(), told[0].detail.as_deref()), (1, Some("unapproved")));
    // Whoever is no longer held is discarded at the next look.
    clerk.mark_calls(&[CallId(3)], Mark::Release, NOW).unwrap();
    assert_eq!(wait(store.settle_drafts(later(11))), Ok(1));
    assert_eq!(outcome(&clerk, 3), Outcome::NotNoted(NoSummary::Discarded));
    assert_eq!(clerk.call(CallId(1)).unwrap().unwrap().call.draft, None);
}

#[test]
fn of_discarded_notes_no_byte_is_left_and_a_backup_does_not_bring_them_back() {
    let (folder, path, mut clerk) = drafted();
    let copy = folder.path().join("copy.db");
    clerk.backup(&copy, NOW).unwrap();
    assert!(is_anywhere(&path, "Quetzalcoatlus"));
    for id in 1..=4 {
        assert_eq!(clerk.discard_draft(CallId(id), NOW), Ok(Drafted::Done));
    }
    assert!(!is_anywhere(&path, "Quetzalcoatlus"));
    clerk.restore(&copy, None, NOW).unwrap();
    assert!(!is_anywhere(&path, "Quetzalcoatlus"));
    let raw = Connection::open(&path).unwrap();
    for table in ["topics", "drafts", "kept_promises"] {
        assert_eq!(texts(&raw, &format!("SELECT call FROM {table}")), [""; 0], "{table}");
    }
    assert!(clerk.verify_log(None).unwrap().faults.is_empty());
}

#[test]
fn a_corrected_draft_is_not_discarded_for_want_of_a_look_and_keeps_the_marks_of_what_stays() {
    let (_folder, path, mut clerk) = drafted();
    for number in [1, 2] {
        assert!(clerk.mark_promise(CallId(4), number, true, NOW).unwrap());
    }
    let text = "Das Team sagte zu, am Montag anzurufen. Das Team sagte zu, nichts zu schicken.";
    assert_eq!(clerk.correct_draft(CallId(4), text, NOW), Ok(Drafted::Done));
    let kept = clerk.call(CallId(4)).unwrap().unwrap();
    assert_eq!((kept.promises()[0].kept, kept.promises()[1].kept), (Some(NOW), None));
    assert!(kept.marks.corrected && kept.call.draft.is_some(), "it may be corrected once more");
    let store = Store::open(&path).unwrap();
    assert_eq!(wait(store.settle_drafts(later(10))), Ok(2), "the two that nobody looked at");
    assert!(matches!(outcome(&clerk, 4), Outcome::Noted(_)));
}

#[test]
fn what_is_no_draft_can_neither_be_corrected_nor_approved_nor_discarded() {
    let (_folder, path, mut clerk) = drafted();
    wait(Store::open(&path).unwrap().keep(noted(5, "A pump makes noise."))).unwrap();
    clerk.mark_calls(&[CallId(3)], Mark::Restrict, NOW).unwrap();
    clerk.mark_calls(&[CallId(2)], Mark::Hold, NOW).unwrap();
    for id in [3, 5, 9] {
        assert_eq!(clerk.correct_draft(CallId(id), "x", NOW), Ok(Drafted::NoDraft), "{id}");
        assert_eq!(clerk.approve_draft(CallId(id), NOW), Ok(Drafted::NoDraft), "{id}");
        assert_eq!(clerk.discard_draft(CallId(id), NOW), Ok(Drafted::NoDraft), "{id}");
    }
    assert_eq!(clerk.discard_draft(CallId(2), NOW), Ok(Drafted::Held));
    assert_eq!(clerk.discard_draft(CallId(1), later(10)), Ok(Drafted::Over(later(10))));
    let drafts = Filter { drafts_at: Some(NOW), ..Filter::default() };
    assert_eq!(Reader::open(&path).unwrap().list(&drafts).unwrap().len(), 4);
    assert!((1..=5).all(|id| matches!(outcome(&clerk, id), Outcome::Noted(_))));
}

#[test]
fn a_call_without_a_note_is_no_draft() {
    let (_folder, path) = place();
    let draft = Some(Draft { until: later(10), discard: true });
    wait(Store::open(&path).unwrap().keep(CallRecord { draft, ..not_noted(1, NoSummary::TooShort) }))
        .unwrap();
    assert_eq!(Reader::open(&path).unwrap().show(CallId(1)).unwrap().unwrap().call.draft, None);
}
