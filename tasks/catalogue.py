"""Every task there is: jobs that are asked for, and duties of the clock.

:mod:`workers.app` registers what stands here; a test holds :mod:`beat_schedule`, the pools
and :mod:`janitor.kinds` against it.
"""

from tasks import artifacts, logs, notifications, review, schedule, upkeep, vcs
from tasks.base import ClockTask, JobTask

JOBS: tuple[JobTask, ...] = (
    schedule.request,
    schedule.request_in_bulk,
    schedule.upload,
    schedule.finish,
    logs.ingest,
    logs.analyse,
    artifacts.upload,
    vcs.diff,
    vcs.publish_run,
    vcs.mirror_codebase,
    review.record,
    review.set_publish_status,
    review.announce,
    notifications.deliver,
)

CLOCK: tuple[ClockTask, ...] = (
    schedule.recompute,
    upkeep.mend_jobs,
    upkeep.mend_claims,
    upkeep.count_queue,
    upkeep.sweep_spool,
    upkeep.prune_jobs,
    logs.analyse_new_logs,
    logs.bring_back_logs,
    logs.expire_logs,
    artifacts.bring_back_artifacts,
    artifacts.expire_artifacts,
    vcs.look_at_branches,
    vcs.forget_diffs,
    vcs.withdraw_branches,
    review.reconsider_runs,
    notifications.remind_people,
)
