//! The database's own pages, read without SQLite: free ones hold nothing, and an index that lies is noticed.

use super::*;

/// Two hundred calls with notes, all of them erased with `secure_delete` as it is told.
fn erased(secure_delete: bool) -> Vec<u8> {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    for id in 0..200 {
        drop(store.keep(noted(id, &"A pump makes noise. ".repeat(20))));
    }
    drop(store);
    let connection = open::to_write(&Database::from(&path), open::PATIENCE).unwrap();
    if !secure_delete {
        connection.query_row("PRAGMA secure_delete = OFF", [], |_| Ok(())).unwrap();
    }
    connection.execute("DELETE FROM calls", []).unwrap();
    assert_eq!(open::empty_log(&connection), Ok(true));
    fs::read(&path).unwrap()
}

fn number(bytes: &[u8], at: usize) -> usize {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// Pages in which something may have stood, as "The Freelist" of SQLite's file format chains them: trunks and leaves.
struct Free<'a> {
    trunks: Vec<&'a [u8]>,
    leaves: Vec<&'a [u8]>,
}

fn free_pages(database: &[u8]) -> Free<'_> {
    let size = match u16::from_be_bytes([database[16], database[17]]) {
        1 => 65_536,
        size => usize::from(size),
    };
    let page = |page: usize| &database[(page - 1) * size..][..size];
    let mut free = Free { trunks: vec![], leaves: vec![] };
    let mut next = number(database, 32);
    while next != 0 {
        let trunk = page(next);
        let leaves = number(trunk, 4);
        free.leaves.extend((0..leaves).map(|leaf| page(number(trunk, 8 + 4 * leaf))));
        free.trunks.push(trunk);
        next = number(trunk, 0);
    }
    assert_eq!(free.trunks.len() + free.leaves.len(), number(database, 36));
    free
}

#[test]
fn after_an_erasure_a_free_page_holds_only_zeros() {
    let database = erased(true);
    let free = free_pages(&database);
    assert!(free.leaves.len() > 20, "{} leaves", free.leaves.len());
    assert!(free.leaves.iter().all(|leaf| leaf.iter().all(|byte| *byte == 0)));
    for trunk in free.trunks {
        // Numbers of pages, and nothing behind them.
        let told = 8 + 4 * number(trunk, 4);
        assert!(trunk[told..].iter().all(|byte| *byte == 0));
    }
    // Not because the walk is blind.
    let kept = erased(false);
    let told =
        free_pages(&kept).leaves.iter().filter(|leaf| leaf.windows(11).any(|w| w == b"pump makes ")).count();
    assert!(told > 20, "{told}");
}

#[test]
fn a_database_whose_index_tells_other_than_its_rows_is_refused() {
    let (_folder, path) = place();
    let store = Store::open(&path).unwrap();
    for id in 0..50 {
        wait(store.keep(noted(id, "A pump makes noise."))).unwrap();
    }
    drop(store);
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'calls_by_caller'";
    let root: usize =
        Connection::open(&path).unwrap().query_row(root, [], |row| row.get::<_, u32>(0)).unwrap() as usize;
    let mut bytes = fs::read(&path).unwrap();
    let index = &mut bytes[(root - 1) * 4_096..][..4_096];
    // The entry that stands first in the page is the last in order, and stays so.
    let caller = b"+352621123456";
    let at = index.windows(caller.len()).position(|window| window == caller).unwrap();
    index[at + caller.len() - 1] = b'7';
    fs::write(&path, bytes).unwrap();
    assert_eq!(refusal(Store::open(&path)).trouble, Trouble::Damaged);
}
