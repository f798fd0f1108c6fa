-- Version 4: which promises of a note were kept.
--
-- No column that is added here can hold a sentence: what was promised stands in the note alone, and is counted there.

CREATE TABLE kept_promises (
    call   TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 50),
    -- When somebody said so: milliseconds since 1970, UTC.
    at     INTEGER NOT NULL,
    PRIMARY KEY (call, number)
) STRICT, WITHOUT ROWID;

-- More words for the log. A rule of a table that is there cannot be changed but so (SQLite, "Making Other Kinds Of Table
-- Schema Changes"); the new table above has every other connection read the schema anew.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '''pruned'')', '''pruned'', ''earlier_told'', ''promise_kept'', ''promise_open'')')
WHERE type = 'table' AND name = 'log';
PRAGMA writable_schema = RESET;
