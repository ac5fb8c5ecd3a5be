-- The tables, as every service of a Janitor knows them; times without zone are UTC.

CREATE TABLE codebase (
    name codebase_name UNIQUE,
    branch_url text,
    url text,
    branch text,
    subpath text,
    vcs_last_revision text,
    last_scanned timestamp,
    web_url text,
    vcs_type vcs_type,
    value integer,
    inactive boolean NOT NULL DEFAULT false,
    hostname text GENERATED ALWAYS AS (
        "substring"(branch_url, '.*://(?:[^/@]*@)?([^/]*)')
    ) STORED,
    UNIQUE (branch_url, subpath),
    CHECK (name IS NOT NULL OR branch_url IS NOT NULL),
    CHECK ((branch_url IS NULL) = (url IS NULL))
);
CREATE INDEX ON codebase (branch_url);
CREATE INDEX ON codebase (inactive);
CREATE INDEX ON codebase (name);

CREATE TABLE worker (
    name text NOT NULL UNIQUE,
    password text NOT NULL,
    link text
);

CREATE TABLE change_set (
    id text PRIMARY KEY,
    campaign campaign_name NOT NULL,
    state change_set_state NOT NULL DEFAULT 'created'
);

-- The next three are tables for the sake of their row types.
CREATE TABLE result_branch (
    role text NOT NULL,
    remote_name text NOT NULL,
    base_revision text NOT NULL,
    revision text NOT NULL
);

CREATE TABLE result_tag (
    actual_name text,
    revision text NOT NULL
);
CREATE INDEX ON result_tag (revision);

CREATE TABLE branch_publish_policy (
    role text NOT NULL UNIQUE,
    mode publish_mode DEFAULT 'build-only',
    frequency_days integer
);

CREATE TABLE named_publish_policy (
    name text PRIMARY KEY,
    per_branch_policy branch_publish_policy[],
    rate_limit_bucket text
);

CREATE TABLE candidate (
    suite suite_name NOT NULL,
    context text,
    value integer CHECK (value > 0),
    success_chance double precision,
    command text NOT NULL CHECK (command <> ''),
    publish_policy text REFERENCES named_publish_policy (name),
    change_set text REFERENCES change_set (id) ON DELETE CASCADE,
    codebase text NOT NULL REFERENCES codebase (name) ON DELETE CASCADE,
    id serial PRIMARY KEY
);
CREATE UNIQUE INDEX ON candidate (codebase, suite, coalesce(change_set, ''));
CREATE INDEX ON candidate (change_set);
CREATE INDEX ON candidate (suite);

CREATE TABLE run (
    id text PRIMARY KEY,
    command text,
    description text,
    start_time timestamp,
    finish_time timestamp,
    duration interval GENERATED ALWAYS AS (finish_time - start_time) STORED,
    result_code text NOT NULL,
    instigated_context text,
    context text,
    main_branch_revision text,
    revision text,
    result json,
    suite suite_name NOT NULL,
    vcs_type vcs_type,
    branch_url text,
    logfilenames text[] NOT NULL,
    publish_status publish_status NOT NULL DEFAULT 'unknown',
    value integer,
    worker text REFERENCES worker (name),
    worker_link text,
    result_tags result_tag[],
    subpath text,
    failure_stage text,
    failure_details json,
    target_branch_url text,
    failure_transient boolean,
    resume_from text REFERENCES run (id) ON DELETE SET NULL,
    change_set text NOT NULL REFERENCES change_set (id),
    codebase text NOT NULL REFERENCES codebase (name),
    CHECK (finish_time >= start_time),
    CHECK (result_code <> 'nothing-new-to-do' OR resume_from IS NOT NULL),
    CHECK (publish_status <> 'approved' OR revision IS NOT NULL)
);
CREATE INDEX ON run (change_set);
CREATE INDEX ON run (codebase, suite);
CREATE INDEX ON run (codebase, suite, start_time DESC);
CREATE INDEX ON run (codebase, suite, start_time, result_code);
CREATE INDEX ON run (main_branch_revision);
CREATE INDEX ON run (publish_status);
CREATE INDEX ON run (result_code);
CREATE INDEX ON run (revision);
CREATE INDEX ON run (start_time);
CREATE INDEX ON run (suite);
CREATE INDEX ON run (suite, revision, publish_status);
CREATE INDEX ON run (suite, start_time);

CREATE TABLE new_result_branch (
    run_id text NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    role text NOT NULL,
    remote_name text,
    base_revision text,
    revision text,
    absorbed boolean DEFAULT false,
    UNIQUE (run_id, role)
);
CREATE INDEX ON new_result_branch (absorbed);
CREATE INDEX ON new_result_branch (revision);

CREATE TABLE last_run (
    codebase text NOT NULL REFERENCES codebase (name),
    campaign campaign_name NOT NULL,
    last_run_id text REFERENCES run (id),
    last_effective_run_id text REFERENCES run (id),
    last_unabsorbed_run_id text REFERENCES run (id),
    UNIQUE (codebase, campaign)
);

CREATE TABLE followup (
    origin text NOT NULL REFERENCES run (id),
    candidate integer REFERENCES candidate (id),
    UNIQUE (origin, candidate)
);

CREATE TABLE queue (
    id serial NOT NULL,
    bucket queue_bucket NOT NULL DEFAULT 'default',
    codebase text NOT NULL REFERENCES codebase (name) ON DELETE CASCADE,
    branch_url text,
    suite suite_name NOT NULL,
    command text CHECK (command <> ''),
    priority bigint NOT NULL DEFAULT 0,
    context text,
    estimated_duration interval,
    refresh boolean DEFAULT false,
    requester text,
    change_set text REFERENCES change_set (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX ON queue (codebase, suite, coalesce(change_set, ''));
CREATE INDEX ON queue (bucket);
CREATE INDEX ON queue (bucket, priority, id);
CREATE INDEX ON queue (change_set);
CREATE INDEX ON queue (codebase);
CREATE INDEX ON queue (priority, id);
CREATE INDEX ON queue (suite, priority, id);

CREATE TABLE merge_proposal (
    codebase text REFERENCES codebase (name) ON DELETE SET NULL,
    url text PRIMARY KEY,
    target_branch_url text,
    status merge_proposal_status,
    revision text,
    merged_by text,
    merged_at timestamp,
    last_scanned timestamp,
    can_be_merged boolean,
    rate_limit_bucket text
);
CREATE INDEX ON merge_proposal (can_be_merged);
CREATE INDEX ON merge_proposal (revision);
CREATE INDEX ON merge_proposal (status);
CREATE INDEX ON merge_proposal (status, rate_limit_bucket);
CREATE INDEX ON merge_proposal (url);

CREATE TABLE publish (
    id text NOT NULL,
    change_set text NOT NULL REFERENCES change_set (id),
    source_branch_url text,
    source_branch_web_url text,
    target_branch_url text NOT NULL,
    target_branch_web_url text,
    subpath text,
    branch_name text,
    main_branch_revision text,
    revision text,
    role text,
    mode publish_mode NOT NULL,
    merge_proposal_url text REFERENCES merge_proposal (url),
    result_code text NOT NULL,
    description text,
    requester text,
    codebase text REFERENCES codebase (name) ON DELETE SET NULL,
    "timestamp" timestamp DEFAULT now()
);
CREATE INDEX ON publish ("timestamp");
CREATE INDEX ON publish (merge_proposal_url);
CREATE INDEX ON publish (revision);

CREATE TABLE review (
    run_id text NOT NULL REFERENCES run (id),
    comment text,
    reviewer text,
    verdict verdict NOT NULL,
    reviewed_at timestamp NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX ON review (run_id, reviewer);
CREATE INDEX ON review (run_id);

CREATE TABLE site_session (
    id text PRIMARY KEY,
    "timestamp" timestamp NOT NULL DEFAULT now(),
    userinfo json
);
