-- The enumerated types and domains. The order of the labels matters: comparisons use it.

CREATE TYPE change_set_state AS ENUM ('created', 'working', 'ready', 'publishing', 'done');

CREATE TYPE merge_proposal_status AS ENUM (
    'open', 'closed', 'merged', 'applied', 'abandoned', 'rejected'
);

CREATE TYPE publish_mode AS ENUM (
    'push', 'attempt-push', 'propose', 'build-only', 'push-derived', 'skip', 'bts'
);

CREATE TYPE publish_status AS ENUM (
    'unknown', 'blocked', 'needs-manual-review', 'rejected', 'approved', 'ignored'
);

CREATE TYPE queue_bucket AS ENUM (
    'update-existing-mp', 'manual', 'control', 'hook', 'reschedule', 'update-new-mp',
    'missing-deps', 'default'
);

CREATE TYPE review_policy AS ENUM ('not-required', 'required');

CREATE TYPE vcs_type AS ENUM ('bzr', 'git', 'svn', 'mtn', 'hg', 'arch', 'cvs', 'darcs');

CREATE TYPE verdict AS ENUM ('approved', 'rejected', 'abstained');

CREATE DOMAIN campaign_name AS text CHECK (VALUE SIMILAR TO '[a-z0-9][a-z0-9+-.]+');
CREATE DOMAIN codebase_name AS text CHECK (VALUE SIMILAR TO '[a-z0-9][a-z0-9+-.]+');
CREATE DOMAIN suite_name AS text CHECK (VALUE SIMILAR TO '[a-z0-9][a-z0-9+-.]+');

CREATE TYPE result_branch_with_policy AS (
    role text,
    remote_name text,
    base_revision text,
    revision text,
    mode publish_mode,
    frequency_days integer
);
