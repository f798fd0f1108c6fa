//! Promises and references that are read from notes, and what the switch is told of a caller.

use super::*;

const PROMISED: &str = "Die anrufende Person meldete ein Problem: Heizung. Die Nummer lautet 4711-22. Das Team sagte zu, \
                        zurückzurufen. Das Team sagte zu, am 3. Dezember zu kommen.";

fn caller() -> Number {
    Number::new("+352621123456").unwrap()
}

/// A call with two promises, one with none, and one without a note.
fn kept() -> (tempfile::TempDir, PathBuf) {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    wait(store.keep(noted(1, PROMISED))).unwrap();
    wait(store.keep(noted(2, "Die anrufende Person rief an wegen Vertrag 9047."))).unwrap();
    wait(store.keep(CallRecord { caller: Some(caller()), ..not_noted(3, NoSummary::TooShort) })).unwrap();
    (folder, path)
}

fn found(path: &Path, filter: &Filter) -> Vec<u64> {
    Reader::open(path).unwrap().list(filter).unwrap().iter().map(|kept| kept.call.id.0).collect()
}

#[test]
fn a_promise_is_open_until_it_is_marked_and_again_when_the_mark_is_taken_back() {
    let (_folder, path) = kept();
    let open = Filter { open_promises: true, ..Filter::default() };
    assert_eq!(found(&path, &open), [1]);
    let mut clerk = Clerk::open(&path).unwrap();
    assert!(clerk.mark_promise(CallId(1), 1, true, NOW).unwrap());
    assert_eq!(found(&path, &open), [1], "the second one is open");
    assert!(clerk.mark_promise(CallId(1), 2, true, NOW).unwrap());
    assert!(clerk.mark_promise(CallId(1), 2, true, UtcMillis(NOW.0 + 1)).unwrap());
    assert_eq!(found(&path, &open), [0; 0]);
    let kept = clerk.call(CallId(1)).unwrap().unwrap();
    assert_eq!(kept.promises()[1].kept, Some(NOW), "the first time counts");
    assert_eq!(kept.promises()[1].text, "Das Team sagte zu, am 3. Dezember zu kommen.");
    assert!(clerk.mark_promise(CallId(1), 2, false, NOW).unwrap());
    assert_eq!(found(&path, &open), [1]);
    for (call, number) in [(1, 3), (1, 0), (2, 1), (3, 1), (9, 1)] {
        assert!(!clerk.mark_promise(CallId(call), number, true, NOW).unwrap(), "{call} {number}");
    }
    let log = clerk.whole_log().unwrap();
    let marks = log.iter().filter(|entry| entry.deed.starts_with("promise"));
    let marks: Vec<_> = marks.map(|entry| (entry.deed.as_str(), entry.detail.as_deref().unwrap())).collect();
    assert_eq!(marks, [("promise_kept", "1"), ("promise_kept", "2"), ("promise_open", "2")]);
    assert!(clerk.verify_log(None).unwrap().faults.is_empty());
}

#[test]
fn calls_are_found_by_reference_and_topic_but_never_by_what_a_restricted_note_says() {
    let (_folder, path) = kept();
    let by = |reference: &str| Filter { reference: Reference::new(reference), ..Filter::default() };
    let topic = |topic: &str| Filter { topic: Some(topic.into()), ..Filter::default() };
    let open = Filter { open_promises: true, ..Filter::default() };
    assert_eq!(found(&path, &by("4711/22")), [1]);
    assert_eq!(found(&path, &by("9047")), [2]);
    assert_eq!(found(&path, &by("904")), [0; 0]);
    assert_eq!(found(&path, &topic("fault")), [2, 1]);
    assert_eq!(found(&path, &Filter { limit: 1, ..topic("fault") }), [2]);
    assert_eq!(found(&path, &Filter { limit: 1, ..by("471122") }), [1]);
    assert_eq!(found(&path, &topic("billing")), [0; 0]);
    let mut clerk = Clerk::open(&path).unwrap();
    clerk.mark_calls(&[CallId(1)], Mark::Restrict, NOW).unwrap();
    assert_eq!(found(&path, &by("4711/22")), [0; 0]);
    assert_eq!(found(&path, &topic("fault")), [2]);
    assert_eq!(found(&path, &open), [0; 0]);
    assert!(!clerk.mark_promise(CallId(1), 1, true, NOW).unwrap());
    assert_eq!(found(&path, &Filter::default()), [3, 2, 1]);
}

#[test]
fn of_earlier_notes_those_that_may_be_shown_are_counted_and_the_newest_is_the_link() {
    let (_folder, path) = kept();
    let store = Store::open(&path).unwrap();
    let earlier = |number: &str| wait(store.earlier(Number::new(number).unwrap())).unwrap();
    assert_eq!(earlier("+352621123456"), Earlier { notes: 2, link: Some(CallId(2)) });
    assert_eq!(earlier("621123456"), Earlier::default(), "a number of no country is another one");
    assert_eq!(earlier("+33140000099"), Earlier::default());
    Clerk::open(&path).unwrap().mark_calls(&[CallId(2)], Mark::Restrict, NOW).unwrap();
    assert_eq!(earlier("+352621123456"), Earlier { notes: 1, link: Some(CallId(1)) });
    wait(store.erase(CallId(1), NOW)).unwrap();
    assert_eq!(earlier("+352621123456"), Earlier::default());
}

#[test]
fn what_was_kept_and_who_had_the_call_comes_back_with_a_backup() {
    let (folder, path) = kept();
    let mut clerk = Clerk::open(&path).unwrap();
    assert!(clerk.mark_promise(CallId(1), 2, true, NOW).unwrap());
    let before = clerk.call(CallId(1)).unwrap();
    let copy = folder.path().join("copy.db");
    clerk.backup(&copy, NOW).unwrap();
    drop(clerk);
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    drop(Store::open(&path).unwrap());
    let mut clerk = Clerk::open(&path).unwrap();
    clerk.restore(&copy, None, NOW).unwrap();
    assert_eq!(clerk.call(CallId(1)).unwrap(), before);
    assert!(!before.unwrap().call.segments.is_empty());
}
