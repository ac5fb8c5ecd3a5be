"""Whether the statistics that triggers keep up say what the runs say."""

from __future__ import annotations

from sqlalchemy import text

from janitor.state import Conn


def wrong_statistics(conn: Conn) -> list[tuple[str, str]]:
    """Return the codebases and campaigns whose statistics are not what their runs say.

    Args:
        conn: a connection or session.
    """
    return [(row.codebase, row.suite) for row in conn.execute(text(_DIFFERENT))]


# A row of zeros says the same as none.
_DIFFERENT = """
WITH kept AS (SELECT * FROM run_statistics WHERE total <> 0 OR any_durations <> 0),
counted AS (SELECT * FROM run_statistics_of_history WHERE total <> 0 OR any_durations <> 0),
contexts AS (SELECT * FROM run_context WHERE runs <> 0)
SELECT codebase, suite FROM ((TABLE kept EXCEPT TABLE counted)
    UNION ALL (TABLE counted EXCEPT TABLE kept)) AS one
UNION
SELECT codebase, suite FROM ((TABLE contexts EXCEPT TABLE run_context_of_history)
    UNION ALL (TABLE run_context_of_history EXCEPT TABLE contexts)) AS other
ORDER BY codebase, suite
"""
