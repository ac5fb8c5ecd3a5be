"""``result.json``: what a worker says became of its run, read strictly and told plainly.

The fields and their defaults are those of the services in the field (behaviour of
"Finishing a run"); keys that are not known here belong to other services and are left alone.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from janitor.errors import Failure
from janitor.names import CodebaseName, RoleName
from janitor.state.types import VcsType
from janitor.storable import check_storable
from janitor.wording import refusal_in_words

MISSING_CODE = "missing-result-code"
SUCCESS = "success"
CONTINUED = "nothing-new-to-do"

# Characters, of up to four bytes each: both are indexed, and an entry of an index holds 2,700.
LONGEST_CODE = 200
LONGEST_REVISION = 500

Revision = Annotated[str, Field(max_length=LONGEST_REVISION)]
Integer = Annotated[int, Field(ge=-(2**31), lt=2**31)]


class InvalidResult(Failure):
    """A ``result.json`` that can't be taken in; nothing of the run was stored."""


class BranchResult(NamedTuple):
    """A branch that the run changed, by role."""

    role: RoleName
    remote_name: str | None
    base_revision: Revision | None
    revision: Revision | None


class TagResult(NamedTuple):
    """A tag that the run set."""

    name: str
    revision: str


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{moment} is out of range in UTC") from None


def _joined(stage: Any) -> Any:  # noqa: ANN401 - whatever the JSON holds; pydantic checks it next
    return "/".join(map(str, stage)) if isinstance(stage, list) else stage


class RunResult(BaseModel):
    """What ``result.json`` says; a time without zone is UTC."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: Annotated[str, Field(max_length=LONGEST_CODE)] | None = MISSING_CODE
    description: str | None = None
    context: str | None = None
    codemod: Any = None
    main_branch_revision: Revision | None = None
    revision: Revision | None = None
    value: Integer | None = None
    branches: tuple[BranchResult, ...] = ()
    tags: tuple[TagResult, ...] = ()
    failure_details: Any = Field(default=None, alias="details")
    failure_stage: Annotated[str | None, BeforeValidator(_joined)] = Field(
        default=None, alias="stage"
    )
    start_time: datetime
    finish_time: datetime
    queue_id: int | None = None
    worker_name: str | None = None
    refreshed: bool = False
    target_branch_url: str | None = None
    branch_url: str | None = None
    vcs_type: VcsType | None = None
    subpath: str | None = None
    transient: bool | None = None
    codebase: CodebaseName | None = None

    @field_validator("start_time", "finish_time")
    @classmethod
    def _times_are_utc(cls, moment: datetime) -> datetime:
        return _in_utc(moment)

    @field_validator("branches", "tags", mode="before")
    @classmethod
    def _none_is_empty(cls, listed: Any) -> Any:  # noqa: ANN401 - raw JSON
        return [] if listed is None else listed

    @field_validator("*")
    @classmethod
    def _can_be_stored(cls, value: Any) -> Any:  # noqa: ANN401 - any field's
        check_storable(value)
        return value

    @model_validator(mode="after")
    def _adds_up(self) -> RunResult:
        if self.finish_time < self.start_time:
            raise ValueError(f"finish_time {self.finish_time} is before start_time")
        roles = [branch.role for branch in self.branches]
        twice = sorted({role for role in roles if roles.count(role) > 1})
        if twice:
            raise ValueError(f"the role {twice[0]!r} stands twice among the branches")
        return self

    @property
    def result_code(self) -> str:
        """The code; a null one is a success unless the result speaks of a failure."""
        if self.code is not None:
            return self.code
        failed = self.failure_stage is not None or self.failure_details is not None
        return MISSING_CODE if failed else SUCCESS

    @classmethod
    def read(cls, text: bytes, source: str) -> RunResult:
        """Return the result that a file says.

        Args:
            text: the content of ``result.json``.
            source: which run's file it is, for the message.

        Raises:
            InvalidResult: each field that is missing or wrong, in one sentence.
        """
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidResult(f"{source}: result.json is not JSON: {error}") from None
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise InvalidResult(
                f"{source}: result.json is refused: {refusal_in_words(error, 'result')}"
            ) from None
