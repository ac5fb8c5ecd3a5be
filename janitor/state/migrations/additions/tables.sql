-- What we add to the tables of a Janitor: columns of the queue that others need not know of,
-- and tables of our own.

-- A claim on an item: who, the fencing token (which names the run), until when, and how many
-- there were already.
ALTER TABLE queue
    ADD COLUMN base bigint,
    ADD COLUMN claimed_by text,
    ADD COLUMN claim_id text,
    ADD COLUMN claimed_until timestamptz,
    ADD COLUMN claims integer NOT NULL DEFAULT 0;
CREATE INDEX queue_unclaimed ON queue (bucket, priority, id) WHERE claim_id IS NULL;
CREATE UNIQUE INDEX queue_claim ON queue (claim_id) WHERE claim_id IS NOT NULL;
CREATE INDEX queue_claimed_until ON queue (claimed_until) WHERE claim_id IS NOT NULL;

CREATE TABLE job (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    key text NOT NULL,
    payload jsonb NOT NULL,
    run_id text,
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'leased', 'done', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL,
    not_before timestamptz NOT NULL DEFAULT now(),
    lease_owner text,
    lease_until timestamptz,
    rung_at timestamptz,
    rings integer NOT NULL DEFAULT 0,
    last_error text,
    error_kind text CHECK (error_kind IN ('failure', 'error', 'lost', 'invalid')),
    trace_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    UNIQUE (kind, key),
    CHECK ((state = 'leased') = (lease_owner IS NOT NULL)),
    CHECK ((state = 'leased') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('done', 'failed')) = (finished_at IS NOT NULL))
);
CREATE INDEX job_due ON job (not_before) WHERE state = 'pending';
CREATE INDEX job_leased ON job (lease_until) WHERE state = 'leased';
CREATE INDEX job_finished ON job (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX job_run ON job (run_id);

CREATE TABLE run_log (
    run_id text NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    name text NOT NULL,
    stored_name text NOT NULL,
    size bigint NOT NULL,
    stored_size bigint NOT NULL,
    sha256 text NOT NULL,
    content_type text NOT NULL,
    mtime timestamptz NOT NULL,
    location text NOT NULL CHECK (location IN ('primary', 'backup')),
    stored_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    PRIMARY KEY (run_id, name)
);

CREATE TABLE run_artifact (
    run_id text NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    name text NOT NULL,
    stored_name text NOT NULL,
    size bigint NOT NULL,
    stored_size bigint NOT NULL,
    sha256 text NOT NULL,
    content_type text NOT NULL,
    mtime timestamptz NOT NULL,
    mode integer NOT NULL,
    location text NOT NULL CHECK (location IN ('primary', 'backup')),
    stored_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    PRIMARY KEY (run_id, name)
);

-- Runs of one campaign often make the same change: each diff is kept once, compressed.
CREATE TABLE diff_content (
    sha256 text PRIMARY KEY,
    size bigint NOT NULL,
    body bytea NOT NULL
);

CREATE TABLE run_diff (
    run_id text NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    role text NOT NULL,
    old_revision text NOT NULL,
    new_revision text NOT NULL,
    sha256 text NOT NULL REFERENCES diff_content (sha256),
    files integer NOT NULL,
    insertions integer NOT NULL,
    deletions integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, role)
);
CREATE INDEX run_diff_content ON run_diff (sha256);

-- Every verdict that was ever given; the table review has the ones that count.
CREATE TABLE review_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id text NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    reviewer text,
    verdict verdict NOT NULL,
    comment text,
    qa_reviewer boolean NOT NULL,
    submission text,
    reviewed_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (run_id, reviewer, submission)
);

CREATE TABLE announcement (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel text NOT NULL,
    message jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz
);
CREATE INDEX announcement_sent ON announcement (sent_at) WHERE sent_at IS NOT NULL;

-- A run that last_run points to could not be deleted: the foreign keys are checked before
-- the triggers that bring last_run up to date.
CREATE FUNCTION run_trigger_leave_last_run() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE last_run
        SET last_run_id = nullif(last_run_id, OLD.id),
            last_effective_run_id = nullif(last_effective_run_id, OLD.id),
            last_unabsorbed_run_id = nullif(last_unabsorbed_run_id, OLD.id)
        WHERE codebase = OLD.codebase AND campaign = OLD.suite;
    RETURN OLD;
END
$$;
CREATE TRIGGER run_leave_last_run
    BEFORE DELETE ON run
    FOR EACH ROW EXECUTE FUNCTION run_trigger_leave_last_run();
