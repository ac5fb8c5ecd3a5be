-- The life of stored files: what keeps those of a run, and how long the others stay.

CREATE TABLE run_pin (
    run_id text PRIMARY KEY REFERENCES run (id) ON DELETE CASCADE,
    reason text,
    pinned_at timestamptz NOT NULL DEFAULT now()
);

-- '*' is any campaign, any result code; the policy that names more goes before the others.
CREATE TABLE expiry_policy (
    files text NOT NULL CHECK (files IN ('logs', 'artifacts')),
    campaign text NOT NULL DEFAULT '*',
    result_code text NOT NULL DEFAULT '*',
    keep_for interval NOT NULL CHECK (keep_for >= interval '0'),
    keep_newest integer NOT NULL DEFAULT 0 CHECK (keep_newest >= 0),
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (files, campaign, result_code)
);

-- Who resumed from a run is asked for each run whose files are to go.
CREATE INDEX run_resumed ON run (resume_from) WHERE resume_from IS NOT NULL;

-- Few rows at a time: what is on its way out.
CREATE INDEX run_log_expiring ON run_log (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX run_artifact_expiring ON run_artifact (expires_at) WHERE expires_at IS NOT NULL;
