-- What the calibrated success model needs of the history, beside the other statistics: runs
-- weigh half as much for every 90 days that they are older.
--
-- A sum of weights that fade would have to be written every day. So a run keeps the weight that
-- it has, seen from a fixed day, and readers divide by the weight of their own day. Decimal
-- numbers, so that what is added can be taken away again without a trace.

CREATE FUNCTION run_weight(at timestamp) RETURNS numeric
LANGUAGE sql IMMUTABLE AS $$
    -- 2020-01-01, in days of 86400 seconds; the limits are for clocks that are badly wrong.
    SELECT round(power(2.0::float8, least(greatest(
        (extract(epoch FROM at)::float8 / 86400 - 18262) / 90, -20), 400))::numeric, 6)
$$;

ALTER TABLE run_statistics
    ADD COLUMN weight numeric NOT NULL DEFAULT 0,
    ADD COLUMN weighted_successes numeric NOT NULL DEFAULT 0;

CREATE INDEX run_finish_time ON run (finish_time);

CREATE OR REPLACE VIEW run_statistics_of_history AS
    SELECT codebase, suite,
        count(*) FILTER (WHERE counts) AS total,
        count(*) FILTER (WHERE counts AND result_code = 'success') AS successes,
        coalesce(sum(duration) FILTER (WHERE counts), interval '0') AS duration,
        count(duration) FILTER (WHERE counts) AS durations,
        coalesce(sum(duration), interval '0') AS any_duration,
        count(duration) AS any_durations,
        coalesce(sum(run_weight(start_time)) FILTER (WHERE counts), 0) AS weight,
        coalesce(sum(run_weight(start_time)) FILTER (WHERE result_code = 'success'), 0)
            AS weighted_successes
    FROM run
    CROSS JOIN LATERAL (SELECT result_code <> 'worker-failure' AS counts) AS each
    WHERE failure_transient IS NOT TRUE
    GROUP BY codebase, suite;

CREATE OR REPLACE FUNCTION count_run(counted run, times integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    counts boolean := counted.result_code <> 'worker-failure';
    took interval := coalesce(counted.finish_time - counted.start_time, interval '0');
    timed integer := CASE WHEN counted.finish_time - counted.start_time IS NULL THEN 0 ELSE times END;
    weighs numeric := coalesce(run_weight(counted.start_time), 0) * times;
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
        timed,
        CASE WHEN counts THEN weighs ELSE 0 END,
        CASE WHEN counted.result_code = 'success' THEN weighs ELSE 0 END
    )
    ON CONFLICT (codebase, suite) DO UPDATE SET
        total = kept.total + excluded.total,
        successes = kept.successes + excluded.successes,
        duration = kept.duration + excluded.duration,
        durations = kept.durations + excluded.durations,
        any_duration = kept.any_duration + excluded.any_duration,
        any_durations = kept.any_durations + excluded.any_durations,
        weight = kept.weight + excluded.weight,
        weighted_successes = kept.weighted_successes + excluded.weighted_successes;
    IF counts THEN
        INSERT INTO run_context AS kept
            SELECT counted.codebase, counted.suite, tried.context, times
            FROM (SELECT counted.context UNION SELECT counted.instigated_context) AS tried (context)
            WHERE tried.context <> ''
        ON CONFLICT (codebase, suite, context) DO UPDATE SET runs = kept.runs + excluded.runs;
    END IF;
END
$$;

SELECT rebuild_run_statistics();
