"""One object on its way to S3: in one request, or in parts that a last request joins."""

from __future__ import annotations

import base64
import logging
import zlib
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from janitor.errors import Failure
from janitor.redaction import redact
from janitor.storage.pieces import PIECE, Outgoing
from janitor.storage.port import KeyTaken
from janitor.storage.s3_answers import code_of, status_of

logger = logging.getLogger(__name__)

MOST_PARTS = 10_000  # S3's limit
_NOTHING_THERE = {"IfNoneMatch": "*"}
_CONDITION_FAILED = 412
# How servers that don't know the condition say so.
_UNKNOWN_CONDITION = frozenset({"NotImplemented", "InvalidArgument", "InvalidRequest"})


class TooLarge(Failure):
    """A file of more parts than an object can have."""


class Upload:
    """An object that is not there yet.

    Args:
        client: asks the server.
        place: bucket and key.
        described: content type and metadata.
        what: it is, for messages.
        part: bytes of each part, see :func:`part_for`.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - boto3 makes its classes at run time
        place: dict[str, str],
        described: dict[str, Any],
        what: str,
        part: int = PIECE,
    ) -> None:
        self._client = client
        self._place = place
        self._described = described
        self._what = what
        self._part = part

    def send(self, content: Outgoing) -> None:
        """Make the object.

        Raises:
            KeyTaken: there is one already.
            TooLarge: it has too many parts.
        """
        if content.size_if_small is None:
            self._send_parts(content)
        else:
            body = content.read()
            self._if_nothing_there(
                lambda condition: self._client.put_object(
                    **self._place,
                    **self._described,
                    **condition,
                    Body=body,
                    ChecksumAlgorithm="CRC32",
                )
            )

    def _send_parts(self, content: Outgoing) -> None:
        started = self._client.create_multipart_upload(
            **self._place, **self._described, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT"
        )
        place = {**self._place, "UploadId": started["UploadId"]}
        try:
            parts, crc = self._parts(place, content)
            self._if_nothing_there(
                lambda condition: self._client.complete_multipart_upload(
                    **place,
                    **condition,
                    MultipartUpload={"Parts": parts},
                    ChecksumCRC32=_in_base64(crc),
                    ChecksumType="FULL_OBJECT",
                )
            )
        except BaseException:
            self._abort(place)
            raise

    def _parts(self, place: dict[str, str], content: Outgoing) -> tuple[list[dict[str, Any]], int]:
        parts: list[dict[str, Any]] = []
        crc = 0
        while piece := content.read(self._part):
            number = len(parts) + 1
            if number > MOST_PARTS:
                raise TooLarge(
                    f"{self._what} has more than {MOST_PARTS} parts of {self._part} bytes"
                )
            sent = self._client.upload_part(
                **place, PartNumber=number, Body=piece, ChecksumAlgorithm="CRC32"
            )
            crc = zlib.crc32(piece, crc)
            own = _in_base64(zlib.crc32(piece))
            parts.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumCRC32": own})
        return parts, crc

    def _if_nothing_there(self, ask: Callable[[dict[str, str]], object]) -> None:
        try:
            ask(_NOTHING_THERE)
        except ClientError as error:
            if status_of(error) == _CONDITION_FAILED:
                raise KeyTaken(f"{self._what} is taken") from error
            if code_of(error) not in _UNKNOWN_CONDITION:
                raise
            self._without_condition(ask)

    def _without_condition(self, ask: Callable[[dict[str, str]], object]) -> None:
        """Look and then store: all that a server without the condition can do.

        Two who store under one key at the same moment can then replace each other; the
        ledger leases a job to one worker at a time, so that takes a stranger.
        """
        try:
            self._client.head_object(**self._place)
        except ClientError as error:
            if status_of(error) != 404:  # noqa: PLR2004 - HTTP's
                raise
            ask({})
        else:
            raise KeyTaken(f"{self._what} is taken")

    def _abort(self, place: dict[str, str]) -> None:
        """Give the parts' space back; the bucket's own rules do where this fails, too."""
        try:
            self._client.abort_multipart_upload(**place)
        except (BotoCoreError, ClientError) as error:
            logger.warning("%s: parts may stay: %s", self._what, redact(str(error)))


def part_for(size: int) -> int:
    """Return how large the parts of an object have to be for all of it to go.

    Args:
        size: of its content, in bytes; compressed it may take a little more.
    """
    return max(PIECE, size // (MOST_PARTS - 1000))


def _in_base64(crc: int) -> str:
    return base64.b64encode(crc.to_bytes(4)).decode()
