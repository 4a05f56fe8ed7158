"""Approvals against the demonstration's sign-in service, a process of its own."""

import asyncio
import http.server
import threading
import time
from pathlib import Path

import pytest

from conftest import PASSWORD
from countersign import ApiError, UrllibHttpClient, Vault
from countersign.countersign_ffi import Confirmation, HttpError, HttpRequest, HttpResponse, ScanEvent, Scanned
from page import Page


async def enroll(vault: Vault, page: Page, name: str) -> None:
    page.go("/sign-up")
    page.send("/sign-up", name=name)
    luma, side = page.picture()
    (event,) = vault.scan(luma, side, side)
    assert isinstance(event, ScanEvent.FOUND) and isinstance(event.scanned, Scanned.INVITATION)
    enrolled = await vault.enroll(event.scanned.link, PASSWORD)
    assert enrolled.account == name
    page.send("/phone", digits=enrolled.digits)
    assert page.title == f"Hello, {name}"


def test_a_sign_in_is_approved_denied_and_reported(service: str, path: Path) -> None:
    asyncio.run(story(service, path))


async def story(service: str, path: Path) -> None:
    with Vault.create(path, PASSWORD, allow_loopback_http=True).vault as vault:
        page = Page(service)
        await enroll(vault, page, "Ada")
        (enrollment,) = vault.enrollments()
        assert not enrollment.in_hardware and await vault.poll() == []

        page.sign_in("Ada")
        (request,) = await vault.poll()
        assert request.verified_context and request.account == "Ada"
        with pytest.raises(ApiError.InvalidInput) as needed:
            await vault.approve(request, PASSWORD)
        assert needed.value.code == "code-needed"
        with pytest.raises(ApiError.WrongPassword):
            await vault.approve(request, "wrong horse", code=page.digits)
        entry = await vault.approve(request, PASSWORD, code=page.digits)
        assert isinstance(entry.confirmation, Confirmation.APPROVED)
        page.reload()
        assert page.title == "Approved"

        page.sign_in("Ada")
        (request,) = await vault.poll()
        wrong = await vault.approve(request, PASSWORD, code=f"{(int(page.digits) + 1) % 1_000_000:06}")
        assert isinstance(wrong.confirmation, Confirmation.WRONG_CODE)
        (request,) = await vault.poll()
        assert isinstance((await vault.deny(request)).confirmation, Confirmation.DENIED)

        page.sign_in("Ada")
        (request,) = await vault.poll()
        assert isinstance((await vault.report(request)).confirmation, Confirmation.REPORTED)
        assert len(vault.history()) >= 3


def test_without_a_server_the_network_is_said(service: str, path: Path) -> None:
    async def story() -> None:
        with Vault.create(path, PASSWORD, allow_loopback_http=True, http=Deaf()).vault as vault:
            page = Page(service)
            with pytest.raises(ApiError.Network) as network:
                await enroll(vault, page, "Bob")
            assert network.value.retryable and network.value.code == "unreachable"

    asyncio.run(story())


class Deaf(UrllibHttpClient):
    async def send(self, request: HttpRequest) -> HttpResponse:
        raise HttpError.Unreachable()


class Odd(http.server.BaseHTTPRequestHandler):
    """A server that redirects, talks too much, or takes its time."""

    def do_GET(self) -> None:
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/long")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path == "/slow":
            time.sleep(3)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"x" * 5000)

    def log_message(self, *_: object) -> None:
        pass


def test_the_client_follows_nothing_and_is_bounded() -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]

    def send(path: str, longest: int = 10_000, deadline: int = 1_000, pins: list[bytes] | None = None) -> int:
        request = HttpRequest(
            method="GET",
            url=f"http://127.0.0.1:{port}{path}",
            headers=[],
            body=b"",
            longest_answer=longest,
            deadline_ms=deadline,
            pins=pins or [],
        )
        return asyncio.run(UrllibHttpClient().send(request)).status

    try:
        assert (send("/redirect"), send("/long")) == (302, 200)
        with pytest.raises(HttpError.TooLong):
            send("/long", longest=4_999)
        with pytest.raises(HttpError.NotTrusted):
            send("/long", pins=[bytes(32)])
        start = time.monotonic()
        with pytest.raises(HttpError.TimedOut):
            send("/slow", deadline=200)
        assert time.monotonic() - start < 30
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(HttpError.Unreachable):
        send("/long")
