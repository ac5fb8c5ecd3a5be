-- Views, functions and triggers as somebody else wrote them, slips included: an absorbed
-- result branch that is inserted raises, first_run_time picks an arbitrary run.

CREATE VIEW last_runs AS SELECT run.* FROM run, last_run WHERE run.id = last_run_id;
CREATE VIEW last_effective_runs AS SELECT run.* FROM run, last_run WHERE run.id = last_effective_run_id;
CREATE VIEW last_unabsorbed_runs AS SELECT run.* FROM run, last_run WHERE run.id = last_unabsorbed_run_id;
CREATE VIEW campaigns AS SELECT suite AS name FROM run GROUP BY 1;
CREATE VIEW perpetual_candidates AS
    SELECT DISTINCT suite, codebase FROM (SELECT suite, codebase FROM run UNION ALL SELECT suite, codebase FROM candidate) AS both_kinds;
CREATE VIEW first_run_time AS SELECT DISTINCT ON (codebase, suite) codebase, suite, start_time FROM run;
CREATE VIEW queue_positions AS
    SELECT id, codebase, suite, rank() OVER (ORDER BY bucket, priority, id) AS position,
        sum(estimated_duration) OVER (ORDER BY bucket, priority, id) - estimated_duration AS wait_time
    FROM queue;
CREATE VIEW publish_ready AS
    SELECT r.id, r.command, r.start_time, r.finish_time, r.duration, r.description, r.result_code,
        r.main_branch_revision, r.revision, r.context, r.result, r.suite, r.instigated_context,
        r.vcs_type, r.branch_url, r.logfilenames, r.worker,
        (SELECT array_agg((b.role, b.remote_name, b.base_revision, b.revision)::result_branch)
            FROM new_result_branch b WHERE b.run_id = r.id) AS result_branches,
        r.result_tags, r.value, c.command AS policy_command, p.name AS publish_policy_name,
        p.rate_limit_bucket, r.publish_status,
        (SELECT array_agg((b.role, b.remote_name, b.base_revision, b.revision, bp.mode, bp.frequency_days)::result_branch_with_policy)
            FROM new_result_branch b LEFT JOIN unnest(p.per_branch_policy) bp ON bp.role = b.role
            WHERE b.run_id = r.id AND NOT b.absorbed) AS unpublished_branches,
        r.target_branch_url, r.change_set, cs.state AS change_set_state, r.failure_transient,
        r.failure_stage, r.codebase
    FROM last_effective_runs r
    JOIN candidate c ON c.codebase = r.codebase AND c.suite = r.suite
    JOIN named_publish_policy p ON p.name = c.publish_policy
    JOIN change_set cs ON cs.id = r.change_set
    WHERE r.result_code = 'success'
        AND EXISTS (SELECT 1 FROM new_result_branch b WHERE b.run_id = r.id AND NOT b.absorbed);
CREATE VIEW change_set_todo AS
    SELECT c.* FROM (SELECT suite, context, value, success_chance, command, publish_policy, change_set, codebase, id FROM candidate) c
    LEFT JOIN last_effective_runs r ON r.change_set = c.change_set AND r.codebase = c.codebase AND r.suite = c.suite AND r.result_code IN ('success', 'nothing-to-do')
    WHERE c.change_set IS NOT NULL AND r.id IS NULL;
CREATE VIEW change_set_unpublished AS
    SELECT r.change_set, r.id, b.role FROM last_unabsorbed_runs r, new_result_branch b
    WHERE b.run_id = r.id AND NOT b.absorbed AND r.result_code = 'success';
CREATE VIEW absorbed_runs AS
    SELECT 'propose'::text AS mode, run.change_set, run.codebase, merged_at - finish_time AS delay,
        run.suite AS campaign, run.result::jsonb AS result, run.id, merged_at AS absorbed_at,
        merged_by, url AS merge_proposal_url, run.revision
    FROM merge_proposal JOIN run USING (revision) WHERE result_code = 'success' AND status = 'merged'
    UNION ALL
    SELECT 'push', run.change_set, run.codebase, publish.timestamp - finish_time, run.suite,
        run.result::jsonb, run.id, publish.timestamp, NULL, NULL, run.revision
    FROM publish JOIN run USING (revision) WHERE publish.mode = 'push';

CREATE FUNCTION refresh_last_run(_codebase text, _campaign text) RETURNS void AS $$
    DECLARE newest record;
    BEGIN
        SELECT * INTO newest FROM run WHERE codebase = _codebase AND suite = _campaign ORDER BY start_time DESC LIMIT 1;
        INSERT INTO last_run VALUES (_codebase, _campaign, newest.id, newest.id, newest.id)
            ON CONFLICT (codebase, campaign) DO UPDATE SET last_run_id = newest.id, last_effective_run_id = newest.id, last_unabsorbed_run_id = newest.id;
    END $$ LANGUAGE plpgsql;
CREATE FUNCTION refresh_last_run(run_id text) RETURNS void AS $$
    SELECT refresh_last_run(codebase, suite::text) FROM run WHERE id = $1 $$ LANGUAGE sql;
CREATE FUNCTION refresh_change_set_state(change_set_id text) RETURNS text AS $$
    UPDATE change_set SET state = 'working' WHERE id = change_set_id AND state = 'created' RETURNING state::text $$ LANGUAGE sql;
CREATE FUNCTION run_trigger_refresh_last_run() RETURNS trigger AS $$
    BEGIN PERFORM refresh_last_run(NEW.codebase, NEW.suite::text); RETURN NEW; END $$ LANGUAGE plpgsql;
CREATE FUNCTION run_trigger_refresh_change_set_state() RETURNS trigger AS $$
    BEGIN PERFORM refresh_change_set_state(NEW.change_set); RETURN NEW; END $$ LANGUAGE plpgsql;
CREATE FUNCTION new_result_branch_trigger_refresh_last_run() RETURNS trigger AS $$
    BEGIN IF NEW.absorbed <> OLD.absorbed THEN PERFORM refresh_last_run(NEW.run_id); END IF; RETURN NEW; END $$ LANGUAGE plpgsql;
CREATE FUNCTION new_result_branch_trigger_refresh_change_set_state() RETURNS trigger AS $$
    BEGIN RETURN NEW; END $$ LANGUAGE plpgsql;
CREATE FUNCTION publish_trigger_refresh_change_set_state() RETURNS trigger AS $$
    BEGIN PERFORM refresh_change_set_state(NEW.change_set); RETURN NEW; END $$ LANGUAGE plpgsql;
CREATE FUNCTION expire_site_session_delete_old_rows() RETURNS trigger AS $$
    BEGIN DELETE FROM site_session WHERE timestamp < now() - interval '7 days'; RETURN NEW; END $$ LANGUAGE plpgsql;

CREATE TRIGGER run_refresh_last_run AFTER INSERT OR UPDATE OR DELETE ON run FOR EACH ROW EXECUTE PROCEDURE run_trigger_refresh_last_run();
CREATE TRIGGER run_refresh_change_set_state AFTER INSERT OR UPDATE OR DELETE ON run FOR EACH ROW EXECUTE PROCEDURE run_trigger_refresh_change_set_state();
CREATE TRIGGER new_result_branch_refresh_last_run AFTER INSERT OR UPDATE OR DELETE ON new_result_branch FOR EACH ROW EXECUTE PROCEDURE new_result_branch_trigger_refresh_last_run();
CREATE TRIGGER new_result_branch_refresh_change_set_state AFTER INSERT OR UPDATE OR DELETE ON new_result_branch FOR EACH ROW EXECUTE PROCEDURE new_result_branch_trigger_refresh_change_set_state();
CREATE TRIGGER publish_refresh_change_set_state AFTER INSERT OR UPDATE ON publish FOR EACH ROW EXECUTE PROCEDURE publish_trigger_refresh_change_set_state();
CREATE TRIGGER expire_site_session_delete_old_rows_trigger AFTER INSERT ON site_session FOR EACH ROW EXECUTE PROCEDURE expire_site_session_delete_old_rows();
