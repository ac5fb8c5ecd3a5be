-- What candidates are worth and what they cost, each factor by name. Only candidates with a
-- publish policy, of active codebases. The formulas are explained in docs/explanation.
--
-- :codebases, :campaigns  arrays to restrict the candidates to, or NULL for all
-- :first, :beyond         the codebase to begin with ('': the first of all), and the one to stop
--                         before or NULL. Each large table is told, so that a part of the
--                         candidates is not looked for in all there is
-- :satisfied              ids of runs that failed for want of dependencies there now are
-- :calibrated             whether recent runs weigh more, and the candidate's chance counts
-- :cool_down              how long a codebase and campaign rest after a run

WITH policy AS (
    SELECT named.name,
        coalesce(sum(
            CASE branch.mode
                WHEN 'push' THEN 500
                WHEN 'attempt-push' THEN 450
                WHEN 'propose' THEN 400
                WHEN 'push-derived' THEN 200
                WHEN 'bts' THEN 100
                ELSE 0
            END
        ), 0)::integer AS value
    FROM named_publish_policy AS named
    LEFT JOIN unnest(named.per_branch_policy) AS branch ON true
    GROUP BY named.name
),
chosen AS (
    SELECT candidate.codebase, candidate.suite, candidate.change_set, candidate.command,
        candidate.context, candidate.value, candidate.success_chance,
        codebase.value AS codebase_value, coalesce(codebase.hostname, '') AS host,
        policy.value AS policy_value
    FROM candidate
    JOIN codebase ON codebase.name = candidate.codebase
        AND codebase.name >= :first
        AND (cast(:beyond AS text) IS NULL OR codebase.name < :beyond)
    JOIN policy ON policy.name = candidate.publish_policy
    WHERE NOT codebase.inactive
        AND (cast(:codebases AS text[]) IS NULL OR candidate.codebase = ANY (:codebases))
        AND (cast(:campaigns AS text[]) IS NULL OR candidate.suite = ANY (:campaigns))
        AND candidate.codebase >= :first
        AND (cast(:beyond AS text) IS NULL OR candidate.codebase < :beyond)
),
-- What the statistics (kept up by triggers) cannot know, because it passes or depends on
-- others: worker failures of the last day, failures that would succeed by now, and who rests.
exceptions AS (
    SELECT codebase, suite, context, instigated_context, duration,
        1 AS total, 0 AS successes, 1 AS tried,
        run_weight(start_time) AS weight, 0 AS weighted_successes,
        NULL::timestamp AS cooling_until
    FROM run
    WHERE failure_transient IS NOT TRUE
        AND result_code = 'worker-failure' AND start_time >= now() - interval '1 day'
    UNION ALL
    SELECT codebase, suite, context, instigated_context, NULL, 0, 1, -1, 0,
        run_weight(start_time), NULL
    FROM run
    WHERE id = ANY (cast(:satisfied AS text[]))
    UNION ALL
    SELECT codebase, suite, NULL, NULL, NULL, 0, 0, 0, 0, 0,
        finish_time + cast(:cool_down AS interval)
    FROM run
    WHERE finish_time > timezone('UTC', now()) - cast(:cool_down AS interval)
        -- A clock that is far ahead makes nobody rest for years.
        AND finish_time < timezone('UTC', now()) + cast(:cool_down AS interval)
        AND (cast(:codebases AS text[]) IS NULL OR codebase = ANY (:codebases))
        AND (cast(:campaigns AS text[]) IS NULL OR suite = ANY (:campaigns))
),
-- Few, and joined once: to look for them takes longer than to have them.
exceptional AS (
    SELECT codebase, suite, sum(total)::bigint AS total, sum(successes)::bigint AS successes,
        sum(duration) AS duration, count(duration) AS durations,
        sum(weight) AS weight, sum(weighted_successes) AS weighted_successes,
        max(cooling_until) AS cooling_until,
        array_agg(context) FILTER (WHERE tried > 0) || array_agg(instigated_context)
            FILTER (WHERE tried > 0 AND instigated_context IS DISTINCT FROM context) AS tried,
        array_agg(context) FILTER (WHERE tried < 0) || array_agg(instigated_context)
            FILTER (WHERE tried < 0 AND instigated_context IS DISTINCT FROM context) AS taken_back
    FROM exceptions
    GROUP BY codebase, suite
),
known AS MATERIALIZED (
    SELECT chosen.*,
        coalesce(kept.total, 0) + coalesce(exceptional.total, 0) AS previous_runs,
        coalesce(kept.successes, 0) + coalesce(exceptional.successes, 0) AS successes,
        CASE WHEN :calibrated THEN coalesce(kept.weight, 0) + coalesce(exceptional.weight, 0)
        END AS weight,
        CASE WHEN :calibrated THEN
            coalesce(kept.weighted_successes, 0) + coalesce(exceptional.weighted_successes, 0)
        END AS weighted_successes,
        CASE
            WHEN exceptional.codebase IS NULL THEN kept.duration / nullif(kept.durations, 0)
            ELSE (coalesce(kept.duration, '0') + coalesce(exceptional.duration, '0'))
                / nullif(coalesce(kept.durations, 0) + exceptional.durations, 0)
        END AS own_duration,
        -- Whether a run that counts had the candidate's context.
        coalesce(tried.runs, 0)
            + coalesce(cardinality(array_positions(exceptional.tried, chosen.context)), 0)
            - coalesce(cardinality(array_positions(exceptional.taken_back, chosen.context)), 0)
            > 0 AS again,
        exceptional.cooling_until
    FROM chosen
    LEFT JOIN run_statistics AS kept
        ON kept.codebase = chosen.codebase AND kept.suite = chosen.suite
        AND kept.codebase >= :first
        AND (cast(:beyond AS text) IS NULL OR kept.codebase < :beyond)
    LEFT JOIN exceptional
        ON exceptional.codebase = chosen.codebase AND exceptional.suite = chosen.suite
    LEFT JOIN run_context AS tried
        ON tried.codebase = chosen.codebase AND tried.suite = chosen.suite
        AND tried.context = chosen.context
        AND tried.codebase >= :first
        AND (cast(:beyond AS text) IS NULL OR tried.codebase < :beyond)
),
of_codebase AS (
    SELECT codebase, sum(any_duration) / nullif(sum(any_durations), 0)::float AS duration
    FROM run_statistics
    WHERE codebase IN (SELECT codebase FROM known WHERE own_duration IS NULL)
        AND codebase >= :first
        AND (cast(:beyond AS text) IS NULL OR codebase < :beyond)
    GROUP BY codebase
),
of_campaign AS (
    SELECT suite, sum(any_duration) / nullif(sum(any_durations), 0)::float AS duration
    FROM run_statistics
    WHERE suite IN (
        SELECT known.suite FROM known LEFT JOIN of_codebase USING (codebase)
        WHERE own_duration IS NULL AND of_codebase.duration IS NULL
    )
    GROUP BY suite
),
highest AS (
    SELECT max(value) AS value FROM codebase
),
-- What a run of now weighs. The same all day long, so that a pass finds nothing to change.
today AS (
    SELECT run_weight(date_trunc('day', timezone('UTC', now())) + interval '1 day') AS weight
),
factors AS (
    SELECT known.codebase, known.suite, change_set, host, command, context, previous_runs,
        successes, cooling_until,
        -- How many runs the chance of success is told from, and how many of them succeeded.
        CASE WHEN :calibrated
            -- Fewer than there were: they fade. Never more, whatever a worker's clock said.
            THEN least((weight / (SELECT weight FROM today))::float, previous_runs)
                + CASE WHEN success_chance IS NULL THEN 0 ELSE 1 END
            ELSE previous_runs
        END AS tries,
        CASE WHEN :calibrated
            THEN least((weight / (SELECT weight FROM today))::float, previous_runs)
                * coalesce((weighted_successes / nullif(weight, 0))::float, 0)
                + greatest(least(coalesce(success_chance, 0), 1), 0)
            ELSE successes
        END AS hits,
        coalesce(nullif(coalesce(known.value, 0) + policy_value, 0), 1)
            + CASE WHEN previous_runs = 0 THEN 100 ELSE 0 END AS value,
        CASE
            WHEN highest.value IS NULL OR highest.value <= 0 THEN 1.0::float
            WHEN codebase_value IS NULL THEN 0.5
            ELSE greatest(least(codebase_value::float / highest.value, 1.0), 0.1)
        END AS codebase_value,
        CASE
            WHEN previous_runs = 0 THEN 1.0::float
            WHEN coalesce(context, '') = '' THEN 0.5 -- without one, none can be tried
            WHEN again THEN 0.1
            ELSE 1.0
        END AS context_factor,
        coalesce(
            own_duration, of_codebase.duration, of_campaign.duration, interval '15 seconds'
        ) AS duration
    FROM known
    CROSS JOIN highest
    LEFT JOIN of_codebase ON of_codebase.codebase = known.codebase
    LEFT JOIN of_campaign ON of_campaign.suite = known.suite
),
likely AS (
    SELECT *,
        (10 * hits + 1)::float / (10 * tries + 1) * context_factor AS probability,
        20000 + date_part('epoch', duration) * 1000 AS cost -- milliseconds
    FROM factors
)
SELECT *, cost / (codebase_value * probability * value) AS "offset" FROM likely
