"""What each format does with the oddities of real copies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CaptureRejectedError
from provider.chatgpt_web.capture import Capture, parse_capture
from provider.chatgpt_web.capture.formats.curl_bash import split_words
from provider.chatgpt_web.capture.formats.curl_cmd import split_arguments

VECTORS = Path(__file__).parents[2] / "vectors"
URL = "https://chatgpt.com/backend-api/f/conversation"
BODY = '{"action":"next","messages":[{"id":"m1"}],"model":"auto"}'


def text_of(name: str) -> str:
    return (VECTORS / name).read_bytes().decode()


def reason_of(text: str) -> str:
    with pytest.raises(CaptureRejectedError) as caught:
        parse_capture(text)
    return caught.value.reason


def test_options_come_apart_glued_and_with_equals_signs() -> None:
    capture = parse_capture(
        f"curl --max-time 5 -sSLo out.json --proxy=http://p:1 '-Haccept: */*' -H'user-agent: one' "
        f"--cookie=a=1 -XPOST -sk --connect-timeout 3 --url={URL} --data-raw='{BODY}'"
    )

    assert (capture.url, capture.method) == (URL, "POST")
    assert capture.headers == {"accept": "*/*", "user-agent": "one"}
    assert capture.cookies == {"a": "1"}
    assert capture.body == json.loads(BODY)


def test_user_agent_and_method_have_options_of_their_own() -> None:
    capture = parse_capture(f"curl '{URL}' -A 'Agent/1' --request put --user-agent Agent/2")

    assert capture.headers["user-agent"] == "Agent/2"
    assert capture.method == "PUT"


@pytest.mark.parametrize(
    "prompt", ["$ ", "$ $ ", "me@host:~/x$ ", "> ", "# ", "/usr/bin/", "/opt/curl-8/bin/", "C:\\Users\\me>", "% "]
)
def test_prompts_and_paths_in_front_are_no_part_of_it(prompt: str) -> None:
    assert parse_capture(f"{prompt}curl '{URL}' -d '{BODY}'").url == URL


def test_a_paste_that_lost_its_line_ends_still_works() -> None:
    text = text_of("capture-curl-bash.txt")

    assert parse_capture(text.replace("\n", " ")) == parse_capture(text)


@pytest.mark.parametrize("blank", ["\x0b", "\x0c", "\x1f", "\x85", "\u00a0", "\u2028"])
def test_any_blank_divides_words(blank: str) -> None:
    assert split_words(f"a{blank}'b c'{blank}d") == ["a", "b c", "d"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"$'a\'b\\c'", "a'b\\c"),
        (r"$'\u0021\x21\41'", "!!!"),
        (r"$'caf\xc3\xa9'", "café"),
        (r"$'caf\xe9'", "café"),
        (r"$'\ud83d\ude80'", "🚀"),
        (r"$'\U0001F680'", "🚀"),
        (r"$'\t\r\n\e'", "\t\r\n\x1b"),
        (r"$'half \ud83d'", "half \ufffd"),
        (r'"a\"b\$c\d"', 'a"b$c\\d'),
        (r"a\ b", "a b"),
        ("'it'\\''s'", "it's"),
        ("$HOME", "$HOME"),
        ("'open", "open"),
        ("$'open\\", "open"),
    ],
)
def test_a_word_means_what_the_shell_means(written: str, meant: str) -> None:
    expected = ["a", "b"] if written == r"a\ b" else [meant]

    assert split_words(written) == expected


@given(st.text(max_size=60))
def test_what_is_quoted_comes_back(text: str) -> None:
    single = "'" + text.replace("'", "'\\''") + "'"
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")

    assert split_words(f"{single} x") == [text, "x"]
    assert split_words(f"$'{escaped}' x") == [text, "x"]


@given(st.lists(st.text(alphabet='ab "\\', min_size=1, max_size=12), max_size=4))
def test_arguments_of_windows_come_back(words: list[str]) -> None:
    line = " ".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words)

    assert split_arguments(line) == words


@pytest.mark.parametrize(
    "text",
    [
        f"curl '{URL}' -H 'a: b' ; curl '{URL}'",
        f"curl '{URL}' --next '{URL}'",
        f"curl '{URL}' 'https://other.example.test/'",
        f"curl '{URL}' -H 'authorization: Bearer one' -H 'authorization: Bearer two'",
        f"curl '{URL}'\nInvoke-WebRequest -Uri \"{URL}\"",
        f'await fetch("{URL}", {{}});\nfetch("{URL}", {{}});',
    ],
)
def test_two_requests_are_never_mixed(text: str) -> None:
    assert reason_of(text) == "multiple_requests"


@pytest.mark.parametrize("said", ["Invoke-WebRequest and fetch( and curl ", 'a caret ^"', "ends ^\\nhere"])
def test_a_message_about_requests_is_only_a_message(said: str) -> None:
    body = json.dumps({"messages": [{"content": said}]}).replace("'", "")

    capture = parse_capture(f"curl '{URL}' --data-raw '{body}'")

    assert capture.format == "curl-bash"
    assert capture.body == json.loads(body)


def test_an_older_windows_copy_quotes_without_carets() -> None:
    body = BODY.replace('"', '\\"')

    capture = parse_capture(f'curl "{URL}" ^\r\n  -H "accept: */*" ^\r\n  --data-raw "{body}"')

    assert (capture.format, capture.url, capture.body) == ("curl-cmd", URL, json.loads(BODY))


def test_an_empty_value_does_not_shift_the_pairs() -> None:
    capture = parse_capture(
        f"Request URL\n{URL}\n:authority\nchatgpt.com\noai-echo-logs\nauthorization\nBearer x\nx-own\ncookie\na=1\n"
    )

    assert capture.headers == {"authorization": "Bearer x"}
    assert capture.cookies == {"a": "1"}


def test_pseudo_headers_say_where_it_went_when_nothing_else_does() -> None:
    capture = parse_capture(
        ":authority\nchatgpt.com\n:method\nPOST\n:path\n/backend-api/f/conversation\n:scheme\nhttps\naccept\n*/*\n"
    )

    assert (capture.url, capture.method, capture.headers) == (URL, "POST", {"accept": "*/*"})


def test_a_raw_request_is_read() -> None:
    capture = parse_capture(
        "POST /backend-api/f/conversation HTTP/2\nHost: chatgpt.com\nUser-Agent: Agent/1\nCookie: a=1\n\n" + BODY
    )

    assert (capture.url, capture.method) == (URL, "POST")
    assert capture.headers == {"user-agent": "Agent/1"}
    assert capture.body == json.loads(BODY)


def test_safari_names_the_method_as_a_pseudo_header_too() -> None:
    capture = parse_capture(
        "Summary\nURL: https://chatgpt.com/backend-api/f/conversation\nStatus: —\n\nRequest\n:method: POST\n"
        ":scheme: https\nAccept: */*\n\nResponse\nAccept: no\nSet-Cookie: a=1; Path=/\n"
    )

    assert (capture.format, capture.method, capture.status) == ("safari-headers", "POST", None)
    assert capture.headers == {"accept": "*/*"}
    assert capture.cookies == {"a": "1"}


def test_headers_behind_the_payload_count() -> None:
    capture = parse_capture(f"Request Payload\n{BODY}\nRequest URL: {URL}\nauthorization: Bearer x\ncookie: a=1\n")

    assert capture.body == json.loads(BODY)
    assert capture.headers == {"authorization": "Bearer x"}


def test_response_cookies_count_without_a_marker() -> None:
    capture = parse_capture(f"Request URL: {URL}\nset-cookie: a=2; Path=/\nx-oai-is-update: u\ncookie: a=1; b=1\n")

    assert capture.cookies == {"a": "2", "b": "1", "__Secure-oai-is": "u"}


def test_json_in_a_cookie_is_no_payload() -> None:
    capture = parse_capture(f'Request URL: {URL}\nuser-agent: A\ncookie: g_state={{"i_l":0}}; b=1\n')

    assert capture.body is None
    assert capture.cookies == {"g_state": '{"i_l":0}', "b": "1"}


@pytest.mark.parametrize(
    "name", ["capture-chrome-two-line.txt", "capture-chrome-colon.txt", "capture-safari-headers.txt"]
)
def test_two_views_are_never_mixed(name: str) -> None:
    assert reason_of(text_of(name) * 2) == "multiple_requests"


@pytest.mark.parametrize(
    "name", ["capture-chrome-two-line.txt", "capture-chrome-colon.txt", "capture-safari-headers.txt"]
)
def test_line_ends_of_windows_make_no_difference(name: str) -> None:
    text = text_of(name)

    assert parse_capture(text.replace("\n", "\r\n")) == parse_capture(text)


def test_a_message_with_options_in_it_is_only_a_message() -> None:
    said = '`"-Uri `"https://evil.example.test`" -Method `"GET`" -Headers @{`"cookie`"=`"x`"}`"'
    text = text_of("capture-powershell.txt")
    capture = parse_capture(text)
    begins = text.index('-Body "') if '-Body "' in text else text.index("-Body ")

    moved = parse_capture(f'{text[:begins]}-Body "{{`"messages`":[{said}]}}"')

    assert (moved.url, moved.method, moved.headers) == (capture.url, capture.method, capture.headers)


def test_characters_by_number_are_utf_16() -> None:
    capture = parse_capture(
        f'Invoke-WebRequest -Uri "{URL}" -Method "POST" `\n-Headers @{{\n"accept"="a"\n}} `\n'
        '-Body "{`"model`":`"$([char]55357)$([char]56960)`"}"'
    )

    assert capture.body == {"model": "🚀"}


def har_of(*entries: object) -> str:
    return json.dumps({"log": {"entries": entries}})


@pytest.mark.parametrize("entry", [None, 3, {}, {"request": None}, {"request": {"url": "http://["}}])
def test_broken_entries_are_passed_over(entry: object) -> None:
    assert reason_of(har_of(entry)) == "no_conversation_request"


def test_the_last_message_wins_and_its_header_goes_before_the_cookie_list() -> None:
    def entry(cookie: str) -> object:
        headers = [{"name": ":method", "value": "POST"}, {"name": "Cookie", "value": cookie}, {"name": "x"}]
        cookies = [{"name": "a", "value": "listed"}, {"name": "b", "value": None}]
        return {"request": {"method": "post", "url": URL, "headers": headers, "cookies": cookies}}

    assert parse_capture(har_of(entry("a=1"), entry("a=2"))).cookies == {"a": "2"}


def damaged(**parts: str) -> str:
    header = parts.get("header", "x")
    cookie = parts.get("cookie", "x")
    return f"curl '{URL}' -H $'user-agent: {header}' -b $'a={cookie}' -d '{BODY}'"


@pytest.mark.parametrize("parts", [{"header": r"a\nb"}, {"header": r"a\0"}, {"cookie": r"a\r\nx: y"}])
def test_a_header_that_no_browser_sends_is_refused_without_being_shown(parts: dict[str, str]) -> None:
    assert reason_of(damaged(**parts)) == "damaged_text"
    assert parse_capture(damaged()).cookies == {"a": "x"}


def test_half_a_character_in_the_payload_is_replaced() -> None:
    capture = parse_capture(f"""curl '{URL}' -d '{{"model":"a\\ud83d"}}'""")

    assert capture.body == {"model": "a?"}

    recorded = {"method": "POST", "url": URL, "postData": {"text": '{"model":"a\ud83d"}'}}
    assert parse_capture(har_of({"request": recorded})).body == {"model": "a?"}


@pytest.mark.parametrize("text", ["\ud800", "curl '" + "x" * 1_100_000 + "'", "x" * 33_000_000])
def test_what_cannot_be_a_copy_is_refused(text: str) -> None:
    assert reason_of(text) in ("damaged_text", "too_large")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_not_json_make_no_payload(value: str) -> None:
    assert parse_capture(f"""curl '{URL}' -d '{{"model":{value}}}'""").body is None


@pytest.mark.parametrize("piece", ['{"a":', '"`"', "{", "\\", "^", "Request Payload\n{", "a\n", "$", "'\\''"])
def test_hostile_repetition_is_answered_quickly(piece: str) -> None:
    """The time limit of the suite is the assertion: nothing here may take seconds."""
    for head in ("Request URL: x\n", "curl '", 'curl ^"', 'Invoke-WebRequest -Headers @{"', 'fetch("', ""):
        try:
            capture: Capture | None = parse_capture(head + piece * 20_000)
        except CaptureRejectedError:
            capture = None
        assert capture is None or capture.body is None
