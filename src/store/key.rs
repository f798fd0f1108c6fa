//! A key file goes in; a connection to an encrypted database is unlocked with it, or it is said why not.
//!
//! The database is SQLCipher's where a key file is set and Callgist was built with the feature `sqlcipher`; else it is
//! SQLite's, and a key is refused: SQLite would take it without a word and write everything in the clear. The key is
//! random and no password, so nothing is derived from it and opening takes no time. Another key file hides the numbers on
//! the do-not-contact list, with SQLite too ([`ContactsKey`]).

use super::{ContactsKey, StoreError, Trouble};
use crate::config::{NO_ENCRYPTION, private};
use anyhow::bail;
use rusqlite::Connection;
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Which database, and what unlocks it.
#[derive(Clone)]
pub struct Database {
    pub path: PathBuf,
    /// Without one it is not encrypted.
    pub key: Option<Key>,
    /// Without one the numbers on the do-not-contact list stand as they are.
    pub contacts: Option<ContactsKey>,
}

/// 256 bits as hexadecimal digits; wiped when it goes.
#[derive(Clone)]
pub struct Key(Zeroizing<String>);

impl Database {
    /// The one of the settings; the error says what to do.
    pub fn of(set: &crate::config::Store) -> anyhow::Result<Database> {
        Database::new(&set.database, set.key_file.as_deref(), set.contacts_key_file.as_deref())
    }

    pub fn new(
        path: &Path,
        key_file: Option<&Path>,
        contacts_key_file: Option<&Path>,
    ) -> anyhow::Result<Database> {
        let key = key_file.map(Key::read).transpose()?;
        let contacts = contacts_key_file.map(ContactsKey::read).transpose()?;
        Ok(Database { path: path.to_owned(), key, contacts })
    }
}

impl<P: AsRef<Path> + ?Sized> From<&P> for Database {
    fn from(path: &P) -> Database {
        Database { path: path.as_ref().to_owned(), key: None, contacts: None }
    }
}

impl Key {
    /// The error says what to do.
    pub fn read(file: &Path) -> anyhow::Result<Key> {
        if !cfg!(feature = "sqlcipher") {
            bail!(NO_ENCRYPTION);
        }
        Ok(Key(digits(private::text(file, "the database's key")?, file)?))
    }

    /// As SQLCipher takes a key that is no password.
    pub(super) fn spelled(&self) -> Zeroizing<String> {
        let mut spelled = Zeroizing::new(String::with_capacity(DIGITS + 3));
        spelled.push_str("x'");
        spelled.push_str(&self.0);
        spelled.push('\'');
        spelled
    }
}

/// The text of a key file, if it is a key.
pub(super) fn digits(text: Zeroizing<String>, file: &Path) -> anyhow::Result<Zeroizing<String>> {
    if text.len() != DIGITS || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        bail!(
            "{} holds no key: a key is {DIGITS} hexadecimal digits, as openssl rand -hex 32 prints them",
            file.display()
        );
    }
    Ok(text)
}

/// Gives the key to a connection that has not read anything yet, and sees whether it is the right one.
pub(super) fn unlock(connection: &Connection, database: &Database) -> Result<(), StoreError> {
    let Some(key) = &database.key else { return Ok(()) };
    let refused = |trouble| StoreError::new(&database.path, trouble);
    if is_plain(&database.path) {
        return Err(refused(Trouble::NotEncrypted));
    }
    let failed = |error: rusqlite::Error| StoreError::sqlite(&database.path, &error);
    connection.pragma_update(None, "key", key.spelled().as_str()).map_err(failed)?;
    // SQLite itself has no such pragma, and would have taken the key for nothing.
    let cipher = connection.pragma_query_value(None, "cipher_version", |row| row.get::<_, String>(0));
    cipher.map_err(|_| refused(Trouble::NoCipher))?;
    let reads = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
    reads.map_err(|error| match StoreError::sqlite(&database.path, &error) {
        StoreError { trouble: Trouble::NotOurs, .. } => refused(Trouble::WrongKey),
        other => other,
    })
}

/// Whether a file is a database of SQLite's that anybody can read.
pub(super) fn is_plain(path: &Path) -> bool {
    let mut start = [0; SQLITE.len()];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == *SQLITE
}

/// How every database of SQLite's begins.
const SQLITE: &[u8; 16] = b"SQLite format 3\0";

const DIGITS: usize = 64;
