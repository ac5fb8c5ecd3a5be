-- Handing entries out. Functions, because the planner takes longer than the search: a session
-- keeps their plans.

-- For claims of one campaign, or past one that is paused: with hosts left out beside it, no other
-- index has a short way to what is left.
CREATE INDEX queue_campaign_host ON queue (suite, host, bucket, priority, id)
    WHERE claim_id IS NULL;

-- The ids of the entries to be served next, in that order, however many others there are: the
-- first "most", and up to "spare" beyond them; those only if they are near, unless "thorough".
-- Of each host there are "most" and an eighth of "spare" at least. Paused campaigns and closed
-- hosts are left out in any case.
CREATE FUNCTION queue_first(
    of_codebase text, of_campaign text, closed text[], without bigint[], most integer,
    spare integer, thorough boolean
) RETURNS bigint[]
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
DECLARE
    paused text[] := ARRAY(SELECT campaign FROM paused_campaign);
    shut text[] := closed || ARRAY(SELECT host FROM closed_host);
    hosts text[];
    campaigns text[];
    front bigint[];
    width integer := most + spare;
    of_each integer := most + spare / 8;
BEGIN
    IF '*' = ANY (paused) OR of_campaign = ANY (paused) THEN
        RETURN '{}';
    END IF;
    IF of_codebase IS NOT NULL THEN -- which has few
        RETURN ARRAY(
            SELECT id FROM queue
            WHERE claim_id IS NULL AND codebase = of_codebase
                AND (of_campaign IS NULL OR suite = of_campaign)
                AND host <> ALL (shut) AND suite <> ALL (paused) AND id <> ALL (without)
            ORDER BY bucket, priority, id
            LIMIT width
        );
    END IF;
    -- Most of the time the first in the order of service will do.
    front := ARRAY(
        SELECT id
        FROM (
            SELECT bucket, priority, id, host, suite FROM queue
            WHERE claim_id IS NULL
            ORDER BY bucket, priority, id
            LIMIT greatest(64, width)
        ) AS nearest
        WHERE host <> ALL (shut) AND suite <> ALL (paused) AND id <> ALL (without)
            AND (of_campaign IS NULL OR suite = of_campaign)
        ORDER BY bucket, priority, id
        LIMIT width
    );
    IF cardinality(front) = width OR (cardinality(front) >= most AND NOT thorough) THEN
        RETURN front;
    END IF;
    -- All of those are left out. From one host to the next by the index, and to the first of each.
    hosts := ARRAY(
        WITH RECURSIVE place (host) AS (
            (
                SELECT host FROM queue
                WHERE claim_id IS NULL
                ORDER BY host
                LIMIT 1
            )
            UNION ALL
            SELECT (
                SELECT queue.host FROM queue
                WHERE claim_id IS NULL AND queue.host > place.host
                ORDER BY queue.host
                LIMIT 1
            )
            FROM place
            WHERE place.host IS NOT NULL
        )
        SELECT host FROM place WHERE host <> ALL (shut)
    );
    IF of_campaign IS NULL AND paused = '{}' THEN
        RETURN ARRAY(
            SELECT first.id
            FROM unnest(hosts) AS place (host)
            CROSS JOIN LATERAL (
                SELECT bucket, priority, id FROM queue
                WHERE claim_id IS NULL AND queue.host = place.host AND id <> ALL (without)
                ORDER BY bucket, priority, id
                LIMIT of_each
            ) AS first
            ORDER BY first.bucket, first.priority, first.id
            LIMIT width
        );
    END IF;
    -- To the first of each campaign on each host, since a paused one may have the most entries.
    campaigns := ARRAY[of_campaign];
    IF of_campaign IS NULL THEN
        campaigns := ARRAY(
            WITH RECURSIVE campaign (name) AS (
                (
                    SELECT suite::text FROM queue
                    WHERE claim_id IS NULL
                    ORDER BY suite
                    LIMIT 1
                )
                UNION ALL
                SELECT (
                    SELECT suite::text FROM queue
                    WHERE claim_id IS NULL AND suite > campaign.name
                    ORDER BY suite
                    LIMIT 1
                )
                FROM campaign
                WHERE campaign.name IS NOT NULL
            )
            SELECT name FROM campaign WHERE name <> ALL (paused)
        );
    END IF;
    RETURN ARRAY(
        SELECT first.id
        FROM unnest(campaigns) AS named (campaign)
        CROSS JOIN unnest(hosts) AS place (host)
        CROSS JOIN LATERAL (
            SELECT bucket, priority, id FROM queue
            WHERE claim_id IS NULL AND suite = named.campaign AND queue.host = place.host
                AND id <> ALL (without)
            ORDER BY bucket, priority, id
            LIMIT of_each
        ) AS first
        ORDER BY first.bucket, first.priority, first.id
        LIMIT width
    );
END
$$;

-- Whether one more entry of a host may be taken, beside those that this transaction is about to.
-- The limit is kept from others until its end; whoever finds it kept counts the host as full,
-- since to wait for another's transaction could take long.
CREATE FUNCTION queue_host_has_room(of_host text, about_to integer) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM host_limit WHERE host = of_host AND most_active IS NOT NULL;
    IF NOT FOUND THEN
        RETURN true;
    END IF;
    PERFORM FROM host_limit WHERE host = of_host FOR UPDATE SKIP LOCKED;
    -- Counted only now: whoever kept the limit before us has committed.
    RETURN FOUND AND (SELECT room > about_to FROM host_room WHERE host = of_host);
END
$$;

-- Takes the entries to be served next, at most "most", and gives their rows. Entries that others
-- are just taking are passed over, farther and farther: each round looks at more of them, until
-- there are no more.
CREATE FUNCTION claim_from_queue(
    most integer, worker text, lease interval, of_codebase text, of_campaign text, closed text[]
) RETURNS SETOF queue
LANGUAGE plpgsql ROWS 1
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
DECLARE
    spare integer := 8;
    longest CONSTANT integer := 1000000; -- where others come and go, that is an end, too
    closing text[];
    entries bigint[];
    entry bigint;
    entry_host text;
    locked integer; -- how many of them others have
    locked_before integer; -- the same in the round before, if that found no other
    taken bigint[] := '{}';
    hosts text[] := '{}'; -- of those taken
BEGIN
    LOOP
        entries := queue_first(
            of_codebase, of_campaign, closed, taken, most - cardinality(taken), spare,
            thorough => locked_before IS NOT NULL);
        locked := 0;
        closing := '{}';
        FOREACH entry IN ARRAY entries LOOP
            EXIT WHEN cardinality(taken) >= most;
            SELECT host INTO entry_host FROM queue
                WHERE id = entry AND claim_id IS NULL AND host <> ALL (closing)
                FOR UPDATE SKIP LOCKED;
            IF NOT FOUND THEN
                locked := locked + 1;
            ELSIF queue_host_has_room(entry_host, cardinality(array_positions(hosts, entry_host)))
            THEN
                taken := taken || entry;
                hosts := hosts || entry_host;
                locked_before := NULL;
            ELSE
                closing := closing || entry_host;
                locked_before := NULL;
            END IF;
        END LOOP;
        EXIT WHEN cardinality(taken) >= most OR entries = '{}';
        closed := closed || closing;
        IF closing = '{}' THEN
            -- No more than before, of each host twice as many as those would have been: no others.
            EXIT WHEN locked = locked_before OR spare > longest;
            locked_before := locked;
            spare := spare * 16;
        END IF;
    END LOOP;
    IF taken <> '{}' THEN
        RETURN QUERY UPDATE queue
            SET claimed_by = worker,
                claim_id = gen_random_uuid()::text,
                claimed_until = now() + lease,
                claims = queue.claims + 1
            WHERE id = ANY (taken)
            RETURNING queue.*;
    END IF;
END
$$;
