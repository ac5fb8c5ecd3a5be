"""Blobs as objects of a Google Cloud Storage bucket; needs the extra ``gcs``.

Credentials are those of a key file, or what the machine has: the library looks in
``GOOGLE_APPLICATION_CREDENTIALS`` and asks the cloud that the machine runs in.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import cached_property
from urllib.parse import quote

import google_crc32c
from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud.storage import Blob, Bucket, Client

from janitor.errors import Failure
from janitor.storage.bucket import TIMEOUT, BucketStore, Found
from janitor.storage.gcs_answers import A_MOMENT, answering
from janitor.storage.object_metadata import as_strings, blob_stat
from janitor.storage.pieces import PIECE, Checksum, Outgoing
from janitor.storage.port import KeyTaken, Metadata, Refused


class GCSStore(BucketStore):
    """A bucket of Google Cloud Storage.

    What is larger than a piece goes up in a resumable session: a piece that fails is sent
    again. A session that nobody finishes is invisible and ends by itself after a week.

    Args:
        bucket: its name.
        creds_path: a service account's key file; the machine's credentials by default.
    """

    def __init__(self, bucket: str, creds_path: str | os.PathLike[str] | None = None) -> None:
        super().__init__(bucket)
        self._creds_path = creds_path

    @property
    def location(self) -> str:
        """The bucket's URL."""
        return f"gs://{self._bucket_name}/"

    @cached_property
    def _bucket(self) -> Bucket:
        """Made when it is first needed: finding credentials may mean asking for them."""
        if self._creds_path is None:
            return Client().bucket(self._bucket_name)
        try:
            client = Client.from_service_account_json(self._creds_path)
        except (OSError, ValueError, LookupError) as error:
            # Not its text, which may quote the file.
            raise Refused(
                f"{self.location}: {os.fspath(self._creds_path)} holds no usable credentials"
                f" ({type(error).__name__})"
            ) from None
        return client.bucket(self._bucket_name)

    def _answering(self, doing: str) -> AbstractContextManager[None]:
        return answering(self.location, doing)

    def _upload(self, name: str, content: Outgoing, metadata: Metadata, timeout: float) -> None:
        blob = Blob(name, self._bucket, chunk_size=PIECE)
        blob.metadata = as_strings(metadata)
        try:
            blob.upload_from_file(
                content,
                # A known size means one request; that also carries the checksum.
                size=content.size_if_small,
                content_type=metadata.content_type,
                if_generation_match=0,
                checksum="crc32c",
                timeout=timeout,
                retry=A_MOMENT,
            )
        except PreconditionFailed as error:
            raise KeyTaken(f"{self.location}: {name} is taken") from error

    def _look(self, name: str, timeout: float) -> Found | None:
        blob = self._bucket.get_blob(name, timeout=timeout, retry=A_MOMENT)
        if blob is None:
            return None
        return Found(
            stat=blob_stat(blob.size, blob.time_created, blob.metadata or {}),
            version=str(blob.generation),
            checksum=Checksum(google_crc32c.extend, blob.crc32c) if blob.crc32c else None,
        )

    def _fetch(self, name: str, version: str, start: int, end: int, timeout: float) -> bytes:
        piece: bytes = self._bucket.blob(name).download_as_bytes(
            start=start,
            end=end - 1,
            raw_download=True,
            if_generation_match=int(version),
            checksum=None,  # of a part there is none; the whole is checked at its end
            timeout=timeout,
            retry=A_MOMENT,
        )
        return piece

    def _names(self, prefix: str) -> Iterator[str]:
        found = self._bucket.list_blobs(
            prefix=prefix,
            fields="items(name),nextPageToken",
            timeout=TIMEOUT,
            retry=A_MOMENT,
        )
        return (blob.name for blob in found)

    def _remove(self, name: str) -> bool:
        try:
            self._bucket.delete_blob(name, timeout=TIMEOUT, retry=A_MOMENT)
        except NotFound:
            return False
        return True

    def _url(self, name: str) -> str:
        return f"https://storage.googleapis.com/{self._bucket_name}/{quote(name)}"

    def _signed_url(self, name: str, valid_for: timedelta) -> str:
        blob = self._bucket.blob(name)
        try:
            url: str = blob.generate_signed_url(version="v4", expiration=valid_for)
        except AttributeError as error:  # how the library says it
            raise Failure(
                f"{self.location}: these credentials can't sign; use a service account's key file"
            ) from error
        return url
