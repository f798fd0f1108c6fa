-- Version 5: notes that are drafts for some minutes after the call, and calls whose note was discarded.
--
-- No column that is added here can hold a sentence.

CREATE TABLE drafts (
    call    TEXT NOT NULL PRIMARY KEY REFERENCES calls (id) ON DELETE CASCADE,
    -- Until then it may be corrected, approved or discarded: milliseconds since 1970, UTC.
    until   INTEGER NOT NULL,
    -- Whether it is discarded after that when nobody has corrected or approved it.
    discard INTEGER NOT NULL CHECK (discard IN (0, 1))
) STRICT, WITHOUT ROWID;

-- Somebody has read the note and found it right.
ALTER TABLE marks ADD COLUMN approved INTEGER NOT NULL DEFAULT 0 CHECK (approved IN (0, 1));

-- A reason and two words for the log, as in version 4.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '''switched_off'')', '''switched_off'', ''discarded'')')
WHERE type = 'table' AND name = 'calls';
UPDATE sqlite_schema SET sql = replace(sql, '''promise_open'')', '''promise_open'', ''approved'', ''discarded'')')
WHERE type = 'table' AND name = 'log';
PRAGMA writable_schema = RESET;
