-- Version 8: what there is to show that a call was announced.
--
-- No column that is added here can hold a sentence: times, lengths and hashes.

CREATE TABLE announcements (
    call      TEXT NOT NULL PRIMARY KEY REFERENCES calls (id) ON DELETE CASCADE,
    -- From when to when the notice was played, by the switch's clock: milliseconds since 1970, UTC.
    began     INTEGER NOT NULL,
    ended     INTEGER NOT NULL CHECK (ended >= began),
    -- What it was measured against; null where an earlier run had it played, which kept no row.
    -- SHA-256 of the notice's file, and of the question's on a line that asks.
    sound     TEXT CHECK (length(sound) = 64 AND sound NOT GLOB '*[^0-9a-f]*'),
    question  TEXT CHECK (length(question) = 64 AND question NOT GLOB '*[^0-9a-f]*'),
    -- Milliseconds that the file lasts.
    lasts     INTEGER CHECK (lasts > 0),
    -- The version of the settings, as the log tells it when they change.
    settings  TEXT CHECK (length(settings) = 16 AND settings NOT GLOB '*[^0-9a-f]*'),

    CONSTRAINT measured_or_not CHECK (
        (sound IS NULL) = (lasts IS NULL) AND (sound IS NULL) = (settings IS NULL)
        AND (question IS NULL OR sound IS NOT NULL))
) STRICT, WITHOUT ROWID;
