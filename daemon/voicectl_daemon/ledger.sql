-- The ledger: what was asked for, how far it is, who works on it, which files were written.
-- No text of any call is kept here. Times are seconds since the epoch.
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
