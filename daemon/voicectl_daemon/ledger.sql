-- The ledger: what was asked for, how far it is, who works on it, which files were written.
-- No text of any call is kept here, but for what people note about one, and urgent words on their
-- way to a webhook that is to have them. Times are seconds since the epoch.
-- A section is applied once, in order; PRAGMA user_version counts them.

-- migration 1
CREATE TABLE job (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    created REAL NOT NULL,
    recipe TEXT NOT NULL,              -- name
    steps TEXT NOT NULL,               -- JSON: the checked recipe, with this job's options
    outputs TEXT NOT NULL,             -- JSON: voicectl.types.Outputs
    command TEXT NOT NULL,             -- what the user typed
    force INTEGER NOT NULL,
    fail_fast INTEGER NOT NULL,
    state TEXT NOT NULL                -- planning, running, finished
) STRICT;

CREATE TABLE task (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL REFERENCES job ON DELETE CASCADE,
    tenant TEXT NOT NULL,
    seq INTEGER NOT NULL,              -- place in the job; also its turn among other jobs
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,               -- voicectl.types.TaskState
    audio TEXT,                        -- JSON: voicectl.types.Audio, when it was looked at
    key TEXT,                          -- equal keys give equal results
    call TEXT,
    done_seconds REAL NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    deaths INTEGER NOT NULL DEFAULT 0, -- workers lost while they worked on it
    owner TEXT,
    lease_until REAL,
    error TEXT,                        -- JSON: voicectl.types.Problem
    finished REAL
) STRICT;
CREATE INDEX task_of_job ON task (job, seq);
CREATE INDEX task_turn ON task (state, seq);
CREATE INDEX task_key ON task (tenant, key, state);
CREATE INDEX task_call ON task (call);

CREATE TABLE file (
    path TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    call TEXT NOT NULL,
    written REAL NOT NULL
) STRICT;
CREATE INDEX file_call ON file (call);

-- migration 2
ALTER TABLE task ADD COLUMN unwanted INTEGER NOT NULL DEFAULT 0;  -- cancelled while it was running
ALTER TABLE job ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;       -- jobs take turns: the lowest is next
CREATE INDEX job_turn ON job (state, turn, created);
DROP INDEX task_turn;
CREATE INDEX task_next ON task (job, state, deaths, seq);          -- what lost a worker comes last
CREATE INDEX task_state ON task (state);

-- migration 3
CREATE TABLE schedule (
    name TEXT PRIMARY KEY,             -- as in the config
    tenant TEXT NOT NULL,
    times TEXT NOT NULL,               -- what `after` is about: the expression and its zone
    after REAL NOT NULL,               -- every time up to here was seen to
    state TEXT NOT NULL,               -- voicectl.results.ScheduleState
    started REAL,                      -- the last run
    ended REAL,
    status INTEGER,                    -- its exit status
    said TEXT NOT NULL DEFAULT '',     -- what was wrong
    job TEXT
) STRICT;

-- migration 4
CREATE TABLE live (                    -- calls that came in on a line
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    line TEXT NOT NULL,                -- name of the listener
    channel TEXT NOT NULL,             -- what the telephone system calls it
    legs TEXT NOT NULL,                -- JSON: who speaks on each
    started REAL NOT NULL,
    ended REAL,                        -- NULL: it is up, or was when a daemon was lost
    reason TEXT,
    recording TEXT NOT NULL DEFAULT '',
    seconds REAL NOT NULL DEFAULT 0,
    job TEXT,                          -- that works on the recording
    settled INTEGER NOT NULL DEFAULT 0 -- nothing is owed to it any more
) STRICT;
CREATE INDEX live_open ON live (settled, started);

-- migration 5
ALTER TABLE live ADD COLUMN category TEXT;                  -- as it seemed when all was said
ALTER TABLE live ADD COLUMN urgent TEXT NOT NULL DEFAULT '[]';  -- JSON: kinds of urgent words
ALTER TABLE live ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;    -- the store has it as it stands here
CREATE INDEX live_unkept ON live (started) WHERE NOT kept;

-- migration 6
CREATE TABLE delivery (                -- events that webhooks are to be told
    id TEXT PRIMARY KEY,               -- the same at every attempt: receivers know it again
    hook TEXT NOT NULL,                -- as in the config
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,                -- voicectl.webhook.HAPPENINGS
    call TEXT,                         -- in progress, or of which a job was
    body TEXT NOT NULL,                -- JSON, as it is sent
    created REAL NOT NULL,
    state TEXT NOT NULL,               -- waiting, dead; what arrived is gone
    attempts INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL,
    lease_until REAL,                  -- somebody is sending it
    problem TEXT NOT NULL DEFAULT ''   -- of the last attempt
) STRICT;
CREATE INDEX delivery_next ON delivery (hook, state, attempts, due);
CREATE INDEX delivery_call ON delivery (call);

CREATE TABLE webhook (                 -- how each is doing
    name TEXT PRIMARY KEY,
    address TEXT NOT NULL,             -- SHA-256 of its url: a new one is tried anew
    failures INTEGER NOT NULL DEFAULT 0,
    disabled INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0,
    delivered REAL,
    failed REAL,
    problem TEXT NOT NULL DEFAULT ''
) STRICT;

-- migration 7
CREATE TABLE mark (                    -- what people noted about calls
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    call TEXT NOT NULL,                -- on its line; in the store, where it came on none
    at REAL NOT NULL,
    who TEXT NOT NULL,                 -- the account at the door
    kind TEXT NOT NULL,                -- voicectl.marks.MarkKind
    note TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX mark_call ON mark (call, at);
CREATE INDEX mark_latest ON mark (tenant, at);
