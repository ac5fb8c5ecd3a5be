"""What a campaign asks of reviews before a run may be published: a document, and nothing else.

:mod:`.decision` says what follows from it, :mod:`.campaign_policy` keeps one for each campaign.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
    model_validator,
)

from janitor.errors import Failure
from janitor.storable import check_storable
from janitor.wording import refusal_in_words

QA, ANYBODY = "qa", "reviewer"  # the roles that a verdict itself says


def _storable(name: str) -> str:
    check_storable(name)
    return name


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable)]


class InvalidPolicy(Failure):
    """A document that is no policy."""


class Policy(BaseModel):
    """What a campaign asks of reviews.

    The default is what deployments do today: the latest verdict of a QA reviewer decides.

    Args:
        approvals: what the approvals must weigh together; None: the latest verdict decides.
        rejections: what rejections must weigh together to reject the run; ``any``: one by
            anybody will do. Only where approvals are counted.
        weights: what a verdict weighs, by role; who has no role here does not count. ``qa`` is
            a QA reviewer, ``reviewer`` anybody.
        roles: further roles, and who has them. Of several roles the weightiest counts.
        authors: who wrote the campaign; their verdicts do not count.
        approvals_expire: whether approvals lapse once a newer run replaces theirs.
        not_required_below: runs of a lower value need no review.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    approvals: PositiveInt | None = None
    rejections: PositiveInt | Literal["any"] = 1
    weights: dict[Name, PositiveInt] = {QA: 1}
    roles: dict[Name, list[Name]] = {}
    authors: list[Name] = []
    approvals_expire: bool = False
    not_required_below: Annotated[int, Field(ge=-(2**31), lt=2**31)] | None = None  # as values

    @classmethod
    def read(cls, document: str | bytes) -> Self:
        """Return the policy that a JSON document says.

        Raises:
            InvalidPolicy: names everything that is wrong with it.
        """
        try:
            return cls.model_validate_json(document)
        except ValidationError as error:
            raise InvalidPolicy(
                f"this is no policy: {refusal_in_words(error, 'document')}"
            ) from None

    def document(self) -> str:
        """Return it as the JSON that :meth:`read` takes, without what is the default anyway."""
        return json.dumps(self.model_dump(exclude_defaults=True), indent=2)

    def weight(self, reviewer: str, *, qa: bool) -> int:
        """Return what a reviewer's verdict weighs; 0 where it does not count."""
        if reviewer in self.authors:
            return 0
        named = [role for role, members in self.roles.items() if reviewer in members]
        held = [ANYBODY, *([QA] if qa else []), *named]
        return max(self.weights.get(role, 0) for role in held)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        problems = [*self._wrong_roles(), *self._never_met()]
        if self.approvals is None and "rejections" in self.model_fields_set:
            problems.append("rejections are counted where approvals are; give approvals too")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _wrong_roles(self) -> list[str]:
        known = {QA, ANYBODY, *self.roles}
        return [
            *(
                f"weights: {role} is no role; there are {', '.join(sorted(known))}"
                for role in self.weights
                if role not in known
            ),
            *(
                f"roles: {role} needs no list of members: each verdict says it"
                for role in self.roles
                if role in {QA, ANYBODY}
            ),
            *(
                f"roles: {role} has no weight; add it to weights"
                for role in self.roles
                if role not in self.weights
            ),
        ]

    def _never_met(self) -> list[str]:
        """Why no run could ever be approved, as far as the document tells."""
        if self.weights.keys() & {QA, ANYBODY}:
            return []
        members = {name for listed in self.roles.values() for name in listed}
        most = sum(self.weight(name, qa=False) for name in members)
        if most >= (self.approvals or 1):
            return []
        return [f"all who count weigh {most} together, and {self.approvals or 1} is asked for"]
