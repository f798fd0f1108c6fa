-- Version 3: who talked with the caller, from when to when.
--
-- No column that is added here can hold a sentence: an extension without blanks, and times.

CREATE TABLE segments (
    call   TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 50),
    -- The extension where the line keeps it, or 'outside'.
    agent  TEXT CHECK (length(agent) BETWEEN 1 AND 40 AND agent NOT GLOB '*[^A-Za-z0-9_.+-]*'),
    -- Milliseconds since 1970, UTC.
    began  INTEGER NOT NULL,
    ended  INTEGER NOT NULL CHECK (ended >= began),
    PRIMARY KEY (call, number)
) STRICT, WITHOUT ROWID;

-- Of a call with an objection only that is told.
CREATE TRIGGER an_objection_has_no_segments BEFORE INSERT ON segments
WHEN (SELECT reason FROM calls WHERE id = NEW.call) IN ('objection', 'objection_suspected')
BEGIN
    SELECT RAISE(ABORT, 'an objection has no segments');
END;

CREATE TRIGGER a_later_objection_takes_the_segments AFTER UPDATE OF reason ON calls
WHEN NEW.reason IN ('objection', 'objection_suspected') BEGIN
    DELETE FROM segments WHERE call = NEW.id;
END;
