//! The operator's key of the do-not-contact list goes in; the SQL of a connection can then hash, encrypt and open a number.
//!
//! HKDF-SHA256 makes three things of the key: one key to find a number by (HMAC-SHA256), one to encrypt it with
//! (AES-256-GCM, a random nonce, the entry's id as associated data), and a proof that tells a wrong key. Without a key the
//! functions answer null, and numbers stand as they are. So every query reads the same for both.
//!
//! [HKDF](https://www.rfc-editor.org/rfc/rfc5869), [HMAC](https://www.rfc-editor.org/rfc/rfc2104),
//! [GCM](https://csrc.nist.gov/pubs/sp/800/38/d/final)

use super::{Database, StoreError, Trouble, clerk, hex, key, open};
use crate::config::private;
use anyhow::anyhow;
use ring::error::Unspecified;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{aead, hkdf, hmac};
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OptionalExtension, Transaction, ffi};
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The key of the do-not-contact list. It is held as long as a connection is, and neither printed nor compared.
#[derive(Clone)]
pub struct ContactsKey(Arc<Keys>);

struct Keys {
    find: hmac::Key,
    hide: aead::LessSafeKey,
    /// Stored, so that a wrong key is told from the right one.
    proof: String,
}

impl ContactsKey {
    /// The key is the same form as a database's; the error says what to do.
    pub fn read(file: &Path) -> anyhow::Result<ContactsKey> {
        let digits = key::digits(private::text(file, "the key of the do-not-contact list")?, file)?;
        let bytes = Zeroizing::new(from_hex(&digits).unwrap_or_default());
        let keys = Keys::from(&bytes)
            .map_err(|_| anyhow!("nothing can be made of the key in {}", file.display()))?;
        Ok(ContactsKey(Arc::new(keys)))
    }

    pub(super) fn fits(&self, proof: &str) -> bool {
        self.0.proof == proof
    }
}

impl Keys {
    fn from(bytes: &[u8]) -> Result<Keys, Unspecified> {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"callgist do-not-contact list").extract(bytes);
        let mut proof = [0; 32];
        root.expand(&[b"proof"], hkdf::HKDF_SHA256)?.fill(&mut proof)?;
        Ok(Keys {
            find: root.expand(&[b"find"], hmac::HMAC_SHA256)?.into(),
            hide: aead::LessSafeKey::new(root.expand(&[b"hide"], &aead::AES_256_GCM)?.into()),
            proof: hex(&proof),
        })
    }

    fn hash(&self, number: &str) -> String {
        hex(hmac::sign(&self.find, number.as_bytes()).as_ref())
    }

    /// Nonce, number and tag; as long for every number.
    fn seal(&self, number: &str, id: i64) -> Result<String, Unspecified> {
        let mut nonce = [0; aead::NONCE_LEN];
        SystemRandom::new().fill(&mut nonce)?;
        let mut plain = [0; LONGEST];
        plain.get_mut(..number.len()).ok_or(Unspecified)?.copy_from_slice(number.as_bytes());
        let nonce_used = aead::Nonce::assume_unique_for_key(nonce);
        let tag = self.hide.seal_in_place_separate_tag(nonce_used, of_entry(id), &mut plain)?;
        Ok([hex(&nonce), hex(&plain), hex(tag.as_ref())].concat())
    }

    /// The number, if it was encrypted for this entry and is the one that the hash is of.
    fn open(&self, sealed: &str, id: i64, hash: &str) -> Option<String> {
        let mut bytes = from_hex(sealed)?;
        let (nonce, hidden) = bytes.split_at_mut_checked(aead::NONCE_LEN)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = self.hide.open_in_place(nonce, of_entry(id), hidden).ok()?;
        let number = std::str::from_utf8(plain).ok()?.trim_end_matches('\0');
        (self.hash(number) == hash).then(|| number.to_owned())
    }
}

/// What no other entry's number is opened with.
fn of_entry(id: i64) -> aead::Aad<[u8; 8]> {
    aead::Aad::from(id.to_be_bytes())
}

/// Three digits at most, and never more than half of the number.
fn tail(number: &str) -> &str {
    let digits = number.trim_start_matches('+');
    let shown = (digits.len() / 2).clamp(1, 3);
    &digits[digits.len().saturating_sub(shown)..]
}

/// Gives a connection the functions `number_hash`, `number_seal`, `number_open` and `number_tail`.
pub(super) fn equip(connection: &Connection, key: Option<&ContactsKey>) -> rusqlite::Result<()> {
    let sealing = key.cloned();
    connection.create_scalar_function("number_seal", 2, ONLY_ASKED, move |of| {
        let (number, id) = (of.get::<Option<String>>(0)?, of.get(1)?);
        let sealed = sealing.as_ref().zip(number).map(|(key, number)| key.0.seal(&number, id));
        sealed.transpose().map_err(|_| refused())
    })?;
    let keyed = key.is_some();
    connection.create_scalar_function("number_tail", 1, ONLY_ASKED, move |of| {
        let number = of.get::<Option<String>>(0)?.filter(|_| keyed);
        Ok(number.map(|number| tail(&number).to_owned()))
    })?;
    equip_to_read(connection, key, "number_hash", "number_open")
}

/// The same for what a copy holds, whose key may be another: `copy_hash` and `copy_open`.
pub(super) fn equip_for_copy(connection: &Connection, key: Option<&ContactsKey>) -> rusqlite::Result<()> {
    equip_to_read(connection, key, "copy_hash", "copy_open")
}

fn equip_to_read(
    connection: &Connection,
    key: Option<&ContactsKey>,
    hash: &str,
    open: &str,
) -> rusqlite::Result<()> {
    let hashing = key.cloned();
    connection.create_scalar_function(hash, 1, ALWAYS_THE_SAME, move |of| {
        let number = of.get::<Option<String>>(0)?;
        Ok(hashing.as_ref().zip(number).map(|(key, number)| key.0.hash(&number)))
    })?;
    let opening = key.cloned();
    connection.create_scalar_function(open, 3, ALWAYS_THE_SAME, move |of| {
        let Some(sealed) = of.get::<Option<String>>(0)? else { return Ok(None) };
        let (id, hash) = (of.get(1)?, of.get::<String>(2)?);
        let number = opening.as_ref().and_then(|key| key.0.open(&sealed, id, &hash));
        number.map(Some).ok_or_else(refused)
    })
}

/// The key fits its proof, so what does not open with it was changed by somebody.
fn refused() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), None)
}

/// Gives an entry its number: as it is, or hidden where there is a key.
pub(super) fn give_number(connection: &Connection, id: i64, number: Option<&str>) -> rusqlite::Result<()> {
    let give = "UPDATE do_not_contact SET number = CASE WHEN number_hash(?2) IS NULL THEN ?2 END, hash = number_hash(?2),
                    sealed = number_seal(?2, id), tail = number_tail(?2)
                WHERE id = ?1";
    connection.prepare_cached(give)?.execute(rusqlite::params![id, number]).map(drop)
}

/// Whether the list is encrypted, and by which key: its proof. `schema` is `main` or `backup`.
pub(super) fn proof(connection: &Connection, schema: &str) -> rusqlite::Result<Option<String>> {
    let proof = format!("SELECT proof FROM {schema}.contacts_key");
    connection.query_row(&proof, [], |row| row.get(0)).optional()
}

/// Whether the list can be read with the key at hand; the error says what to do.
pub(super) fn check(connection: &Connection, database: &Database) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| StoreError::sqlite(&database.path, &error);
    let trouble = match (proof(connection, "main").map_err(failed)?, &database.contacts) {
        (None, None) => return Ok(()),
        (Some(proof), Some(key)) if key.fits(&proof) => return Ok(()),
        (Some(_), Some(_)) => Trouble::WrongContactsKey,
        (Some(_), None) => Trouble::NoContactsKey,
        (None, Some(_)) => Trouble::ContactsPlain,
    };
    Err(StoreError::new(&database.path, trouble))
}

/// The same, and a list from before the key is encrypted with it: all of it or nothing, and no file keeps the old numbers.
pub(super) fn settle(connection: &mut Connection, database: &Database) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| StoreError::sqlite(&database.path, &error);
    let checked = check(connection, database);
    match (&checked, &database.contacts) {
        (Err(StoreError { trouble: Trouble::ContactsPlain, .. }), Some(key)) => {
            clerk::write(connection, |transaction| hide_all(transaction, key)).map_err(failed)?;
        }
        _ => checked?,
    }
    let unclean = "SELECT EXISTS (SELECT 1 FROM contacts_key WHERE NOT clean)";
    if !connection.query_row(unclean, [], |row| row.get(0)).map_err(failed)? {
        return Ok(());
    }
    // What is overwritten where it stood may have been copied within the file before, when SQLite balanced its pages.
    connection.execute_batch("VACUUM").map_err(failed)?;
    if !open::empty_log(connection).map_err(failed)? {
        return Err(StoreError::new(&database.path, Trouble::Locked));
    }
    connection.execute("UPDATE contacts_key SET clean = 1", []).map(drop).map_err(failed)
}

fn hide_all(transaction: &Transaction<'_>, key: &ContactsKey) -> rusqlite::Result<()> {
    transaction.execute_batch(
        "UPDATE do_not_contact SET hash = number_hash(number), sealed = number_seal(number, id),
             tail = number_tail(number), number = NULL
         WHERE number IS NOT NULL;
         UPDATE persons SET hash = number_hash(number), number = NULL WHERE number IS NOT NULL;",
    )?;
    transaction.execute("INSERT INTO contacts_key VALUES (1, ?1, 0)", [&key.0.proof]).map(drop)
}

/// The number of an entry.
pub(super) const NUMBER: &str = "coalesce(number, number_open(sealed, id, hash))";

/// Whether an entry, or a person's id, is of one of the numbers in `?1`, which is what `reader::spellings` gives.
pub(super) const IS_OF: &str = "(number IN (SELECT value FROM json_each(?1))
    OR hash IN (SELECT number_hash(value) FROM json_each(?1)))";

/// No rule and no trigger of a schema may call it: a file could bring one.
const ONLY_ASKED: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_DIRECTONLY);
const ALWAYS_THE_SAME: FunctionFlags = ONLY_ASKED.union(FunctionFlags::SQLITE_DETERMINISTIC);

/// Characters of the longest number, its plus included.
const LONGEST: usize = 16;

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.as_bytes().chunks(2).map(byte).collect()
}
