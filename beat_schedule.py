"""The one list of periodic work, data only: what, and every how many seconds.

Beat is a clock and nothing else; each task named here is harmless when it runs twice, late
or not at all for a while. A test checks every name against :mod:`tasks.catalogue`.
"""

SECOND = 1.0
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

BEAT_SCHEDULE: dict[str, dict[str, str | float]] = {
    "recompute the schedule": {"task": "janitor.schedule.recompute", "schedule": 5 * MINUTE},
    "mend jobs": {"task": "janitor.schedule.mend_jobs", "schedule": 10 * SECOND},
    "mend claims": {"task": "janitor.schedule.mend_claims", "schedule": 30 * SECOND},
    "count the queue": {"task": "janitor.schedule.count_queue", "schedule": 30 * SECOND},
    "sweep the spool": {"task": "janitor.schedule.sweep_spool", "schedule": 10 * MINUTE},
    "analyse new logs": {"task": "janitor.logs.analyse_new", "schedule": 10 * MINUTE},
    "bring back logs": {"task": "janitor.logs.bring_back", "schedule": 5 * MINUTE},
    "bring back artifacts": {"task": "janitor.artifacts.bring_back", "schedule": 5 * MINUTE},
    "let logs go": {"task": "janitor.logs.expire", "schedule": HOUR},
    "let artifacts go": {"task": "janitor.artifacts.expire", "schedule": HOUR},
    "look at branches": {"task": "janitor.vcs.look_at_branches", "schedule": MINUTE},
    "withdraw branches": {"task": "janitor.vcs.withdraw_branches", "schedule": HOUR},
    "forget diffs": {"task": "janitor.vcs.forget_diffs", "schedule": HOUR},
    "reconsider runs": {"task": "janitor.review.reconsider", "schedule": MINUTE},
    "remind people": {"task": "janitor.review.remind", "schedule": 10 * MINUTE},
    "prune jobs": {"task": "janitor.schedule.prune_jobs", "schedule": HOUR},
}
