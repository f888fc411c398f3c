"""Downloads from real sockets: who is asked, who is not, and how long and how much."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bridge.files.fetcher import MOST_REDIRECTS, Fetcher
from core.errors import AddressRefusedError, ImageUnreachableError, RequestTooLargeError
from tests.fakes.pictures import PictureHost, head, picture_host
from tests.fakes.upstream import png

PUBLIC = "93.184.215.14"


@pytest.fixture
async def host() -> AsyncIterator[PictureHost]:
    async with picture_host() as opened:
        yield opened


def names(**table: Sequence[str]) -> Any:
    """A resolver that knows these names, with `_` for `.`, and addresses as they are."""
    known = {name.replace("_", "."): addresses for name, addresses in table.items()}

    async def resolve(name: str, _port: int) -> Sequence[str]:
        if name in known:
            return known[name]
        try:
            return (str(ipaddress.ip_address(name)),)
        except ValueError:
            raise socket.gaierror(socket.EAI_NONAME, "unknown") from None

    return resolve


def fetcher(
    *, allow: Sequence[str] = ("127.0.0.1",), most_bytes: int = 10_000, seconds: float = 5, **more: Any
) -> Fetcher:
    return Fetcher(allow=allow, most_bytes=most_bytes, limit_seconds=seconds, **more)


async def test_a_picture_is_fetched_from_the_checked_address_under_its_own_name(host: PictureHost) -> None:
    host.shows("/a.png?size=1", png())
    fetch = fetcher(resolve=names(pictures_example=["127.0.0.1"]))

    assert await fetch.fetch(host.url("/a.png?size=1#part", "pictures.example"), "image") == png()

    (asked,) = host.asked
    assert f"host: pictures.example:{host.port}\r\n" in asked.lower()
    assert "cookie" not in asked.lower()
    assert "authorization" not in asked.lower()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_this_machine_is_not_asked_by_whatever_name(host: PictureHost, name: str) -> None:
    host.shows("/a.png", png())

    with pytest.raises(AddressRefusedError) as refusal:
        await fetcher(allow=()).fetch(host.url("/a.png", name), "image[2]")

    assert refusal.value.param == "image[2]"
    assert not host.asked


async def test_one_private_address_among_several_spoils_the_host(host: PictureHost) -> None:
    host.shows("/a.png", png())
    fetch = fetcher(allow=(), resolve=names(mixed_example=[PUBLIC, "127.0.0.1"]))

    with pytest.raises(AddressRefusedError):
        await fetch.fetch(host.url("/a.png", "mixed.example"), "image")
    assert not host.asked


async def test_a_host_is_looked_up_once_so_that_a_second_answer_changes_nothing(host: PictureHost) -> None:
    host.shows("/a.png", png())
    answers = [["127.0.0.1"], ["10.0.0.1"]]

    async def rebinding(_name: str, _port: int) -> Sequence[str]:
        return answers.pop(0)

    assert await fetcher(resolve=rebinding).fetch(host.url("/a.png", "rebinding.example"), "image") == png()
    assert answers == [["10.0.0.1"]]


async def test_the_next_address_is_tried_where_nobody_listens(host: PictureHost) -> None:
    host.shows("/a.png", png())
    fetch = fetcher(allow=("127.0.0.0/8",), resolve=names(two_example=["127.0.0.9", "127.0.0.1"]))

    assert await fetch.fetch(host.url("/a.png", "two.example"), "image") == png()


async def test_an_address_of_version_6_is_asked_and_named_in_brackets() -> None:
    async with picture_host(address="::1") as host:
        host.shows("/a.png", png())

        assert await fetcher(allow=("::1",)).fetch(host.url("/a.png", "[::1]"), "image") == png()
        assert f"host: [::1]:{host.port}\r\n" in host.asked[0].lower()


async def test_redirects_are_followed_and_counted(host: PictureHost) -> None:
    for number in range(MOST_REDIRECTS + 1):
        host.redirects(f"/{number}", f"/{number + 1}", "307 Temporary Redirect")
    host.shows(f"/{MOST_REDIRECTS + 1}", png())

    assert await fetcher().fetch(host.url("/1"), "image") == png()
    with pytest.raises(ImageUnreachableError, match="more than 3 redirects"):
        await fetcher().fetch(host.url("/0"), "image")


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.2:{port}/a.png", "http://private.example:{port}/a.png", "file:///etc/passwd", "//u:p@127.0.0.1/"],
)
async def test_a_redirect_is_checked_like_the_first_address(host: PictureHost, target: str) -> None:
    host.redirects("/", target.format(port=host.port))
    host.shows("/a.png", png())
    fetch = fetcher(resolve=names(private_example=["10.0.0.1"]))

    with pytest.raises(AddressRefusedError):
        await fetch.fetch(host.url("/"), "image")
    assert len(host.asked) == 1


@pytest.mark.parametrize(
    "address",
    [
        "ftp://pictures.example/a.png",
        "http://user:h4nter@pictures.example/a.png",
        "http://user@pictures.example/a.png",
        "http:///a.png",
        "http://pictures.example:99999/",
        "http://a\x00b/",
        "https://",
        "http://" + "a" * 9000,
    ],
)
async def test_an_address_that_is_none_is_refused_without_a_look_up(address: str) -> None:
    async def nobody(_name: str, _port: int) -> Sequence[str]:
        raise AssertionError("looked up")

    with pytest.raises(AddressRefusedError) as refusal:
        await fetcher(resolve=nobody).fetch(address, "image")
    assert "h4nter" not in refusal.value.message


async def test_a_host_that_does_not_exist_is_said_to_be_so() -> None:
    with pytest.raises(ImageUnreachableError, match=r"no host 'nowhere\.example'"):
        await fetcher(resolve=names()).fetch("http://nowhere.example/secret?key=s3cret", "image")


async def test_a_picture_that_announces_too_much_is_not_read(host: PictureHost) -> None:
    host.shows("/a.png", b"x" * 101)

    with pytest.raises(RequestTooLargeError) as refusal:
        await fetcher(most_bytes=100).fetch(host.url("/a.png"), "images[0]")
    assert refusal.value.param == "images[0]"


async def test_a_picture_that_announces_nothing_is_cut_off_at_the_limit(host: PictureHost) -> None:
    sent = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(head("content-type: image/png"))
        while True:
            writer.write(b"x" * 65536)
            sent += 65536
            await writer.drain()

    host.answers["/a.png"] = endless

    with pytest.raises(RequestTooLargeError):
        await fetcher(most_bytes=200_000, seconds=20).fetch(host.url("/a.png"), "image")
    assert sent < 30_000_000


async def test_a_slow_drip_ends_with_the_time_for_the_whole(host: PictureHost) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(head("content-type: image/png"))
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    host.answers["/a.png"] = drip

    with pytest.raises(ImageUnreachableError, match=r"within 0\.3 seconds"):
        await fetcher(seconds=0.3).fetch(host.url("/a.png"), "image")


async def test_a_name_server_that_is_silent_counts_against_the_time() -> None:
    async def silent(_name: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return ()

    with pytest.raises(ImageUnreachableError):
        await fetcher(seconds=0.1, resolve=silent).fetch("http://slow.example/", "image")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (head("content-type: text/html", "content-length: 2") + b"hi", "text/html"),
        (head("content-length: 2") + b"hi", "no type"),
        (head("content-type: image/png", "content-length: 0", status="404 Not Found"), "status 404"),
        (head("content-type: image/png", "content-encoding: gzip", "content-length: 2") + b"hi", "compressed"),
        (head("content-type: image/png", "content-length: 9") + b"hi", "did not answer"),
        (b"SSH-2.0-OpenSSH\r\n", "did not answer"),
        (head("content-length: 0", status="302 Found"), "more than 3 redirects"),
    ],
)
async def test_whatever_is_no_picture_is_unreachable(host: PictureHost, answer: bytes, why: str) -> None:
    host.answers["/a.png?key=s3cret"] = answer

    with pytest.raises(ImageUnreachableError, match=why) as refusal:
        await fetcher().fetch(host.url("/a.png?key=s3cret"), "image")
    assert "s3cret" not in refusal.value.message


async def test_the_certificate_is_checked_against_the_name(tmp_path: Path) -> None:
    server, client = _tls(tmp_path, "pictures.example")
    async with picture_host(tls=server) as host:
        host.shows("/a.png", png())
        fetch = fetcher(tls=client, resolve=names(pictures_example=["127.0.0.1"], other_example=["127.0.0.1"]))

        assert await fetch.fetch(host.url("/a.png", "pictures.example", "https"), "image") == png()
        with pytest.raises(ImageUnreachableError):
            await fetch.fetch(host.url("/a.png", "other.example", "https"), "image")
        assert len(host.asked) == 1


def _tls(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side with a certificate for a name, and a client's side that trusts it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder(
            subject, subject, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "host.pem"
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + public)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=public.decode())
