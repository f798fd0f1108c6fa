-- Version 6: numbers on the do-not-contact list that nobody reads without the operator's key.
--
-- No column that is added here can hold a sentence: hexadecimal digits of one length, and at most three digits. Nothing
-- here hangs on the version before it, so the two may change places until they are released.

-- One row where the list is encrypted: it tells the right key from a wrong one, and nothing of either.
CREATE TABLE contacts_key (
    only  INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    proof TEXT NOT NULL CHECK (length(proof) = 64 AND proof NOT GLOB '*[^0-9a-f]*'),
    -- Whether the file was written anew since, without what the old numbers had left in its pages.
    clean INTEGER NOT NULL CHECK (clean IN (0, 1))
) STRICT;

-- In the place of `number`: its keyed hash to find it by, the number encrypted, and its last digits for the eye.
ALTER TABLE do_not_contact ADD COLUMN hash TEXT CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*');
ALTER TABLE do_not_contact ADD COLUMN tail TEXT CHECK (length(tail) BETWEEN 1 AND 3 AND tail NOT GLOB '*[^0-9]*');
ALTER TABLE do_not_contact ADD COLUMN sealed TEXT CHECK (
    (sealed IS NULL OR (length(sealed) = 88 AND sealed NOT GLOB '*[^0-9a-f]*' AND number IS NULL))
    AND (sealed IS NULL) = (hash IS NULL) AND (sealed IS NULL) = (tail IS NULL));

CREATE INDEX do_not_contact_by_hash ON do_not_contact (hash);

-- What leads from the log's random id to a number must not tell what the list hides.
CREATE TABLE persons_by_hash (
    id     TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 16 AND id NOT GLOB '*[^0-9a-f]*'),
    number TEXT UNIQUE CHECK (length(ltrim(number, '+')) BETWEEN 2 AND 15 AND length(number) <= 16
                         AND substr(number, 2) NOT GLOB '*[^0-9]*' AND substr(number, 1, 1) GLOB '[0-9+]'),
    hash   TEXT UNIQUE CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),

    CONSTRAINT number_or_hash CHECK ((number IS NULL) <> (hash IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO persons_by_hash (id, number) SELECT id, number FROM persons;
DROP TABLE persons;
ALTER TABLE persons_by_hash RENAME TO persons;

-- A program that has no key adds nothing to a list that has one: nobody would find it there.
CREATE TRIGGER an_encrypted_list_takes_no_plain_number BEFORE INSERT ON do_not_contact
WHEN NEW.number IS NOT NULL AND EXISTS (SELECT 1 FROM contacts_key) BEGIN
    SELECT RAISE(ABORT, 'the list is encrypted');
END;

CREATE TRIGGER an_encrypted_list_is_given_no_plain_number BEFORE UPDATE OF number ON do_not_contact
WHEN NEW.number IS NOT NULL AND EXISTS (SELECT 1 FROM contacts_key) BEGIN
    SELECT RAISE(ABORT, 'the list is encrypted');
END;

CREATE TRIGGER an_encrypted_list_names_no_person BEFORE INSERT ON persons
WHEN NEW.number IS NOT NULL AND EXISTS (SELECT 1 FROM contacts_key) BEGIN
    SELECT RAISE(ABORT, 'the list is encrypted');
END;
