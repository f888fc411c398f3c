"""Captures of the simulator's accounts, in every format a browser copies (docs/protocol.md section 1)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from core.errors import InvalidRequestError
from provider.simulator.accounts import Account
from provider.simulator.catalog import offered
from provider.simulator.identity import EXPIRES_AT, as_uuid, derive
from provider.simulator.proof import captured_proof

DEFAULT_STYLE = "curl-bash"


def capture(account: Account, base_url: str, *, style: str = DEFAULT_STYLE, expires_at: int = EXPIRES_AT) -> str:
    """The text a person would copy for a message freshly sent to the simulator at `base_url`.

    Raises:
        InvalidRequestError: no such style; `STYLES` has them.
    """
    if style not in STYLES:
        raise InvalidRequestError(f"captures come as {', '.join(sorted(STYLES))}, not as {style!r}")
    url = f"{base_url}/backend-api/f/conversation"
    return STYLES[style](url, _headers(account, base_url, expires_at), _cookies(account), _body(account))


def _headers(account: Account, base_url: str, expires_at: int) -> dict[str, str]:
    return {
        "accept": "text/event-stream",
        "accept-language": "en-US,en;q=0.9",
        "authorization": f"Bearer {account.bearer(expires_at)}",
        "content-type": "application/json",
        "oai-client-build-number": "7000000",
        "oai-client-version": "prod-simulator",
        "oai-device-id": account.device_id,
        "oai-language": "en-US",
        "oai-session-id": account.session_id,
        "openai-sentinel-chat-requirements-token": f"gAAAAAB{derive(account.seed, account.alias, 'used')[:32]}",
        "openai-sentinel-proof-token": captured_proof(account.proof_config()),
        "openai-sentinel-turnstile-token": f"turnstile-{account.session_id}",
        "origin": base_url,
        "referer": f"{base_url}/",
        "user-agent": account.user_agent,
        "x-conduit-token": f"used-conduit.{derive(account.seed, account.alias, 'conduit')[:24]}",
        "x-openai-target-path": "/backend-api/f/conversation",
        "x-openai-target-route": "/backend-api/f/conversation",
    }


def _cookies(account: Account) -> dict[str, str]:
    slug = offered(account.plan)[0]
    return {
        "oai-did": account.device_id,
        "__Secure-next-auth.session-token.0": derive(account.seed, account.alias, "part0"),
        "__Secure-next-auth.session-token.1": derive(account.seed, account.alias, "part1")[:24],
        "cf_clearance": derive(account.seed, account.alias, "clearance")[:40],
        "oai-last-model-config": quote(json.dumps({"model": slug}, separators=(",", ":"))),
    }


def _body(account: Account) -> dict[str, Any]:
    message = {
        "id": as_uuid(derive(account.seed, account.alias, "message")),
        "author": {"role": "user"},
        "create_time": 1_790_000_000.5,
        "content": {"content_type": "text", "parts": ["hello from the simulator"]},
        "metadata": {"serialization_metadata": {"custom_symbol_offsets": []}},
    }
    return {
        "action": "next",
        "messages": [message],
        "parent_message_id": "client-created-root",
        "model": "auto",
        "client_prepare_state": "success",
        "timezone_offset_min": -420,
        "timezone": "Asia/Bangkok",
        "conversation_mode": {"kind": "primary_assistant"},
        "system_hints": [],
        "supports_buffering": True,
        "supported_encodings": ["v1"],
        "client_contextual_info": {"page_width": 1440, "page_height": 900, "app_name": "chatgpt.com"},
        "paragen_cot_summary_display_override": "allow",
        "force_parallel_switch": "auto",
    }


Headers = dict[str, str]


def _cookie_header(cookies: Headers) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"))


def _curl_bash(url: str, headers: Headers, cookies: Headers, body: dict[str, Any]) -> str:
    lines = [f"curl '{url}'", *(f"-H '{name}: {value}'" for name, value in headers.items())]
    lines.extend((f"-b '{_cookie_header(cookies)}'", f"--data-raw '{_json(body)}'"))
    return " \\\n  ".join(lines) + "\n"


def _curl_cmd(url: str, headers: Headers, cookies: Headers, body: dict[str, Any]) -> str:
    def quoted(text: str) -> str:
        escaped = text.replace("\\", "\\\\").replace('"', '^\\^"')
        return f'^"{escaped}^"'.replace("%", "^%").replace("{", "^{").replace("}", "^}")

    lines = [f"curl {quoted(url)}", *(f"-H {quoted(f'{name}: {value}')}" for name, value in headers.items())]
    lines.extend((f"-b {quoted(_cookie_header(cookies))}", f"--data-raw {quoted(_json(body))}"))
    return " ^\r\n  ".join(lines) + "\r\n"


def _powershell(url: str, headers: Headers, cookies: Headers, body: dict[str, Any]) -> str:
    def quoted(text: str) -> str:
        escaped = text.replace("`", "``").replace('"', '`"').replace("$", "`$")
        return f'"{escaped}"'

    host = url.split("/")[2].partition(":")[0]
    apart = ("user-agent", "content-type")
    lines = ["$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession"]
    lines.append(f"$session.UserAgent = {quoted(headers['user-agent'])}")
    for name, value in cookies.items():
        cookie = f'New-Object System.Net.Cookie({quoted(name)}, {quoted(value)}, "/", "{host}")'
        lines.append(f"$session.Cookies.Add(({cookie}))")
    lines.append(f"Invoke-WebRequest -UseBasicParsing -Uri {quoted(url)} `")
    lines.extend(('-Method "POST" `', "-WebSession $session `", "-Headers @{"))
    lines.extend(f"  {quoted(name)}={quoted(value)}" for name, value in headers.items() if name not in apart)
    lines.extend(("} `", f"-ContentType {quoted(headers['content-type'])} `", f"-Body {quoted(_json(body))}"))
    return "\n".join(lines) + "\n"


def _safari(url: str, headers: Headers, cookies: Headers, body: dict[str, Any]) -> str:
    sent = {**headers, "cookie": _cookie_header(cookies)}
    lines = ["Summary", f"URL: {url}", "Status: 200", "Source: Network", "", "Request"]
    lines.append("POST /backend-api/f/conversation HTTP/1.1")
    lines.extend(f"{name.title()}: {value}" for name, value in sent.items())
    lines.extend(("", "Response", "Content-Type: text/event-stream; charset=utf-8", "", "Request Data"))
    lines.extend(("MIME Type: application/json", f"Request Data: {_json(body)}"))
    return "\n".join(lines) + "\n"


def _chrome(url: str, headers: Headers, cookies: Headers, body: dict[str, Any]) -> str:
    sent = {**headers, "cookie": _cookie_header(cookies)}
    general = ("Request URL", url, "Request Method", "POST", "Status Code", "200 OK")
    answered = ("content-type", "text/event-stream; charset=utf-8")
    pseudo = (":authority", url.split("/")[2], ":method", "POST", ":path", "/backend-api/f/conversation")
    pairs = [text for pair in sent.items() for text in pair]
    return "\n".join((*general, *answered, *pseudo, *pairs, "Request Payload", _json(body))) + "\n"


def _har(url: str, headers: Headers, cookies: Headers, body: dict[str, Any]) -> str:
    request = {
        "method": "POST",
        "url": url,
        "headers": [{"name": name, "value": value} for name, value in headers.items()],
        "cookies": [{"name": name, "value": value} for name, value in cookies.items()],
        "postData": {"mimeType": "application/json", "text": _json(body)},
    }
    entry = {"request": request, "response": {"status": 200, "headers": []}}
    return json.dumps({"log": {"version": "1.2", "entries": [entry]}}, indent=1) + "\n"


STYLES: dict[str, Callable[[str, Headers, Headers, dict[str, Any]], str]] = {
    "curl-bash": _curl_bash,
    "curl-cmd": _curl_cmd,
    "powershell": _powershell,
    "safari-headers": _safari,
    "chrome-headers": _chrome,
    "har": _har,
}
"""Format ids as in docs/protocol.md section 1.2, and what writes them."""
