"""What a policy makes of the verdicts on a run: pure functions that explain themselves.

No database and no clock; :mod:`.considered` reads what they are given, and
:mod:`.publish_status` acts on the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from janitor.review.policy import ANYBODY, QA, Policy
from janitor.state.types import PublishStatus, Verdict


@dataclass(frozen=True)
class Given:
    """A verdict as it was given.

    Args:
        reviewer: who gave it.
        verdict: approved, rejected or abstained.
        qa: whether it came from a QA reviewer.
    """

    reviewer: str
    verdict: Verdict
    qa: bool = False


@dataclass(frozen=True)
class Facts:
    """What a policy asks of the run itself.

    Args:
        value: the run's value, if it has one.
        replaced_by: the newer run with another result, if there is one.
        publishable: whether it has a revision, and nobody set it aside.
        has_revision: whether it has one.
    """

    value: int | None = None
    replaced_by: str | None = None
    publishable: bool = True
    has_revision: bool = True


@dataclass(frozen=True)
class Decision:
    """What a run's publish status should be, and why in words.

    Args:
        status: approved or rejected; ``needs-manual-review`` where it is open and an earlier
            decision no longer holds; None where nothing that counts was said.
        why: a sentence for people.
    """

    status: PublishStatus | None
    why: str


def decide(policy: Policy, given: Sequence[Given], facts: Facts) -> Decision:
    """Return what the verdicts on a run come to.

    Args:
        policy: what its campaign asks.
        given: every verdict on it, the oldest first.
        facts: what else counts.
    """
    if policy.approvals is None:
        decision = _latest(policy, given, facts)
    else:
        newest = {each.reviewer: each for each in given}
        decision = _counted(policy, policy.approvals, list(newest.values()), facts)
    if decision.status == "approved" and not facts.has_revision:
        # Other services' reviews may say so; the schema has no such run.
        return Decision(None, f"{decision.why}, but there is no revision that could be published")
    return decision


def counts(policy: Policy, each: Given) -> bool:
    """Return whether a verdict alone can have any part in what the policy makes of a run.

    Args:
        policy: what its campaign asks.
        each: the verdict.
    """
    if each.verdict == "rejected" and policy.approvals is not None and policy.rejections == "any":
        return each.reviewer not in policy.authors
    return each.verdict != "abstained" and _weight(policy, each) > 0


def _weight(policy: Policy, each: Given) -> int:
    return policy.weight(each.reviewer, qa=each.qa)


def _latest(policy: Policy, given: Sequence[Given], facts: Facts) -> Decision:
    decisive = [each for each in given if counts(policy, each)]
    last = decisive[-1] if decisive else None
    if last is not None and last.verdict == "rejected":
        return Decision("rejected", f"rejected by {last.reviewer}")
    if free := _not_required(policy, facts):
        return free
    if last is None:
        return Decision(None, f"needs a verdict by {_who(policy)}")
    if lapsed := _lapsed(policy, [last], facts):
        return Decision("needs-manual-review", f"needs a verdict by {_who(policy)}; {lapsed}")
    return Decision("approved", f"approved by {last.reviewer}")


def _counted(policy: Policy, needed: int, given: Sequence[Given], facts: Facts) -> Decision:
    decisive = [each for each in given if counts(policy, each)]
    against = [each for each in decisive if each.verdict == "rejected"]
    weighs_against = sum(_weight(policy, each) for each in against)
    if against and (policy.rejections == "any" or weighs_against >= policy.rejections):
        return Decision("rejected", f"rejected by {_names(against)}")
    if free := _not_required(policy, facts):
        return free
    approving = [each for each in decisive if each.verdict == "approved"]
    lapsed = _lapsed(policy, approving, facts)
    weighs = 0 if lapsed else sum(_weight(policy, each) for each in approving)
    if weighs >= needed:
        return Decision("approved", f"approved by {_names(approving)}")
    parts = [_missing(policy, needed - weighs)]
    if approving:
        parts.append(lapsed or f"approved by {_names(approving)}")
    if against:
        parts.append(f"rejected by {_names(against)}")
    return Decision("needs-manual-review", "; ".join(parts))


def _not_required(policy: Policy, facts: Facts) -> Decision | None:
    threshold = policy.not_required_below
    if threshold is None or facts.value is None or facts.value >= threshold:
        return None
    if not facts.publishable:
        return None
    why = f"needs no review: its value of {facts.value} is below {threshold}"
    return Decision("approved", why)


def _lapsed(policy: Policy, approving: Sequence[Given], facts: Facts) -> str | None:
    """Why approvals no longer hold, if they don't."""
    if not approving or not policy.approvals_expire or facts.replaced_by is None:
        return None
    what = f"the approval{'s' if len(approving) > 1 else ''} by {_names(approving)}"
    return f"{what} lapsed when run {facts.replaced_by} replaced this one"


def _missing(policy: Policy, weight: int) -> str:
    if set(policy.weights.values()) == {1}:
        plural = "s" if weight > 1 else ""
        return f"needs {weight} more approval{plural} by {_who(policy)}"
    worth = ", ".join(f"{_role(role)} weighs {each}" for role, each in policy.weights.items())
    return f"needs approvals that weigh {weight} more ({worth})"


def _who(policy: Policy) -> str:
    return " or ".join(_role(role) for role in policy.weights)


def _role(role: str) -> str:
    return {QA: "a QA reviewer", ANYBODY: "a reviewer"}.get(role, f"one of {role}")


def _names(given: Iterable[Given]) -> str:
    *others, last = sorted(each.reviewer for each in given)
    return f"{', '.join(others)} and {last}" if others else last
