"""What both curl formats share: words of a command line become a request (docs/protocol.md section 1.3)."""

from __future__ import annotations

from provider.chatgpt_web.capture import rejections
from provider.chatgpt_web.capture.model import RawRequest

_DATA = frozenset(("-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--json"))
_LETTERS = frozenset("AbcCdDeEFhHKmoPQrtTuUwxXyYz")
"""Short options that take an argument."""
_WORDS = _DATA | frozenset(
    """
    --header --cookie --request --url --user-agent --data-urlencode --proxy --connect-timeout --max-time --output
    --user --referer --retry --retry-delay --retry-max-time --cert --cert-type --key --key-type --pass --cacert
    --capath --resolve --connect-to --interface --limit-rate --write-out --cookie-jar --upload-file --form --ciphers
    --tls13-ciphers --tls-max --curves --range --max-redirs --noproxy --proxy-user --proxy-header --socks5
    --socks5-hostname --unix-socket --dns-servers --doh-url --config --dump-header --stderr --trace --trace-ascii
    --oauth2-bearer --aws-sigv4 --keepalive-time --max-filesize --speed-limit --speed-time --local-port --url-query
    --request-target --preproxy --proto --proto-redir --proto-default --etag-save --etag-compare --expect100-timeout
    """.split()
)
"""Long options that take an argument."""


def request_from_words(words: list[str]) -> RawRequest:
    """The request a curl command makes; `words` begin after `curl` itself.

    Raises:
        CaptureRejectedError: the line holds a second command or address.
    """
    request = RawRequest()
    positional: list[str] = []
    at = 0
    while at < len(words):
        option, value, at = _option(words, at)
        if option:
            _take(request, option, value)
        else:
            positional.append(value)
    request.url = _address(request.url, positional)
    if not request.method and request.body is not None:
        request.method = "POST"
    return request


def _address(given: str, positional: list[str]) -> str:
    addresses = [*([given] if given else []), *(word for word in positional if "://" in word)]
    if len(addresses) > 1 or any(word.rpartition("/")[2] == "curl" for word in positional):
        raise rejections.several()
    return next(iter(addresses), next(iter(positional), ""))


def _option(words: list[str], at: int) -> tuple[str, str, int]:
    """The option at `at`, its argument, and where the next begins. A positional word has the option `""`."""
    word = words[at]
    if word.startswith("--"):
        return _long_option(words, at)
    if not word.startswith("-"):
        return "", word, at + 1
    for position, letter in enumerate(word[1:], start=2):
        if letter in _LETTERS:
            if word[position:]:
                return f"-{letter}", word[position:], at + 1
            return f"-{letter}", _next(words, at), at + 2
    return word, "", at + 1


def _long_option(words: list[str], at: int) -> tuple[str, str, int]:
    name, separator, value = words[at].partition("=")
    if name not in _WORDS:
        return name, "", at + 1
    return (name, value, at + 1) if separator else (name, _next(words, at), at + 2)


def _next(words: list[str], at: int) -> str:
    return words[at + 1] if at + 1 < len(words) else ""


def _take(request: RawRequest, option: str, value: str) -> None:
    if option == "--url":
        request.url = request.url or value
    elif option in ("-H", "--header"):
        name, separator, content = value.partition(":")
        if separator:
            request.headers.append((name.strip(), content.strip()))
    elif option in ("-b", "--cookie"):
        request.headers.append(("cookie", value))
    elif option in ("-A", "--user-agent"):
        request.headers.append(("user-agent", value))
    elif option in ("-X", "--request"):
        request.method = value.upper()
    elif option in _DATA:
        request.body = value
    elif option == "--next":
        raise rejections.several()
