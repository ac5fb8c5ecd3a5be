"""The schedule pool: recomputing, requests, uploads, taking in runs."""

from __future__ import annotations

import logging

from janitor.deployment import Deployment
from janitor.runs import FINISH, FinishRun, read_handed_in, store_run
from janitor.schedule.bulk_requests import REQUEST_IN_BULK, RequestInBulk
from janitor.schedule.bulk_requests import request_in_bulk as ask_for_all
from janitor.schedule.requests import REQUEST, RequestRun, request_run
from janitor.schedule.whole import recompute_all
from janitor.uploads import UPLOAD_LINES, UploadLines, upload_from_spool
from tasks.base import Work, carries, ticks
from tasks.spool import discard_if_done

logger = logging.getLogger(__name__)


@ticks("janitor.schedule.recompute")
def recompute(deployment: Deployment) -> str:
    """Give every candidate its place in the queue."""
    return str(recompute_all(deployment.engine, options=deployment.scheduling))


@carries(REQUEST)
def request(work: Work[RequestRun]) -> None:
    """Put one codebase and campaign in the queue because somebody asked."""
    with work.finish() as session:
        request_run(session, work.ask)


@carries(REQUEST_IN_BULK)
def request_in_bulk(work: Work[RequestInBulk]) -> None:
    """Put all candidates of a selection in the queue because somebody asked."""
    with work.finish() as session:
        outcome = ask_for_all(session, work.ask)
    logger.info("%s: %s", work.ask.request, outcome)


@carries(UPLOAD_LINES)
def upload(work: Work[UploadLines]) -> None:
    """Add, change or remove the codebases or candidates of a spooled file."""
    spool = work.deployment.spool
    with work.finish() as session:
        options = work.deployment.scheduling
        report = upload_from_spool(session, spool, work.ask, options=options)
    logger.info("%s: %s", work.ask.file, report)
    spool.discard_upload(work.ask.file)


@carries(FINISH)
def finish(work: Work[FinishRun]) -> None:
    """Take in the run that a worker handed in."""
    run_id = work.ask.run_id
    handed_in = read_handed_in(work.deployment.spool, run_id)
    with work.finish() as session:
        store_run(session, run_id, handed_in, options=work.deployment.scheduling)
    discard_if_done(work.deployment, run_id)
