-- Version 2: the content-free log, the list of who must not be contacted with all that is asked of it, and what a
-- person's rights need: restriction, standing objection, hold, tombstones.
--
-- No column that is added here can hold a sentence: closed lists, numbers, random ids, names without blanks.

-- A person in the log is a random id. This is the only thing that leads from it to a number, and erasure deletes it.
CREATE TABLE persons (
    id     TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 16 AND id NOT GLOB '*[^0-9a-f]*'),
    number TEXT NOT NULL UNIQUE CHECK (length(ltrim(number, '+')) BETWEEN 2 AND 15 AND length(number) <= 16
                         AND substr(number, 2) NOT GLOB '*[^0-9]*' AND substr(number, 1, 1) GLOB '[0-9+]')
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT, so that an entry taken from the end leaves its number missing.
CREATE TABLE log (
    seq    INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- Milliseconds since 1970, UTC.
    at     INTEGER NOT NULL,
    deed   TEXT NOT NULL CHECK (deed IN ('notice_played', 'notice_failed', 'consent_given', 'consent_refused',
                       'objection', 'listening_started', 'listening_ended', 'note_kept', 'note_refused',
                       'request_kept', 'contact_added', 'contact_confirmed', 'contact_rejected', 'contact_withdrawn',
                       'contacts_read', 'listed', 'shown', 'found', 'exported', 'corrected', 'objected',
                       'objection_withdrawn', 'restricted', 'unrestricted', 'held', 'released', 'erased', 'swept',
                       'settings_changed', 'ear_started', 'ear_ended', 'proof_made', 'backed_up', 'restored',
                       'log_read', 'pruned')),
    call   TEXT CHECK (length(call) = 16 AND call NOT GLOB '*[^0-9a-f]*'),
    person TEXT CHECK (length(person) = 16 AND person NOT GLOB '*[^0-9a-f]*'),
    line   TEXT CHECK (length(line) BETWEEN 1 AND 40 AND line NOT GLOB '*[^A-Za-z0-9_.+-]*'),
    -- A reason, a version, a count: never a text.
    detail TEXT CHECK (length(detail) BETWEEN 1 AND 40 AND detail NOT GLOB '*[^A-Za-z0-9_.+-]*'),
    -- SHA-256 of the hash before it and of all that stands in this row.
    hash   TEXT NOT NULL CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*')
) STRICT;

-- Up to here the log was pruned; the chain goes on from this hash.
CREATE TABLE checkpoints (
    seq  INTEGER NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
    at   INTEGER NOT NULL
) STRICT;

CREATE TRIGGER the_log_is_not_changed BEFORE UPDATE ON log BEGIN
    SELECT RAISE(ABORT, 'the log is append-only');
END;

CREATE TRIGGER the_log_is_not_cut BEFORE DELETE ON log
WHEN OLD.seq > (SELECT coalesce(max(seq), 0) FROM checkpoints) BEGIN
    SELECT RAISE(ABORT, 'the log is append-only');
END;

CREATE TRIGGER a_checkpoint_is_not_changed BEFORE UPDATE ON checkpoints BEGIN
    SELECT RAISE(ABORT, 'a checkpoint stays');
END;

-- The ids of what was erased, applied again to whatever a backup brings back.
CREATE TABLE tombstones (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 16 AND id NOT GLOB '*[^0-9a-f]*'),
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Restricted: not shown and not swept (Art. 18 GDPR). Held: not swept (legal hold).
CREATE TABLE marks (
    call       TEXT NOT NULL PRIMARY KEY REFERENCES calls (id) ON DELETE CASCADE
                    CHECK (length(call) = 16 AND call NOT GLOB '*[^0-9a-f]*'),
    restricted INTEGER NOT NULL DEFAULT 0 CHECK (restricted IN (0, 1)),
    held       INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1)),
    corrected  INTEGER NOT NULL DEFAULT 0 CHECK (corrected IN (0, 1))
) STRICT, WITHOUT ROWID;

-- Numbers whose calls are never announced and never heard.
CREATE TABLE objections (
    number TEXT NOT NULL PRIMARY KEY CHECK (length(ltrim(number, '+')) BETWEEN 2 AND 15 AND length(number) <= 16
                         AND substr(number, 2) NOT GLOB '*[^0-9]*' AND substr(number, 1, 1) GLOB '[0-9+]'),
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE do_not_contact ADD COLUMN state TEXT NOT NULL DEFAULT 'pending'
    CHECK (state IN ('pending', 'confirmed', 'rejected', 'withdrawn'));
ALTER TABLE do_not_contact ADD COLUMN source TEXT NOT NULL DEFAULT 'call'
    CHECK (source IN ('call', 'command', 'import'));
-- What may be done all the same.
ALTER TABLE do_not_contact ADD COLUMN except_service INTEGER NOT NULL DEFAULT 0 CHECK (except_service IN (0, 1));
ALTER TABLE do_not_contact ADD COLUMN except_callback INTEGER NOT NULL DEFAULT 0 CHECK (except_callback IN (0, 1));
-- Milliseconds since 1970, UTC; null for no end.
ALTER TABLE do_not_contact ADD COLUMN expires INTEGER;
-- When the state was last changed.
ALTER TABLE do_not_contact ADD COLUMN changed INTEGER;
