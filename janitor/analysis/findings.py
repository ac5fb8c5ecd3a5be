"""What a run's log says beside what the run says, kept, and taken over where somebody wants it.

The code of a run is other people's business: services and their statistics go by it. So it is
changed where that was asked for, where the log is clear or the run's code is not, and never
without noting what stood there before (``result_change``).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import BinaryIO

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from janitor.analysis.consulting import Finding, consult, consultant
from janitor.analysis.failures import FailedRun, is_vague
from janitor.state import Conn
from janitor.state.finding import LogFinding, ResultChange
from janitor.state.run import RunRow


@dataclass(frozen=True)
class Analysis:
    """A failed run and what its log says."""

    run: FailedRun
    finding: Finding

    @property
    def changes(self) -> bool:
        """Whether the log has another code for the run, and a better one."""
        code = self.finding.result_code
        return (
            code is not None
            and code != self.run.result_code
            and (self.finding.is_clear or is_vague(self.run.result_code))
        )

    def __str__(self) -> str:
        run, finding = self.run, self.finding
        where = f"{run.run_id}  {run.codebase}  {run.campaign}"
        if finding.result_code is None:
            return f"{where}  {run.result_code}: {run.log} says nothing of it"
        new = f" -> {finding.result_code}" if self.changes else ""
        return f"{where}  {run.result_code}{new}: {finding.description}"


def analyse(run: FailedRun, log: BinaryIO) -> Analysis:
    """Ask a run's log; nothing is stored.

    Args:
        run: the run.
        log: the plain text of the log that it names.

    Raises:
        NoConsultant: the library is not installed.
        NotUnderstood: the library broke on the log.
        Damaged: the log can't be read.
    """
    return Analysis(run, consult(log, run.log))


def keep(conn: Conn, analysis: Analysis) -> None:
    """Keep what was found, in place of what was found before, in the caller's transaction."""
    found = asdict(analysis.finding) | {"log": analysis.run.log, "consultant": consultant()}
    conn.execute(
        upsert(LogFinding)
        .values(run_id=analysis.run.run_id, **found)
        .on_conflict_do_update(index_elements=["run_id"], set_=found | {"analysed_at": func.now()})
    )


def take_over(conn: Conn, analysis: Analysis) -> bool:
    """Let the run say what its log says, in the caller's transaction, and note what it said.

    Returns:
        False where that is no change, or the run says something else by now.
    """
    run, finding = analysis.run, analysis.finding
    if not analysis.changes:
        return False
    said = conn.execute(
        select(RunRow.description, RunRow.failure_stage, RunRow.failure_details)
        .where(RunRow.id == run.run_id, RunRow.result_code == run.result_code)
        .with_for_update()
    ).one_or_none()
    if said is None:
        return False
    conn.execute(
        insert(ResultChange).values(
            run_id=run.run_id,
            old_code=run.result_code,
            new_code=finding.result_code,
            old_description=said.description,
            old_stage=said.failure_stage,
            old_details=said.failure_details,
            consultant=consultant(),
        )
    )
    conn.execute(
        update(RunRow)
        .where(RunRow.id == run.run_id)
        .values(
            result_code=finding.result_code,
            description=finding.description,
            failure_stage=finding.stage or said.failure_stage,
            failure_details=finding.details,
        ),
        execution_options={"synchronize_session": False},
    )
    return True
