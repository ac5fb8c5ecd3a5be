-- What estimates need of the history, kept up with every run, so that a schedule's cost
-- follows the number of candidates and not that of runs. The views say the same from the
-- history itself: for building anew, and for checking.

CREATE TABLE run_statistics (
    codebase text NOT NULL,
    suite suite_name NOT NULL,
    -- Runs that count: neither transient failures nor worker failures. Fresh worker failures
    -- count too, but only for a day: they are looked up.
    total bigint NOT NULL,
    successes bigint NOT NULL,
    duration interval NOT NULL,
    durations bigint NOT NULL,
    -- Worker failures of any age included.
    any_duration interval NOT NULL,
    any_durations bigint NOT NULL,
    PRIMARY KEY (codebase, suite)
);
CREATE INDEX run_statistics_suite ON run_statistics (suite);

CREATE TABLE run_context (
    codebase text NOT NULL,
    suite suite_name NOT NULL,
    context text NOT NULL,
    runs bigint NOT NULL,
    PRIMARY KEY (codebase, suite, context)
);

CREATE INDEX codebase_value ON codebase (value);
CREATE INDEX run_worker_failure ON run (start_time) WHERE result_code = 'worker-failure';
CREATE INDEX run_unsatisfied ON run (suite, codebase)
    WHERE result_code = 'install-deps-unsatisfied-dependencies';

CREATE VIEW run_statistics_of_history AS
    SELECT codebase, suite,
        count(*) FILTER (WHERE counts) AS total,
        count(*) FILTER (WHERE counts AND result_code = 'success') AS successes,
        coalesce(sum(duration) FILTER (WHERE counts), interval '0') AS duration,
        count(duration) FILTER (WHERE counts) AS durations,
        coalesce(sum(duration), interval '0') AS any_duration,
        count(duration) AS any_durations
    FROM run
    CROSS JOIN LATERAL (SELECT result_code <> 'worker-failure' AS counts) AS each
    WHERE failure_transient IS NOT TRUE
    GROUP BY codebase, suite;

CREATE VIEW run_context_of_history AS
    SELECT codebase, suite, tried.context, count(*) AS runs
    FROM run
    CROSS JOIN LATERAL (
        SELECT run.context UNION SELECT run.instigated_context
    ) AS tried (context)
    WHERE failure_transient IS NOT TRUE AND result_code <> 'worker-failure'
        AND tried.context <> ''
    GROUP BY codebase, suite, tried.context;

CREATE FUNCTION count_run(counted run, times integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    counts boolean := counted.result_code <> 'worker-failure';
    took interval := coalesce(counted.finish_time - counted.start_time, interval '0');
    timed integer := CASE WHEN counted.finish_time - counted.start_time IS NULL THEN 0 ELSE times END;
BEGIN
    IF counted.failure_transient THEN
        RETURN;
    END IF;
    INSERT INTO run_statistics AS kept VALUES (
        counted.codebase,
        counted.suite,
        CASE WHEN counts THEN times ELSE 0 END,
        CASE WHEN counted.result_code = 'success' THEN times ELSE 0 END,
        CASE WHEN counts THEN took * times ELSE interval '0' END,
        CASE WHEN counts THEN timed ELSE 0 END,
        took * times,
        timed
    )
    ON CONFLICT (codebase, suite) DO UPDATE SET
        total = kept.total + excluded.total,
        successes = kept.successes + excluded.successes,
        duration = kept.duration + excluded.duration,
        durations = kept.durations + excluded.durations,
        any_duration = kept.any_duration + excluded.any_duration,
        any_durations = kept.any_durations + excluded.any_durations;
    IF counts THEN
        INSERT INTO run_context AS kept
            SELECT counted.codebase, counted.suite, tried.context, times
            FROM (SELECT counted.context UNION SELECT counted.instigated_context) AS tried (context)
            WHERE tried.context <> ''
        ON CONFLICT (codebase, suite, context) DO UPDATE SET runs = kept.runs + excluded.runs;
    END IF;
END
$$;

CREATE FUNCTION run_trigger_count() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND
        (OLD.codebase, OLD.suite, OLD.result_code, OLD.failure_transient, OLD.start_time,
            OLD.finish_time, OLD.context, OLD.instigated_context)
        IS NOT DISTINCT FROM
        (NEW.codebase, NEW.suite, NEW.result_code, NEW.failure_transient, NEW.start_time,
            NEW.finish_time, NEW.context, NEW.instigated_context)
    THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        PERFORM count_run(OLD, -1);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM count_run(NEW, 1);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION rebuild_run_statistics() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE run IN SHARE MODE; -- nobody counts meanwhile
    DELETE FROM run_statistics;
    DELETE FROM run_context;
    INSERT INTO run_statistics SELECT * FROM run_statistics_of_history;
    INSERT INTO run_context SELECT * FROM run_context_of_history;
END
$$;

SELECT rebuild_run_statistics();

CREATE TRIGGER run_count
    AFTER INSERT OR UPDATE OR DELETE ON run
    FOR EACH ROW EXECUTE FUNCTION run_trigger_count();
