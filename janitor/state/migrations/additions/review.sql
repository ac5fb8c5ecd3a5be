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

-- A trigger, so that what other services change is recorded too. Who of ours makes a change says
-- so in the setting janitor.publish_status, which counts for one change of one run.
CREATE FUNCTION run_trigger_record_publish_status() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    said jsonb := nullif(current_setting('janitor.publish_status', true), '');
BEGIN
    IF said ->> 'run_id' = NEW.id THEN
        PERFORM set_config('janitor.publish_status', '', true);
    ELSE
        said := NULL;
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
