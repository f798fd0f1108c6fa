//! A do-not-contact list whose numbers are encrypted: no file tells them, everything that is asked of the list is answered
//! as before, and without the right key nothing is.

use super::*;
use rand::random;
use std::collections::BTreeSet;

const LISTED: &str = "+352621123456";
const OTHER: &str = "+4930901820";

fn number(text: &str) -> Number {
    Number::new(text).unwrap()
}

fn entry(listed: &str) -> NewContact {
    NewContact {
        number: number(listed),
        channels: Channels { calls: true, ..Channels::default() },
        purpose: Purpose::Everything,
        exceptions: Exceptions { callback: true, service: false },
        source: Source::Import,
        via: None,
        received: None,
        expires: None,
    }
}

fn key(folder: &Path, name: &str) -> ContactsKey {
    let file = folder.join(name);
    let digits: String = (0..8).map(|_| format!("{:08x}", random::<u32>())).collect();
    fs::write(&file, digits + "\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    ContactsKey::read(&file).unwrap()
}

fn keyed(path: &Path, key: &ContactsKey) -> Database {
    Database { contacts: Some(key.clone()), ..Database::from(path) }
}

/// A folder, a list with one entry that was encrypted in it, and the key.
fn hidden() -> (tempfile::TempDir, Database, ContactsKey) {
    let (folder, path) = place();
    let key = key(folder.path(), "key");
    let database = keyed(&path, &key);
    drop(Store::open(database.clone()).unwrap());
    Clerk::open(database.clone()).unwrap().add_contacts(&[entry(LISTED)], NOW).unwrap();
    (folder, database, key)
}

fn trouble<T>(result: Result<T, StoreError>) -> Trouble {
    result.err().expect("it is refused").trouble
}

/// The number, with or without its plus, or as the list of a national dialler has it.
fn tells(path: &Path, listed: &str) -> bool {
    is_anywhere(path, &listed[1..]) || is_anywhere(path, listed.trim_start_matches("+352"))
}

fn asked(clerk: &Clerk, of: &str, intent: Intent) -> Listed {
    let question = Question { number: number(of), channel: Channel::Calls, intent };
    clerk.check_contact(&question, NOW).unwrap()
}

/// Every twelve digits in a row that stand in one of the files.
fn twelve_digits(path: &Path) -> BTreeSet<Vec<u8>> {
    let files = fs::read_dir(path.parent().unwrap()).unwrap();
    let bytes = files.flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect::<Vec<u8>>();
    let runs = bytes.windows(12).filter(|window| window.iter().all(u8::is_ascii_digit));
    runs.map(<[u8]>::to_vec).collect()
}

#[test]
fn after_the_first_start_with_a_key_no_file_holds_a_number_of_the_list() {
    let (folder, path) = place();
    drop(Store::open(&path).unwrap());
    let listed: Vec<String> =
        (0..2_000).map(|at| format!("+35262{:03}{at:04}", random::<u32>() % 1_000)).collect();
    let mut clerk = Clerk::open(&path).unwrap();
    clerk.add_contacts(&listed.iter().map(|listed| entry(listed)).collect::<Vec<_>>(), NOW).unwrap();
    // Pages are torn and joined.
    for id in (1..=2_000).step_by(3) {
        clerk.decide_contact(id, State::Withdrawn, NOW).unwrap();
    }
    drop(clerk);
    // Copies in places of the file that no row has any more, as SQLite may leave them when it moves rows.
    let left = "PRAGMA secure_delete = OFF;
                UPDATE do_not_contact SET number = number || '000';
                UPDATE do_not_contact SET number = substr(number, 1, length(number) - 3)";
    Connection::open(&path).unwrap().execute_batch(left).unwrap();
    let told = |path: &Path| {
        let digits = twelve_digits(path);
        listed.iter().filter(|listed| digits.contains(&listed.as_bytes()[1..])).count()
    };
    assert_eq!(told(&path), 2_000, "the search finds what is there");

    let key = key(folder.path(), "key");
    let store = Store::open(keyed(&path, &key)).unwrap();
    assert_eq!(told(&path), 0, "while it runs");
    let protected: BTreeSet<_> =
        listed.iter().enumerate().filter(|(at, _)| at % 3 != 0).map(|(_, listed)| number(listed)).collect();
    let blocks = wait(store.blocks(NOW)).unwrap();
    assert_eq!(blocks.into_iter().map(|block| block.number).collect::<BTreeSet<_>>(), protected);
    drop(store);
    assert_eq!(told(&path), 0, "and afterwards");
    assert_eq!(Clerk::open(keyed(&path, &key)).unwrap().verify_log(None).unwrap().faults, []);
}

#[test]
fn a_start_that_was_killed_before_the_file_was_clean_is_made_up_for() {
    let (_folder, database, _) = hidden();
    let raw = Connection::open(&database.path).unwrap();
    let clean = || texts(&raw, "SELECT CAST(clean AS TEXT) FROM contacts_key");
    assert_eq!(clean(), ["1"]);
    raw.execute("UPDATE contacts_key SET clean = 0", []).unwrap();
    drop(Store::open(database).unwrap());
    assert_eq!(clean(), ["1"]);
}

#[test]
fn what_comes_later_is_never_written_in_plain() {
    let (_folder, database, _) = hidden();
    let store = Store::open(database.clone()).unwrap();
    wait(store.keep_request(Request { call: None, number: Some(number(OTHER)), ..request(1) })).unwrap();
    assert!(database.path.with_extension("db-wal").metadata().unwrap().len() > 0);
    assert!(!tells(&database.path, OTHER) && !tells(&database.path, LISTED));
}

#[test]
fn everything_that_is_asked_of_the_list_is_answered_as_before() {
    let (_folder, database, _) = hidden();
    let mut clerk = Clerk::open(database.clone()).unwrap();
    for spelled in [LISTED, "352621123456"] {
        assert_eq!(asked(&clerk, spelled, Intent::Service), Listed::Blocked, "{spelled}");
    }
    assert_eq!(asked(&clerk, LISTED, Intent::Callback), Listed::NotListed);
    assert_eq!(asked(&clerk, OTHER, Intent::Advertising), Listed::NotListed);
    let entries = clerk.contacts(Some(&number(LISTED))).unwrap();
    assert_eq!((entries.len(), entries[0].tail.as_deref()), (1, Some("456")));
    assert_eq!(entries[0].request.number, Some(number(LISTED)));
    assert_eq!(clerk.contacts(Some(&number(OTHER))).unwrap(), []);

    let store = Store::open(database.clone()).unwrap();
    wait(store.keep_request(request(7))).unwrap();
    wait(store.keep_request(Request { number: None, ..request(7) })).unwrap();
    wait(store.keep(CallRecord { caller: None, ..noted(7, "The pump makes noise.") })).unwrap();
    let block = Block { number: number(LISTED), advertising: true, service: true, callback: false };
    assert_eq!(wait(store.blocks(NOW)).unwrap(), [block], "several entries of one number are one");
    let mut of_call = Reader::open(database.clone()).unwrap().show(CallId(7)).unwrap().unwrap().requests;
    of_call.sort_by_key(|request| request.number.is_none());
    assert_eq!(of_call, [request(7), Request { number: None, ..request(7) }]);

    let id = entries[0].id;
    assert!(clerk.decide_contact(id, State::Rejected, NOW).unwrap());
    assert_eq!(asked(&clerk, LISTED, Intent::Service), Listed::NotListed);
    assert_eq!(asked(&clerk, LISTED, Intent::Advertising), Listed::Blocked);

    clerk.object(&number(LISTED), NOW).unwrap();
    let persons = |clerk: &Clerk| {
        let log = clerk.whole_log().unwrap();
        BTreeMap::from_iter(log.into_iter().filter_map(|entry| Some((entry.person?, ()))))
    };
    assert_eq!(persons(&clerk).len(), 1, "a person has one id in the log, whatever is done");
    let erased = clerk.erase_calls(&[CallId(7)], Some(&number(LISTED)), false, NOW).unwrap();
    assert_eq!((erased.calls.len(), erased.requests_kept, erased.objection_kept), (1, 2, true));
    let erased = clerk.erase_calls(&[], Some(&number(LISTED)), true, NOW).unwrap();
    assert_eq!((erased.requests_erased, erased.requests_kept, erased.objection_kept), (2, 0, false));
    assert!(!tells(&database.path, LISTED));
    assert_eq!(clerk.contacts(None).unwrap().len(), 1, "whose number was withheld");
    assert_eq!(clerk.verify_log(None).unwrap().faults, []);
}

#[test]
fn without_the_right_key_nothing_is_opened_and_it_is_said_what_to_do() {
    let (folder, database, _) = hidden();
    let path = &database.path;
    let before = fs::read(path).unwrap();
    let wrong = keyed(path, &key(folder.path(), "other"));
    let without = Database::from(path);
    for (database, expected) in [(&wrong, Trouble::WrongContactsKey), (&without, Trouble::NoContactsKey)] {
        assert_eq!(trouble(Store::open(database.clone())), expected);
        assert_eq!(trouble(Clerk::open(database.clone())), expected);
        assert_eq!(trouble(Reader::open(database.clone())), expected);
        assert_eq!(trouble(Store::check(database)), expected);
        let says = StoreError::new(path, expected).to_string();
        assert!(says.contains("[store] contacts_key_file") && says.contains("--contacts-key-file"), "{says}");
    }
    assert_eq!(fs::read(path).unwrap(), before);
    assert!(Store::open(database).is_ok());
}

#[test]
fn a_list_from_before_its_key_waits_for_the_daemon() {
    let (folder, path) = place();
    drop(Store::open(&path).unwrap());
    Clerk::open(&path).unwrap().add_contacts(&[entry(LISTED)], NOW).unwrap();
    let database = keyed(&path, &key(folder.path(), "key"));
    assert_eq!(trouble(Clerk::open(database.clone())), Trouble::ContactsPlain);
    assert_eq!(trouble(Reader::open(database.clone())), Trouble::ContactsPlain);
    assert_eq!(trouble(Store::check(&database)), Trouble::ContactsPlain);
    assert!(tells(&path, LISTED) && Clerk::open(&path).is_ok(), "whoever looks changes nothing");
    drop(Store::open(database.clone()).unwrap());
    assert_eq!(asked(&Clerk::open(database).unwrap(), LISTED, Intent::Service), Listed::Blocked);
}

#[test]
fn a_program_without_the_key_adds_no_plain_number_to_an_encrypted_list() {
    let (_folder, database, _) = hidden();
    let raw = Connection::open(&database.path).unwrap();
    for plain in [
        "INSERT INTO do_not_contact (number, calls, email, letters, sms, purpose, created)
             VALUES ('+4930901820', 1, 0, 0, 0, 'everything', 1)",
        "UPDATE do_not_contact SET number = '+4930901820', hash = NULL, sealed = NULL, tail = NULL",
        "INSERT INTO persons (id, number) VALUES ('0000000000000001', '+4930901820')",
    ] {
        let says = raw.execute(plain, []).unwrap_err().to_string();
        assert!(says.contains("the list is encrypted"), "{says}");
    }
}

#[test]
fn a_number_that_was_moved_to_another_entry_or_changed_is_not_believed() {
    for change in [
        "UPDATE do_not_contact SET sealed = (SELECT sealed FROM do_not_contact WHERE id = 2),
             hash = (SELECT hash FROM do_not_contact WHERE id = 2) WHERE id = 1",
        "UPDATE do_not_contact SET hash = (SELECT hash FROM do_not_contact WHERE id = 2) WHERE id = 1",
        "UPDATE do_not_contact SET sealed = replace(sealed, substr(sealed, 60, 1),
             iif(substr(sealed, 60, 1) = '0', '1', '0')) WHERE id = 1",
    ] {
        let (_folder, database, _) = hidden();
        let mut clerk = Clerk::open(database.clone()).unwrap();
        clerk.add_contacts(&[entry(OTHER)], NOW).unwrap();
        assert_eq!(clerk.contacts(None).unwrap().len(), 2);
        Connection::open(&database.path).unwrap().execute(change, []).unwrap();
        assert_eq!(trouble(clerk.contacts(None)), Trouble::Damaged, "{change}");
    }
}

#[test]
fn equal_numbers_are_hidden_alike_only_where_they_must_be_found() {
    let (_folder, database, _) = hidden();
    // Wider than what is there.
    let again = NewContact { channels: Channels::ALL, purpose: Purpose::Everything, ..entry(LISTED) };
    Clerk::open(database.clone()).unwrap().add_contacts(&[again, entry("1001")], NOW).unwrap();
    let raw = Connection::open(&database.path).unwrap();
    let count = |what: &str| {
        let count = format!("SELECT count(DISTINCT {what}) FROM do_not_contact");
        raw.query_row(&count, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!((count("hash"), count("sealed"), count("length(sealed)")), (2, 3, 1));
    assert_eq!(texts(&raw, "SELECT tail FROM do_not_contact ORDER BY id"), ["456", "456", "01"]);
}

#[test]
fn a_copy_comes_back_under_its_own_key_another_one_or_none() {
    let (folder, database, first) = hidden();
    let mut clerk = Clerk::open(database.clone()).unwrap();
    let copy = folder.path().join("copies/copy.db");
    fs::create_dir(copy.parent().unwrap()).unwrap();
    clerk.backup(&copy, NOW).unwrap();
    assert!(!tells(&copy, LISTED));
    assert_eq!(clerk.restore(&copy, None, NOW).unwrap().requests, 0, "it is there");

    let second = key(folder.path(), "second");
    for (own, named) in [(Some(&first), None), (Some(&second), Some(&first)), (None, Some(&first))] {
        let fresh = folder.path().join(format!("fresh-{:08x}/callgist.db", random::<u32>()));
        let fresh = Database { contacts: own.cloned(), ..Database::from(&fresh) };
        drop(Store::open(fresh.clone()).unwrap());
        let mut clerk = Clerk::open(fresh.clone()).unwrap();
        let restored = clerk.restore(&copy, named, NOW).unwrap();
        assert_eq!((restored.requests, restored.began_anew), (1, true));
        assert_eq!(asked(&clerk, LISTED, Intent::Service), Listed::Blocked);
        assert_eq!(tells(&fresh.path, LISTED), own.is_none());
        assert_eq!(clerk.restore(&copy, named, NOW).unwrap().requests, 0, "the second time it is there");
        // The log's ids still lead to whom they led to.
        let persons = "SELECT count(*) FROM persons JOIN log ON log.person = persons.id";
        let raw = Connection::open(&fresh.path).unwrap();
        assert_eq!(raw.query_row(persons, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
        clerk.erase_calls(&[], Some(&number(LISTED)), true, NOW).unwrap();
        assert_eq!(clerk.restore(&copy, named, NOW).unwrap().requests, 0, "what was taken back stays so");
    }

    let mut other = Clerk::open({
        let database = keyed(&folder.path().join("other/callgist.db"), &second);
        drop(Store::open(database.clone()).unwrap());
        database
    })
    .unwrap();
    let refused = other.restore(&copy, None, NOW).unwrap_err();
    assert_eq!(refused.trouble, Trouble::CopyContactsKey);
    assert!(refused.to_string().contains("--copy-contacts-key-file"), "{refused}");
    assert_eq!(other.contacts(None).unwrap(), []);
}

#[test]
fn a_copy_from_before_the_key_is_hidden_as_it_comes_back() {
    let (folder, path) = place();
    drop(Store::open(&path).unwrap());
    let mut clerk = Clerk::open(&path).unwrap();
    clerk.add_contacts(&[entry(OTHER)], NOW).unwrap();
    let copy = folder.path().join("copy.db");
    clerk.backup(&copy, NOW).unwrap();
    drop(clerk);
    let database = keyed(&path, &key(folder.path(), "key"));
    drop(Store::open(database.clone()).unwrap());
    let mut clerk = Clerk::open(database.clone()).unwrap();
    assert_eq!(clerk.restore(&copy, None, NOW).unwrap().requests, 0, "it is there under its key");
    let id = clerk.contacts(None).unwrap()[0].id;
    Connection::open(&path).unwrap().execute("DELETE FROM do_not_contact WHERE id = ?1", [id]).unwrap();
    assert_eq!(clerk.restore(&copy, None, NOW).unwrap().requests, 1);
    assert_eq!(asked(&clerk, OTHER, Intent::Service), Listed::Blocked);
    assert!(!tells(&path, OTHER));
}
