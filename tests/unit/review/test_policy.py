"""A policy that makes no sense is refused, with everything that is wrong with it."""

from __future__ import annotations

import pytest

from janitor.review.policy import InvalidPolicy, Policy


@pytest.mark.parametrize(
    ("document", "problems"),
    [
        ("[]", ["should be an object"]),
        ("{", ["Invalid JSON"]),
        ('{"aprovals": 2}', ["aprovals: Extra inputs"]),
        ('{"approvals": "2"}', ["approvals: Input should be a valid integer"]),
        ('{"approvals": 0}', ["approvals: Input should be greater than 0"]),
        ('{"approvals": 0, "weights": {"qa": -1}}', ["approvals: ", "weights.qa: "]),
        ('{"rejections": 2}', ["rejections are counted where approvals are"]),
        ('{"weights": {}}', ["all who count weigh 0 together, and 1 is asked for"]),
        ('{"weights": {"boss": 1}}', ["boss is no role; there are qa, reviewer"]),
        ('{"roles": {"qa": ["ada"]}}', ["qa needs no list of members"]),
        ('{"roles": {"lead": ["ada"]}}', ["lead has no weight"]),
        (
            '{"approvals": 3, "weights": {"lead": 1}, "roles": {"lead": ["ada", "bob"]}}',
            ["all who count weigh 2 together, and 3 is asked for"],
        ),
        (
            '{"weights": {"lead": 1}, "roles": {"lead": ["ada"]}, "authors": ["ada"]}',
            ["all who count weigh 0 together, and 1 is asked for"],
        ),
        ('{"not_required_below": 3000000000}', ["not_required_below"]),
    ],
)
def test_what_makes_no_sense_is_told(document: str, problems: list[str]) -> None:
    with pytest.raises(InvalidPolicy) as raised:
        Policy.read(document)
    for problem in problems:
        assert problem in str(raised.value)


def test_a_document_is_read_as_it_was_written() -> None:
    policy = Policy(
        approvals=2,
        rejections="any",
        weights={"qa": 2, "lead": 3},
        roles={"lead": ["ada"]},
        authors=["eve"],
        approvals_expire=True,
        not_required_below=5,
    )
    assert Policy.read(policy.document()) == policy
    assert Policy.read("{}") == Policy()
    assert Policy().document() == "{}"
