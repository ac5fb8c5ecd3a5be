from __future__ import annotations

import pytest

from janitor.names import UnsafeName, checked_component, checked_slug


@pytest.mark.parametrize("name", ["worker.log", "Größe.log", "a b", "…", "x" * 255, "日本語"])
def test_ordinary_names_pass(name: str) -> None:
    assert checked_component(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b", "/etc/passwd", "..\\x", "a\0b", "a\nb", "x" * 256, "ß" * 128, "\udc80"],
)
def test_names_that_could_leave_their_place_are_refused(name: str) -> None:
    with pytest.raises(UnsafeName):
        checked_component(name, "log file")


@pytest.mark.parametrize("name", ["hello", "0ad", "lib-x+y.z", "ab"])
def test_slugs_are_what_the_database_takes(name: str) -> None:
    assert checked_slug(name, "codebase") == name


@pytest.mark.parametrize("name", ["a", "Hello", "-x", "a_b", "a b", "ä1", "..", "a/b"])
def test_other_slugs_are_refused(name: str) -> None:
    with pytest.raises(UnsafeName, match="codebase"):
        checked_slug(name, "codebase")
