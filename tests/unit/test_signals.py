"""Signals end a block in order, unless whoever started us had them ignored."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from workers.signals import held_back, leaving_in_order, undisturbed


@pytest.fixture
def hangup_ignored() -> Iterator[None]:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_block_by_an_exception(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as leaving, leaving_in_order():
        signal.raise_signal(number)
    assert leaving.value.code == 128 + number
    assert signal.getsignal(number) == before


@pytest.mark.usefixtures("hangup_ignored")
def test_a_hangup_that_is_ignored_stays_so() -> None:
    with leaving_in_order():
        signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_nothing_disturbs_who_is_ending_already() -> None:
    with leaving_in_order(), undisturbed():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGHUP)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_what_is_being_started_is_started_before_a_signal_ends_us(number: signal.Signals) -> None:
    done: list[str] = []

    def start() -> None:
        with leaving_in_order(), held_back():
            signal.raise_signal(number)
            done.append("started")

    with pytest.raises((SystemExit, KeyboardInterrupt)):
        start()
    assert done == ["started"]


@pytest.mark.usefixtures("hangup_ignored")
def test_a_hangup_that_is_ignored_is_not_held_back_either() -> None:
    with leaving_in_order(), held_back():
        signal.raise_signal(signal.SIGHUP)
