-- When the functions are called.

CREATE TRIGGER run_refresh_last_run
    AFTER INSERT OR UPDATE OR DELETE ON run
    FOR EACH ROW EXECUTE FUNCTION run_trigger_refresh_last_run();

CREATE TRIGGER run_refresh_change_set_state
    AFTER INSERT OR UPDATE OR DELETE ON run
    FOR EACH ROW EXECUTE FUNCTION run_trigger_refresh_change_set_state();

CREATE TRIGGER new_result_branch_refresh_last_run
    AFTER INSERT OR UPDATE OR DELETE ON new_result_branch
    FOR EACH ROW EXECUTE FUNCTION new_result_branch_trigger_refresh_last_run();

CREATE TRIGGER new_result_branch_refresh_change_set_state
    AFTER INSERT OR UPDATE OR DELETE ON new_result_branch
    FOR EACH ROW EXECUTE FUNCTION new_result_branch_trigger_refresh_change_set_state();

CREATE TRIGGER publish_refresh_change_set_state
    AFTER INSERT OR UPDATE ON publish
    FOR EACH ROW EXECUTE FUNCTION publish_trigger_refresh_change_set_state();

CREATE TRIGGER expire_site_session_delete_old_rows_trigger
    AFTER INSERT ON site_session
    FOR EACH STATEMENT EXECUTE FUNCTION expire_site_session_delete_old_rows();
