-- What a deployment that builds Debian packages has besides the core schema. It belongs to
-- other services; ours read it where it is.

CREATE EXTENSION IF NOT EXISTS debversion;

CREATE TABLE debian_build (
    run_id text NOT NULL REFERENCES run (id),
    version debversion NOT NULL,
    distribution text NOT NULL,
    source text NOT NULL,
    binary_packages text[],
    lintian_result json
);
CREATE INDEX ON debian_build (run_id);
CREATE INDEX ON debian_build (distribution, source, version);

CREATE VIEW all_debian_versions AS
    SELECT source, version FROM debian_build;
