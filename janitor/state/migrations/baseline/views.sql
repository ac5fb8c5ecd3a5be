-- The views. Safe to run again, like the functions.

CREATE OR REPLACE VIEW last_runs AS
    SELECT run.* FROM last_run JOIN run ON run.id = last_run.last_run_id;

CREATE OR REPLACE VIEW last_effective_runs AS
    SELECT run.* FROM last_run JOIN run ON run.id = last_run.last_effective_run_id;

CREATE OR REPLACE VIEW last_unabsorbed_runs AS
    SELECT run.* FROM last_run JOIN run ON run.id = last_run.last_unabsorbed_run_id;

CREATE OR REPLACE VIEW campaigns AS
    SELECT DISTINCT suite AS name FROM run;

CREATE OR REPLACE VIEW perpetual_candidates AS
    SELECT suite, codebase FROM candidate
    UNION
    SELECT suite, codebase FROM run;

CREATE OR REPLACE VIEW first_run_time AS
    SELECT codebase, suite, min(start_time) AS start_time FROM run GROUP BY codebase, suite;

CREATE OR REPLACE VIEW queue_positions AS
    SELECT
        id,
        codebase,
        suite,
        row_number() OVER serving AS "position",
        coalesce(
            sum(estimated_duration) OVER (
                serving ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ),
            interval '0'
        ) AS wait_time
    FROM queue
    WINDOW serving AS (ORDER BY bucket, priority, id);

CREATE OR REPLACE VIEW publish_ready AS
    SELECT
        run.id,
        run.command,
        run.start_time,
        run.finish_time,
        run.duration,
        run.description,
        run.result_code,
        run.main_branch_revision,
        run.revision,
        run.context,
        run.result,
        run.suite,
        run.instigated_context,
        run.vcs_type,
        run.branch_url,
        run.logfilenames,
        run.worker,
        ARRAY(
            SELECT ROW(role, remote_name, base_revision, revision)::result_branch
            FROM new_result_branch
            WHERE run_id = run.id
            ORDER BY role = 'main', role
        ) AS result_branches,
        run.result_tags,
        run.value,
        candidate.command AS policy_command,
        policy.name AS publish_policy_name,
        policy.rate_limit_bucket,
        run.publish_status,
        ARRAY(
            SELECT
                ROW(
                    branch.role, branch.remote_name, branch.base_revision, branch.revision,
                    of_role.mode, of_role.frequency_days
                )::result_branch_with_policy
            FROM new_result_branch AS branch
            LEFT JOIN unnest(policy.per_branch_policy) AS of_role ON of_role.role = branch.role
            WHERE branch.run_id = run.id AND branch.absorbed IS NOT TRUE
            ORDER BY branch.role = 'main', branch.role
        ) AS unpublished_branches,
        run.target_branch_url,
        run.change_set,
        change_set.state AS change_set_state,
        run.failure_transient,
        run.failure_stage,
        run.codebase
    FROM last_effective_runs AS run
    -- One candidate for each run: that of its own change set before the one without any.
    JOIN LATERAL (
        SELECT command, publish_policy
        FROM candidate
        WHERE candidate.codebase = run.codebase AND candidate.suite = run.suite
            AND candidate.publish_policy IS NOT NULL
        ORDER BY
            candidate.change_set IS NOT DISTINCT FROM run.change_set DESC,
            candidate.change_set IS NULL DESC,
            candidate.id
        LIMIT 1
    ) AS candidate ON true
    JOIN named_publish_policy AS policy ON policy.name = candidate.publish_policy
    JOIN change_set ON change_set.id = run.change_set
    WHERE run.result_code = 'success'
        AND EXISTS (
            SELECT FROM new_result_branch WHERE run_id = run.id AND absorbed IS NOT TRUE
        );

CREATE OR REPLACE VIEW change_set_todo AS
    SELECT
        suite, context, value, success_chance, command, publish_policy, change_set, codebase, id
    FROM candidate
    WHERE change_set IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM last_effective_runs AS run
            WHERE run.change_set = candidate.change_set
                AND run.codebase = candidate.codebase
                AND run.suite = candidate.suite
                AND run.result_code IN ('success', 'nothing-to-do')
        );

CREATE OR REPLACE VIEW change_set_unpublished AS
    SELECT run.change_set, run.id, branch.role
    FROM last_unabsorbed_runs AS run
    JOIN new_result_branch AS branch ON branch.run_id = run.id
    WHERE run.result_code = 'success' AND branch.absorbed IS NOT TRUE;

CREATE OR REPLACE VIEW absorbed_runs AS
    SELECT
        'propose'::text AS mode,
        run.change_set,
        run.codebase,
        proposal.merged_at - run.finish_time AS delay,
        run.suite AS campaign,
        run.result::jsonb AS result,
        run.id,
        proposal.merged_at AS absorbed_at,
        proposal.merged_by,
        proposal.url AS merge_proposal_url,
        run.revision
    FROM run
    JOIN merge_proposal AS proposal ON proposal.revision = run.revision
    WHERE run.result_code = 'success'
        AND run.suite NOT IN ('unchanged', 'control')
        AND proposal.status IN ('merged', 'applied')
    UNION
    SELECT
        'push'::text,
        run.change_set,
        run.codebase,
        publish."timestamp" - run.finish_time,
        run.suite,
        run.result::jsonb,
        run.id,
        publish."timestamp",
        publish.requester,
        publish.merge_proposal_url,
        run.revision
    FROM run
    JOIN publish ON publish.revision = run.revision
    WHERE run.result_code = 'success'
        AND run.suite NOT IN ('unchanged', 'control')
        AND publish.mode = 'push'
        AND publish.result_code = 'success';
