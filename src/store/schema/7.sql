-- Version 7: what callers decided who were asked for their consent.
--
-- No column that is added here can hold a sentence. What was consented to is told by the call's notice version.

CREATE TABLE consents (
    call  TEXT NOT NULL PRIMARY KEY REFERENCES calls (id) ON DELETE CASCADE,
    given INTEGER NOT NULL CHECK (given IN (0, 1)),
    -- When it was decided: milliseconds since 1970, UTC.
    at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
