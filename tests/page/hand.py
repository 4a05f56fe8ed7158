"""A phone in a hand: the Python phone of tests/protocol, with a real network."""
import pathlib
import sys
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "protocol"))
import phone  # noqa: E402


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Hand:
    """`clock` gives the seconds that it is."""

    def __init__(self, clock, name, alg="Ed25519"):
        self.clock, self.half = clock, phone.Driver()
        self.opener = urllib.request.build_opener(NoRedirect, urllib.request.ProxyHandler({}))
        device = {"name": name, "model": "Model 1", "os": "Test OS 1", "app": "Countersign test"}
        self.only("start", alg=alg, device=device, allow_loopback_http=True)
        self.id = None

    def only(self, name, **members):
        return self.half.do({"do": name, "now": int(self.clock())} | members)

    def do(self, name, **members):
        """A command, and the whole exchange that comes of it."""
        found, merged = self.only(name, **members), {}
        while True:
            merged |= found
            send = merged.pop("send", None)
            if not send:
                return merged
            sent = int(self.clock())
            reply = self.send(send)
            found = self.only("receive", id=send["id"], sent=sent, received=int(self.clock()), **reply)

    def send(self, send):
        headers = {"Proof": send["proof"]} if send["proof"] else {}
        body = send["body"].encode() if send["method"] == "POST" else None
        request = urllib.request.Request(send["url"], data=body, method=send["method"], headers=headers)
        try:
            answer = self.opener.open(request, timeout=10)
        except urllib.error.HTTPError as error:
            answer = error
        except OSError:
            return {"status": 0, "content_type": "", "body": ""}
        with answer:
            return {
                "status": answer.status,
                "content_type": answer.headers.get("Content-Type", ""),
                "body": answer.read(1 << 18).decode(),
            }

    # --- What a person does with it ---

    def scan(self, uri):
        """An invitation: the six digits to be typed into the page."""
        seen = self.only("enroll", uri=uri)
        assert "error" not in seen, seen
        found = self.do("go")
        assert "digits" in found, found
        self.id = found["enrollment"]
        return found["digits"]

    def asked(self):
        """Pulls; the one request that waits."""
        found = self.do("poll", enrollment=self.id)
        assert len(found.get("requests", [])) == 1, found
        return found["requests"][0]

    def answer(self, decision, digits=None, request=None):
        request = request or self.asked()
        code = digits if decision == "approve" else None
        return self.do("decide", request=request["request"], decision=decision, code=code, uv=True).get("receipt")

    def eight(self, uri):
        """Eight digits for a code that was scanned: without a network."""
        request = self.only("offline", uri=uri)["request"]
        return self.only("digits", request=request["request"], uv=True)["digits"]

    def totp(self):
        return self.only("totp", enrollment=self.id)["digits"]
