//! With a key nothing in any file can be read, copies included; without the right key nothing at all is done.

use super::*;
use rand::random;

const NOTE: &str = "Kunde meldet: die Heizung zyzzyva.";

/// A key file of its owner's alone.
fn key_file(folder: &Path, name: &str) -> PathBuf {
    let file = folder.join(name);
    let digits: String = (0..8).map(|_| format!("{:08x}", random::<u32>())).collect();
    fs::write(&file, digits + "\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    file
}

/// A database with a note.
fn kept() -> (tempfile::TempDir, Database) {
    let (folder, path) = place();
    let database = Database::new(&path, Some(&key_file(folder.path(), "key")), None).unwrap();
    let store = Store::open(database.clone()).unwrap();
    wait(store.keep(noted(1, NOTE))).unwrap();
    // The note is in the write-ahead log now.
    assert!(path.with_extension("db-wal").metadata().unwrap().len() > 0);
    unreadable(path.parent().unwrap(), 3);
    drop(store);
    (folder, database)
}

/// So many files are there, and none of them tells a thing.
#[track_caller]
fn unreadable(folder: &Path, files: usize) {
    let mut looked = 0;
    for entry in
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
    {
        let bytes = fs::read(&entry).unwrap();
        for secret in
            [b"SQLite format 3".as_slice(), b"zyzzyva", b"Heizung", b"CREATE TABLE", b"352621123456"]
        {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{}: {}", entry.display(), String::from_utf8_lossy(secret));
        }
        looked += 1;
    }
    assert_eq!(looked, files);
}

#[test]
fn no_file_holds_the_note_nor_says_what_it_is_and_the_key_brings_it_back() {
    let (_folder, database) = kept();
    unreadable(database.path.parent().unwrap(), 1);
    let kept = Reader::open(database.clone()).unwrap().show(CallId(1)).unwrap().unwrap();
    assert_eq!(kept.call, noted(1, NOTE));
    assert!(Clerk::open(database).unwrap().verify_log(None).unwrap().faults.is_empty());
}

#[test]
fn without_the_right_key_nothing_is_opened_and_nothing_is_changed() {
    let (folder, database) = kept();
    let path = &database.path;
    let before = fs::read(path).unwrap();
    let wrong = Database::new(path, Some(&key_file(folder.path(), "other")), None).unwrap();
    assert_eq!(refusal(Store::open(wrong.clone())).trouble, Trouble::WrongKey);
    assert_eq!(Reader::open(wrong.clone()).err().unwrap().trouble, Trouble::WrongKey);
    assert_eq!(Clerk::open(wrong).err().unwrap().trouble, Trouble::WrongKey);
    let without = refusal(Store::open(path));
    assert_eq!(without.trouble, Trouble::NotOurs);
    assert!(without.to_string().contains("key_file"), "{without}");
    assert_eq!(fs::read(path).unwrap(), before);
}

#[test]
fn a_key_for_a_database_that_needs_none_is_refused() {
    let (folder, path) = place();
    drop(Store::open(&path).unwrap());
    let database = Database::new(&path, Some(&key_file(folder.path(), "key")), None).unwrap();
    assert_eq!(refusal(Store::open(database)).trouble, Trouble::NotEncrypted);
    drop(Store::open(&path).unwrap());
}

#[test]
fn a_key_file_that_is_missing_open_to_others_or_no_key_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |file: &Path| {
        let error = Key::read(file).err().unwrap();
        format!("{error:#}")
    };
    assert!(refused(&folder.path().join("none")).contains("create the file with mode 0600"));
    let file = key_file(folder.path(), "key");
    assert!(Key::read(&file).is_ok());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(refused(&file).contains("chmod 0600"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let digits = fs::read_to_string(&file).unwrap();
    for no_key in ["", &digits[..63], &format!("{}g", &digits[..63]), &format!("{}00", digits.trim())] {
        fs::write(&file, no_key).unwrap();
        let error = refused(&file);
        assert!(error.contains("openssl rand -hex 32") && !error.contains(&digits[..8]), "{error}");
    }
}

#[test]
fn a_copy_is_encrypted_with_the_same_key_and_comes_back() {
    let (folder, database) = kept();
    let copies = folder.path().join("copies");
    fs::create_dir(&copies).unwrap();
    let copy = copies.join("copy.db");
    Clerk::open(database.clone()).unwrap().backup(&copy, NOW).unwrap();
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o7777, 0o600);
    unreadable(&copies, 1);
    let copied = Database { path: copy.clone(), ..database.clone() };
    assert!(Reader::open(copied).unwrap().show(CallId(1)).unwrap().is_some());

    let fresh = Database { path: folder.path().join("fresh/callgist.db"), ..database };
    drop(Store::open(fresh.clone()).unwrap());
    let restored = Clerk::open(fresh.clone()).unwrap().restore(&copy, None, NOW).unwrap();
    assert_eq!((restored.calls, restored.began_anew), (1, true));
    unreadable(fresh.path.parent().unwrap(), 1);
}

#[test]
fn a_copy_from_before_the_encryption_comes_into_an_encrypted_database_and_no_other_way() {
    let (folder, path) = place();
    let store = Store::open(&path).unwrap();
    wait(store.keep(noted(1, NOTE))).unwrap();
    drop(store);
    let copy = folder.path().join("copy.db");
    Clerk::open(&path).unwrap().backup(&copy, NOW).unwrap();

    let new = folder.path().join("encrypted/callgist.db");
    let new = Database::new(&new, Some(&key_file(folder.path(), "key")), None).unwrap();
    drop(Store::open(new.clone()).unwrap());
    assert_eq!(Clerk::open(new.clone()).unwrap().restore(&copy, None, NOW).unwrap().calls, 1);
    unreadable(new.path.parent().unwrap(), 1);

    let encrypted = folder.path().join("encrypted-copy.db");
    Clerk::open(new).unwrap().backup(&encrypted, NOW).unwrap();
    assert_eq!(
        Clerk::open(&path).unwrap().restore(&encrypted, None, NOW).unwrap_err().trouble,
        Trouble::NotOurs
    );
}
