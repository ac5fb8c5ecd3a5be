"""The run queue: adding entries and looking at them; :mod:`.claims` hands them out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from sqlalchemy import func, select

from janitor.queue.adding import adding_one, one_as_parameters
from janitor.queue.choice import next_waiting
from janitor.queue.claims import Claims
from janitor.queue.item import ENTRY, QueueItem, VcsInfo, vcs_info
from janitor.queue.listing import in_order
from janitor.queue.new_entry import (
    NewEntry,
    checked_bucket,
    checked_entry,
    checked_offset,
    naming_what_is_missing,
)
from janitor.queue.position import find_place
from janitor.queue.waiting import Waiting, waiting_time
from janitor.storable import check_storable


class Queue(Claims):
    """The runs to do: bucket by bucket, by priority in each, the older first.

    Args:
        conn: the caller's transaction.
    """

    def add(
        self,
        *,
        codebase: str,
        command: str,
        campaign: str,
        change_set: str | None = None,
        offset: float = 0.0,
        bucket: str = "default",
        context: str | None = None,
        estimated_duration: timedelta | None = None,
        refresh: bool = False,
        requester: str | None = None,
    ) -> tuple[int, str]:
        """Put a run in the queue, or bring its entry up to date.

        An entry in an earlier bucket stays as it is, and so does one that a worker has
        claimed: the run that is under way is the answer.

        Args:
            codebase: where to run.
            command: what to run.
            campaign: what for.
            change_set: the change set that the run belongs to.
            offset: added to the lowest priority now in the queue; -1 is the very front.
            bucket: the bucket to wait in.
            context: what tells this attempt from others.
            estimated_duration: how long it may take.
            refresh: begin anew instead of going on from an earlier run.
            requester: who asks.

        Returns:
            The entry's id and the bucket that it is in.

        Raises:
            UnknownBucket: there is no such bucket.
            UnsafeName: the codebase or campaign is no name of one.
            Unstorable: a text is none that the database takes.
            ImpossibleEntry: there is nothing to run, the offset or duration is none, or there is no
                such codebase or change set.
        """
        check_storable(requester)
        place = checked_offset(offset)
        entry = checked_entry(
            NewEntry(codebase, campaign, change_set, command, context, estimated_duration, place)
        )
        asked = one_as_parameters(
            entry, bucket=checked_bucket(bucket), refresh=refresh, requester=requester
        )
        with naming_what_is_missing():
            added = self.conn.execute(adding_one(), asked).one_or_none()
        if added is not None:
            return added.id, added.bucket
        stays = self.conn.execute(
            select(ENTRY.id, ENTRY.bucket)
            .where(ENTRY.codebase == codebase, ENTRY.suite == campaign)
            .where(ENTRY.change_set.is_not_distinct_from(change_set))
        ).one()
        return stays.id, stays.bucket

    def get_item(self, queue_id: int) -> QueueItem | None:
        """Return an entry, or None where there is none with that id."""
        row = self.conn.execute(select(*ENTRY).where(ENTRY.id == queue_id)).one_or_none()
        return None if row is None else QueueItem.from_row(row)

    def next_item(
        self,
        codebase: str | None = None,
        campaign: str | None = None,
        exclude_hosts: Iterable[str] | None = None,
        assigned_queue_items: Iterable[int] | None = None,
    ) -> tuple[QueueItem | None, VcsInfo]:
        """Look at the item that would be served next; :meth:`claim` takes it.

        Args:
            codebase: look only at items of this one.
            campaign: look only at items of this one.
            exclude_hosts: leave out items of codebases on these hosts.
            assigned_queue_items: leave out the items with these ids.

        Returns:
            The item, or None, and what is known of branch_url, subpath and vcs_type.
        """
        found = next_waiting(
            self.conn, codebase, campaign, exclude_hosts or (), assigned_queue_items or ()
        )
        return (None, {}) if found is None else (QueueItem.from_row(found), vcs_info(found))

    def iter_queue(
        self, limit: int | None = None, campaign: str | None = None
    ) -> Iterator[QueueItem]:
        """Yield the entries, claimed ones too, in the order of service."""
        for row in self.conn.execute(in_order(limit, campaign)):
            yield QueueItem.from_row(row)

    def get_position(
        self, campaign: str, codebase: str, *, change_set: str | None = None
    ) -> tuple[int, timedelta] | tuple[None, None]:
        """Return an item's place (from 1) and the summed duration of those before it.

        Items that are claimed are under way and no longer waited for.

        Args:
            campaign: the item's.
            codebase: the item's.
            change_set: the item's; ``""`` for the one without. None is any: of several the first.
        """
        place = find_place(self.conn, campaign, codebase, change_set)
        return (None, None) if place is None else (place.items + 1, place.duration)

    def waiting(
        self, campaign: str, codebase: str, *, change_set: str | None = None
    ) -> Waiting | None:
        """Return an item's place and how long it waits; None where there is no such item.

        Args:
            campaign: the item's.
            codebase: the item's.
            change_set: the item's; ``""`` for the one without. None is any: of several the first.
        """
        return waiting_time(self.conn, campaign, codebase, change_set)

    def get_buckets(self) -> list[tuple[str, int]]:
        """Return the number of entries in each bucket that has any, first served first."""
        found = self.conn.execute(
            select(ENTRY.bucket, func.count()).group_by(ENTRY.bucket).order_by(ENTRY.bucket)
        )
        return [(bucket, count) for bucket, count in found]
