-- Version 10: of an entry of the do-not-contact list its line, the way and the day it came by, and when it was last made
-- again; and when the last sweeps were.
--
-- No column that is added here can hold a sentence: names without blanks, and times.

-- The line where it was asked for; null where it came otherwise, or where the call has an objection.
ALTER TABLE do_not_contact ADD COLUMN line TEXT
    CHECK (length(line) BETWEEN 1 AND 40 AND line NOT GLOB '*[^A-Za-z0-9_.+-]*');
-- By letter, say, or the name of the list that it stood in.
ALTER TABLE do_not_contact ADD COLUMN via TEXT
    CHECK (length(via) BETWEEN 1 AND 40 AND via NOT GLOB '*[^A-Za-z0-9_.+-]*');
-- The day on which it came to us, where that was another one: milliseconds since 1970, UTC.
ALTER TABLE do_not_contact ADD COLUMN received INTEGER;
-- When the same was asked for again; its time counts from then.
ALTER TABLE do_not_contact ADD COLUMN renewed INTEGER;

UPDATE do_not_contact SET line = (SELECT line FROM calls WHERE id = do_not_contact.call);

-- With several lines it would narrow down which call it was.
CREATE TRIGGER a_request_that_an_objection_unlinked_has_no_line AFTER UPDATE OF call ON do_not_contact
WHEN NEW.call IS NULL AND NEW.line IS NOT NULL
    AND EXISTS (SELECT 1 FROM calls WHERE id = OLD.call AND reason IN ('objection', 'objection_suspected')) BEGIN
    UPDATE do_not_contact SET line = NULL WHERE id = NEW.id;
END;

-- One row: when a sweep last left no row past its time, and when one last failed after that.
CREATE TABLE sweeps (
    only   INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    good   INTEGER,
    failed INTEGER
) STRICT;

-- Counted and swept without a look at the notes.
CREATE INDEX calls_by_outcome ON calls (line, reason, ended);

-- One more word for the log, as in version 4.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '''discarded'')', '''discarded'', ''contact_renewed'')')
WHERE type = 'table' AND name = 'log';
PRAGMA writable_schema = RESET;
