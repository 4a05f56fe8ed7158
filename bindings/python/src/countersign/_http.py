"""Requests to servers, with nothing but the standard library."""

import asyncio
import http.client
import socket
import ssl
import time
import urllib.error
import urllib.request
from typing import Any

from .countersign_ffi import HttpClient, HttpError, HttpRequest, HttpResponse

_CHUNK = 16 * 1024


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other: it is given back as it is."""

    def redirect_request(self, *_: Any) -> None:
        return None


class UrllibHttpClient(HttpClient):
    """Sends requests: no redirects, no proxies, certificates by the system's roots, bounded in time and size.

    Certificate pins can't be checked here: a request that asks for them is refused as not trusted.
    """

    def __init__(self) -> None:
        self._opener = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler({}))

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Sends one request in a thread of its own; comes back within its deadline."""
        if request.pins:
            raise HttpError.NotTrusted()
        try:
            return await asyncio.wait_for(asyncio.to_thread(self._send, request), request.deadline_ms / 1000)
        except (TimeoutError, asyncio.TimeoutError):
            raise HttpError.TimedOut() from None

    def _send(self, request: HttpRequest) -> HttpResponse:
        end = time.monotonic() + request.deadline_ms / 1000
        message = urllib.request.Request(
            request.url,
            data=None if request.method == "GET" else bytes(request.body),
            headers={header.name: header.value for header in request.headers},
            method=request.method,
        )
        try:
            try:
                answer = self._opener.open(message, timeout=request.deadline_ms / 1000)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                return HttpResponse(status=answer.status, body=_read(answer, request.longest_answer, end))
        except (TimeoutError, socket.timeout):
            raise HttpError.TimedOut() from None
        except urllib.error.URLError as error:
            raise _why(error.reason) from None
        except (OSError, http.client.HTTPException) as error:
            raise _why(error) from None


def _read(answer: Any, longest: int, end: float) -> bytes:
    body = bytearray()
    while chunk := answer.read1(_CHUNK):
        body += chunk
        if len(body) > longest:
            raise HttpError.TooLong()
        if time.monotonic() > end:
            raise HttpError.TimedOut()
    return bytes(body)


def _why(reason: object) -> Exception:
    if isinstance(reason, ssl.SSLError):
        return HttpError.NotTrusted()
    if isinstance(reason, (TimeoutError, socket.timeout)):
        return HttpError.TimedOut()
    if isinstance(reason, (ConnectionRefusedError, socket.gaierror)):
        return HttpError.Unreachable()
    return HttpError.Failed()
