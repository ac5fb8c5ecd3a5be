"""A pass over all candidates: part by part, two parts at once, each in a session of its own.

Most of a pass is the work of one processor of the database's server, so two at once take little
more than half the time. What a part reads fits the processor's cache, where tables of a million do
not; what it locks, it locks for seconds. :mod:`.recompute` does each part. A part that fails undoes
no other: the next pass finds what is left to do.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import ceil

from sqlalchemy import Engine, text

from janitor.schedule.estimates import Scope
from janitor.schedule.options import PARITY, Options
from janitor.schedule.recomputation import Recomputation
from janitor.schedule.recompute import Beginning, place, prepare, steps_in
from janitor.state import Conn

AT_ONCE = 2  # more would take the server from those who ask it meanwhile
LEAST = 5_000  # candidates of a part; fewer are done before another session is open
MOST = 100_000


def recompute_all(
    engine: Engine, *, options: Options = PARITY, least: int = LEAST, most: int = MOST
) -> Recomputation:
    """Give every candidate with a publish policy its place in the queue.

    Args:
        engine: on the state database; three connections of it are used at most.
        options: how places are given. Fair shares need the whole queue at once: one part.
        least: how many candidates a part has, about, if there are few.
        most: how many it has at most, about.

    Returns:
        What was done; a second pass at the same time steps aside.
    """
    began = time.perf_counter()
    # Open until all parts have ended: it keeps other passes aside.
    with engine.begin() as conn:
        if not steps_in(conn):
            return Recomputation(stepped_aside=True)
        scopes = [Scope()] if options.fair_shares else _parts(conn, least, most)
        beginning = Beginning.of_now(conn)

        def place_part(scope: Scope) -> Recomputation:
            with engine.begin() as own:
                prepare(own, scope)
                return place(own, scope, options=options, beginning=beginning)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            done = sum(pool.map(place_part, scopes), start=Recomputation())
    return replace(done, seconds=round(time.perf_counter() - began, 3))


def _parts(conn: Conn, least: int, most: int) -> list[Scope]:
    """Cut the codebases by name, in parts of as many, so that each has about as many candidates."""
    candidates = conn.execute(text("SELECT count(*) FROM candidate")).scalar_one()
    size = min(max(ceil(candidates / AT_ONCE), least), most)
    begins = list(conn.execute(_BEGINS, {"parts": max(ceil(candidates / size), 1)}).scalars())
    bounds = zip(["", *begins], [*begins, None], strict=True)
    return [Scope(first=first, beyond=beyond) for first, beyond in bounds]


_BEGINS = text("""
SELECT min(name)
FROM (
    SELECT name, ntile(:parts) OVER (ORDER BY name) AS part FROM codebase WHERE name IS NOT NULL
) AS cut
GROUP BY part
HAVING part > 1
ORDER BY part
""")
