"""A run whose files wait to be stored."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session


def insert_run(session: Session) -> None:
    """Make the run ``r1`` of the campaign ``tidy`` on ``hello``."""
    session.execute(
        text(
            """
            INSERT INTO codebase (name, branch_url, url) VALUES ('hello', 'a:b', 'a:b');
            INSERT INTO change_set (id, campaign) VALUES ('cs', 'tidy');
            INSERT INTO run (id, codebase, suite, change_set, result_code, logfilenames,
                             start_time, finish_time)
            VALUES ('r1', 'hello', 'tidy', 'cs', 'success', '{worker.log}', now(), now())
            """
        )
    )
    session.commit()
