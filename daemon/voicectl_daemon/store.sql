-- The store: calls and what is known of them. Times are UTC, offsets are seconds
-- on the clock of the recording. Tables lie in the schema `book`; people and
-- programs query the views, which show the transcript that was asked for last.
-- A section is applied once, in order; book.version counts them.

-- migration 1
CREATE TABLE book.calls (
    id VARCHAR NOT NULL,
    tenant VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    seconds DOUBLE NOT NULL,
    rate INTEGER NOT NULL,
    channels INTEGER NOT NULL,
    codec VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL
);
CREATE TABLE book.transcripts (
    key VARCHAR NOT NULL,
    call VARCHAR NOT NULL,
    tenant VARCHAR NOT NULL,
    latest BOOLEAN NOT NULL,
    task VARCHAR NOT NULL,
    language VARCHAR,
    language_probability DOUBLE,
    model VARCHAR NOT NULL,
    speech_seconds DOUBLE,
    done STRUCT(stage VARCHAR, runner VARCHAR, model VARCHAR, "at" TIMESTAMP,
                seconds DOUBLE, recipe_hash VARCHAR)[]
);
CREATE TABLE book.segments (
    key VARCHAR NOT NULL,
    call VARCHAR NOT NULL,
    tenant VARCHAR NOT NULL,
    id INTEGER NOT NULL,
    "start" DOUBLE NOT NULL,
    "end" DOUBLE NOT NULL,
    text VARCHAR NOT NULL,
    speaker VARCHAR,
    channel INTEGER,
    language VARCHAR,
    confidence DOUBLE,
    suspect VARCHAR,
    words STRUCT("start" DOUBLE, "end" DOUBLE, text VARCHAR, probability DOUBLE)[],
    decoding STRUCT(seek INTEGER, tokens INTEGER[], temperature DOUBLE, avg_logprob DOUBLE,
                    compression_ratio DOUBLE, no_speech_prob DOUBLE)
);
CREATE VIEW calls AS
    SELECT c.id, c.tenant, c.name, c.path, c.seconds, c.rate, c.channels, c.codec, c.sha256,
           c.created, t.task, t.language, t.language_probability, t.model, t.speech_seconds
    FROM book.calls c LEFT JOIN book.transcripts t ON t.call = c.id AND t.latest;
CREATE VIEW segments AS
    SELECT s.call, s.tenant, s.id, s."start", s."end", s.text, s.speaker, s.channel, s.language,
           s.confidence, s.suspect, s.words
    FROM book.segments s JOIN book.transcripts t ON t.key = s.key AND t.latest;
CREATE VIEW words AS
    SELECT call, tenant, segment, speaker, word."start", word."end", trim(word.text) AS text,
           word.probability
    FROM (SELECT call, tenant, id AS segment, speaker, unnest(words) AS word FROM segments);

-- migration 2
ALTER TABLE book.calls ADD COLUMN warnings VARCHAR[];  -- what was wrong with the recording
CREATE OR REPLACE VIEW calls AS
    SELECT c.id, c.tenant, c.name, c.path, c.seconds, c.rate, c.channels, c.codec, c.sha256,
           c.created, t.task, t.language, t.language_probability, t.model, t.speech_seconds,
           c.warnings
    FROM book.calls c LEFT JOIN book.transcripts t ON t.call = c.id AND t.latest;

-- migration 3
ALTER TABLE book.segments ADD COLUMN language_probability DOUBLE;  -- NULL when it was given
CREATE OR REPLACE VIEW segments AS
    SELECT s.call, s.tenant, s.id, s."start", s."end", s.text, s.speaker, s.channel, s.language,
           s.confidence, s.suspect, s.words, s.language_probability
    FROM book.segments s JOIN book.transcripts t ON t.key = s.key AND t.latest;

-- migration 4
ALTER TABLE book.segments ADD COLUMN speaker_confidence DOUBLE;  -- NULL where the channel tells
CREATE OR REPLACE VIEW segments AS
    SELECT s.call, s.tenant, s.id, s."start", s."end", s.text, s.speaker, s.channel, s.language,
           s.confidence, s.suspect, s.words, s.language_probability, s.speaker_confidence
    FROM book.segments s JOIN book.transcripts t ON t.key = s.key AND t.latest;
ALTER TABLE book.calls ADD COLUMN direction VARCHAR;   -- what the name of the recording tells
ALTER TABLE book.calls ADD COLUMN agent VARCHAR;
ALTER TABLE book.calls ADD COLUMN caller VARCHAR;
ALTER TABLE book.calls ADD COLUMN channel_names VARCHAR[];
CREATE OR REPLACE VIEW calls AS
    SELECT c.id, c.tenant, c.name, c.path, c.seconds, c.rate, c.channels, c.codec, c.sha256,
           c.created, t.task, t.language, t.language_probability, t.model, t.speech_seconds,
           c.warnings, c.direction, c.agent, c.caller
    FROM book.calls c LEFT JOIN book.transcripts t ON t.call = c.id AND t.latest;

-- migration 5
ALTER TABLE book.segments ADD COLUMN original VARCHAR;    -- before replacement rules changed it
ALTER TABLE book.transcripts ADD COLUMN rules VARCHAR;    -- SHA-256 of the rules
CREATE OR REPLACE VIEW segments AS
    SELECT s.call, s.tenant, s.id, s."start", s."end", s.text, s.speaker, s.channel, s.language,
           s.confidence, s.suspect, s.words, s.language_probability, s.speaker_confidence,
           s.original
    FROM book.segments s JOIN book.transcripts t ON t.key = s.key AND t.latest;

-- migration 6
ALTER TABLE book.transcripts ADD COLUMN skipped STRUCT("start" DOUBLE, "end" DOUBLE)[];
CREATE OR REPLACE VIEW calls AS
    SELECT c.id, c.tenant, c.name, c.path, c.seconds, c.rate, c.channels, c.codec, c.sha256,
           c.created, t.task, t.language, t.language_probability, t.model, t.speech_seconds,
           c.warnings, c.direction, c.agent, c.caller, t.skipped
    FROM book.calls c LEFT JOIN book.transcripts t ON t.call = c.id AND t.latest;

-- migration 7
ALTER TABLE book.transcripts ADD COLUMN entities STRUCT(label VARCHAR, text VARCHAR,
    segment INTEGER, "start" INTEGER, "end" INTEGER, score DOUBLE)[];
ALTER TABLE book.transcripts ADD COLUMN labels STRUCT(scheme VARCHAR, name VARCHAR, score DOUBLE,
    evidence INTEGER[])[];
ALTER TABLE book.transcripts ADD COLUMN scores STRUCT(form VARCHAR, name VARCHAR, verdict VARCHAR,
    evidence INTEGER[])[];
ALTER TABLE book.transcripts ADD COLUMN risks STRUCT(kind VARCHAR, text VARCHAR, segment INTEGER,
    "start" INTEGER, "end" INTEGER, language VARCHAR)[];
ALTER TABLE book.transcripts ADD COLUMN summary STRUCT(sentences STRUCT(text VARCHAR,
    evidence INTEGER[])[], model VARCHAR);
ALTER TABLE book.transcripts ADD COLUMN whole BOOLEAN DEFAULT true;  -- were all steps taken?
ALTER TABLE book.transcripts ADD COLUMN job VARCHAR;  -- that took them; NULL when it is whole
CREATE OR REPLACE VIEW calls AS
    SELECT c.id, c.tenant, c.name, c.path, c.seconds, c.rate, c.channels, c.codec, c.sha256,
           c.created, t.task, t.language, t.language_probability, t.model, t.speech_seconds,
           c.warnings, c.direction, c.agent, c.caller, t.skipped, t.whole
    FROM book.calls c LEFT JOIN book.transcripts t ON t.call = c.id AND t.latest;
CREATE VIEW entities AS
    SELECT call, tenant, e.segment, e.label, e.text, e."start", e."end", e.score
    FROM (SELECT call, tenant, unnest(entities) AS e FROM book.transcripts WHERE latest);
CREATE VIEW labels AS
    SELECT call, tenant, e.scheme, e.name, e.score, e.evidence
    FROM (SELECT call, tenant, unnest(labels) AS e FROM book.transcripts WHERE latest);
CREATE VIEW scores AS
    SELECT call, tenant, e.form, e.name, e.verdict, e.evidence
    FROM (SELECT call, tenant, unnest(scores) AS e FROM book.transcripts WHERE latest);
CREATE VIEW risks AS
    SELECT call, tenant, e.segment, e.kind, e.text, e."start", e."end", e.language
    FROM (SELECT call, tenant, unnest(risks) AS e FROM book.transcripts WHERE latest);
CREATE VIEW summaries AS
    SELECT call, tenant, sentence, e.text, e.evidence, model
    FROM (SELECT call, tenant, unnest(summary.sentences) AS e, summary.model AS model,
                 unnest(range(len(summary.sentences)))::INTEGER AS sentence
          FROM book.transcripts WHERE latest);

-- migration 8
ALTER TABLE book.transcripts ADD COLUMN summary.unsupported INTEGER;
ALTER TABLE book.transcripts ADD COLUMN summary.sentences.element.unsupported VARCHAR[];
CREATE OR REPLACE VIEW summaries AS
    SELECT call, tenant, sentence, e.text, e.evidence, model,
           coalesce(e.unsupported, []::VARCHAR[]) AS unsupported
    FROM (SELECT call, tenant, unnest(summary.sentences) AS e, summary.model AS model,
                 unnest(range(len(summary.sentences)))::INTEGER AS sentence
          FROM book.transcripts WHERE latest);

-- migration 9
ALTER TABLE book.transcripts ADD COLUMN translation STRUCT(language VARCHAR,
    segments STRUCT(segment INTEGER, text VARCHAR, suspect VARCHAR)[], runner VARCHAR,
    model VARCHAR);
ALTER TABLE book.transcripts ADD COLUMN translated_entities STRUCT(label VARCHAR, text VARCHAR,
    segment INTEGER, "start" INTEGER, "end" INTEGER, score DOUBLE)[];
CREATE VIEW translations AS
    SELECT call, tenant, e.segment, e.text, language, e.suspect, runner, model
    FROM (SELECT call, tenant, unnest(translation.segments) AS e,
                 translation.language AS language, translation.runner AS runner,
                 translation.model AS model
          FROM book.transcripts WHERE latest);

-- migration 10
CREATE OR REPLACE VIEW calls AS  -- a name without the caller's number has no path with it
    SELECT c.id, c.tenant, c.name,
           CASE WHEN contains(c.name, 'PHONE') THEN regexp_extract(c.path, '^.*/') || c.name
                ELSE c.path END AS path,
           c.seconds, c.rate, c.channels, c.codec, c.sha256,
           c.created, t.task, t.language, t.language_probability, t.model, t.speech_seconds,
           c.warnings, c.direction, c.agent, c.caller, t.skipped, t.whole
    FROM book.calls c LEFT JOIN book.transcripts t ON t.call = c.id AND t.latest;

-- migration 11
CREATE TABLE book.feedback (  -- what people said of a call; rows are only added
    id VARCHAR NOT NULL,
    call VARCHAR NOT NULL,
    tenant VARCHAR NOT NULL,
    "at" TIMESTAMP NOT NULL,
    who VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    rating INTEGER,
    scheme VARCHAR,
    label VARCHAR,
    segment INTEGER,
    text VARCHAR,
    note VARCHAR NOT NULL
);
CREATE VIEW feedback AS
    SELECT call, tenant, id, "at", who, kind, rating, scheme, label, segment, text, note
    FROM book.feedback;
CREATE TABLE book.vectors (  -- of the text of segments, masked where that is masked
    key VARCHAR NOT NULL,
    call VARCHAR NOT NULL,
    segment INTEGER NOT NULL,
    vector TINYINT[384] NOT NULL
);
CREATE TABLE book.centres (  -- of all segments of a result, and what made the vectors
    key VARCHAR NOT NULL,
    call VARCHAR NOT NULL,
    tenant VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    vector FLOAT[384]
);

-- migration 12
CREATE OR REPLACE VIEW feedback AS  -- a text put right before its call was masked is hidden
    SELECT f.call, f.tenant, f.id, f."at", f.who, f.kind, f.rating, f.scheme, f.label, f.segment,
           CASE WHEN len([d FOR d IN shown.done IF d.stage = 'redact']) > 0 THEN NULL
                ELSE f.text END AS text, f.note
    FROM book.feedback f LEFT JOIN book.transcripts shown ON shown.call = f.call AND shown.latest;

-- migration 13
ALTER TABLE book.transcripts ADD COLUMN done.element.unread INTEGER[];  -- in other languages

-- migration 14
CREATE TABLE book.originals (  -- before it was masked, sealed for the recipients of the site
    key VARCHAR NOT NULL,
    call VARCHAR NOT NULL,
    tenant VARCHAR NOT NULL,
    "at" TIMESTAMP NOT NULL,
    sealed BLOB NOT NULL
);
CREATE OR REPLACE VIEW calls AS
    SELECT c.id, c.tenant, c.name,
           CASE WHEN contains(c.name, 'PHONE') THEN regexp_extract(c.path, '^.*/') || c.name
                ELSE c.path END AS path,
           c.seconds, c.rate, c.channels, c.codec, c.sha256,
           c.created, t.task, t.language, t.language_probability, t.model, t.speech_seconds,
           c.warnings, c.direction, c.agent, c.caller, t.skipped, t.whole,
           c.id IN (SELECT call FROM book.originals) AS sealed
    FROM book.calls c LEFT JOIN book.transcripts t ON t.call = c.id AND t.latest;

-- migration 15
CREATE TABLE book.live_calls (  -- as the ledger knows them, which is right where the two differ
    id VARCHAR NOT NULL,
    tenant VARCHAR NOT NULL,
    line VARCHAR NOT NULL,
    channel VARCHAR NOT NULL,
    legs VARCHAR[] NOT NULL,
    started TIMESTAMP NOT NULL,
    ended TIMESTAMP NOT NULL,
    reason VARCHAR,
    seconds DOUBLE,
    category VARCHAR,
    urgent VARCHAR[] NOT NULL,
    job VARCHAR,
    call VARCHAR
);
CREATE VIEW live_calls AS
    SELECT call, tenant, id, line, channel, legs, started, ended, reason, seconds, category,
           urgent, job
    FROM book.live_calls;
