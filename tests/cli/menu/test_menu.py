"""The menu, on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cli.terminal import CTRL_C, CTRL_D, typed
from tests.fakes.http import FakeBridge, fake_bridge

Command = Callable[..., Any]
ACCOUNTS = "/v1/chatgpt/accounts"
GO_BACK = ""


@pytest.fixture
def bridge() -> Iterator[FakeBridge]:
    """A bridge with two accounts."""
    with fake_bridge() as running:
        running.says({"data": [{"alias": "free"}, {"alias": "plus"}]}, path=ACCOUNTS)
        yield running


def chosen(bridge: FakeBridge, *answers: str, arguments: tuple[str, ...] = ("menu",)) -> tuple[int, str]:
    return typed(*arguments, answers=answers, CHATGPT_BASE_URL=bridge.base_url, CHATGPT_API_KEY="k")


@pytest.mark.parametrize("arguments", [(), ("menu",)])
def test_it_opens_on_a_terminal_runs_what_is_chosen_and_comes_back(
    bridge: FakeBridge, arguments: tuple[str, ...]
) -> None:
    status, shown = chosen(bridge, "6", GO_BACK, "?", "q", arguments=arguments)
    assert status == 0
    assert shown.count("ChatGPT Bridge") == 3
    assert "plus " in shown
    assert [asked.path for asked in bridge.asked] == [ACCOUNTS]


def test_without_a_terminal_it_is_wrong_usage(command: Command) -> None:
    for arguments in ((), ("menu",)):
        shown = command(*arguments)
        assert (shown.status, shown.out) == (2, "")
        assert "Usage: chatgpt-api" in shown.err


def test_an_account_is_chosen_by_number_or_name(bridge: FakeBridge) -> None:
    bridge.says({"accounts": []}, path="/v1/chatgpt/admin/accounts/check")
    chosen(bridge, "7", "2", GO_BACK, "7", "free", GO_BACK, "7", "", GO_BACK, "q")
    checked = [asked.body for asked in bridge.asked if asked.path.endswith("/check")]
    assert checked == [{"account": "plus"}, {"account": "free"}, {"account": "all"}]


def test_deleting_needs_the_word(bridge: FakeBridge) -> None:
    bridge.says({"alias": "plus", "deleted": True}, path=f"{ACCOUNTS}/plus")
    status, shown = chosen(bridge, "10", "plus", "delete", GO_BACK, "10", "back", GO_BACK, "q")
    assert (status, shown.count("Nothing was done.")) == (0, 2)
    assert "DELETE" not in [asked.method for asked in bridge.asked]

    chosen(bridge, "10", "plus", "DELETE", GO_BACK, "q")
    assert [asked.path for asked in bridge.asked if asked.method == "DELETE"] == [f"{ACCOUNTS}/plus"]


def test_a_name_that_is_taken_is_asked_again_and_a_capture_is_pasted(bridge: FakeBridge) -> None:
    bridge.says({"ok": False, "missing": ["cookies"]}, path=f"{ACCOUNTS}/inspect")
    status, shown = chosen(bridge, "8", "plus", "", "paste", "curl 1\nEND_CAPTURE", GO_BACK, "q")
    assert status == 0
    assert "There is an account 'plus' already" in shown
    assert "account=account-1" in shown
    assert "That ended with 1." in shown
    assert bridge.asked[-1].body == {"capture": "curl 1\n"}


@pytest.mark.parametrize("entry", ["7", "9", "10"])
def test_a_name_that_nobody_has_is_asked_again(bridge: FakeBridge, entry: str) -> None:
    status, shown = chosen(bridge, entry, "99", "nobody", CTRL_C)
    assert status == 130
    assert "There is no '99'" in shown
    assert "There is no 'nobody'" in shown
    assert shown.count("Which account") == 3
    assert [asked.method for asked in bridge.asked] == ["GET"]


def test_where_there_are_no_accounts_nobody_is_asked_for_one() -> None:
    with fake_bridge() as empty:
        empty.says({"data": []}, path=ACCOUNTS)
        status, shown = chosen(empty, "9", GO_BACK, "10", GO_BACK, "q")
    assert (status, shown.count("No account yet")) == (0, 2)


def test_what_fails_is_said_and_the_menu_goes_on() -> None:
    with fake_bridge() as gone:
        pass
    status, shown = chosen(gone, "2", GO_BACK, "99", GO_BACK, "q")
    assert status == 0
    assert "server_unreachable" in shown
    assert "That ended with 2." in shown
    assert "There is no '99'" in shown


@pytest.mark.parametrize(("key", "status"), [(CTRL_C, 130), (CTRL_D, 0)])
def test_ctrl_c_and_the_end_of_the_input_leave(bridge: FakeBridge, key: str, status: int) -> None:
    assert chosen(bridge, key)[0] == status
    assert chosen(bridge, "10", key)[0] == status
