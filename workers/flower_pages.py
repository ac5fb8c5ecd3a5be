"""What Flower's Broker page lists: every queue of ours, whichever workers it has asked.

Left to itself, Flower lists the queues of the workers that it happened to inspect.
"""

from __future__ import annotations

from workers.app import JanitorApp


def list_all_queues(app: JanitorApp) -> None:
    """Make Flower list the queues of an app, all of them and always.

    Args:
        app: whose queues; Flower runs in this process.
    """
    from flower.views import BaseHandler  # noqa: PLC0415 - no worker needs Flower

    names = sorted(queue.name for queue in app.conf.task_queues)
    # Flower 2.2 has no option for it; the method has been there since 1.0.
    BaseHandler.get_active_queue_names = lambda _page: names
