"""What can be asked for: a job's kind, its typed payload and its idempotency key.

Each domain package declares the kinds that it owns; :mod:`tasks` binds each to the code
that carries it out. The name and the payload's schema are a public contract.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from janitor.errors import Failure
from janitor.jobs.retry import RetryPolicy
from janitor.state import Conn
from janitor.storable import check_storable
from janitor.wording import refusal_in_words


class Payload(BaseModel):
    """What a job is about: ids and names, never bytes, secrets or whole events."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @field_validator("*")
    @classmethod
    def _can_be_stored(cls, value: Any) -> Any:  # noqa: ANN401 - any field's
        check_storable(value)
        return value


P = TypeVar("P", bound=Payload)


class InvalidPayload(Failure):
    """A payload that is not what its kind asks for."""


@dataclass(frozen=True)
class JobKind(Generic[P]):
    """One kind of work.

    Args:
        name: ``janitor.POOL.VERB``; the Celery task has the same name.
        payload: the model of what is asked.
        key: what makes two requests the same request.
        run: the run that the work serves, if it serves one; its spool is kept until all
            such jobs are done.
        when_failed: what else becomes true, in the transaction that ends the job as failed.
        retry: how often and how soon errors are tried again.
    """

    name: str
    payload: type[P]
    key: Callable[[P], str]
    run: Callable[[P], str] | None = None
    when_failed: Callable[[Conn, P, str], None] | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    @property
    def pool(self) -> str:
        """The pool that works on it: the middle word of the name."""
        return self.name.split(".")[1]

    def read(self, arguments: dict[str, Any]) -> P:
        """Return the payload that a message's or a row's arguments say.

        Raises:
            InvalidPayload: names each argument that is missing, unknown or wrong.
        """
        try:
            # Through JSON: strict, yet dates and the like may come as the text they travel as.
            return self.payload.model_validate_json(json.dumps(arguments))
        except ValidationError as error:
            raise InvalidPayload(f"{self.name}: {refusal_in_words(error, 'arguments')}") from None
        except (TypeError, ValueError) as error:
            raise InvalidPayload(f"{self.name}: the arguments are not JSON: {error}") from None
