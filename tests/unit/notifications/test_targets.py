"""What a target may be, and that nothing repeats its URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from janitor.notifications.targets import BadTarget, Target, checked_name, find_target

HOOK = "https://ops.example.com/planted-token"


def test_a_webhook_is_a_url_and_its_secrets() -> None:
    found = find_target("team-a", {"JANITOR_NOTIFY_TEAM_A": f"{HOOK} whsec_one\nwhsec_two"})
    assert (found.url, found.secrets) == (HOOK, ("whsec_one", "whsec_two"))
    assert found.is_webhook


def test_a_file_may_say_it(tmp_path: Path) -> None:
    secret = tmp_path / "ops"
    secret.write_text("mailto://bot:planted@example.com\n")
    found = find_target("ops", {"JANITOR_NOTIFY_OPS_FILE": str(secret)})
    assert found.url == "mailto://bot:planted@example.com"
    assert not found.is_webhook


def test_a_credential_may_say_it_and_a_variable_goes_before(tmp_path: Path) -> None:
    (tmp_path / "JANITOR_NOTIFY_OPS").write_text("mailto://planted.example.com\n")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert find_target("ops", environ).url == "mailto://planted.example.com"
    assert find_target("ops", environ | {"JANITOR_NOTIFY_OPS": "slack://x"}).url == "slack://x"
    with pytest.raises(BadTarget, match="target others is not defined"):
        find_target("others", environ)


def test_two_places_are_one_too_many() -> None:
    environ = {"JANITOR_NOTIFY_OPS": "slack://planted", "JANITOR_NOTIFY_OPS_FILE": "/none"}
    with pytest.raises(BadTarget, match="take one of them away"):
        find_target("ops", environ)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "[::1]:8000", "localhost"])
def test_plain_http_stays_on_this_machine(host: str) -> None:
    assert find_target("ops", {"JANITOR_NOTIFY_OPS": f"http://{host}/x whsec_a"}).is_webhook


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not defined: set JANITOR_NOTIFY_OPS or JANITOR_NOTIFY_OPS_FILE"),
        ("planted-token", "does not begin with a URL"),
        (HOOK, "no secret to sign with"),
        ("http://ops.example.com/planted-token whsec_a", "http://, which only a receiver on"),
        ("http://127.0.0.1.example.com/planted-token whsec_a", "http://, which only"),
        ("https://me:planted-token@ops.example.com/ whsec_a", "without user and password"),
        ("https:///planted-token whsec_a", "no URL that can be posted to"),
        ("https://ops.example.com:planted-token/ whsec_a", "no URL that can be posted to"),
        ("https://[planted-token/ whsec_a", "no URL that can be posted to"),
        ("https://planted-token..org/ whsec_a", "no URL that can be posted to"),
        (f"https://{'a' * 64}.planted-token/ whsec_a", "no URL that can be posted to"),
        ("https://planted-token:0/ whsec_a", "no URL that can be posted to"),
        ("https://ops.example.com/planted-token-ß whsec_a", "no URL that can be posted to"),
        ("mailto://me:planted-token@example.com whsec_a", "only webhooks are signed"),
    ],
)
def test_what_is_wrong_is_told_without_what_it_is(text: str, complaint: str) -> None:
    with pytest.raises(BadTarget) as raised:
        find_target("ops", {"JANITOR_NOTIFY_OPS": text})
    assert complaint in str(raised.value)
    assert "planted" not in str(raised.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadTarget, match="JANITOR_NOTIFY_OPS_FILE cannot be read: No such file"):
        find_target("ops", {"JANITOR_NOTIFY_OPS_FILE": str(tmp_path / "none")})


@pytest.mark.parametrize("name", ["", "Ops", "a_b", "1a", "ops-file", "a" * 64, "a/b", "ä"])
def test_names_are_those_that_variables_can_have(name: str) -> None:
    with pytest.raises(BadTarget):
        checked_name(name)


def test_nothing_of_a_target_is_shown() -> None:
    target = Target("ops", "slack://planted-a/planted%2Fb/c?key=planted-c", ("whsec_planted-d",))
    assert "planted" not in repr(target)
    said = target.masked(
        "could not post to slack://planted-a/planted%2Fb/c?key=planted-c: planted/b, planted-a,"
        " planted-c and whsec_planted-d were refused"
    )
    assert "planted" not in said
    assert said.startswith("could not post to ")
