-- The tables of a Janitor that somebody else's SQL made: written statement by statement,
-- constraints added late and under names of their own.

CREATE TYPE change_set_state AS ENUM ('created', 'working', 'ready', 'publishing', 'done');

CREATE TYPE merge_proposal_status AS ENUM ('open', 'closed', 'merged', 'applied', 'abandoned', 'rejected');

CREATE TYPE publish_mode AS ENUM ('push', 'attempt-push', 'propose', 'build-only', 'push-derived', 'skip', 'bts');

CREATE TYPE publish_status AS ENUM ('unknown', 'blocked', 'needs-manual-review', 'rejected', 'approved', 'ignored');

CREATE TYPE queue_bucket AS ENUM ('update-existing-mp', 'manual', 'control', 'hook', 'reschedule', 'update-new-mp', 'missing-deps', 'default');

CREATE TYPE review_policy AS ENUM ('not-required', 'required');

CREATE TYPE vcs_type AS ENUM ('bzr', 'git', 'svn', 'mtn', 'hg', 'arch', 'cvs', 'darcs');

CREATE TYPE verdict AS ENUM ('approved', 'rejected', 'abstained');

CREATE DOMAIN campaign_name AS text CONSTRAINT campaign_name_is_a_slug CHECK ((VALUE ~ similar_to_escape('[a-z0-9][a-z0-9+-.]+'::text)));

CREATE DOMAIN codebase_name AS text CONSTRAINT codebase_name_is_a_slug CHECK ((VALUE ~ similar_to_escape('[a-z0-9][a-z0-9+-.]+'::text)));

CREATE DOMAIN suite_name AS text CONSTRAINT suite_name_is_a_slug CHECK ((VALUE ~ similar_to_escape('[a-z0-9][a-z0-9+-.]+'::text)));

CREATE TYPE result_branch_with_policy AS (role text, remote_name text, base_revision text, revision text, mode publish_mode, frequency_days integer);

CREATE TABLE branch_publish_policy (
    "role" text NOT NULL,
    "mode" publish_mode DEFAULT 'build-only'::publish_mode,
    "frequency_days" integer
);

CREATE TABLE result_tag (
    "actual_name" text,
    "revision" text NOT NULL
);

CREATE TABLE result_branch (
    "role" text NOT NULL,
    "remote_name" text NOT NULL,
    "base_revision" text NOT NULL,
    "revision" text NOT NULL
);

CREATE SEQUENCE candidate_id_seq;

CREATE TABLE candidate (
    "suite" suite_name NOT NULL,
    "context" text,
    "value" integer,
    "success_chance" double precision,
    "command" text NOT NULL,
    "publish_policy" text,
    "change_set" text,
    "codebase" text NOT NULL,
    "id" integer DEFAULT nextval('candidate_id_seq'::regclass) NOT NULL
);

CREATE TABLE change_set (
    "id" text NOT NULL,
    "campaign" campaign_name NOT NULL,
    "state" change_set_state DEFAULT 'created'::change_set_state NOT NULL
);

CREATE TABLE codebase (
    "name" codebase_name,
    "branch_url" text,
    "url" text,
    "branch" text,
    "subpath" text,
    "vcs_last_revision" text,
    "last_scanned" timestamp without time zone,
    "web_url" text,
    "vcs_type" vcs_type,
    "value" integer,
    "inactive" boolean DEFAULT false NOT NULL,
    "hostname" text GENERATED ALWAYS AS ("substring"(branch_url, '.*://(?:[^/@]*@)?([^/]*)'::text)) STORED
);

CREATE TABLE followup (
    "origin" text NOT NULL,
    "candidate" integer
);

CREATE TABLE last_run (
    "codebase" text NOT NULL,
    "campaign" campaign_name NOT NULL,
    "last_run_id" text,
    "last_effective_run_id" text,
    "last_unabsorbed_run_id" text
);

CREATE TABLE merge_proposal (
    "codebase" text,
    "url" text NOT NULL,
    "target_branch_url" text,
    "status" merge_proposal_status,
    "revision" text,
    "merged_by" text,
    "merged_at" timestamp without time zone,
    "last_scanned" timestamp without time zone,
    "can_be_merged" boolean,
    "rate_limit_bucket" text
);

CREATE TABLE named_publish_policy (
    "name" text NOT NULL,
    "per_branch_policy" branch_publish_policy[],
    "rate_limit_bucket" text
);

CREATE TABLE new_result_branch (
    "run_id" text NOT NULL,
    "role" text NOT NULL,
    "remote_name" text,
    "base_revision" text,
    "revision" text,
    "absorbed" boolean DEFAULT false
);

CREATE TABLE publish (
    "id" text NOT NULL,
    "change_set" text NOT NULL,
    "source_branch_url" text,
    "source_branch_web_url" text,
    "target_branch_url" text NOT NULL,
    "target_branch_web_url" text,
    "subpath" text,
    "branch_name" text,
    "main_branch_revision" text,
    "revision" text,
    "role" text,
    "mode" publish_mode NOT NULL,
    "merge_proposal_url" text,
    "result_code" text NOT NULL,
    "description" text,
    "requester" text,
    "codebase" text,
    "timestamp" timestamp without time zone DEFAULT now()
);

CREATE SEQUENCE queue_id_seq;

CREATE TABLE queue (
    "id" integer DEFAULT nextval('queue_id_seq'::regclass) NOT NULL,
    "bucket" queue_bucket DEFAULT 'default'::queue_bucket NOT NULL,
    "codebase" text NOT NULL,
    "branch_url" text,
    "suite" suite_name NOT NULL,
    "command" text,
    "priority" bigint DEFAULT 0 NOT NULL,
    "context" text,
    "estimated_duration" interval,
    "refresh" boolean DEFAULT false,
    "requester" text,
    "change_set" text
);

CREATE TABLE review (
    "run_id" text NOT NULL,
    "comment" text,
    "reviewer" text,
    "verdict" verdict NOT NULL,
    "reviewed_at" timestamp without time zone DEFAULT now() NOT NULL
);

CREATE TABLE run (
    "id" text NOT NULL,
    "command" text,
    "description" text,
    "start_time" timestamp without time zone,
    "finish_time" timestamp without time zone,
    "duration" interval GENERATED ALWAYS AS ((finish_time - start_time)) STORED,
    "result_code" text NOT NULL,
    "instigated_context" text,
    "context" text,
    "main_branch_revision" text,
    "revision" text,
    "result" json,
    "suite" suite_name NOT NULL,
    "vcs_type" vcs_type,
    "branch_url" text,
    "logfilenames" text[] NOT NULL,
    "publish_status" publish_status DEFAULT 'unknown'::publish_status NOT NULL,
    "value" integer,
    "worker" text,
    "worker_link" text,
    "result_tags" result_tag[],
    "subpath" text,
    "failure_stage" text,
    "failure_details" json,
    "target_branch_url" text,
    "failure_transient" boolean,
    "resume_from" text,
    "change_set" text NOT NULL,
    "codebase" text NOT NULL
);

CREATE TABLE site_session (
    "id" text NOT NULL,
    "timestamp" timestamp without time zone DEFAULT now() NOT NULL,
    "userinfo" json
);

CREATE TABLE worker (
    "name" text NOT NULL,
    "password" text NOT NULL,
    "link" text
);

ALTER TABLE ONLY worker ADD UNIQUE (name);
ALTER TABLE ONLY site_session ADD PRIMARY KEY (id);
ALTER TABLE ONLY run ADD CHECK (((publish_status <> 'approved'::publish_status) OR (revision IS NOT NULL)));
ALTER TABLE ONLY run ADD CHECK (((result_code <> 'nothing-new-to-do'::text) OR (resume_from IS NOT NULL)));
ALTER TABLE ONLY run ADD CHECK ((finish_time >= start_time));
ALTER TABLE ONLY run ADD PRIMARY KEY (id);
ALTER TABLE ONLY queue ADD CHECK ((command <> ''::text));
ALTER TABLE ONLY new_result_branch ADD UNIQUE (run_id, role);
ALTER TABLE ONLY named_publish_policy ADD PRIMARY KEY (name);
ALTER TABLE ONLY merge_proposal ADD PRIMARY KEY (url);
ALTER TABLE ONLY last_run ADD UNIQUE (codebase, campaign);
ALTER TABLE ONLY followup ADD UNIQUE (origin, candidate);
ALTER TABLE ONLY codebase ADD CHECK (((branch_url IS NULL) = (url IS NULL)));
ALTER TABLE ONLY codebase ADD CHECK (((name IS NOT NULL) OR (branch_url IS NOT NULL)));
ALTER TABLE ONLY codebase ADD UNIQUE (name);
ALTER TABLE ONLY codebase ADD UNIQUE (branch_url, subpath);
ALTER TABLE ONLY change_set ADD PRIMARY KEY (id);
ALTER TABLE ONLY candidate ADD CHECK ((value > 0));
ALTER TABLE ONLY candidate ADD CHECK ((command <> ''::text));
ALTER TABLE ONLY candidate ADD PRIMARY KEY (id);
ALTER TABLE ONLY branch_publish_policy ADD UNIQUE (role);
CREATE INDEX result_tag_i0 ON result_tag USING btree (revision);
ALTER TABLE ONLY candidate ADD FOREIGN KEY (change_set) REFERENCES change_set(id) ON DELETE CASCADE;
ALTER TABLE ONLY candidate ADD FOREIGN KEY (codebase) REFERENCES codebase(name) ON DELETE CASCADE;
ALTER TABLE ONLY candidate ADD FOREIGN KEY (publish_policy) REFERENCES named_publish_policy(name);
CREATE UNIQUE INDEX candidate_u0 ON candidate USING btree (codebase, suite, COALESCE(change_set, ''::text));
CREATE INDEX candidate_i0 ON candidate USING btree (change_set);
CREATE INDEX candidate_i1 ON candidate USING btree (suite);
CREATE INDEX codebase_i0 ON codebase USING btree (branch_url);
CREATE INDEX codebase_i1 ON codebase USING btree (inactive);
CREATE INDEX codebase_i2 ON codebase USING btree (name);
ALTER TABLE ONLY followup ADD FOREIGN KEY (candidate) REFERENCES candidate(id);
ALTER TABLE ONLY followup ADD FOREIGN KEY (origin) REFERENCES run(id);
ALTER TABLE ONLY last_run ADD FOREIGN KEY (codebase) REFERENCES codebase(name);
ALTER TABLE ONLY last_run ADD FOREIGN KEY (last_effective_run_id) REFERENCES run(id);
ALTER TABLE ONLY last_run ADD FOREIGN KEY (last_run_id) REFERENCES run(id);
ALTER TABLE ONLY last_run ADD FOREIGN KEY (last_unabsorbed_run_id) REFERENCES run(id);
ALTER TABLE ONLY merge_proposal ADD FOREIGN KEY (codebase) REFERENCES codebase(name) ON DELETE SET NULL;
CREATE INDEX merge_proposal_i0 ON merge_proposal USING btree (can_be_merged);
CREATE INDEX merge_proposal_i1 ON merge_proposal USING btree (revision);
CREATE INDEX merge_proposal_i2 ON merge_proposal USING btree (status);
CREATE INDEX merge_proposal_i3 ON merge_proposal USING btree (status, rate_limit_bucket);
CREATE INDEX merge_proposal_i4 ON merge_proposal USING btree (url);
ALTER TABLE ONLY new_result_branch ADD FOREIGN KEY (run_id) REFERENCES run(id) ON DELETE CASCADE;
CREATE INDEX new_result_branch_i0 ON new_result_branch USING btree (absorbed);
CREATE INDEX new_result_branch_i1 ON new_result_branch USING btree (revision);
ALTER TABLE ONLY publish ADD FOREIGN KEY (change_set) REFERENCES change_set(id);
ALTER TABLE ONLY publish ADD FOREIGN KEY (codebase) REFERENCES codebase(name) ON DELETE SET NULL;
ALTER TABLE ONLY publish ADD FOREIGN KEY (merge_proposal_url) REFERENCES merge_proposal(url);
CREATE INDEX publish_i0 ON publish USING btree ("timestamp");
CREATE INDEX publish_i1 ON publish USING btree (merge_proposal_url);
CREATE INDEX publish_i2 ON publish USING btree (revision);
ALTER TABLE ONLY queue ADD FOREIGN KEY (change_set) REFERENCES change_set(id) ON DELETE CASCADE;
ALTER TABLE ONLY queue ADD FOREIGN KEY (codebase) REFERENCES codebase(name) ON DELETE CASCADE;
CREATE UNIQUE INDEX queue_u0 ON queue USING btree (codebase, suite, COALESCE(change_set, ''::text));
CREATE INDEX queue_i0 ON queue USING btree (bucket);
CREATE INDEX queue_i1 ON queue USING btree (bucket, priority, id);
CREATE INDEX queue_i2 ON queue USING btree (change_set);
CREATE INDEX queue_i3 ON queue USING btree (codebase);
CREATE INDEX queue_i4 ON queue USING btree (priority, id);
CREATE INDEX queue_i5 ON queue USING btree (suite, priority, id);
ALTER TABLE ONLY review ADD FOREIGN KEY (run_id) REFERENCES run(id);
CREATE UNIQUE INDEX review_u0 ON review USING btree (run_id, reviewer);
CREATE INDEX review_i0 ON review USING btree (run_id);
ALTER TABLE ONLY run ADD FOREIGN KEY (change_set) REFERENCES change_set(id);
ALTER TABLE ONLY run ADD FOREIGN KEY (codebase) REFERENCES codebase(name);
ALTER TABLE ONLY run ADD FOREIGN KEY (resume_from) REFERENCES run(id) ON DELETE SET NULL;
ALTER TABLE ONLY run ADD FOREIGN KEY (worker) REFERENCES worker(name);
CREATE INDEX run_i0 ON run USING btree (change_set);
CREATE INDEX run_i1 ON run USING btree (codebase, suite);
CREATE INDEX run_i2 ON run USING btree (codebase, suite, start_time DESC);
CREATE INDEX run_i3 ON run USING btree (codebase, suite, start_time, result_code);
CREATE INDEX run_i4 ON run USING btree (main_branch_revision);
CREATE INDEX run_i5 ON run USING btree (publish_status);
CREATE INDEX run_i6 ON run USING btree (result_code);
CREATE INDEX run_i7 ON run USING btree (revision);
CREATE INDEX run_i8 ON run USING btree (start_time);
CREATE INDEX run_i9 ON run USING btree (suite);
CREATE INDEX run_i10 ON run USING btree (suite, revision, publish_status);
CREATE INDEX run_i11 ON run USING btree (suite, start_time);
