"""The models say what the database has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, select
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from janitor.state import Base, Run, get_run, has_cotenants, iter_publishable_suites
from janitor.state.candidate import Candidate
from janitor.state.change_set import ChangeSet
from janitor.state.codebase import Codebase
from janitor.state.publish_policy import BranchPublishPolicy, NamedPublishPolicy
from janitor.state.run import ResultBranch, ResultTag, RunRow

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def run(session: Session) -> str:
    session.add(Codebase(name="hello", branch_url="file:///a", url="file:///a"))
    session.add(ChangeSet(id="cs", campaign="tidy"))
    session.flush()
    session.add(
        RunRow(
            id="r1",
            codebase="hello",
            suite="tidy",
            change_set="cs",
            result_code="success",
            logfilenames=["a.log"],
            start_time=START.astimezone(timezone(timedelta(hours=5))),
            finish_time=START + timedelta(seconds=90),
            revision="git-v1:new",
            result_tags=[ResultTag('v"1, (x)\\', "rev"), ResultTag(None, "other")],
        )
    )
    session.flush()
    session.add(ResultBranch(run_id="r1", role="main", revision="git-v1:new"))
    session.commit()
    return "r1"


@pytest.mark.filterwarnings("ignore:Did not recognize type")  # the composite types
def test_models_and_migrations_agree_on_every_column(engine: Engine) -> None:
    with engine.connect() as conn:
        context = MigrationContext.configure(
            conn, opts={"compare_type": True, "target_metadata": Base.metadata}
        )
        found = compare_metadata(context, Base.metadata)
    # Indexes and uniqueness stand in the migrations alone (see janitor.state.base).
    about_columns = [
        difference
        for difference in found
        if isinstance(difference, list) or not difference[0].endswith(("_index", "_constraint"))
    ]
    assert about_columns == []


def test_a_run_reads_as_callers_know_it(session: Session, run: str) -> None:
    found = get_run(session, run)
    assert found is not None
    assert (found.id, found.campaign, found.codebase) == ("r1", "tidy", "hello")
    assert found.start_time == START
    assert found.duration == timedelta(seconds=90)
    assert found.revision == b"git-v1:new"
    assert found.get_result_branch("main") == (None, None, b"git-v1:new")
    assert found.result_tags == [('v"1, (x)\\', b"rev"), (None, b"other")]
    with pytest.raises(KeyError):
        found.get_result_branch("debian")
    assert get_run(session, "nobody") is None


def test_runs_are_equal_and_ordered_by_id(session: Session, run: str) -> None:
    one = get_run(session, run)
    two = get_run(session, run)
    assert one == two
    assert len({one, two}) == 1
    assert isinstance(one, Run)
    other = Run(**{**one.__dict__, "id": "r2"})
    assert sorted([other, one]) == [one, other]


def test_a_time_without_zone_is_refused(session: Session) -> None:
    when = datetime(2026, 1, 1)  # noqa: DTZ001 - that is the point
    with pytest.raises(StatementError, match="time zone"):
        session.execute(select(RunRow.id).where(RunRow.start_time > when))


def test_a_policy_keeps_its_branches(session: Session) -> None:
    policies = [BranchPublishPolicy("main", "propose", 7), BranchPublishPolicy("x", None, None)]
    session.add(NamedPublishPolicy(name="p", per_branch_policy=policies))
    session.add(NamedPublishPolicy(name="none", per_branch_policy=[]))
    session.commit()
    session.expire_all()
    query = select(NamedPublishPolicy.per_branch_policy).order_by(NamedPublishPolicy.name)
    assert session.scalars(query).all() == [[], policies]


def test_cotenants(session: Session) -> None:
    for name, url in (
        ("aa", "https://x/r"),
        ("bb", "https://x/r,branch=b"),
        ("cc", "https://x/r_"),
    ):
        session.add(Codebase(name=name, branch_url=url, url=url))
    session.commit()
    assert has_cotenants(session, "aa", "https://x/r") is True
    assert has_cotenants(session, "cc", "https://x/r_/") is False
    assert has_cotenants(session, "aa", "https://x/r_") is None
    assert has_cotenants(session, "aa", "https://elsewhere") is None


def test_publishable_suites_are_those_of_candidates_of_active_codebases(session: Session) -> None:
    session.add(Codebase(name="on"))
    session.add(Codebase(name="off", inactive=True))
    session.flush()
    for codebase in ("on", "off"):
        for suite in ("zz", "aa"):
            session.add(Candidate(codebase=codebase, suite=suite, command="x"))
    session.commit()
    assert iter_publishable_suites(session, "on") == ["aa", "zz"]
    assert iter_publishable_suites(session, "off") == []
