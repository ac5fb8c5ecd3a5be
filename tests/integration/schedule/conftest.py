"""Few words for the rows that a schedule is made from."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, insert, text
from sqlalchemy.orm import Session

from janitor.state.candidate import Candidate
from janitor.state.change_set import ChangeSet
from janitor.state.codebase import Codebase
from janitor.state.publish_policy import BranchPublishPolicy, NamedPublishPolicy
from janitor.state.run import RunRow


class Field:
    """A database with one policy (``propose``) and the change set of all earlier runs."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.run_ids = (f"run-{number}" for number in itertools.count(1))
        branches = [BranchPublishPolicy("main", "propose", None)]
        self._insert(NamedPublishPolicy, name="propose", per_branch_policy=branches)
        self.change_set("earlier")

    def codebase(self, name: str, **columns: Any) -> str:
        self._insert(Codebase, name=name, **columns)
        return name

    def change_set(self, name: str) -> str:
        self._insert(ChangeSet, id=name, campaign="tidy")
        return name

    def candidate(self, codebase: str, campaign: str = "tidy", **columns: Any) -> None:
        known: dict[str, Any] = {"command": f"run {campaign}", "publish_policy": "propose"}
        self._insert(Candidate, codebase=codebase, suite=campaign, **(known | columns))

    def run(
        self,
        codebase: str,
        campaign: str = "tidy",
        *,
        age: timedelta = timedelta(days=9),
        duration: timedelta | None = timedelta(seconds=60),
        **columns: Any,
    ) -> str:
        start = datetime.now(UTC) - age
        run_id = next(self.run_ids)
        known: dict[str, Any] = {
            "id": run_id,
            "change_set": "earlier",
            "result_code": "success",
            "logfilenames": [],
            "start_time": start,
            "finish_time": None if duration is None else start + duration,
        }
        self._insert(RunRow, codebase=codebase, suite=campaign, **(known | columns))
        return run_id

    def queue(self) -> list[Row[Any]]:
        """Return the entries in the order of service, with what tells a written row."""
        found = self.session.execute(
            text("SELECT xmin::text, ctid::text, * FROM queue ORDER BY bucket, priority, id")
        ).all()
        self.session.rollback()  # the next look is a transaction of its own
        return list(found)

    def order(self) -> list[str]:
        return [entry.codebase for entry in self.queue()]

    def _insert(self, model: Any, **columns: Any) -> None:
        self.session.execute(insert(model).values(**columns))
        self.session.commit()


@pytest.fixture
def field(session: Session) -> Field:
    return Field(session)
