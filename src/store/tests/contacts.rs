//! What is on the list already is not added to it again, and an end that comes too early is put off.

use super::*;

const NUMBER: &str = "+352621987654";

fn new() -> NewContact {
    let channels = Channels { calls: true, ..Channels::default() };
    NewContact { channels, purpose: Purpose::Advertising, ..entry(NUMBER) }
}

fn days(days: i64) -> UtcMillis {
    UtcMillis(NOW.0 + days * UtcMillis::DAY)
}

fn add(clerk: &mut Clerk, new: NewContact) -> Added {
    clerk.add_contacts(&[new], NOW).unwrap()[0]
}

fn office() -> (tempfile::TempDir, Clerk) {
    let (folder, path) = place();
    drop(Store::open(&path).unwrap());
    (folder, Clerk::open(&path).unwrap())
}

#[test]
fn what_an_entry_covers_is_not_added_again() {
    let (_folder, mut clerk) = office();
    let everything = NewContact {
        channels: Channels::ALL,
        purpose: Purpose::Everything,
        exceptions: Exceptions { callback: true, service: false },
        ..new()
    };
    assert_eq!(add(&mut clerk, everything.clone()), Added::New(1));
    for covered in [
        new(),
        everything.clone(),
        NewContact { expires: Some(days(3)), ..new() },
        NewContact { exceptions: Exceptions { service: true, callback: true }, ..everything.clone() },
    ] {
        assert_eq!(add(&mut clerk, covered.clone()), Added::Already(1), "{covered:?}");
    }
    // It lets call-backs pass, which is now not wanted.
    let wider = NewContact { exceptions: Exceptions::default(), ..everything };
    assert_eq!(add(&mut clerk, wider), Added::New(2));
    let other = NewContact { number: Number::new("+352621987655").unwrap(), ..new() };
    assert_eq!(add(&mut clerk, other), Added::New(3));
    let deeds: Vec<String> = clerk.whole_log().unwrap().into_iter().map(|entry| entry.deed).collect();
    assert_eq!(deeds.iter().filter(|deed| *deed == "contact_renewed").count(), 4, "{deeds:?}");
    assert!(clerk.verify_log(None).unwrap().faults.is_empty());
}

#[test]
fn the_same_with_a_later_end_is_extended_and_what_is_wider_is_not_made_to_last_longer_for_it() {
    let (_folder, mut clerk) = office();
    let until = |end| NewContact { expires: end, ..new() };
    let expires = |clerk: &Clerk, id: i64| {
        clerk.contacts(None).unwrap().into_iter().find(|entry| entry.id == id).unwrap().expires
    };
    assert_eq!(add(&mut clerk, until(Some(days(5)))), Added::New(1));
    assert_eq!(add(&mut clerk, until(Some(days(4)))), Added::Already(1));
    assert_eq!(expires(&clerk, 1), Some(days(5)));
    assert_eq!(add(&mut clerk, until(Some(days(6)))), Added::Extended(1));
    assert_eq!(expires(&clerk, 1), Some(days(6)));
    assert_eq!(add(&mut clerk, until(None)), Added::Extended(1));
    assert_eq!(expires(&clerk, 1), None);
    let wide = NewContact { channels: Channels::ALL, ..until(Some(days(5))) };
    let number = Number::new("+352621987655").unwrap();
    assert_eq!(add(&mut clerk, NewContact { number: number.clone(), ..wide }), Added::New(2));
    assert_eq!(add(&mut clerk, NewContact { number, ..until(None) }), Added::New(3));
    assert_eq!(expires(&clerk, 2), Some(days(5)));
}

#[test]
fn an_entry_that_counts_no_more_covers_nothing() {
    let (_folder, mut clerk) = office();
    assert_eq!(add(&mut clerk, new()), Added::New(1));
    clerk.decide_contact(1, State::Withdrawn, NOW).unwrap();
    assert_eq!(add(&mut clerk, NewContact { expires: Some(days(1)), ..new() }), Added::New(2));
    assert_eq!(
        clerk.add_contacts(&[NewContact { expires: Some(days(9)), ..new() }], days(2)).unwrap(),
        [Added::New(3)]
    );
}

#[test]
fn a_list_names_what_is_there_already_and_a_rehearsal_adds_nothing() {
    let (_folder, mut clerk) = office();
    let other = NewContact { number: Number::new("+352621987655").unwrap(), ..new() };
    let list = [new(), other, new()];
    let would = clerk.try_contacts(&list, NOW).unwrap();
    assert_eq!(would, [Added::New(1), Added::New(2), Added::Already(1)]);
    assert!(clerk.contacts(None).unwrap().is_empty() && clerk.whole_log().unwrap().is_empty());
    assert_eq!(clerk.add_contacts(&list, NOW).unwrap(), would);
    assert_eq!(clerk.contacts(None).unwrap().len(), 2);
}

#[test]
fn a_wish_from_a_call_that_is_on_the_list_already_is_not_added_and_one_without_a_number_always() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    for call in 1..=3 {
        wait(store.keep_request(request(call))).unwrap();
    }
    let clerk = Clerk::open(&path).unwrap();
    let [entry] = &clerk.contacts(None).unwrap()[..] else { panic!("one entry") };
    assert_eq!((entry.request.call, entry.renewed), (Some(CallId(1)), Some(request(1).created)));
    wait(store.keep_request(Request { purpose: Purpose::Everything, ..request(4) })).unwrap();
    wait(store.keep_request(Request { number: None, ..request(5) })).unwrap();
    wait(store.keep_request(Request { number: None, ..request(6) })).unwrap();
    assert_eq!(clerk.contacts(None).unwrap().len(), 4);
}

#[test]
fn a_wish_that_is_made_again_on_another_line_is_of_none_and_one_that_somebody_tells_is_confirmed() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    let of = |line: &str, call| Request { line: Some(name(line)), ..request(call) };
    let mut clerk = Clerk::open(&path).unwrap();
    let there = |clerk: &Clerk| clerk.contacts(None).unwrap().remove(0);
    for (line, then) in [("main", Some("main")), ("main", Some("main")), ("other", None), ("main", None)] {
        wait(store.keep_request(of(line, 1))).unwrap();
        assert_eq!(there(&clerk).request.line, then.map(name), "{line}");
    }
    assert_eq!(there(&clerk).state, State::Pending);
    let Request { number, channels, purpose, .. } = request(1);
    let letter =
        NewContact { number: number.unwrap(), channels, purpose, via: Some(name("letter")), ..new() };
    let Added::Already(_) = add(&mut clerk, letter) else { panic!("it is there") };
    assert_eq!((there(&clerk).state, there(&clerk).via), (State::Confirmed, Some(name("letter"))));
    let deeds: Vec<String> = clerk.whole_log().unwrap().into_iter().map(|entry| entry.deed).collect();
    assert_eq!(deeds.iter().filter(|deed| *deed == "contact_confirmed").count(), 1, "{deeds:?}");
}

/// As when somebody objects after the row was kept.
#[test]
fn a_wish_of_a_call_whose_row_goes_for_an_objection_is_of_no_line() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    wait(store.keep(noted(1, "The pump is loud."))).unwrap();
    wait(store.keep_request(Request { line: Some(name("main")), ..request(1) })).unwrap();
    assert_eq!(wait(store.erase(CallId(1), NOW)), Ok(true));
    wait(store.keep(not_noted(1, NoSummary::Objection))).unwrap();
    let entry = Clerk::open(&path).unwrap().contacts(None).unwrap().remove(0);
    assert_eq!((entry.request.call, entry.request.line), (None, None));
}

#[test]
fn an_encrypted_list_knows_what_is_there_already_too() {
    let (folder, path) = place();
    drop(Store::open(&path).unwrap());
    let key = folder.path().join("contacts.key");
    fs::write(&key, "7f".repeat(32)).unwrap();
    fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    let database = Database { contacts: Some(ContactsKey::read(&key).unwrap()), ..(&path).into() };
    drop(Store::open(database.clone()).unwrap());
    let mut clerk = Clerk::open(database).unwrap();
    assert_eq!(add(&mut clerk, new()), Added::New(1));
    assert_eq!(add(&mut clerk, new()), Added::Already(1));
}

#[test]
fn how_and_when_a_wish_came_is_kept_and_comes_back_with_a_restore() {
    let (folder, path) = place();
    drop(Store::open(&path).unwrap());
    let mut clerk = Clerk::open(&path).unwrap();
    let letter = NewContact { via: Some(name("letter")), received: Some(days(-3)), ..new() };
    clerk.add_contacts(&[letter], NOW).unwrap();
    let told = |clerk: &Clerk| {
        let entry = clerk.contacts(None).unwrap().remove(0);
        (entry.via, entry.received, entry.source)
    };
    let expected = (Some(name("letter")), Some(days(-3)), Source::Command);
    assert_eq!(told(&clerk), expected);
    let copy = folder.path().join("copy.db");
    clerk.backup(&copy, NOW).unwrap();
    let fresh = folder.path().join("fresh.db");
    drop(Store::open(&fresh).unwrap());
    let mut clerk = Clerk::open(&fresh).unwrap();
    clerk.restore(&copy, None, NOW).unwrap();
    assert_eq!(told(&clerk), expected);
}
