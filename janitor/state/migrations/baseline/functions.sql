-- What the triggers keep true. Safe to run again: an adopted database gets these in place
-- of its own.

CREATE OR REPLACE FUNCTION refresh_last_run(_codebase text, _campaign text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    latest run%ROWTYPE;
    effective run%ROWTYPE;
    unabsorbed_id text;
BEGIN
    -- The row is made first and locked, so that of two transactions that bring it up to date
    -- the second sees the runs of the first.
    INSERT INTO last_run (codebase, campaign) VALUES (_codebase, _campaign)
        ON CONFLICT DO NOTHING;
    PERFORM FROM last_run WHERE codebase = _codebase AND campaign = _campaign FOR UPDATE;

    SELECT * INTO latest FROM run
        WHERE codebase = _codebase AND suite = _campaign
        ORDER BY start_time DESC NULLS LAST, id DESC
        LIMIT 1;
    IF NOT FOUND THEN
        DELETE FROM last_run WHERE codebase = _codebase AND campaign = _campaign;
        RETURN;
    END IF;

    IF latest.result_code = 'nothing-new-to-do' THEN
        SELECT * INTO effective FROM run WHERE id = latest.resume_from;
        effective.result_code := 'success';
    ELSIF latest.failure_transient THEN
        SELECT * INTO effective FROM run
            WHERE codebase = _codebase AND suite = _campaign
                AND failure_transient IS NOT TRUE AND result_code <> 'nothing-new-to-do'
            ORDER BY start_time DESC NULLS LAST, id DESC
            LIMIT 1;
    ELSE
        effective := latest;
    END IF;

    IF effective.result_code = 'success' THEN
        SELECT run_id INTO unabsorbed_id FROM new_result_branch
            WHERE run_id = effective.id AND absorbed IS NOT TRUE
            LIMIT 1;
    ELSIF effective.result_code <> 'nothing-to-do' THEN
        unabsorbed_id := effective.id;
    END IF;

    UPDATE last_run
        SET last_run_id = latest.id,
            last_effective_run_id = effective.id,
            last_unabsorbed_run_id = unabsorbed_id
        WHERE codebase = _codebase AND campaign = _campaign
            AND (last_run_id, last_effective_run_id, last_unabsorbed_run_id)
                IS DISTINCT FROM (latest.id, effective.id, unabsorbed_id);
END
$$;

CREATE OR REPLACE FUNCTION refresh_last_run(run_id text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_last_run(run.codebase, run.suite::text)
        FROM run WHERE run.id = refresh_last_run.run_id;
END
$$;

CREATE OR REPLACE FUNCTION refresh_change_set_state(change_set_id text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    before change_set_state;
    reached change_set_state;
BEGIN
    SELECT state INTO before FROM change_set WHERE id = change_set_id FOR NO KEY UPDATE;
    reached := before;
    IF reached = 'created'
        AND EXISTS (SELECT FROM run WHERE change_set = change_set_id)
    THEN
        reached := 'working';
    END IF;
    IF reached = 'working'
        AND EXISTS (SELECT FROM run WHERE change_set = change_set_id AND result_code = 'success')
        AND NOT EXISTS (SELECT FROM change_set_todo WHERE change_set = change_set_id)
    THEN
        reached := 'ready';
    END IF;
    IF reached = 'ready'
        AND EXISTS (
            SELECT FROM publish WHERE change_set = change_set_id AND result_code = 'success'
        )
    THEN
        reached := 'publishing';
    END IF;
    IF reached = 'publishing'
        AND NOT EXISTS (SELECT FROM change_set_unpublished WHERE change_set = change_set_id)
    THEN
        reached := 'done';
    END IF;
    IF reached <> before THEN
        UPDATE change_set SET state = reached WHERE id = change_set_id;
    END IF;
    RETURN reached;
END
$$;

CREATE OR REPLACE FUNCTION run_trigger_refresh_last_run() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM refresh_last_run(OLD.codebase, OLD.suite::text);
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

-- Triggers fire in the order of their names, so the two that look at a change set come before
-- those that bring last_run up to date. What they look at is read through last_run: they
-- bring it up to date themselves.

CREATE OR REPLACE FUNCTION run_trigger_refresh_change_set_state() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
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

CREATE OR REPLACE FUNCTION new_result_branch_trigger_refresh_last_run() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM refresh_last_run(OLD.run_id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM refresh_last_run(NEW.run_id);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION new_result_branch_trigger_refresh_change_set_state() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM refresh_last_run(OLD.run_id);
        PERFORM refresh_change_set_state(run.change_set) FROM run WHERE run.id = OLD.run_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM refresh_last_run(NEW.run_id);
        PERFORM refresh_change_set_state(run.change_set) FROM run WHERE run.id = NEW.run_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION publish_trigger_refresh_change_set_state() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.result_code = 'success' THEN
        PERFORM refresh_change_set_state(NEW.change_set);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION expire_site_session_delete_old_rows() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM site_session WHERE "timestamp" < now() - interval '1 week';
    RETURN NULL;
END
$$;
