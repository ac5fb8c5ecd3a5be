-- What lets the queue answer from an index at a million entries: the host of each entry, and
-- counts of what waits. And what its owners may set: limits of hosts, the pace of campaigns.

CREATE TABLE host_limit (
    host text COLLATE "C" PRIMARY KEY,
    rate_limited_until timestamptz,
    most_active integer CHECK (most_active >= 0)
);

-- The campaign '*' stands for all of them. A weight of 0 is no work: a pause.
CREATE TABLE campaign_pace (
    campaign text PRIMARY KEY,
    weight double precision NOT NULL DEFAULT 1 CHECK (weight >= 0 AND weight < 'infinity'),
    paused boolean NOT NULL DEFAULT false
);

CREATE VIEW paused_campaign AS
    SELECT campaign FROM campaign_pace WHERE paused OR weight = 0;

-- The host of the entry's codebase; '' where it has none. A trigger fills it in where an insert
-- leaves it out; the recomputation gives it, since a trigger for each row takes its time.
ALTER TABLE queue
    ADD COLUMN host text COLLATE "C";
UPDATE queue SET host = coalesce(
    (SELECT hostname FROM codebase WHERE codebase.name = queue.codebase), '');
ALTER TABLE queue ALTER COLUMN host SET NOT NULL;

CREATE INDEX queue_id ON queue (id);
CREATE INDEX queue_host ON queue (host, bucket, priority, id) WHERE claim_id IS NULL;
CREATE INDEX queue_active ON queue (host) WHERE claim_id IS NOT NULL;

-- Hosts that nothing may be taken from now, and how many more items may be taken from others.
CREATE VIEW host_room AS
    SELECT host, rate_limited_until > now() AS is_rate_limited,
        most_active - (
            SELECT count(*) FROM queue
            WHERE queue.claim_id IS NOT NULL AND queue.host = host_limit.host
        ) AS room
    FROM host_limit;
CREATE VIEW closed_host AS
    SELECT host FROM host_room WHERE is_rate_limited OR room <= 0;

CREATE FUNCTION queue_trigger_host() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.host := coalesce((SELECT hostname FROM codebase WHERE name = NEW.codebase), '');
    RETURN NEW;
END
$$;
CREATE TRIGGER queue_host_of_new
    BEFORE INSERT ON queue
    FOR EACH ROW WHEN (NEW.host IS NULL) EXECUTE FUNCTION queue_trigger_host();
CREATE TRIGGER queue_host_of_moved
    BEFORE UPDATE OF codebase ON queue
    FOR EACH ROW WHEN (NEW.codebase <> OLD.codebase) EXECUTE FUNCTION queue_trigger_host();

CREATE FUNCTION codebase_trigger_queue_host() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE queue SET host = coalesce(NEW.hostname, '') WHERE codebase = NEW.name;
    RETURN NULL;
END
$$;
CREATE TRIGGER codebase_queue_host
    AFTER UPDATE OF branch_url ON codebase
    FOR EACH ROW WHEN (OLD.hostname IS DISTINCT FROM NEW.hostname)
    EXECUTE FUNCTION codebase_trigger_queue_host();

-- The order of service is cut into bands. A row says where a band begins and how many waiting
-- entries, of which summed duration, came to it; a band's rows are added up. Triggers only
-- append rows, so that claimers don't wait for each other; upkeep folds them into one.
CREATE TABLE queue_count (
    bucket queue_bucket NOT NULL,
    priority bigint NOT NULL,
    id bigint NOT NULL,
    items bigint NOT NULL,
    duration interval NOT NULL
);
CREATE INDEX queue_count_band ON queue_count (bucket, priority, id);


-- The band that a place belongs to.
CREATE FUNCTION queue_band(of_bucket queue_bucket, of_priority bigint, of_id bigint)
RETURNS TABLE (bucket queue_bucket, priority bigint, id bigint)
LANGUAGE sql STABLE AS $$
    SELECT bucket, priority, id FROM queue_count
    WHERE (bucket, priority, id) <= (of_bucket, of_priority, of_id)
    ORDER BY bucket DESC, priority DESC, id DESC
    LIMIT 1
$$;

-- How many entries wait before a place, and their summed duration: whole bands from the
-- counts, the rest of one band from the queue. The planner can't know how little that is.
CREATE FUNCTION queue_ahead(of_bucket queue_bucket, of_priority bigint, of_id bigint)
RETURNS TABLE (items bigint, duration interval)
LANGUAGE sql STABLE SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
    WITH band AS MATERIALIZED (SELECT * FROM queue_band(of_bucket, of_priority, of_id))
    SELECT cast(sum(part.items) AS bigint), sum(part.duration)
    FROM (
        SELECT sum(counted.items), sum(counted.duration)
        FROM queue_count AS counted
        WHERE (counted.bucket, counted.priority, counted.id) < (
            (SELECT bucket FROM band), (SELECT priority FROM band), (SELECT id FROM band)
        )
        UNION ALL
        SELECT count(*), coalesce(sum(queue.estimated_duration), interval '0')
        FROM queue
        WHERE queue.claim_id IS NULL
            AND (queue.bucket, queue.priority, queue.id) >= (
                (SELECT bucket FROM band), (SELECT priority FROM band), (SELECT id FROM band)
            )
            AND (queue.bucket, queue.priority, queue.id) < (of_bucket, of_priority, of_id)
    ) AS part (items, duration)
$$;

-- One function for each kind of change, because each sees other rows.
CREATE FUNCTION queue_trigger_count_new() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO queue_count
        SELECT band.bucket, band.priority, band.id, sum(moved.items), sum(moved.duration)
        FROM (
            SELECT bucket, priority, id, 1 AS items,
                coalesce(estimated_duration, interval '0') AS duration
            FROM after
            WHERE claim_id IS NULL
        ) AS moved
        CROSS JOIN LATERAL queue_band(moved.bucket, moved.priority, moved.id) AS band
        GROUP BY band.bucket, band.priority, band.id
        HAVING sum(moved.items) <> 0 OR sum(moved.duration) <> interval '0';
    RETURN NULL;
END
$$;
CREATE TRIGGER queue_count_new
    AFTER INSERT ON queue
    REFERENCING NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION queue_trigger_count_new();

CREATE FUNCTION queue_trigger_count_gone() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO queue_count
        SELECT band.bucket, band.priority, band.id, sum(moved.items), sum(moved.duration)
        FROM (
            SELECT bucket, priority, id, -1 AS items,
                -coalesce(estimated_duration, interval '0') AS duration
            FROM before
            WHERE claim_id IS NULL
        ) AS moved
        CROSS JOIN LATERAL queue_band(moved.bucket, moved.priority, moved.id) AS band
        GROUP BY band.bucket, band.priority, band.id
        HAVING sum(moved.items) <> 0 OR sum(moved.duration) <> interval '0';
    RETURN NULL;
END
$$;
CREATE TRIGGER queue_count_gone
    AFTER DELETE ON queue
    REFERENCING OLD TABLE AS before
    FOR EACH STATEMENT EXECUTE FUNCTION queue_trigger_count_gone();

CREATE FUNCTION queue_trigger_count_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO queue_count
        SELECT band.bucket, band.priority, band.id, sum(moved.items), sum(moved.duration)
        FROM (
            SELECT bucket, priority, id, 1 AS items,
                coalesce(estimated_duration, interval '0') AS duration
            FROM after
            WHERE claim_id IS NULL
            UNION ALL
            SELECT bucket, priority, id, -1 AS items,
                -coalesce(estimated_duration, interval '0') AS duration
            FROM before
            WHERE claim_id IS NULL
        ) AS moved
        CROSS JOIN LATERAL queue_band(moved.bucket, moved.priority, moved.id) AS band
        GROUP BY band.bucket, band.priority, band.id
        HAVING sum(moved.items) <> 0 OR sum(moved.duration) <> interval '0';
    RETURN NULL;
END
$$;
CREATE TRIGGER queue_count_changed
    AFTER UPDATE ON queue
    REFERENCING NEW TABLE AS after OLD TABLE AS before
    FOR EACH STATEMENT EXECUTE FUNCTION queue_trigger_count_changed();

-- Adds up the rows of each band. Two at once do no harm: each row is taken away once, and what
-- was taken away is put back as a sum.
CREATE FUNCTION fold_queue_count() RETURNS void
LANGUAGE sql AS $$
    WITH taken AS (
        DELETE FROM queue_count
        WHERE (bucket, priority, id) IN (
            SELECT bucket, priority, id FROM queue_count
            GROUP BY bucket, priority, id
            HAVING count(*) > 1
        )
        RETURNING *
    )
    INSERT INTO queue_count
        SELECT bucket, priority, id, sum(items), sum(duration) FROM taken
        GROUP BY bucket, priority, id
$$;

CREATE VIEW queue_band_size AS
    SELECT bucket, priority, id, sum(items) AS items,
        row_number() OVER place = 1 AS is_first,
        lead(bucket, 1, 'default') OVER place AS next_bucket,
        lead(priority, 1, 9223372036854775807) OVER place AS next_priority,
        lead(id, 1, 9223372036854775807) OVER place AS next_id
    FROM queue_count
    GROUP BY bucket, priority, id
    WINDOW place AS (ORDER BY bucket, priority, id);

-- Cuts bands of more than "most" entries into parts of half as many, and drops empty ones.
-- Says how many there were, or NULL where the queue was too busy. Nobody may be half way
-- through a change meanwhile, since its counts are for the bands that it saw.
CREATE FUNCTION cut_queue_count(most bigint) RETURNS bigint
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET lock_timeout = '200ms' AS $$
DECLARE
    band record;
    done bigint := 0;
BEGIN
    PERFORM FROM queue_band_size WHERE items > most OR (items = 0 AND NOT is_first);
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    LOCK TABLE queue IN SHARE MODE;
    FOR band IN
        SELECT * FROM queue_band_size WHERE items > most OR (items = 0 AND NOT is_first)
    LOOP
        DELETE FROM queue_count
            WHERE (bucket, priority, id) = (band.bucket, band.priority, band.id);
        INSERT INTO queue_count
            -- Each part begins with its first entry, but the first where the band began.
            SELECT
                CASE part WHEN 0 THEN band.bucket ELSE min(bucket) FILTER (WHERE begins) END,
                CASE part WHEN 0 THEN band.priority ELSE min(priority) FILTER (WHERE begins) END,
                CASE part WHEN 0 THEN band.id ELSE min(id) FILTER (WHERE begins) END,
                count(*),
                coalesce(sum(estimated_duration), interval '0')
            FROM (
                SELECT bucket, priority, id, estimated_duration,
                    (number - 1) / greatest(most / 2, 1) AS part,
                    (number - 1) % greatest(most / 2, 1) = 0 AS begins
                FROM (
                    SELECT *, row_number() OVER (ORDER BY bucket, priority, id) AS number
                    FROM queue
                    WHERE claim_id IS NULL
                        AND (bucket, priority, id) >= (band.bucket, band.priority, band.id)
                        AND (bucket, priority, id)
                            < (band.next_bucket, band.next_priority, band.next_id)
                ) AS numbered
            ) AS parted
            GROUP BY part;
        done := done + 1;
    END LOOP;
    RETURN done;
EXCEPTION WHEN lock_not_available THEN
    RETURN NULL;
END
$$;

CREATE FUNCTION rebuild_queue_count() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE queue IN SHARE MODE;
    DELETE FROM queue_count;
    INSERT INTO queue_count
        SELECT 'update-existing-mp', -9223372036854775808, -9223372036854775808,
            count(*), coalesce(sum(estimated_duration), interval '0')
        FROM queue
        WHERE claim_id IS NULL;
    PERFORM cut_queue_count(1000);
END
$$;

CREATE FUNCTION queue_trigger_recount() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rebuild_queue_count();
    RETURN NULL;
END
$$;
CREATE TRIGGER queue_recount
    AFTER TRUNCATE ON queue
    FOR EACH STATEMENT EXECUTE FUNCTION queue_trigger_recount();

SELECT rebuild_queue_count();
