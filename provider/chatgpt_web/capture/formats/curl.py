"""What both curl formats share: words of a command line become a request (docs/protocol.md section 1.3)."""

from __future__ import annotations

from provider.chatgpt_web.capture.model import RawRequest

_DATA = frozenset(("-d", "--data", "--data-raw", "--data-binary", "--data-ascii"))
_TAKES_ARGUMENT = frozenset(
    """
    -H --header -b --cookie -X --request --url -A --user-agent -d --data --data-raw --data-binary --data-ascii
    --proxy -x --connect-timeout --max-time -m -o --output -u --user -e --referer --retry --retry-delay --cert --key
    --cacert --resolve --interface --limit-rate -w --write-out -c --cookie-jar -T --upload-file -F --form --ciphers
    """.split()
)


def request_from_words(words: list[str]) -> RawRequest:
    """The request a curl command makes; `words` begin after `curl` itself."""
    request = RawRequest()
    at = 0
    while at < len(words):
        option, value, at = _option(words, at)
        _take(request, option, value)
    if not request.method and request.body is not None:
        request.method = "POST"
    return request


def _option(words: list[str], at: int) -> tuple[str, str, int]:
    """The option at `at`, its argument, and where the next begins. A positional word has the option `""`."""
    word = words[at]
    if word.startswith("--") and "=" in word and word.partition("=")[0] in _TAKES_ARGUMENT:
        name, _, value = word.partition("=")
        return name, value, at + 1
    if word in _TAKES_ARGUMENT:
        return word, words[at + 1] if at + 1 < len(words) else "", at + 2
    if len(word) > 2 and word[0] == "-" and word[1] != "-" and word[:2] in _TAKES_ARGUMENT:
        return word[:2], word[2:], at + 1
    return ("", word, at + 1) if not word.startswith("-") else (word, "", at + 1)


def _take(request: RawRequest, option: str, value: str) -> None:
    if option in ("", "--url"):
        request.url = request.url or value
    elif option in ("-H", "--header"):
        name, _, content = value.partition(":")
        request.headers.append((name.strip(), content.strip()))
    elif option in ("-b", "--cookie"):
        request.headers.append(("cookie", value))
    elif option in ("-A", "--user-agent"):
        request.headers.append(("user-agent", value))
    elif option in ("-X", "--request"):
        request.method = value.upper()
    elif option in _DATA:
        request.body = value
