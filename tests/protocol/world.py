"""Two halves, the network between them and their clocks: what check.py and make_vectors.py play in."""
import json
import pathlib
import shlex
import subprocess
import sys

import phone
import verifier

HERE = pathlib.Path(__file__).resolve().parent
U = "https://rp.example/auth"
START = 1_800_000_000
ACCOUNT = {"id": "mina-7", "name": "mina@rp.example"}
DEVICE = {"name": "Mina's phone", "model": "Model 1", "os": "OS 12", "app": "Countersign 1"}
CONTEXT = {"application": "Payroll", "client": "Firefox on Linux", "address": "192.0.2.7", "location": "Oslo", "time": "12:30"}
DETAILS = [{"label": "Amount", "value": "20.00 EUR"}, {"label": "To", "value": "Büro Øst"}]
LOST = {"status": 0, "content_type": "", "body": ""}


class Unknown(Exception):
    """The half under test doesn't know this command."""


class Process:
    """A half in a process of its own; one that died is started anew by the next command."""

    def __init__(self, command):
        self.command, self.process = shlex.split(command), None

    def do(self, command):
        if not self.process:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self.process.stdin.write(json.dumps(command).encode() + b"\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            self.process = None
            raise AssertionError(f"the driver ended at {command['do']}")
        return json.loads(line)

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait(10)


def command(name):
    """The command that drives this folder's own half."""
    return shlex.join([sys.executable, str(HERE / name)])


class World:
    """A phone and a verifier; `skew` is how far the phone's clock is ahead, `via` may spoil what goes over the network."""

    def __init__(self, phone_half, verifier_half, alg, u=U, now=START, skew=0, device=DEVICE, **options):
        self.phone_half, self.verifier_half = phone_half, verifier_half
        self.now, self.skew, self.u = now, skew, u
        self.via = None
        self.sent = []
        settings = {"name": "Example", "uv": False, "hardware": False, "totp": True} | options
        self.k = self.v("start", u=u, alg=alg, **settings)["k"]
        self.p_only("start", alg=alg, device=device)

    def raw(self, half, now, name, members):
        found = half.do({"do": name, "now": now} | members)
        if found.get("error") == "unknown_command":
            raise Unknown(name)
        return found

    def v(self, name, /, **members):
        return self.raw(self.verifier_half, self.now, name, members)

    def p_only(self, name, /, **members):
        return self.raw(self.phone_half, self.now + self.skew, name, members)

    def p(self, name, /, **members):
        """A command to the phone, and the whole exchange that comes of it."""
        found = self.p_only(name, **members)
        merged = {}
        while True:
            merged |= found
            send = merged.pop("send", None)
            if not send:
                return merged
            own = self.now + self.skew
            reply = self.via(send, self.forward) if self.via else self.forward(send)
            later = self.now + self.skew
            reply = {"content_type": reply.get("content_type", ""), "status": reply["status"], "body": reply["body"]}
            found = self.p_only("receive", id=send["id"], sent=own, received=later, **reply)
            merged.pop("error", None) if "error" not in found else None

    def forward(self, send):
        assert send["url"].startswith(self.u), send["url"]
        self.sent.append(send)
        path = send["url"][len(self.u) :]
        return self.v("http", method=send["method"], path=path, proof=send["proof"], body=send["body"])

    # --- Common steps ---

    def enroll(self, account=ACCOUNT):
        """Invites, scans, enrols and confirms; the enrolment's id."""
        invited = self.v("invite", account=account)
        found = self.scan(invited["uri"])
        confirmed = self.v("confirm", ticket=invited["ticket"], digits=found["digits"])
        assert confirmed["confirmed"] is True, confirmed
        id = found["enrollment"]
        assert self.p("poll", enrollment=id)["status"] == "active"
        return id

    def scan(self, uri):
        seen = self.p_only("enroll", uri=uri)
        assert "error" not in seen, seen
        found = self.p("go")
        assert "digits" in found, found
        return found

    def ask(self, account=ACCOUNT, session="browser", action="sign-in", uv=False, digits=6, **more):
        details = DETAILS if action == "transaction" else []
        more = {"context": CONTEXT, "details": details} | more
        return self.v("sign_in", account=account["id"], session=session, action=action, uv=uv, digits=digits, **more)

    def pull(self, id):
        """Polls; the one request that is listed."""
        found = self.p("poll", enrollment=id)
        assert found.get("refused") == 0 and len(found["requests"]) == 1, found
        return found["requests"][0]["request"]

    def decide(self, request, decision="approve", code=None, uv=True):
        return self.p("decide", request=request, decision=decision, code=code, uv=uv)


def wrong(shown):
    """Digits of the same length that aren't these."""
    return shown[:-1] + str((int(shown[-1]) + 1) % 10)


def python_phone():
    return phone.Driver()


def python_verifier():
    return verifier.Driver()
