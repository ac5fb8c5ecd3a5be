"""Notifications of people: written with the change that they tell of, delivered afterwards.

:mod:`.events` says what there is to hear of, :mod:`.outbox` writes a delivery for each
subscription. Programs are told on Redis channels instead (:mod:`janitor.announcements`).
"""

from janitor.notifications.outbox import DELIVER, Deliver, Notice, notify, notify_all

__all__ = ["DELIVER", "Deliver", "Notice", "notify", "notify_all"]
