"""What the logs of failed builds say went wrong.

:mod:`.failures` says which runs are asked about, :mod:`.consulting` asks their logs, and
:mod:`.findings` keeps the answers. Stored logs are opened by :mod:`janitor.files.reading`.
"""

from janitor.analysis.asking import (
    ANALYSE,
    AnalyseLog,
    NothingToAnalyse,
    ask_for_new,
    run_to_analyse,
)
from janitor.analysis.consulting import Finding, NoConsultant, NotUnderstood, consultant
from janitor.analysis.failures import FailedRun, Wanted, failed_runs
from janitor.analysis.findings import Analysis, analyse, keep, take_over

__all__ = [
    "ANALYSE",
    "AnalyseLog",
    "Analysis",
    "FailedRun",
    "Finding",
    "NoConsultant",
    "NotUnderstood",
    "NothingToAnalyse",
    "Wanted",
    "analyse",
    "ask_for_new",
    "consultant",
    "failed_runs",
    "keep",
    "run_to_analyse",
    "take_over",
]
