#!/usr/bin/env python3
"""The demo's sign-in page in a real browser: what a person sees, types and is told.

usage: check.py COUNTERSIGN [--chromium PROGRAM] [--shots FOLDER] [--only WORD]

Starts `countersign demo --serve` and a headless Chromium, both of which it stops. QR codes are read from screenshots by
`countersign scan`; the phone is tests/protocol/phone.py. Screenshots stay in the folder.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request

from browser import Browser
from hand import Hand


class Service:
    """`countersign demo --serve`, and its operator."""

    def __init__(self, program):
        self.program = program
        self.start()

    def start(self):
        # A folder for its files, so that it is seen whether any stay.
        self.folder = tempfile.mkdtemp(prefix="page-service-")
        command, pipe = [self.program, "demo", "--serve"], subprocess.PIPE
        environment = os.environ | {"TMPDIR": self.folder}
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
        first = self.line()
        self.address = first.rsplit(" ", 1)[1]
        self.skew = 0
        while not self.line().lstrip().startswith("quit"):
            pass

    def line(self, within=20):
        found = []
        reader = threading.Thread(target=lambda: found.append(self.process.stdout.readline()), daemon=True)
        reader.start()
        reader.join(within)
        assert found and found[0], "the service is silent"
        return found[0].rstrip("\n")

    def operator(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.line()

    def ahead(self, seconds):
        self.operator(f"ahead {seconds}")
        self.skew += seconds

    def clock(self):
        return time.time() + self.skew

    def stop(self, signal=None):
        """Stops it; its status, and what it leaves behind."""
        if signal:
            self.process.send_signal(signal)
        else:
            self.process.stdin.close()
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait(10)
        left = os.listdir(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        return status, left


class Stage:
    """Everything that a test needs."""

    def __init__(self, arguments):
        self.program, self.shots = arguments.countersign, pathlib.Path(arguments.shots)
        self.service, self.browser = Service(self.program), None
        self.browser = Browser(arguments.chromium)
        self.names = 0

    def close(self):
        if self.browser:
            self.browser.close()
        self.service.stop()

    def tab(self, **look):
        tab = self.browser.tab(self.browser.person(), **look)
        tab.go(self.service.address)
        return tab

    def beside(self, tab, **look):
        """Another tab with the same cookies."""
        found = self.browser.call("Target.getTargetInfo", {"targetId": tab.target})["targetInfo"]
        return self.browser.tab(found["browserContextId"], **look)

    def shot(self, tab, name):
        return tab.shot(self.shots / f"page-{name}.png")

    def codes(self, tab, name="code"):
        """The texts of the QR codes on a page, from its screenshot."""
        path = self.shot(tab, name)
        found = subprocess.run(
            [self.program, "scan", "--show-secrets", path], capture_output=True, text=True, timeout=60, check=False
        )
        assert found.returncode == 0, f"no code was found in {path}: {found.stderr}"
        return [code["text"] for code in json.loads(found.stdout)["codes"]]

    def hand(self, name="Ada’s phone", alg="Ed25519"):
        return Hand(self.service.clock, name, alg)

    def sign_up(self, tab, hand, name=None, scripts=True):
        """A new account with a phone; the browser is signed in afterwards."""
        self.names += 1
        name = name or f"ada{self.names}"
        tab.go(self.service.address)
        tab.click("Set up an account")
        tab.title("Set up an account")
        tab.fill("#name", name)
        tab.click("Continue")
        tab.title("Add your phone")
        [uri] = self.codes(tab)
        digits = hand.scan(uri)
        if scripts:
            tab.title("Type the six digits on your phone")
        tab.fill("#digits", digits)
        tab.click("Confirm")
        tab.title(f"Hello, {name}")
        assert hand.do("poll", enrollment=hand.id)["status"] == "active"
        return name

    def ask(self, tab, name):
        """Begins a sign-in; the six digits on the page."""
        tab.go(self.service.address)
        tab.title("Sign in")
        tab.fill("#name", name)
        tab.click("Continue")
        tab.title("Approve on your phone")
        return shown(tab)

    def somebody(self, hand=None, alg="Ed25519"):
        """An account with a phone, set up in a browser that is then closed: (name, hand)."""
        hand, tab = hand or self.hand(alg=alg), self.tab()
        name = self.sign_up(tab, hand)
        tab.close()
        return name, hand


def shown(tab):
    """The digits on the page, as they are spoken."""
    return tab.js("document.querySelector('.digits').getAttribute('aria-label')").replace(" ", "")


def wrong(digits):
    return digits[:-1] + str((int(digits[-1]) + 1) % 10)


# --- Stories ---


def setting_up(stage):
    """Sign up, scan from the screenshot, wrong digits, right digits."""
    tab, hand = stage.tab(), stage.hand()
    stage.shot(tab, "sign-in-desktop-light")
    tab.click("Set up an account")
    tab.title("Set up an account")
    tab.fill("#name", "ada")
    tab.click("Continue")
    tab.title("Add your phone")
    tab.fill("#digits", "123456")
    tab.click("Confirm")
    tab.says("No phone has answered yet.")
    [uri] = stage.codes(tab, "enroll-desktop-light")
    digits = hand.scan(uri)
    tab.title("Type the six digits on your phone")
    tab.says("Your phone has answered.")
    assert tab.js("document.activeElement.id") == "digits", "the field has the focus"
    tab.fill("#digits", wrong(digits))
    tab.click("Confirm")
    tab.says("Those aren't the digits of your phone. 2 tries left.")
    stage.shot(tab, "enroll-wrong-desktop-light")
    tab.fill("#digits", f"{digits[:3]} {digits[3:]}")
    tab.click("Confirm")
    tab.title("Hello, ada")
    tab.says("Ada's phone is now a key to your account.")
    stage.shot(tab, "account-desktop-light")
    other = stage.tab()
    other.click("Set up an account")
    other.title("Set up an account")
    other.fill("#name", "ADA")
    other.click("Continue")
    other.says("This name is taken.")


def three_wrong_confirmations(stage):
    tab, hand = stage.tab(), stage.hand()
    tab.click("Set up an account")
    tab.title("Set up an account")
    tab.fill("#name", "thrice")
    tab.click("Continue")
    tab.title("Add your phone")
    digits = hand.scan(stage.codes(tab)[0])
    tab.title("Type the six digits on your phone")
    for left in ("2 tries left", "1 try left", None):
        tab.fill("#digits", wrong(digits))
        tab.click("Confirm")
        tab.says(left) if left else tab.title("This code has ended")
    assert hand.do("poll", enrollment=hand.id)["status"] == "removed"
    tab.click("Show a new code")
    tab.title("Add your phone")
    assert len(stage.codes(tab)) == 1


def signing_in(stage):
    """Approve: digits from the page, typed on the phone; the page goes on by itself."""
    name, hand = stage.somebody(alg="ES256")
    tab = stage.tab(width=360, height=760, scale=2)
    stage.shot(tab, "sign-in-360-light")
    digits = stage.ask(tab, name)
    stage.shot(tab, "approve-360-light")
    tab.look(1100)
    stage.shot(tab, "approve-desktop-light")
    tab.look(1100, dark=True)
    stage.shot(tab, "approve-desktop-dark")
    request = hand.asked()
    assert request["context"]["client"] == "Chrome on Linux" and request["context"]["application"] == "Payroll", request
    assert hand.answer("approve", wrong(digits)) == "wrong_code"
    tab.says("Wrong digits on the phone. 2 tries left.")
    assert shown(tab) == digits, "the digits stay"
    tab.look(360, 760, 2, dark=True)
    stage.shot(tab, "wrong-digits-360-dark")
    assert hand.answer("approve", digits) == "approved"
    tab.title(f"Hello, {name}")
    tab.look(360, 760, 2, dark=True)
    stage.shot(tab, "account-360-dark")
    assert not tab.complaints(), tab.complaints()


def sending_again(stage):
    name, hand = stage.somebody()
    tab = stage.tab()
    old = stage.ask(tab, name)
    tab.click("Send again")
    tab.until(f"document.querySelector('.digits')?.getAttribute('aria-label').replaceAll(' ', '') !== '{old}'")
    new = shown(tab)
    assert hand.answer("approve", new) == "approved"
    tab.title(f"Hello, {name}")


def three_wrong_digits(stage):
    name, hand = stage.somebody()
    tab = stage.tab(dark=True)
    digits = stage.ask(tab, name)
    request = hand.asked()
    for _ in range(3):
        assert hand.answer("approve", wrong(digits), request) == "wrong_code"
    tab.title("Three wrong tries")
    stage.shot(tab, "failed-desktop-dark")


def denying(stage):
    name, hand = stage.somebody()
    tab = stage.tab()
    stage.ask(tab, name)
    assert hand.answer("deny") == "denied"
    tab.title("Turned down")
    assert "Nobody was signed in." in tab.js("document.getElementById('status').innerText"), "it is said aloud"
    stage.shot(tab, "denied-desktop-light")
    tab.click("Start again")
    tab.title("Sign in")


def reporting(stage):
    """It wasn't me: frozen until the operator releases, on the page of a session that is signed in, or by word."""
    hand, owner = stage.hand(), stage.tab()
    name = stage.sign_up(owner, hand)
    tab = stage.tab(width=360, height=760, scale=2)
    stage.ask(tab, name)
    assert hand.answer("report") == "reported"
    tab.title("Reported")
    stage.shot(tab, "reported-360-light")
    tab.click("Start again")
    tab.title("Sign in")
    tab.fill("#name", name)
    tab.click("Continue")
    tab.says("No phone of this account can approve")
    stage.shot(tab, "frozen-360-light")
    owner.go(f"{stage.service.address}/account")
    owner.says("Frozen")
    stage.shot(owner, "account-frozen-desktop-light")
    owner.click("Release, as the demo’s operator")
    owner.says("Released. The phone may approve again.")
    assert hand.do("poll", enrollment=hand.id)["status"] == "active"
    stage.ask(tab, name)
    assert hand.answer("report") == "reported"
    tab.title("Reported")
    assert stage.service.operator(f"release {name}") == "Released: Ada’s phone"
    digits = stage.ask(tab, name)
    assert hand.answer("approve", digits) == "approved"
    tab.title(f"Hello, {name}")


def expiring(stage):
    name, hand = stage.somebody()
    tab = stage.tab(dark=True)
    stage.ask(tab, name)
    stage.service.ahead(121)
    tab.title("This request has ended")
    stage.shot(tab, "expired-desktop-dark")
    digits = stage.ask(tab, name)
    assert hand.answer("approve", digits) == "approved"
    tab.title(f"Hello, {name}")


def an_approval_ends_after_a_minute(stage):
    name, hand = stage.somebody()
    tab = stage.tab()
    digits = stage.ask(tab, name)
    tab.offline(True)
    assert hand.answer("approve", digits) == "approved"
    stage.service.ahead(61)
    tab.offline(False)
    tab.title("This request has ended", within=30)


def without_network(stage):
    """The phone has none: the code from the screenshot, eight digits into the page."""
    name, hand = stage.somebody()
    tab = stage.tab()
    stage.ask(tab, name)
    tab.click("No network on the phone?")
    tab.title("No network on the phone")
    [uri] = stage.codes(tab, "offline-desktop-light")
    width = tab.js("(it => it.getBoundingClientRect().width / (it.naturalWidth))(document.querySelector('.qr-wide'))")
    module = tab.js("document.querySelector('.qr-wide').getBoundingClientRect().width") / tab.js(
        "Number(/viewBox=\"0 0 (\\d+)/.exec(atob(document.querySelector('.qr-wide').src.split(',')[1]))[1])"
    )
    assert module >= 4, f"{module} px a module, {width}"
    digits = hand.eight(uri)
    tab.fill("#digits", wrong(digits))
    tab.click("Approve")
    tab.says("That isn't right. 2 tries left.")
    tab.fill("#digits", digits[:4])
    tab.click("Approve")
    assert tab.js("document.querySelector('#digits:invalid') !== null"), "four digits aren't sent"
    tab.fill("#digits", f"{digits[:4]} {digits[4:]}")
    tab.click("Approve")
    tab.title(f"Hello, {name}")


def without_network_on_a_small_screen(stage):
    """Full width at 360 px, read from what a phone's screen would show; dark pages keep the code dark on white."""
    name, hand = stage.somebody()
    tab = stage.tab(width=360, height=760, scale=3, dark=True)
    stage.ask(tab, name)
    tab.click("No network on the phone?")
    tab.title("No network on the phone")
    [uri] = stage.codes(tab, "offline-360-dark")
    assert tab.js("document.documentElement.scrollWidth") <= 360, "nothing sticks out"
    tab.fill("#digits", hand.eight(uri))
    tab.click("Approve")
    tab.title(f"Hello, {name}")


def by_code(stage):
    name, hand = stage.somebody()
    tab = stage.tab()
    stage.ask(tab, name)
    tab.click("Use a code instead")
    tab.title("Use a code")
    digits = hand.totp()
    tab.fill("#digits", wrong(digits))
    tab.click("Sign in")
    tab.says("That isn't right. 2 tries left.")
    stage.shot(tab, "code-wrong-desktop-light")
    tab.fill("#digits", hand.totp())
    tab.click("Sign in")
    tab.title(f"Hello, {name}")
    # The same code is good once.
    other = stage.tab()
    stage.ask(other, name)
    other.click("Use a code instead")
    other.title("Use a code")
    other.fill("#digits", digits)
    other.click("Sign in")
    other.says("That isn't right.")


def paying(stage):
    hand, tab = stage.hand(), stage.tab()
    name = stage.sign_up(tab, hand)
    tab.fill("#amount", "1e9")
    tab.click("Pay")
    tab.says("Type an amount such as 120.00")
    tab.fill("#payee", "ACME")
    tab.fill("#amount", "120,00")
    tab.click("Pay")
    tab.title("Pay 120.00 € to ACME?")
    assert "Use a code" not in tab.text(), "a code never approves a payment"
    stage.shot(tab, "pay-desktop-light")
    request = hand.asked()
    assert request["details"] == [{"label": "To", "value": "ACME"}, {"label": "Amount", "value": "120.00 €"}], request
    assert request["uv"] is True
    assert hand.answer("approve", shown(tab), request) == "approved"
    tab.title(f"Hello, {name}")
    tab.says("Paid: 120.00 € to ACME.")
    stage.shot(tab, "paid-desktop-light")
    tab.fill("#payee", "Mallory")
    tab.click("Pay")
    tab.title("Pay 120.00 € to Mallory?")
    assert hand.answer("deny") == "denied"
    tab.title("Turned down")
    tab.says("Nothing was paid.")
    tab.click("Back to your account")
    tab.title(f"Hello, {name}")
    assert "to Mallory" not in tab.text()


def other_browsers(stage):
    """What one browser asked, no other can see, watch or use; two can't ask one phone at once."""
    name, hand = stage.somebody()
    tab, thief = stage.tab(), stage.tab()
    digits = stage.ask(tab, name)
    address = tab.js("location.href")
    thief.go(address)
    thief.title("This request isn’t here")
    assert digits not in thief.text().replace(" ", "")
    assert thief.js(f"fetch('{address}/status').then(r => r.json()).then(j => j.seen)") == "gone"
    token = thief.js("fetch('/').then(r => r.text()).then(t => /name=\"token\" value=\"([^\"]+)\"/.exec(t)[1])")
    assert hand.answer("approve", digits) == "approved"
    sent = f"{{method: 'POST', body: new URLSearchParams({{token: '{token}'}}), redirect: 'follow'}}"
    found = thief.js(f"fetch('{address}/finish', {sent}).then(r => r.status + ' ' + r.url)")
    assert found.startswith("404"), found
    tab.title(f"Hello, {name}")
    thief.go(f"{stage.service.address}/account")
    thief.title("Sign in")
    first = stage.tab()
    stage.ask(first, name)
    thief.fill("#name", name)
    thief.click("Continue")
    thief.says("Another browser is asking this phone right now.")


def second_tab(stage):
    """A second tab of the same browser asks anew: the first one's digits end, and neither redeems the other's."""
    name, hand = stage.somebody()
    before = log(stage).count("Redeemed")
    first = stage.tab()
    old = stage.ask(first, name)
    second = stage.beside(first)
    digits = stage.ask(second, name)
    first.front()
    first.title("Asked again elsewhere")
    stage.shot(first, "superseded-desktop-light")
    assert digits != old
    third = stage.beside(first)
    third.go(second.js("location.href"))
    third.title("Approve on your phone")
    assert hand.answer("approve", digits) == "approved"
    for tab in (second, third):
        tab.front()
        tab.title(f"Hello, {name}")
    assert log(stage).count("Redeemed") == before + 1, "one approval was used once"


def log(stage):
    lines = [stage.service.operator("log")]
    stage.service.process.stdin.write("ahead 0\n")
    stage.service.process.stdin.flush()
    while not lines[-1].startswith("The clock is 0 s"):
        lines.append(stage.service.line())
    return lines[:-1]


def cancelling(stage):
    name, hand = stage.somebody()
    tab = stage.tab()
    stage.ask(tab, name)
    tab.click("Cancel")
    tab.title("Sign in")
    assert hand.do("poll", enrollment=hand.id)["requests"] == []


def unreachable(stage):
    name, hand = stage.somebody()
    tab = stage.tab()
    digits = stage.ask(tab, name)
    tab.offline(True)
    tab.says("This page can't reach the service. It keeps trying.")
    stage.shot(tab, "unreachable-desktop-light")
    assert shown(tab) == digits
    assert hand.answer("approve", digits) == "approved"
    tab.offline(False)
    tab.title(f"Hello, {name}", within=30)


def without_scripts(stage):
    """The same by reloading alone."""
    hand = stage.hand()
    tab = stage.tab(scripts=False)
    name = stage.sign_up(tab, hand, scripts=False)
    tab.click("Sign out")
    tab.title("Sign in")
    digits = stage.ask(tab, name)
    assert tab.js("document.getElementById('status').innerText") == "", "no script has run"
    stage.shot(tab, "approve-without-scripts-desktop-light")
    assert hand.answer("approve", digits) == "approved"
    tab.title("Approved")
    stage.shot(tab, "approved-without-scripts-desktop-light")
    tab.click("Continue")
    tab.title(f"Hello, {name}")


def keyboard_only(stage):
    name, hand = stage.somebody()
    tab = stage.tab()
    tab.front()
    assert tab.focused() == "name", "the first field has the focus"
    tab.type(name)
    tab.key("Enter")
    tab.title("Approve on your phone")
    reached = []
    for _ in range(12):
        tab.key("Tab")
        reached.append(tab.focused())
        if reached[-1] == "Use a code instead":
            break
    assert reached[:4] == ["Payroll", "Send again", "No network on the phone?", "Use a code instead"], reached
    outline = tab.js("getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "solid3px", outline
    stage.shot(tab, "focus-desktop-light")
    tab.key("Enter")
    tab.title("Use a code")
    tab.until("document.activeElement.id === 'digits'")
    tab.type(hand.totp())
    tab.key("Enter")
    tab.title(f"Hello, {name}")


def phones(stage):
    """A second phone; each has a code of its own; one is removed."""
    tab, one, two = stage.tab(), stage.hand("Ada’s phone"), stage.hand("Old tablet")
    name = stage.sign_up(tab, one)
    tab.click("Add another phone")
    tab.title("Add your phone")
    digits = two.scan(stage.codes(tab)[0])
    tab.title("Type the six digits on your phone")
    tab.fill("#digits", digits)
    tab.click("Confirm")
    tab.title(f"Hello, {name}")
    assert two.do("poll", enrollment=two.id)["status"] == "active"
    other = stage.tab()
    stage.ask(other, name)
    other.click("No network on the phone?")
    other.title("No network on the phone")
    codes = stage.codes(other, "offline-two-desktop-light")
    assert len(codes) == 2, codes
    good = [code for code in codes if "request" in two.only("offline", uri=code)]
    assert len(good) == 1
    other.fill("#digits", two.eight(good[0]))
    other.click("Approve")
    other.title(f"Hello, {name}")
    tab.go(f"{stage.service.address}/account")
    tab.js("document.querySelectorAll('.phones details')[1].open = true")
    stage.shot(tab, "account-two-desktop-light")
    tab.click("Remove this phone")
    tab.says("Removed. It approves nothing any more.")
    assert two.do("poll", enrollment=two.id)["status"] == "removed"
    stage.service.ahead(601)
    tab.click("Add another phone")
    tab.title("Sign in again first")


def strangers(stage):
    """Other sites' forms, other names for this host, and what browsers are told."""
    address = stage.service.address
    host = address.removeprefix("http://")

    def fetch(path, data=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(address + path, data=data, headers={"Host": host} | headers)
        try:
            return urllib.request.urlopen(request, timeout=10)
        except urllib.error.HTTPError as error:
            return error

    assert fetch("/", Host="evil.example").status == 421
    home = fetch("/")
    cookie, page = home.headers["Set-Cookie"], home.read().decode()
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie, cookie
    policy = home.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'"), policy
    assert home.headers["X-Content-Type-Options"] == "nosniff" and home.headers["Cache-Control"] == "no-store"
    token = page.split('name="token" value="')[1].split('"')[0]
    form = f"name=nobody&token={token}".encode()
    session = cookie.split(";")[0]
    assert fetch("/sign-in", form, Cookie=session).status == 422, "its own form is looked at"
    assert fetch("/sign-in", form).status == 403, "without the session"
    assert fetch("/sign-in", b"name=nobody", Cookie=session).status == 403, "without the token"
    for name, value in (("Origin", "https://evil.example"), ("Origin", "null"), ("Sec_Fetch_Site", "cross-site")):
        assert fetch("/sign-in", form, Cookie=session, **{name: value}).status == 403, value
    assert fetch("/sign-in", b"a" * 100_000, Cookie=session).status == 413
    assert fetch("/push/metadata").headers["Content-Type"] == "application/jose"
    assert fetch("/push/metadata", b"").status == 405
    assert fetch("/nowhere").status == 404


def stopping(stage):
    """The end of input and Ctrl-C stop the service, within seconds, with an open page, and no file stays."""
    for how in (None, signal.SIGINT):
        service = Service(stage.program)
        tab = stage.browser.tab(stage.browser.person())
        tab.go(service.address)
        tab.title("Sign in")
        assert os.listdir(service.folder), "it keeps its rows in a file"
        assert service.stop(how) == (0, []), how
        tab.close()


def small_and_readable(stage):
    """At 360 px nothing sticks out; every text has a contrast of 4.5 or more, light and dark."""
    hand, tab = stage.hand(), stage.tab(width=360, height=760, scale=2)
    stage.sign_up(tab, hand)
    places = ["/account", "/", "/sign-up"]
    for dark in (False, True):
        tab.look(360, 760, 2, dark)
        for place in places:
            tab.go(stage.service.address + place)
            assert tab.js("document.documentElement.scrollWidth") <= 360, place
            bad = tab.js(CONTRAST)
            assert not bad, f"{place}, dark {dark}: {bad}"
    # Pages of a question, and one that has ended.
    name, hand = stage.somebody()
    other = stage.tab(width=360, height=760, scale=2)
    stage.ask(other, name)
    address = other.js("location.href")
    for place in ("", "/offline", "/code"):
        other.go(address + place)
        for dark in (False, True):
            other.look(360, 760, 2, dark)
            assert other.js("document.documentElement.scrollWidth") <= 360, place
            assert not (bad := other.js(CONTRAST)), f"{place}, dark {dark}: {bad}"
    other.go(address)
    assert hand.answer("deny") == "denied"
    other.title("Turned down")
    for dark in (False, True):
        other.look(360, 760, 2, dark)
        assert not (bad := other.js(CONTRAST)), f"denied, dark {dark}: {bad}"


CONTRAST = """(() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const seen = c => c.length < 4 || c[3] > 0;
  const ground = it => { for (; it; it = it.parentElement) { const c = parse(getComputedStyle(it).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const bad = [];
  for (const it of document.querySelectorAll('body *')) {
    const own = [...it.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !it.getClientRects().length || !seen(parse(getComputedStyle(it).color))) continue;
    const [a, b] = [light(parse(getComputedStyle(it).color)), light(ground(it))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) bad.push(it.innerText.slice(0, 30) + ' ' + ratio.toFixed(2));
  }
  return bad;
})()"""


TESTS = [
    setting_up, three_wrong_confirmations, signing_in, sending_again, three_wrong_digits, denying, reporting, expiring,
    an_approval_ends_after_a_minute, without_network, without_network_on_a_small_screen, by_code, paying, other_browsers,
    second_tab, cancelling, unreachable, without_scripts, keyboard_only, phones, strangers, stopping,
    small_and_readable,
]  # fmt: skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("countersign")
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("chromium-browser"))
    parser.add_argument("--shots", default="target/screens")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    if not arguments.chromium:
        sys.exit("check.py: no chromium")
    passed = failed = 0
    stage = Stage(arguments)
    try:
        for test in TESTS:
            if arguments.only not in test.__name__:
                continue
            start = time.monotonic()
            try:
                test(stage)
                passed += 1
                print(f"ok: {test.__name__.replace('_', ' ')} ({time.monotonic() - start:.1f} s)", flush=True)
            except Exception as error:
                failed += 1
                line = traceback.extract_tb(error.__traceback__)
                line = next(it for it in reversed(line) if it.filename == __file__)
                print(f"FAILED: {test.__name__.replace('_', ' ')}: line {line.lineno}: {line.line}\n"
                      f"        {type(error).__name__}: {error}", flush=True)
    finally:
        stage.close()
    print(f"{passed} passed, {failed} failed")
    sys.exit(bool(failed or not passed))


if __name__ == "__main__":
    main()
