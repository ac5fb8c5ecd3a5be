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
-- The runs that count, and how each counts.
previous AS (
    SELECT codebase, suite, duration, context, instigated_context,
        id = ANY (cast(:satisfied AS text[])) AS satisfied,
        result_code = 'success' OR id = ANY (cast(:satisfied AS text[])) AS succeeded
    FROM run
    WHERE failure_transient IS NOT TRUE
        AND (result_code <> 'worker-failure' OR start_time >= now() - interval '1 day')
        AND (codebase, suite) IN (SELECT codebase, suite FROM chosen)
),
history AS (
    SELECT codebase, suite,
        count(*) AS total,
        count(*) FILTER (WHERE succeeded) AS successes,
        avg(duration) AS duration,
        array_agg(DISTINCT context) FILTER (WHERE NOT satisfied)
            || array_agg(DISTINCT instigated_context) FILTER (WHERE NOT satisfied) AS contexts
    FROM previous
    GROUP BY codebase, suite
),
of_codebase AS (
    SELECT codebase, avg(duration) AS duration
    FROM run
    WHERE failure_transient IS NOT TRUE AND codebase IN (SELECT codebase FROM chosen)
    GROUP BY codebase
),
of_campaign AS (
    SELECT suite, avg(duration) AS duration
    FROM run
    WHERE failure_transient IS NOT TRUE AND suite IN (SELECT suite FROM chosen)
    GROUP BY suite
),
highest AS (
    SELECT max(value) AS value FROM codebase
),
factors AS (
    SELECT chosen.codebase, chosen.suite, chosen.change_set, chosen.command, chosen.context,
        coalesce(history.total, 0) AS previous_runs,
        coalesce(history.successes, 0) AS successes,
        coalesce(nullif(coalesce(chosen.value, 0) + chosen.policy_value, 0), 1)
            + CASE WHEN history.total IS NULL THEN 100 ELSE 0 END AS value,
        CASE
            WHEN highest.value IS NULL OR highest.value <= 0 THEN 1.0
            WHEN chosen.codebase_value IS NULL THEN 0.5
            ELSE greatest(least(chosen.codebase_value::float / highest.value, 1.0), 0.1)
        END AS codebase_value,
        CASE
            WHEN history.total IS NULL THEN 1.0
            WHEN coalesce(chosen.context, '') = '' THEN 0.5 -- without one, none can be tried
            WHEN chosen.context = ANY (history.contexts) THEN 0.1
            ELSE 1.0
        END AS context_factor,
        coalesce(
            history.duration, of_codebase.duration, of_campaign.duration, interval '15 seconds'
        ) AS duration
    FROM chosen
    CROSS JOIN highest
    LEFT JOIN history ON history.codebase = chosen.codebase AND history.suite = chosen.suite
    LEFT JOIN of_codebase ON of_codebase.codebase = chosen.codebase
    LEFT JOIN of_campaign ON of_campaign.suite = chosen.suite
),
likely AS (
    SELECT *,
        (10 * successes + 1)::float / (10 * previous_runs + 1) * context_factor AS probability,
        20000 + extract(epoch FROM duration)::float * 1000 AS cost -- milliseconds
    FROM factors
)
SELECT *, cost / (codebase_value * probability * value) AS "offset" FROM likely
