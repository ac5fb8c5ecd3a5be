-- Rows of a Janitor that has been at work.

INSERT INTO codebase (name, branch_url, url, vcs_type, value, last_scanned) VALUES
    ('hello', 'https://user:secret@git.example.com/hello', 'https://git.example.com/hello', 'git', 50, '2024-02-03 04:05:06'),
    (NULL, 'https://git.example.com/nameless', 'https://git.example.com/nameless', 'git', NULL, NULL);
INSERT INTO worker (name, password) VALUES ('old-hand', 'hash');
INSERT INTO named_publish_policy VALUES ('gentle', ARRAY[('main', 'propose', 7)::branch_publish_policy], 'bucket');
INSERT INTO change_set (id, campaign) VALUES ('cs-1', 'tidy');
INSERT INTO candidate (suite, command, codebase, publish_policy, value) VALUES ('tidy', 'tidy up', 'hello', 'gentle', 10);
INSERT INTO run (id, codebase, suite, change_set, result_code, logfilenames, start_time, finish_time, revision, worker, result_tags)
    VALUES ('r-1', 'hello', 'tidy', 'cs-1', 'success', '{worker.log}', '2024-01-01 10:00', '2024-01-01 10:05', 'git-v1:abc', 'old-hand', ARRAY[('v"1, (final)', 'abc')::result_tag]);
INSERT INTO queue (codebase, suite, command, priority, estimated_duration) VALUES ('hello', 'tidy', 'tidy up', 5, '90 seconds');
INSERT INTO review (run_id, reviewer, verdict) VALUES ('r-1', 'ada', 'approved');
