//! A path goes in, a connection to a sound database of our version comes out, or why not.

use super::{Database, StoreError, Trouble, key, seal};
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

/// How long we wait for another process. Longer hides what is wrong, shorter gives up during a backup.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Opens it for the one thread that writes; makes folder and file where there are none. Whether the list's key fits is not
/// looked at.
pub(super) fn to_write(database: &Database, patience: Duration) -> Result<Connection, StoreError> {
    let path = &database.path;
    prepare_file(path)?;
    let failed = |error: rusqlite::Error| StoreError::sqlite(path, &error);
    let mut connection = connect(database, OpenFlags::SQLITE_OPEN_READ_WRITE, patience)?;
    check_version(&connection)
        .map_err(failed)?
        .for_writing()
        .map_err(|trouble| StoreError::new(path, trouble))?;
    check_pages(&connection, path)?;
    if !settle(&connection).map_err(failed)? {
        return Err(StoreError::new(path, Trouble::NoLog));
    }
    migrate(&mut connection, path)?;
    empty_log(&connection).map_err(failed)?;
    Ok(connection)
}

/// Opens one that is there, for a command beside the daemon.
pub(super) fn to_amend(database: &Database, patience: Duration) -> Result<Connection, StoreError> {
    let path = &database.path;
    let failed = |error: rusqlite::Error| StoreError::sqlite(path, &error);
    let found = fs::metadata(path).map_err(|error| StoreError::io(path, &error))?;
    keep_private(path, &found)?;
    let connection = connect(database, OpenFlags::SQLITE_OPEN_READ_WRITE, patience)?;
    check_version(&connection)
        .map_err(failed)?
        .for_reading()
        .map_err(|trouble| StoreError::new(path, trouble))?;
    seal::check(&connection, database)?;
    if !settle(&connection).map_err(failed)? {
        return Err(StoreError::new(path, Trouble::NoLog));
    }
    Ok(connection)
}

/// Opens it only to look into.
pub(super) fn to_read(database: &Database, patience: Duration) -> Result<Connection, StoreError> {
    let path = &database.path;
    let failed = |error: rusqlite::Error| StoreError::sqlite(path, &error);
    check_kind(path, &fs::metadata(path).map_err(|error| StoreError::io(path, &error))?)?;
    let connection = connect(database, OpenFlags::SQLITE_OPEN_READ_ONLY, patience)?;
    check_version(&connection)
        .map_err(failed)?
        .for_reading()
        .map_err(|trouble| StoreError::new(path, trouble))?;
    seal::check(&connection, database)?;
    Ok(connection)
}

/// A connection that was unlocked where the database is encrypted.
fn connect(database: &Database, flags: OpenFlags, patience: Duration) -> Result<Connection, StoreError> {
    let path = &database.path;
    let failed = |error: rusqlite::Error| StoreError::sqlite(path, &error);
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(patience).map_err(failed)?;
    let writes = flags.contains(OpenFlags::SQLITE_OPEN_READ_WRITE);
    if writes && connection.is_readonly(rusqlite::MAIN_DB).map_err(failed)? {
        return Err(StoreError::new(path, Trouble::ReadOnly));
    }
    key::unlock(&connection, database)?;
    seal::equip(&connection, database.contacts.as_ref()).map_err(failed)?;
    Ok(connection)
}

/// Writes what is in the write-ahead log into the database and cuts the log, so that nothing erased stays in it.
/// False when somebody who reads kept it from doing so.
pub(super) fn empty_log(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i64>(0)? == 0))
}

/// SQLite gives its other files the mode of the database, so that is set before it is opened.
fn prepare_file(path: &Path) -> Result<(), StoreError> {
    match fs::metadata(path) {
        Ok(found) => keep_private(path, &found),
        Err(error) if error.kind() == ErrorKind::NotFound => create(path),
        Err(error) => Err(StoreError::io(path, &error)),
    }
}

fn create(path: &Path) -> Result<(), StoreError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| StoreError::new(path, Trouble::Folder(error.kind())))?;
    }
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map(drop).map_err(|error| StoreError::io(path, &error))
}

/// Takes rights of others away; a file that its owner may not write stays as it is and is refused.
fn keep_private(path: &Path, found: &fs::Metadata) -> Result<(), StoreError> {
    check_kind(path, found)?;
    let mode = found.mode() & 0o7777;
    if mode & 0o200 == 0 {
        return Err(StoreError::new(path, Trouble::ReadOnly));
    }
    if mode & !0o600 != 0 {
        let private = fs::Permissions::from_mode(mode & 0o600);
        fs::set_permissions(path, private).map_err(|error| StoreError::io(path, &error))?;
    }
    Ok(())
}

fn check_kind(path: &Path, found: &fs::Metadata) -> Result<(), StoreError> {
    if found.is_file() { Ok(()) } else { Err(StoreError::new(path, Trouble::NotAFile)) }
}

/// Whose database it is.
enum Version {
    Empty,
    Ours(i64),
    Foreign,
}

fn check_version(connection: &Connection) -> rusqlite::Result<Version> {
    let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let objects = number("SELECT count(*) FROM sqlite_schema")?;
    let (application, version) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    Ok(match () {
        () if application == APPLICATION => Version::Ours(version),
        () if objects == 0 && application == 0 && version == 0 => Version::Empty,
        () => Version::Foreign,
    })
}

impl Version {
    fn for_writing(&self) -> Result<(), Trouble> {
        match *self {
            Version::Empty => Ok(()),
            Version::Ours(found) if found <= KNOWN => Ok(()),
            Version::Ours(found) => Err(Trouble::Newer { found, known: KNOWN }),
            Version::Foreign => Err(Trouble::NotOurs),
        }
    }

    fn for_reading(&self) -> Result<(), Trouble> {
        match *self {
            Version::Ours(found) if found < KNOWN => Err(Trouble::Older { found, known: KNOWN }),
            Version::Empty => Err(Trouble::Older { found: 0, known: KNOWN }),
            _ => self.for_writing(),
        }
    }
}

/// The whole check, indexes too: with 30,000 calls it takes about a second, a sixth longer than SQLite's quick one.
fn check_pages(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let answer = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
    match answer.as_deref() {
        Ok("ok") => Ok(()),
        Ok(_) => Err(StoreError::new(path, Trouble::Damaged)),
        Err(error) => Err(StoreError::sqlite(path, error)),
    }
}

/// Sets what every connection that writes needs; false when the file system cannot hold a write-ahead log.
fn settle(connection: &Connection) -> rusqlite::Result<bool> {
    let journal: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    // A statement's large intermediate results stay in memory: a temporary file would be a copy that nobody erases.
    connection.execute_batch(
        "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;",
    )?;
    connection.query_row("PRAGMA secure_delete = ON", [], |_| Ok(()))?;
    Ok(journal == "wal")
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    use rusqlite_migration::Error;
    // Taking the lock for writing shows at the start, and not at the first call, that somebody else holds it.
    let lock = connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK;");
    lock.map_err(|error| StoreError::sqlite(path, &error))?;
    MIGRATIONS.to_latest(connection).map_err(|error| match error {
        Error::RusqliteError { err, .. } => StoreError::sqlite(path, &err),
        _ => StoreError::new(path, Trouble::Damaged),
    })
}

/// "CGIS", in the header of every database of ours; also in the first migration.
const APPLICATION: i64 = 0x4347_4953;

/// One entry for each version, in order; what was released is never changed.
const VERSIONS: &[M<'_>] = &[
    M::up(include_str!("schema/1.sql")),
    M::up(include_str!("schema/2.sql")),
    M::up(include_str!("schema/3.sql")),
    M::up(include_str!("schema/4.sql")),
    M::up(include_str!("schema/5.sql")),
    M::up(include_str!("schema/6.sql")),
    M::up(include_str!("schema/7.sql")),
    M::up(include_str!("schema/8.sql")),
    M::up(include_str!("schema/9.sql")),
    M::up(include_str!("schema/10.sql")),
];
pub(super) const MIGRATIONS: Migrations<'_> = Migrations::from_slice(VERSIONS);

/// The newest version that we know.
pub(super) const KNOWN: i64 = VERSIONS.len() as i64;
