"""A person's browser on the demonstration's pages: cookies, forms, digits, and the picture of a QR code."""

import base64
import html as entities
import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

SCALE = 4


class Page:
    """It keeps cookies, follows the service's redirects, and sees what stands there."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._text = ""
        self._at = address
        self._forget()

    def _forget(self) -> None:
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(cookies, urllib.request.ProxyHandler({}))

    def go(self, path: str) -> None:
        self._load(urllib.parse.urljoin(self._address, path), None)

    def send(self, action: str, **fields: str) -> None:
        """Sends the form that goes to an address that ends so, with its hidden fields and these."""
        forms = re.findall(r'<form[^>]*action="([^"]*)"(.*?)</form>', self._text, re.DOTALL)
        path, inside = next(form for form in forms if form[0].endswith(action))
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', inside)
        values = {name: entities.unescape(value) for name, value in hidden} | fields
        self._load(urllib.parse.urljoin(self._address, path), urllib.parse.urlencode(values).encode())

    def _load(self, url: str, body: bytes | None) -> None:
        with self._opener.open(url, body, timeout=20) as answer:
            self._text = answer.read().decode()
            self._at = answer.url

    def reload(self) -> None:
        """Loads again what it is at."""
        self._load(self._at, None)

    @property
    def title(self) -> str:
        return self._find(r"<h1>(.*?)</h1>")

    @property
    def digits(self) -> str:
        return self._find(r'class="digits"[^>]*aria-label="([^"]*)"').replace(" ", "")

    def picture(self) -> tuple[bytes, int]:
        """The QR code as a camera sees it, and its side: the document is rectangles of dark on light."""
        svg = base64.b64decode(self._find(r'<img class="qr[^>]*base64,([^"]*)"')).decode()
        side = int(re.findall(r'viewBox="0 0 (\d+) ', svg)[0]) * SCALE
        luma = bytearray(b"\xff" * side * side)
        for x, y, run in (map(int, found) for found in re.findall(r"M(\d+) (\d+)h(\d+)v1h-", svg)):
            for row in range(y * SCALE, (y + 1) * SCALE):
                start = row * side + x * SCALE
                luma[start : start + run * SCALE] = bytes(run * SCALE)
        return bytes(luma), side

    def sign_in(self, name: str) -> None:
        """Begins a sign-in in a browser that knows nobody."""
        self._forget()
        self.go("/")
        self.send("/sign-in", name=name)
        assert self.title == "Approve on your phone", self.title

    def _find(self, pattern: str) -> str:
        found = re.search(pattern, self._text, re.DOTALL)
        assert found, f"no {pattern}"
        return found.group(1)
