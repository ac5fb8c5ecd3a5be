"""A database with two codebases and a policy, and few words for uploading to it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, Row, text

from janitor.uploads import Report, upload

Rows = Callable[[str], list[Row[Any]]]


class Uploads:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __call__(self, subject: str, *lines: dict[str, Any] | bytes, **options: bool) -> Report:
        with self.engine.begin() as conn:
            return upload(conn, subject, io.BytesIO(jsonl(*lines)), **options)

    def rows(self, statement: str) -> list[Row[Any]]:
        with self.engine.connect() as conn:
            return list(conn.execute(text(statement)).all())

    def do(self, statement: str) -> None:
        with self.engine.begin() as conn:
            conn.execute(text(statement))

    def tables(self) -> dict[str, list[Row[Any]]]:
        """Everything that an upload may touch, with what tells a row that was written."""
        return {
            name: self.rows(f"SELECT xmin::text, ctid::text, * FROM {name} ORDER BY ctid")  # noqa: S608 - names of this function
            for name in ("codebase", "candidate", "change_set", "queue")
        }


def jsonl(*lines: dict[str, Any] | bytes) -> bytes:
    return b"".join(
        (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines
    )


@pytest.fixture
def uploads(engine: Engine) -> Uploads:
    uploads = Uploads(engine)
    uploads.do(
        """
        INSERT INTO named_publish_policy (name, per_branch_policy) VALUES
            ('propose', '{"(main,propose,)"}'), ('push', '{"(main,push,)"}');
        INSERT INTO codebase (name, value) VALUES ('hello', 50), ('world', 20)
        """
    )
    return uploads
