"""Blobs as objects of an S3 bucket, or of a server that speaks like it; needs the extra ``s3``.

Credentials and region are found as Amazon's library finds them: ``AWS_ACCESS_KEY_ID`` and
its like, the files in ``~/.aws``, or the cloud that the machine runs in.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from threading import Lock
from typing import Any
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from janitor.storage.bucket import TIMEOUT, BucketStore, Found
from janitor.storage.object_metadata import as_strings, blob_stat
from janitor.storage.pieces import PIECE, Checksum, Outgoing
from janitor.storage.port import Metadata
from janitor.storage.s3_answers import answering, status_of
from janitor.storage.s3_upload import Upload, part_for

_ATTEMPTS = 2  # of each call; the pause between them is less than a second
_CONNECTIONS = 16
_MISSING = 404


class S3Store(BucketStore):
    """A folder of an S3 bucket.

    Args:
        bucket: its name.
        endpoint_url: the server's; None leaves it to the environment, and then to Amazon.
        folder: before each key, so that logs and artifacts can share a bucket.
    """

    def __init__(self, bucket: str, endpoint_url: str | None = None, folder: str = "") -> None:
        super().__init__(bucket, folder)
        self._endpoint_url = endpoint_url
        self._session = boto3.session.Session()
        self._clients: dict[float, Any] = {}  # by timeout, which a client has for good
        self._making_clients = Lock()

    @property
    def location(self) -> str:
        """The bucket's URL, with the server's where that is named."""
        if self._endpoint_url is None:
            return f"s3://{self._bucket_name}/{self._prefix}"
        return f"{self._endpoint_url}/{self._bucket_name}/{self._prefix}"

    def _client(self, timeout: float) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
        with self._making_clients:
            if timeout not in self._clients:
                self._clients[timeout] = self._session.client(
                    "s3",
                    endpoint_url=self._endpoint_url,
                    config=_config(self._endpoint_url, timeout),
                )
            return self._clients[timeout]

    def _answering(self, doing: str) -> AbstractContextManager[None]:
        return answering(self.location, doing)

    def _upload(self, name: str, content: Outgoing, metadata: Metadata, timeout: float) -> None:
        upload = Upload(
            self._client(timeout),
            {"Bucket": self._bucket_name, "Key": name},
            {"ContentType": metadata.content_type, "Metadata": as_strings(metadata)},
            f"{self.location}: {name}",
            part_for(metadata.digest.size) if metadata.digest else PIECE,
        )
        upload.send(content)

    def _look(self, name: str, timeout: float) -> Found | None:
        try:
            head = self._client(timeout).head_object(
                Bucket=self._bucket_name, Key=name, ChecksumMode="ENABLED"
            )
        except ClientError as error:
            if status_of(error) == _MISSING:
                return None
            raise
        return Found(
            stat=blob_stat(head["ContentLength"], head["LastModified"], head["Metadata"]),
            version=head["ETag"],
            checksum=_checksum(head),
        )

    def _fetch(self, name: str, version: str, start: int, end: int, timeout: float) -> bytes:
        answer = self._client(timeout).get_object(
            Bucket=self._bucket_name, Key=name, IfMatch=version, Range=f"bytes={start}-{end - 1}"
        )
        piece: bytes = answer["Body"].read()
        return piece

    def _names(self, prefix: str) -> Iterator[str]:
        pages = self._client(TIMEOUT).get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket_name, Prefix=prefix):
            for found in page.get("Contents", ()):
                yield found["Key"]

    def _remove(self, name: str) -> bool:
        if self._look(name, TIMEOUT) is None:  # deleting answers the same either way
            return False
        self._client(TIMEOUT).delete_object(Bucket=self._bucket_name, Key=name)
        return True

    def _url(self, name: str) -> str:
        endpoint = self._client(TIMEOUT).meta.endpoint_url
        return f"{endpoint}/{self._bucket_name}/{quote(name)}"

    def _signed_url(self, name: str, valid_for: timedelta) -> str:
        url: str = self._client(TIMEOUT).generate_presigned_url(
            "get_object",
            Params={"Bucket": self._bucket_name, "Key": name},
            ExpiresIn=int(valid_for.total_seconds()),
        )
        return url


def _config(endpoint_url: str | None, timeout: float) -> Config:
    return Config(
        connect_timeout=timeout,
        read_timeout=timeout,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        max_pool_connections=_CONNECTIONS,
        signature_version="s3v4",
        # A server of one's own seldom has a host name for each bucket.
        s3={"addressing_style": "path" if endpoint_url else "auto"},
    )


def _checksum(head: dict[str, Any]) -> Checksum | None:
    """The CRC-32 of the whole object; None where the server has none, or one of parts."""
    expected = head.get("ChecksumCRC32", "")
    if not expected or "-" in expected or head.get("ChecksumType") == "COMPOSITE":
        return None
    return Checksum(lambda crc, piece: zlib.crc32(piece, crc), expected)
