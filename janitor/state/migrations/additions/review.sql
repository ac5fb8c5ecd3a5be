-- Reviews: every change of a publish status, policies of campaigns, claims of reviewers.

CREATE TABLE publish_status_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id text NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    before publish_status,
    after publish_status NOT NULL,
    actor text,
    why text,
    verdict_id bigint,  -- no foreign key: both rows go with their run
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX publish_status_change_run ON publish_status_change (run_id);
CREATE INDEX publish_status_change_time ON publish_status_change (changed_at);

-- A trigger, so that what other services change is recorded too. Who of ours makes changes says so
-- in the setting janitor.publish_status, an object by run; each counts for one change of that run.
CREATE FUNCTION run_trigger_record_publish_status() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    all_said jsonb := nullif(current_setting('janitor.publish_status', true), '');
    said jsonb := all_said -> NEW.id;
BEGIN
    IF said IS NOT NULL THEN
        PERFORM set_config('janitor.publish_status', (all_said - NEW.id)::text, true);
    END IF;
    INSERT INTO publish_status_change (run_id, before, after, actor, why, verdict_id)
        VALUES (NEW.id, OLD.publish_status, NEW.publish_status,
            said ->> 'actor', said ->> 'why', (said ->> 'verdict_id')::bigint);
    RETURN NULL;
END
$$;
CREATE TRIGGER run_record_publish_status
    AFTER UPDATE OF publish_status ON run
    FOR EACH ROW WHEN (OLD.publish_status <> NEW.publish_status)
    EXECUTE FUNCTION run_trigger_record_publish_status();
CREATE TRIGGER run_record_first_publish_status
    AFTER INSERT ON run
    FOR EACH ROW WHEN (NEW.publish_status <> 'unknown')
    EXECUTE FUNCTION run_trigger_record_publish_status();

-- What makes of verdicts a publish status; the campaign * stands for all that have none.
CREATE TABLE verdict_policy (
    campaign text PRIMARY KEY,
    policy jsonb NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE review_claim (
    run_id text PRIMARY KEY REFERENCES run (id) ON DELETE CASCADE,
    reviewer text NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    claimed_until timestamptz NOT NULL
);

ALTER TABLE review_history
    ADD COLUMN warning text;

-- A publish status changes nothing about last runs and change sets, and somebody waits for it: the
-- triggers that keep those look at what they are made of first.
CREATE FUNCTION run_is_as_before(old run, new run) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT (old.id, old.codebase, old.suite, old.change_set, old.start_time, old.result_code,
            old.failure_transient, old.resume_from)
        IS NOT DISTINCT FROM
        (new.id, new.codebase, new.suite, new.change_set, new.start_time, new.result_code,
            new.failure_transient, new.resume_from)
$$;

CREATE OR REPLACE FUNCTION run_trigger_refresh_last_run() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM refresh_last_run(OLD.codebase, OLD.suite::text);
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' AND run_is_as_before(OLD, NEW) THEN
        RETURN NULL;
    END IF;
    PERFORM refresh_last_run(NEW.codebase, NEW.suite::text);
    IF TG_OP = 'UPDATE' AND (OLD.codebase, OLD.suite) IS DISTINCT FROM (NEW.codebase, NEW.suite)
    THEN
        PERFORM refresh_last_run(OLD.codebase, OLD.suite::text);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION run_trigger_refresh_change_set_state() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND run_is_as_before(OLD, NEW) THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        PERFORM refresh_last_run(OLD.codebase, OLD.suite::text);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM refresh_last_run(NEW.codebase, NEW.suite::text);
        PERFORM refresh_change_set_state(NEW.change_set);
    END IF;
    IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND OLD.change_set <> NEW.change_set THEN
        PERFORM refresh_change_set_state(OLD.change_set);
    END IF;
    RETURN NULL;
END
$$;

-- What is worked off together is looked for by its kind.
CREATE INDEX job_due_of_kind ON job (kind, not_before) WHERE state = 'pending';
