"""What policies make of verdicts, as tables that read like the policies."""

from __future__ import annotations

import pytest

from janitor.review.decision import Decision, Facts, Given, decide
from janitor.review.policy import Policy

ADA, BOB, CARA = "ada", "bob", "cara"  # QA reviewers
EVE, FRED = "eve", "fred"  # anybody

OPEN = "needs-manual-review"


def verdicts(said: str) -> list[Given]:
    """``ada+ eve- bob0``: ada approved, eve rejected, bob abstained, in this order."""
    words = {"+": "approved", "-": "rejected", "0": "abstained"}
    return [
        Given(each[:-1], words[each[-1]], qa=each[:-1] in {ADA, BOB, CARA})  # type: ignore[arg-type]  # one of the words
        for each in said.split()
    ]


def decided(policy: Policy, said: str, **facts: object) -> tuple[str | None, str]:
    decision = decide(policy, verdicts(said), Facts(**facts))  # type: ignore[arg-type]  # as the dataclass says
    return decision.status, decision.why


TODAY = Policy()


@pytest.mark.parametrize(
    ("said", "status", "why"),
    [
        ("", None, "needs a verdict by a QA reviewer"),
        ("ada+", "approved", "approved by ada"),
        ("ada-", "rejected", "rejected by ada"),
        ("ada+ bob-", "rejected", "rejected by bob"),
        ("ada- bob+", "approved", "approved by bob"),
        ("ada- bob+ ada-", "rejected", "rejected by ada"),
        ("ada+ ada0", "approved", "approved by ada"),
        ("ada0", None, "needs a verdict by a QA reviewer"),
        ("eve+", None, "needs a verdict by a QA reviewer"),
        ("ada+ eve-", "approved", "approved by ada"),
    ],
)
def test_today_the_latest_verdict_of_a_qa_reviewer_decides(
    said: str, status: str | None, why: str
) -> None:
    assert decided(TODAY, said) == (status, why)


TWO_OF_QA = Policy(approvals=2)


@pytest.mark.parametrize(
    ("said", "status", "why"),
    [
        ("", OPEN, "needs 2 more approvals by a QA reviewer"),
        ("ada+", OPEN, "needs 1 more approval by a QA reviewer; approved by ada"),
        ("ada+ ada+", OPEN, "needs 1 more approval by a QA reviewer; approved by ada"),
        ("ada+ eve+", OPEN, "needs 1 more approval by a QA reviewer; approved by ada"),
        ("ada+ bob+", "approved", "approved by ada and bob"),
        ("cara+ bob+ ada+", "approved", "approved by ada, bob and cara"),
        ("ada+ bob+ ada0", OPEN, "needs 1 more approval by a QA reviewer; approved by bob"),
        ("ada+ bob+ cara-", "rejected", "rejected by cara"),
        ("cara- ada+ bob+", "rejected", "rejected by cara"),
        ("cara- ada+ bob+ cara0", "approved", "approved by ada and bob"),
        ("cara- ada+ cara+", "approved", "approved by ada and cara"),
        ("ada+ bob+ eve-", "approved", "approved by ada and bob"),
    ],
)
def test_two_approvals_and_a_rejection_of_those_who_count_blocks(
    said: str, status: str, why: str
) -> None:
    assert decided(TWO_OF_QA, said) == (status, why)


TWO_OF_THREE = Policy(
    approvals=2, rejections=2, weights={"board": 1}, roles={"board": [ADA, EVE, FRED]}
)


@pytest.mark.parametrize(
    ("said", "status", "why"),
    [
        ("ada+ bob+", OPEN, "needs 1 more approval by one of board; approved by ada"),
        ("ada+ eve+", "approved", "approved by ada and eve"),
        (
            "ada+ eve-",
            OPEN,
            "needs 1 more approval by one of board; approved by ada; rejected by eve",
        ),
        ("ada+ eve- fred+", "approved", "approved by ada and fred"),
        ("ada+ eve- fred-", "rejected", "rejected by eve and fred"),
    ],
)
def test_two_of_a_board_of_three_decide_either_way(said: str, status: str, why: str) -> None:
    assert decided(TWO_OF_THREE, said) == (status, why)


QA_WEIGHS_DOUBLE = Policy(approvals=3, weights={"qa": 2, "reviewer": 1})


@pytest.mark.parametrize(
    ("said", "status", "why"),
    [
        (
            "ada+",
            OPEN,
            (
                "needs approvals that weigh 1 more (a QA reviewer weighs 2, a reviewer weighs 1);"
                " approved by ada"
            ),
        ),
        ("ada+ eve+", "approved", "approved by ada and eve"),
        ("ada+ bob+", "approved", "approved by ada and bob"),
        (
            "eve+ fred+",
            OPEN,
            (
                "needs approvals that weigh 1 more (a QA reviewer weighs 2, a reviewer weighs 1);"
                " approved by eve and fred"
            ),
        ),
        ("ada+ bob+ eve-", "rejected", "rejected by eve"),
    ],
)
def test_a_qa_reviewer_weighs_as_much_as_two_others(said: str, status: str, why: str) -> None:
    assert decided(QA_WEIGHS_DOUBLE, said) == (status, why)


def test_of_several_roles_the_weightiest_counts() -> None:
    policy = Policy(approvals=3, weights={"qa": 1, "lead": 3}, roles={"lead": [ADA]})
    assert decided(policy, "ada+") == ("approved", "approved by ada")


ANY_REJECTION = Policy(approvals=1, rejections="any")


@pytest.mark.parametrize(
    ("said", "status", "why"),
    [
        ("ada+", "approved", "approved by ada"),
        ("ada+ eve-", "rejected", "rejected by eve"),
        ("ada+ eve- eve0", "approved", "approved by ada"),
        ("ada+ eve- eve+", "approved", "approved by ada"),
        ("eve+", OPEN, "needs 1 more approval by a QA reviewer"),
    ],
)
def test_any_rejection_blocks_until_it_is_taken_back(said: str, status: str, why: str) -> None:
    assert decided(ANY_REJECTION, said) == (status, why)


@pytest.mark.parametrize(
    ("policy", "said", "status", "why"),
    [
        (Policy(authors=[ADA]), "ada+", None, "needs a verdict by a QA reviewer"),
        (Policy(authors=[ADA]), "bob+ ada-", "approved", "approved by bob"),
        (
            Policy(approvals=2, authors=[ADA]),
            "ada+ bob+",
            OPEN,
            "needs 1 more approval by a QA reviewer; approved by bob",
        ),
        (
            Policy(approvals=1, rejections="any", authors=[EVE]),
            "bob+ eve-",
            "approved",
            "approved by bob",
        ),
    ],
)
def test_the_author_of_the_campaign_does_not_count(
    policy: Policy, said: str, status: str | None, why: str
) -> None:
    assert decided(policy, said) == (status, why)


@pytest.mark.parametrize(
    ("policy", "said", "status", "why"),
    [
        (
            Policy(approvals_expire=True),
            "ada+",
            OPEN,
            (
                "needs a verdict by a QA reviewer;"
                " the approval by ada lapsed when run r2 replaced this one"
            ),
        ),
        (Policy(approvals_expire=True), "ada-", "rejected", "rejected by ada"),
        (Policy(approvals_expire=True), "", None, "needs a verdict by a QA reviewer"),
        (
            Policy(approvals=2, approvals_expire=True),
            "ada+ bob+",
            OPEN,
            (
                "needs 2 more approvals by a QA reviewer;"
                " the approvals by ada and bob lapsed when run r2 replaced this one"
            ),
        ),
        (Policy(approvals=2), "ada+ bob+", "approved", "approved by ada and bob"),
        (Policy(), "ada+", "approved", "approved by ada"),
    ],
)
def test_an_approval_lapses_when_a_newer_run_replaces_the_approved_one(
    policy: Policy, said: str, status: str | None, why: str
) -> None:
    assert decided(policy, said, replaced_by="r2") == (status, why)


SMALL_ONES_GO_FREE = Policy(approvals=2, not_required_below=10)


@pytest.mark.parametrize(
    ("said", "value", "status", "why"),
    [
        ("", 9, "approved", "needs no review: its value of 9 is below 10"),
        ("ada+", 9, "approved", "needs no review: its value of 9 is below 10"),
        ("ada-", 9, "rejected", "rejected by ada"),
        ("", 10, OPEN, "needs 2 more approvals by a QA reviewer"),
        ("", None, OPEN, "needs 2 more approvals by a QA reviewer"),
    ],
)
def test_below_a_value_no_review_is_required_but_a_rejection_counts(
    said: str, value: int | None, status: str, why: str
) -> None:
    assert decided(SMALL_ONES_GO_FREE, said, value=value) == (status, why)


def test_what_was_set_aside_is_not_approved_for_its_low_value() -> None:
    assert decided(SMALL_ONES_GO_FREE, "", value=9, publishable=False)[0] == OPEN


def test_below_a_value_the_latest_verdict_still_rejects() -> None:
    policy = Policy(not_required_below=10)
    assert decided(policy, "", value=1)[0] == "approved"
    assert decided(policy, "ada-", value=1)[0] == "rejected"
    assert decide(policy, verdicts("ada+"), Facts(value=10)) == Decision(
        "approved", "approved by ada"
    )
