-- Branches: what the rotation could not see of codebases' own, and what was published of runs.

-- One codebase after the other of each host, the one that was looked at longest ago first.
CREATE INDEX codebase_rotation ON codebase (coalesce(hostname, ''), last_scanned NULLS FIRST)
    WHERE NOT inactive AND branch_url IS NOT NULL AND name IS NOT NULL;

-- A codebase has a row as long as looking at its branch fails.
CREATE TABLE branch_failure (
    codebase text PRIMARY KEY REFERENCES codebase (name) ON UPDATE CASCADE ON DELETE CASCADE,
    code text NOT NULL,
    description text NOT NULL,
    times integer NOT NULL DEFAULT 1 CHECK (times > 0),
    since timestamptz NOT NULL DEFAULT now(),
    last_at timestamptz NOT NULL DEFAULT now()
);

-- A host that answers "no such branch" once may have a bad day.
CREATE VIEW gone_branch AS
    SELECT codebase, code, description, since FROM branch_failure
    WHERE code IN ('branch-missing', 'hosted-on-alioth') AND times >= 3;

-- No foreign key: the row is what is left of a run that is gone, until its branches are, too.
CREATE TABLE published_branch (
    run_id text NOT NULL,
    role text NOT NULL,
    codebase text NOT NULL,
    campaign text NOT NULL,
    vcs_type text NOT NULL,
    revision text NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, role)
);
CREATE INDEX published_branch_of ON published_branch (codebase, campaign, role);
