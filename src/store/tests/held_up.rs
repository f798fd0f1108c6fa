//! A reader keeps the write-ahead log from being emptied after an erasure: it is emptied later.

use super::*;

/// A store that does not wait long for others.
fn hasty(path: &Path) -> Store {
    let connection = open::to_write(&Database::from(path), Duration::from_millis(20)).unwrap();
    let (jobs, receiver) = mpsc::channel();
    let writer = writer::Writer::new(connection, path.to_owned());
    let thread = std::thread::spawn(move || writer.run(&receiver));
    Store { path: path.to_owned(), jobs: Some(jobs), thread: Some(thread) }
}

#[test]
fn what_a_reader_kept_in_the_write_ahead_log_goes_with_the_next_sweep() {
    let (_folder, path) = place();
    let store = hasty(&path);
    let nothing_due = Retention { lines: vec![], log_days: 400, objections_days: None, erased_days: 3_650 };
    let sweep = || wait(store.sweep(nothing_due.clone(), NOW)).unwrap();
    wait(store.keep(noted(1, "Quetzalcoatlus was the password."))).unwrap();
    let reader = open::to_read(&Database::from(&path), open::PATIENCE).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM calls;").unwrap();
    assert_eq!(wait(store.erase(CallId(1), NOW)).unwrap_err().trouble, Trouble::Locked);
    assert_eq!(sweep(), Swept { held_up: true, ..Swept::default() });
    reader.execute_batch("COMMIT").unwrap();
    assert!(is_anywhere(&path, "Quetzalcoatlus"), "the search finds what is there");
    assert_eq!(sweep(), Swept::default());
    assert!(!is_anywhere(&path, "Quetzalcoatlus"));
}

#[test]
fn a_sweep_by_hand_empties_what_a_reader_kept_too() {
    let (_folder, path) = place();
    let store = hasty(&path);
    wait(store.keep(noted(1, "Quetzalcoatlus was the password."))).unwrap();
    let reader = open::to_read(&Database::from(&path), open::PATIENCE).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM calls;").unwrap();
    assert!(wait(store.erase(CallId(1), NOW)).is_err());
    reader.execute_batch("COMMIT").unwrap();
    let swept = Clerk::open(&path)
        .unwrap()
        .sweep(&Retention { lines: vec![], log_days: 400, objections_days: None, erased_days: 3_650 }, NOW);
    assert_eq!(swept, Ok(Swept::default()));
    assert!(!is_anywhere(&path, "Quetzalcoatlus"));
}
