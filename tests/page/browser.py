"""A real browser, driven over its own pipe (Chrome DevTools Protocol): no driver program, no port, no package."""
import base64
import fcntl
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

WITHIN = 15


class Browser:
    """Headless Chromium with a profile of its own; everything is gone when it is closed."""

    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="page-")
        to_read, self.write = os.pipe()
        self.read, to_write = os.pipe()
        # The browser reads commands on descriptor 3 and writes answers on 4.
        high = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_read, to_write)]

        def place():
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        options = ["--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self.profile}", "--no-first-run"]
        options += ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
        options += ["--disable-dev-shm-usage", "--no-default-browser-check", "--hide-scrollbars", "--lang=en"]
        if os.geteuid() == 0:
            options.append("--no-sandbox")
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen([program, *options], pass_fds=(3, 4), preexec_fn=place, **quiet)
        for end in (to_read, to_write, *high):
            os.close(end)
        self.buffer, self.last, self.events = b"", 0, []

    def close(self):
        try:
            self.call("Browser.close", within=5)
        except Exception:
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        os.close(self.write)
        os.close(self.read)
        shutil.rmtree(self.profile, ignore_errors=True)

    def message(self, until):
        while b"\0" not in self.buffer:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.read], [], [], left)[0]:
                raise TimeoutError("the browser is silent")
            part = os.read(self.read, 1 << 20)
            if not part:
                raise EOFError("the browser ended")
            self.buffer += part
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, params=None, session=None, within=WITHIN):
        self.last += 1
        number = self.last
        message = {"id": number, "method": method, "params": params or {}} | ({"sessionId": session} if session else {})
        os.write(self.write, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + within
        while True:
            found = self.message(until)
            if found.get("id") != number:
                self.events.append(found)
                continue
            if "error" in found:
                raise RuntimeError(f"{method}: {found['error']}")
            return found["result"]

    def person(self):
        """A browser context: cookies of its own."""
        return self.call("Target.createBrowserContext")["browserContextId"]

    def tab(self, person, **look):
        return Tab(self, person, **look)


KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " ")}


class Tab:
    """A tab of a browser context."""

    def __init__(self, browser, person, width=1100, height=900, scale=1, dark=False, scripts=True):
        self.browser = browser
        self.target = browser.call("Target.createTarget", {"url": "about:blank", "browserContextId": person})["targetId"]
        attach = {"targetId": self.target, "flatten": True}
        self.session = browser.call("Target.attachToTarget", attach)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self("%s.enable" % domain)
        self.look(width, height, scale, dark)
        if not scripts:
            self("Emulation.setScriptExecutionDisabled", value=True)

    def __call__(self, method, **params):
        return self.browser.call(method, params, self.session)

    def look(self, width, height=900, scale=1, dark=False):
        self("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=width < 500)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self("Emulation.setEmulatedMedia", features=features)

    def offline(self, offline):
        self("Network.emulateNetworkConditions", offline=offline, latency=0, downloadThroughput=-1, uploadThroughput=-1)

    def front(self):
        self("Page.bringToFront")

    def close(self):
        self.browser.call("Target.closeTarget", {"targetId": self.target})

    def js(self, expression):
        found = self("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(f"{expression}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def until(self, expression, within=WITHIN):
        """Waits until an expression is true; a page that is just being left counts as false."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            try:
                if found := self.js(expression):
                    return found
            except RuntimeError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"never came: {expression}; the page says: {self.text()!r}")

    def go(self, address):
        self("Page.navigate", url=address)
        self.until(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(address)}) || "
                   "document.readyState === 'complete' && location.protocol === 'http:'")

    def text(self):
        return self.js("document.body.innerText")

    def title(self, wanted, within=WITHIN):
        """Waits for a page by its heading."""
        self.until(f"document.readyState === 'complete' && document.querySelector('h1')?.innerText === {json.dumps(wanted)}", within)

    def says(self, words, within=WITHIN):
        self.until(f"document.body.innerText.replaceAll('\\u2019', \"'\").replaceAll('\\u00a0', ' ').includes({json.dumps(words)})", within)

    def fill(self, selector, text):
        self.until(f"!!document.querySelector({json.dumps(selector)})")
        self.js(f"(f => {{ f.focus(); f.select(); }})(document.querySelector({json.dumps(selector)}))")
        self("Input.insertText", text=text)

    def click(self, label, within=WITHIN):
        """A real click on the link, button or summary with that label."""
        find = (f"[...document.querySelectorAll('a, button, summary')].find(it => it.innerText.trim() === "
                f"{json.dumps(label)} && it.getClientRects().length)")
        self.until(f"!!{find}", within)
        point = self.js(f"(it => {{ it.scrollIntoView({{block: 'center'}}); const r = it.getBoundingClientRect(); "
                        f"return [r.x + r.width / 2, r.y + r.height / 2]; }})({find})")
        place = {"x": point[0], "y": point[1], "button": "left", "clickCount": 1}
        self("Input.dispatchMouseEvent", type="mousePressed", **place)
        self("Input.dispatchMouseEvent", type="mouseReleased", **place)

    def key(self, name, shift=False):
        code, text = KEYS[name]
        key = {"key": name, "code": "Space" if name == " " else name, "windowsVirtualKeyCode": code}
        key |= {"modifiers": 8} if shift else {}
        self("Input.dispatchKeyEvent", type="keyDown", **key, **({"text": text} if text else {}))
        self("Input.dispatchKeyEvent", type="keyUp", **key)

    def type(self, text):
        self("Input.insertText", text=text)

    def focused(self):
        return self.js("(it => it?.innerText?.trim() || it?.name || it?.tagName)(document.activeElement)")

    def shot(self, path):
        size = self("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        data = self("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)["data"]
        path = pathlib.Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(data))
        return path

    def complaints(self):
        """What the browser complained of on this tab: blocked resources, exceptions."""
        found = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            if event["method"] == "Runtime.exceptionThrown":
                found.append(event["params"]["exceptionDetails"].get("text", "exception"))
            if event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
                found.append(event["params"]["entry"]["text"])
        return found
