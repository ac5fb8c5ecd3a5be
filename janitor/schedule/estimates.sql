-- What candidates are worth and what they cost, each factor by name. Only candidates with a
-- publish policy, of active codebases. The formulas are explained in docs/explanation.
--
-- :codebases, :campaigns  arrays to restrict the candidates to, or NULL for all
-- :satisfied              ids of runs that failed for want of dependencies there now are

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
        ), 0) AS value
    FROM named_publish_policy AS named
    LEFT JOIN unnest(named.per_branch_policy) AS branch ON true
    GROUP BY named.name
),
chosen AS MATERIALIZED (
    SELECT candidate.*, codebase.value AS codebase_value, policy.value AS policy_value
    FROM candidate
    JOIN codebase ON codebase.name = candidate.codebase
    JOIN policy ON policy.name = candidate.publish_policy
    WHERE NOT codebase.inactive
        AND (cast(:codebases AS text[]) IS NULL OR candidate.codebase = ANY (:codebases))
        AND (cast(:campaigns AS text[]) IS NULL OR candidate.suite = ANY (:campaigns))
),
-- What the statistics (kept up by triggers) cannot know, because it passes or depends on
-- others: worker failures of the last day, and failures that would succeed by now.
exceptions AS MATERIALIZED (
    SELECT codebase, suite, context, instigated_context, duration,
        1 AS total, 0 AS successes, 1 AS tried
    FROM run
    WHERE failure_transient IS NOT TRUE
        AND result_code = 'worker-failure' AND start_time >= now() - interval '1 day'
    UNION ALL
    SELECT codebase, suite, context, instigated_context, NULL, 0, 1, -1
    FROM run
    WHERE id = ANY (cast(:satisfied AS text[]))
),
exceptional AS (
    SELECT codebase, suite, sum(total) AS total, sum(successes) AS successes,
        sum(duration) AS duration, count(duration) AS durations
    FROM exceptions
    GROUP BY codebase, suite
),
history AS (
    SELECT chosen.id,
        coalesce(kept.total, 0) + coalesce(exceptional.total, 0) AS total,
        coalesce(kept.successes, 0) + coalesce(exceptional.successes, 0) AS successes,
        (coalesce(kept.duration, interval '0') + coalesce(exceptional.duration, interval '0'))
            / nullif(coalesce(kept.durations, 0) + coalesce(exceptional.durations, 0), 0)
            AS duration
    FROM chosen
    LEFT JOIN run_statistics AS kept USING (codebase, suite)
    LEFT JOIN exceptional USING (codebase, suite)
),
exceptional_context AS (
    SELECT codebase, suite, named.context, sum(tried) AS runs
    FROM exceptions
    CROSS JOIN LATERAL (
        SELECT exceptions.context UNION SELECT exceptions.instigated_context
    ) AS named (context)
    GROUP BY codebase, suite, named.context
),
-- Candidates whose context was tried by a run that counts.
again AS (
    SELECT chosen.id
    FROM chosen
    LEFT JOIN run_context AS kept USING (codebase, suite, context)
    LEFT JOIN exceptional_context AS exceptional USING (codebase, suite, context)
    WHERE chosen.context <> '' AND coalesce(kept.runs, 0) + coalesce(exceptional.runs, 0) > 0
),
of_codebase AS (
    SELECT codebase, sum(any_duration) / nullif(sum(any_durations), 0) AS duration
    FROM run_statistics
    WHERE codebase IN (
        SELECT codebase FROM chosen JOIN history USING (id) WHERE history.duration IS NULL
    )
    GROUP BY codebase
),
of_campaign AS (
    SELECT suite, sum(any_duration) / nullif(sum(any_durations), 0) AS duration
    FROM run_statistics
    WHERE suite IN (
        SELECT chosen.suite
        FROM chosen JOIN history USING (id) LEFT JOIN of_codebase USING (codebase)
        WHERE coalesce(history.duration, of_codebase.duration) IS NULL
    )
    GROUP BY suite
),
highest AS (
    SELECT max(value) AS value FROM codebase
),
factors AS (
    SELECT chosen.codebase, chosen.suite, chosen.change_set, chosen.command, chosen.context,
        history.total AS previous_runs,
        history.successes,
        coalesce(nullif(coalesce(chosen.value, 0) + chosen.policy_value, 0), 1)
            + CASE WHEN history.total = 0 THEN 100 ELSE 0 END AS value,
        CASE
            WHEN highest.value IS NULL OR highest.value <= 0 THEN 1.0
            WHEN chosen.codebase_value IS NULL THEN 0.5
            ELSE greatest(least(chosen.codebase_value::float / highest.value, 1.0), 0.1)
        END AS codebase_value,
        CASE
            WHEN history.total = 0 THEN 1.0
            WHEN coalesce(chosen.context, '') = '' THEN 0.5 -- without one, none can be tried
            WHEN again.id IS NOT NULL THEN 0.1
            ELSE 1.0
        END AS context_factor,
        coalesce(
            history.duration, of_codebase.duration, of_campaign.duration, interval '15 seconds'
        ) AS duration
    FROM chosen
    CROSS JOIN highest
    JOIN history USING (id)
    LEFT JOIN again USING (id)
    LEFT JOIN of_codebase USING (codebase)
    LEFT JOIN of_campaign USING (suite)
),
likely AS (
    SELECT *,
        (10 * successes + 1)::float / (10 * previous_runs + 1) * context_factor AS probability,
        20000 + extract(epoch FROM duration)::float * 1000 AS cost -- milliseconds
    FROM factors
)
SELECT *, cost / (codebase_value * probability * value) AS "offset" FROM likely
