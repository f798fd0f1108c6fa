-- Version 1: calls, the topics of their notes, and requests not to be contacted.
--
-- `calls.note` is the only column that can hold a sentence, and it is short. Every other text is held to a closed
-- list or to letters without blanks; no column can hold bytes. What a row may say is a rule here and not only in
-- the program, so that no later program and no hand can loosen it unseen.

PRAGMA application_id = 1128745299;

CREATE TABLE calls (
    id             TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 16 AND id NOT GLOB '*[^0-9a-f]*'),
    line           TEXT NOT NULL CHECK (length(line) BETWEEN 1 AND 40 AND line NOT GLOB '*[^A-Za-z0-9_.+-]*'),
    notice_version TEXT CHECK (length(notice_version) BETWEEN 1 AND 40 AND notice_version NOT GLOB '*[^A-Za-z0-9_.+-]*'),
    language       TEXT NOT NULL CHECK (language IN ('en', 'de', 'fr')),
    -- Numbers are null when they were withheld.
    caller         TEXT CHECK (length(ltrim(caller, '+')) BETWEEN 2 AND 15 AND length(caller) <= 16
                               AND substr(caller, 2) NOT GLOB '*[^0-9]*' AND substr(caller, 1, 1) GLOB '[0-9+]'),
    called         TEXT CHECK (length(ltrim(called, '+')) BETWEEN 2 AND 15 AND length(called) <= 16
                               AND substr(called, 2) NOT GLOB '*[^0-9]*' AND substr(called, 1, 1) GLOB '[0-9+]'),
    -- Milliseconds since 1970, UTC.
    offered        INTEGER NOT NULL,
    announced      INTEGER,
    bridged        INTEGER,
    ended          INTEGER NOT NULL,
    end_cause      TEXT CHECK (length(end_cause) BETWEEN 1 AND 40 AND end_cause NOT GLOB '*[^A-Za-z0-9_.+-]*'),
    note           TEXT CHECK (length(note) >= 1 AND length(note) <= 1536 AND length(CAST(note AS BLOB)) <= 1536),
    reason         TEXT CHECK (reason IN ('too_short', 'nothing_said', 'one_sided', 'objection', 'objection_suspected',
                               'no_consent', 'unintelligible', 'language', 'wrong_number', 'notice_incomplete',
                               'partial', 'recorded', 'not_tappable', 'fax', 'excluded', 'unanswered', 'overload',
                               'engine_failed', 'shutdown', 'switched_off')),
    trust          TEXT CHECK (trust IN ('low', 'fair', 'good')),
    confidence_pct INTEGER CHECK (confidence_pct BETWEEN 0 AND 100),
    kept_pct       INTEGER CHECK (kept_pct BETWEEN 0 AND 100),
    arrived_pct    INTEGER CHECK (arrived_pct BETWEEN 0 AND 100),
    engine         TEXT NOT NULL CHECK (engine IN ('notes')),
    recogniser     TEXT CHECK (recogniser IN ('vosk', 'whisper')),
    model          TEXT CHECK (length(model) = 16 AND model NOT GLOB '*[^0-9a-f]*'),
    version        TEXT NOT NULL CHECK (length(version) BETWEEN 1 AND 40 AND version NOT GLOB '*[^A-Za-z0-9_.+-]*'),
    listened_ms    INTEGER CHECK (listened_ms >= 0),
    speech_ms      INTEGER CHECK (speech_ms >= 0),
    recognised_ms  INTEGER CHECK (recognised_ms >= 0),
    words          INTEGER CHECK (words >= 0),
    lost_packets   INTEGER CHECK (lost_packets >= 0),

    CONSTRAINT note_or_reason CHECK ((note IS NULL) <> (reason IS NULL)),
    CONSTRAINT trust_belongs_to_a_note CHECK (
        (note IS NULL) = (trust IS NULL) AND (note IS NULL) = (confidence_pct IS NULL)
        AND (note IS NULL) = (kept_pct IS NULL) AND (note IS NULL) = (arrived_pct IS NULL)),
    CONSTRAINT model_belongs_to_a_recogniser CHECK ((recogniser IS NULL) = (model IS NULL)),
    CONSTRAINT figures_are_whole CHECK (
        (words IS NULL) = (listened_ms IS NULL) AND (words IS NULL) = (speech_ms IS NULL)
        AND (words IS NULL) = (recognised_ms IS NULL) AND (words IS NULL) = (lost_packets IS NULL)),
    -- Of a call with an objection only that is told.
    CONSTRAINT an_objection_has_no_figures CHECK (
        reason IS NULL OR reason NOT IN ('objection', 'objection_suspected') OR words IS NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX calls_by_time ON calls (offered);
CREATE INDEX calls_by_caller ON calls (caller, offered);

CREATE TABLE topics (
    call  TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    topic TEXT NOT NULL CHECK (topic IN ('fault', 'billing', 'payment', 'appointment', 'booking', 'cancellation',
                               'contract', 'information', 'complaint', 'order', 'delivery', 'callback', 'porting',
                               'access', 'damage_claim', 'contact_preferences', 'change_of_data', 'other')),
    PRIMARY KEY (call, topic)
) STRICT, WITHOUT ROWID;

-- Requests that nobody has looked at yet; they protect from the moment they are here.
CREATE TABLE do_not_contact (
    id       INTEGER NOT NULL PRIMARY KEY,
    -- The call where it was said. No reference, since the request is kept while the call still runs.
    call     TEXT CHECK (length(call) = 16 AND call NOT GLOB '*[^0-9a-f]*'),
    -- Null when the caller meant a number that was withheld.
    number   TEXT CHECK (length(ltrim(number, '+')) BETWEEN 2 AND 15 AND length(number) <= 16
                         AND substr(number, 2) NOT GLOB '*[^0-9]*' AND substr(number, 1, 1) GLOB '[0-9+]'),
    calls    INTEGER NOT NULL CHECK (calls IN (0, 1)),
    email    INTEGER NOT NULL CHECK (email IN (0, 1)),
    letters  INTEGER NOT NULL CHECK (letters IN (0, 1)),
    sms      INTEGER NOT NULL CHECK (sms IN (0, 1)),
    purpose  TEXT NOT NULL CHECK (purpose IN ('advertising', 'everything')),
    -- Milliseconds since 1970, UTC.
    created  INTEGER NOT NULL,

    CONSTRAINT a_channel_is_named CHECK (calls + email + letters + sms > 0)
) STRICT;

CREATE INDEX do_not_contact_by_number ON do_not_contact (number);
CREATE INDEX do_not_contact_by_call ON do_not_contact (call);

-- A request made before an objection is an entry of its own: nothing leads from it to the call, nor back.
CREATE TRIGGER an_objection_unlinks AFTER INSERT ON calls
WHEN NEW.reason IN ('objection', 'objection_suspected') BEGIN
    UPDATE do_not_contact SET call = NULL WHERE call = NEW.id;
END;

CREATE TRIGGER a_later_objection_unlinks AFTER UPDATE OF reason ON calls
WHEN NEW.reason IN ('objection', 'objection_suspected') BEGIN
    UPDATE do_not_contact SET call = NULL WHERE call = NEW.id;
END;

CREATE TRIGGER a_request_after_an_objection_is_unlinked AFTER INSERT ON do_not_contact
WHEN EXISTS (SELECT 1 FROM calls WHERE id = NEW.call AND reason IN ('objection', 'objection_suspected')) BEGIN
    UPDATE do_not_contact SET call = NULL WHERE id = NEW.id;
END;

CREATE TRIGGER an_erased_call_unlinks AFTER DELETE ON calls BEGIN
    UPDATE do_not_contact SET call = NULL WHERE call = OLD.id;
END;
