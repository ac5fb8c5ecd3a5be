-- Where the bands of the order of service begin, in a table of its own: the counts come and go
-- with each change and each folding, and a search among those that are gone took ten times as
-- long as the change itself.
CREATE TABLE queue_band_begin (
    bucket queue_bucket NOT NULL,
    priority bigint NOT NULL,
    id bigint NOT NULL,
    PRIMARY KEY (bucket, priority, id)
);
INSERT INTO queue_band_begin SELECT DISTINCT bucket, priority, id FROM queue_count;

CREATE OR REPLACE FUNCTION queue_band(of_bucket queue_bucket, of_priority bigint, of_id bigint)
RETURNS TABLE (bucket queue_bucket, priority bigint, id bigint)
LANGUAGE sql STABLE AS $$
    SELECT bucket, priority, id FROM queue_band_begin
    WHERE (bucket, priority, id) <= (of_bucket, of_priority, of_id)
    ORDER BY bucket DESC, priority DESC, id DESC
    LIMIT 1
$$;

-- Sessions keep the plan of a trigger that they made when there were few bands.
ALTER FUNCTION queue_trigger_count_new() SET enable_seqscan = off;
ALTER FUNCTION queue_trigger_count_gone() SET enable_seqscan = off;
ALTER FUNCTION queue_trigger_count_changed() SET enable_seqscan = off;

-- As before, and where the parts begin.
CREATE OR REPLACE FUNCTION cut_queue_count(most bigint) RETURNS bigint
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
        DELETE FROM queue_band_begin
            WHERE (bucket, priority, id) = (band.bucket, band.priority, band.id);
        WITH part AS (
            INSERT INTO queue_count
                -- Each part begins with its first entry, but the first where the band began.
                SELECT
                    CASE part WHEN 0 THEN band.bucket ELSE min(bucket) FILTER (WHERE begins) END,
                    CASE part
                        WHEN 0 THEN band.priority ELSE min(priority) FILTER (WHERE begins)
                    END,
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
                GROUP BY part
                RETURNING bucket, priority, id
        )
        INSERT INTO queue_band_begin SELECT bucket, priority, id FROM part;
        done := done + 1;
    END LOOP;
    RETURN done;
EXCEPTION WHEN lock_not_available THEN
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION rebuild_queue_count() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE queue IN SHARE MODE;
    DELETE FROM queue_count;
    DELETE FROM queue_band_begin;
    WITH first AS (
        INSERT INTO queue_count
            SELECT 'update-existing-mp', -9223372036854775808, -9223372036854775808,
                count(*), coalesce(sum(estimated_duration), interval '0')
            FROM queue
            WHERE claim_id IS NULL
            RETURNING bucket, priority, id
    )
    INSERT INTO queue_band_begin SELECT bucket, priority, id FROM first;
    PERFORM cut_queue_count(1000);
END
$$;
