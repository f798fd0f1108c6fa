//! Why the store cannot be used, in sentences that say what to do.

use std::fmt;
use std::path::{Path, PathBuf};

/// What is wrong with which database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    pub path: PathBuf,
    pub trouble: Trouble,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The folder cannot be made.
    Folder(std::io::ErrorKind),
    /// There is no database to look into.
    Missing,
    /// There is a file already where a copy is to be written.
    Exists,
    /// The path is a folder, a device or a socket.
    NotAFile,
    /// The file may not be opened.
    Denied,
    /// The file or its file system may not be written.
    ReadOnly,
    /// Another process holds the database for longer than we wait.
    Locked,
    /// The file system cannot hold a write-ahead log.
    NoLog,
    /// The file is something else.
    NotOurs,
    /// A key is set, and this is a database that needs none.
    NotEncrypted,
    /// The key does not unlock it.
    WrongKey,
    /// A key is set, and the library that is linked knows no encryption.
    NoCipher,
    /// The numbers on the do-not-contact list are encrypted, and no key is set.
    NoContactsKey,
    /// They are encrypted with another key.
    WrongContactsKey,
    /// A key is set, and they are not encrypted yet.
    ContactsPlain,
    /// Those of a copy are encrypted with a key that is not at hand.
    CopyContactsKey,
    /// A later version of Callgist wrote it.
    Newer { found: i64, known: i64 },
    /// An earlier version wrote it, and only looking is asked for.
    Older { found: i64, known: i64 },
    /// The file is damaged.
    Damaged,
    /// The disk is full.
    Full,
    /// The row breaks a rule of the schema; a fault of ours.
    Rule,
    /// The disk fails.
    Io(std::io::ErrorKind),
    /// The thread that writes has ended; a fault of ours.
    Ended,
    /// Any other answer of SQLite, by its number.
    Sqlite(i32),
}

impl StoreError {
    pub(super) fn new(path: &Path, trouble: Trouble) -> StoreError {
        StoreError { path: path.to_owned(), trouble }
    }

    pub(super) fn io(path: &Path, error: &std::io::Error) -> StoreError {
        use std::io::ErrorKind;
        let trouble = match error.kind() {
            ErrorKind::NotFound => Trouble::Missing,
            ErrorKind::PermissionDenied => Trouble::Denied,
            ErrorKind::ReadOnlyFilesystem => Trouble::ReadOnly,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Trouble::Full,
            kind => Trouble::Io(kind),
        };
        StoreError::new(path, trouble)
    }

    /// SQLite's own words may quote a row, so only their kind is kept.
    pub(super) fn sqlite(path: &Path, error: &rusqlite::Error) -> StoreError {
        StoreError::new(path, trouble(error))
    }
}

fn trouble(error: &rusqlite::Error) -> Trouble {
    use rusqlite::ErrorCode;
    let rusqlite::Error::SqliteFailure(failure, _) = error else {
        // A row that does not read back as what was written: the rules of the schema do not hold any more.
        return Trouble::Damaged;
    };
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Trouble::Locked,
        ErrorCode::ReadOnly => Trouble::ReadOnly,
        ErrorCode::CannotOpen | ErrorCode::PermissionDenied => Trouble::Denied,
        ErrorCode::DatabaseCorrupt => Trouble::Damaged,
        ErrorCode::NotADatabase => Trouble::NotOurs,
        ErrorCode::DiskFull => Trouble::Full,
        ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch => Trouble::Rule,
        ErrorCode::SystemIoFailure => Trouble::Io(std::io::ErrorKind::Other),
        _ => Trouble::Sqlite(failure.extended_code),
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.trouble {
            Trouble::Folder(kind) => write!(
                f,
                "cannot make the folder of the database {path} ({kind}): make it yourself, with mode 0700 and owned by the user that runs callgist"
            ),
            Trouble::Missing => {
                write!(
                    f,
                    "there is no database at {path}: start `callgist run` once, or mend [store] database"
                )
            }
            Trouble::Exists => {
                write!(f, "{path} is there already and was not touched: name a file that is not there yet")
            }
            Trouble::NotAFile => {
                write!(f, "{path} is no file: name a file in [store] database")
            }
            Trouble::Denied => write!(
                f,
                "the database {path} may not be opened: run as the user that owns it, who also needs to write in its folder"
            ),
            Trouble::ReadOnly => write!(
                f,
                "the database {path} is read-only: run chmod 0600 on it, or mount its file system for writing"
            ),
            Trouble::Locked => write!(
                f,
                "another process holds the database {path}: end it (a backup, an open sqlite3, a second callgist) and try again"
            ),
            Trouble::NoLog => write!(
                f,
                "the file system of the database {path} cannot hold a write-ahead log: put the database on a local disk"
            ),
            Trouble::NotOurs => write!(
                f,
                "{path} is no database of Callgist and was not touched: name another file in [store] database, or in \
                 [store] key_file the key if it is encrypted"
            ),
            Trouble::NotEncrypted => write!(
                f,
                "{path} is not encrypted, though a key is set, and was not touched: take [store] key_file away, or name a \
                 new file in [store] database and bring this one into it (callgist store restore {path})"
            ),
            Trouble::WrongKey => write!(
                f,
                "the key does not unlock {path}, or the file is no database of Callgist; it was not touched: name in \
                 [store] key_file the key with which it was made"
            ),
            Trouble::NoContactsKey => write!(
                f,
                "the numbers on the do-not-contact list in {path} are encrypted, and no key is set: name their key in \
                 [store] contacts_key_file (with --database: --contacts-key-file)"
            ),
            Trouble::WrongContactsKey => write!(
                f,
                "the key does not open the do-not-contact list in {path}, which was not touched: name in [store] \
                 contacts_key_file (with --database: --contacts-key-file) the key with which it was encrypted"
            ),
            Trouble::ContactsPlain => write!(
                f,
                "the numbers on the do-not-contact list in {path} are not encrypted yet, though a key is set: start \
                 `callgist run` anew, which encrypts them"
            ),
            Trouble::CopyContactsKey => write!(
                f,
                "the numbers on the do-not-contact list in the copy {path} are encrypted with a key that is not this \
                 database's: name it with --copy-contacts-key-file; nothing was brought back"
            ),
            Trouble::NoCipher => write!(
                f,
                "a key is set for {path}, and SQLite is linked in the place of SQLCipher: {}",
                crate::config::NO_ENCRYPTION
            ),
            Trouble::Newer { found, known } => write!(
                f,
                "the database {path} has version {found}, this Callgist knows up to {known}: install the newer Callgist again, or restore the copy from before it"
            ),
            Trouble::Older { found, known } => write!(
                f,
                "the database {path} has version {found}, this Callgist reads version {known}: start `callgist run` once, which brings it up to date"
            ),
            Trouble::Damaged => write!(
                f,
                "the database {path} is damaged: put it aside, restore a backup or let Callgist make a new one, and check the disk"
            ),
            Trouble::Full => write!(f, "the disk of the database {path} is full: make room"),
            Trouble::Rule => write!(
                f,
                "a row was refused by the rules of the database {path}: nothing was kept of it; please report this fault"
            ),
            Trouble::Io(kind) => write!(f, "the database {path} cannot be used ({kind}): check the disk"),
            Trouble::Ended => {
                write!(f, "nothing is written to {path} any more: restart callgist and report this fault")
            }
            Trouble::Sqlite(code) => {
                write!(f, "the database {path} answers with SQLite's error {code}: look it up, and report it")
            }
        }
    }
}

impl std::error::Error for StoreError {}
