"""How far from the front: three ways from a distance to a priority, as the expression ``placed``.

Each follows the expression ``compared`` of :mod:`.recompute` and adds ``new_base`` and
``new_priority`` to it. Without shares an entry stands at its base and its distance. With
shares each campaign has a line of its own, and the lines take turns: an entry stands as many
strides behind the front of its line as there are entries before it, and a campaign of twice
the weight makes strides of half the length.
"""

from __future__ import annotations

from janitor.schedule.options import Options

STRIDE = 1000  # from one entry to the next in the line of a campaign of weight 1


def placed(options: Options, *, everything: bool) -> str:
    """Return the table expression that fits, to follow ``compared``.

    Args:
        options: whether campaigns have shares.
        everything: whether the whole queue is looked at. If not, newcomers go to the end of
            their line; the next pass over everything sorts them in.
    """
    if not options.fair_shares:
        return _ALONE
    return (_IN_LINES if everything else _AT_THE_END).format(stride=_STRIDE)


_ALONE = """
, placed AS NOT MATERIALIZED (
    SELECT *,
        -- Where an entry has no base (other services know nothing of it), its place is kept.
        coalesce(base, before - distance, now_lowest) AS new_base,
        coalesce(base + distance, before, now_lowest + distance) AS new_priority
    FROM compared
)
"""

_STRIDE = f"greatest(round({STRIDE} / coalesce(nullif(pace.weight, 0), 1))::bigint, 1)"

# In its own line an entry's waiting counts as it does without shares: by base and distance.
# Its priority is only the slot that this rank gives. As the front of the line is served, the
# others keep their slots; so a pass that finds nothing new writes nothing.
_IN_LINES = """
, movable AS (
    SELECT *, distance IS NOT NULL AND CASE
            WHEN place IS NULL THEN cooling_until IS NULL
            ELSE free AND coalesce(requester, :who) = :who
        END AS moves
    FROM compared
),
based AS (
    SELECT *,
        coalesce(base, min(base + distance) OVER (PARTITION BY suite, moves), 0) AS new_base
    FROM movable
),
ranked AS (
    SELECT *,
        row_number() OVER (
            PARTITION BY suite, moves
            ORDER BY new_base + distance, id, codebase, change_set
        ) - 1 AS ahead
    FROM based
),
line AS (
    SELECT suite, min(before) AS front, {stride} AS stride,
        coalesce(bool_or(pace.paused OR pace.weight = 0), false) AS paused
    FROM ranked
    LEFT JOIN campaign_pace AS pace ON pace.campaign = suite
    WHERE moves
    GROUP BY suite, pace.weight
),
lane AS (
    SELECT suite, stride, CASE
            WHEN front IS NULL THEN coalesce(others, lowest) + stride
            -- A campaign that stood still (paused, its hosts away) has saved nothing up.
            WHEN NOT paused AND front < others - longest THEN others
            ELSE front
        END AS front
    FROM line
    CROSS JOIN LATERAL (
        SELECT min(other.front) FILTER (WHERE NOT other.paused) AS others
        FROM line AS other WHERE other.suite <> line.suite
    ) AS beside
    CROSS JOIN (SELECT max(stride) AS longest FROM line) AS strides
    CROSS JOIN (SELECT coalesce(min(priority), 0) AS lowest FROM queue) AS all_of_it
),
placed AS (
    SELECT ranked.*,
        CASE WHEN moves THEN front + ahead * stride ELSE before END AS new_priority
    FROM ranked
    LEFT JOIN lane ON lane.suite = ranked.suite
)
"""

_AT_THE_END = """
, placed AS (
    SELECT compared.*, base AS new_base,
        coalesce(before, coalesce(last, now_lowest) + {stride} * row_number() OVER (
            PARTITION BY compared.suite, place IS NULL AND cooling_until IS NULL
            ORDER BY distance
        )) AS new_priority
    FROM compared
    LEFT JOIN campaign_pace AS pace ON pace.campaign = compared.suite
    LEFT JOIN LATERAL (
        SELECT max(priority) AS last FROM queue
        WHERE suite = compared.suite AND bucket = 'default'
    ) AS line ON true
)
"""
