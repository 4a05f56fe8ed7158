"""What an evil verifier does to a phone, an evil phone to a verifier, and an evil network to both.

The evil half is Python's, in this process, with one rule broken in one kind of message (spoil.py) or one value changed.
"""
import phone
import verifier
from spoil import SPOILS, put, spoiling
from strict import Message, b64, dump, unb64, make as honest
from world import ACCOUNT, LOST

REFUSALS = ("network", "refused", "bad_invitation", "bad_challenge")
ATTACKS = []


def attack(against):
    def register(run):
        ATTACKS.append((run.__name__.replace("_", " "), against, run))
        return run

    return register


def all_of():
    return ATTACKS + list(_spoiled())


def _spoiled():
    for kind, cases in SPOILS.items():
        for name, alter, code in cases:
            if kind in ON_PHONE:
                yield f"the phone refuses {kind}: {name}", "phone", _on_phone(kind, alter)
            if kind in ON_VERIFIER:
                yield f"the verifier refuses {kind}: {name}", "verifier", _on_verifier(kind, alter, code)


# --- On the phone ---


def refused(found):
    assert found.get("error") in REFUSALS, f"should be refused: {found}"


def _metadata(w, spoil):
    w.p_only("enroll", uri=w.v("invite", account=ACCOUNT)["uri"])
    with spoil:
        refused(w.p("go"))
    assert w.p("list")["enrollments"] == []


def _inbox(w, spoil):
    id = w.enroll()
    w.ask()
    before = w.p("list")
    with spoil:
        refused(w.p("poll", enrollment=id))
    assert w.p("list") == before and w.p("requests")["requests"] == []
    w.pull(id)


def _challenge(w, spoil):
    id = w.enroll()
    with spoil:
        asked = w.ask(context={"client": "c"})
    found = w.p("poll", enrollment=id)
    assert (found.get("refused"), found.get("requests")) == (1, []), f"should be refused: {found}"
    uri = asked["challenges"][0]["uri"]
    if uri:
        refused(w.p("offline", uri=uri))


def _receipt(w, spoil):
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    with spoil:
        refused(w.decide(request, code=asked["shown"]))
    assert w.p("history")["history"][0]["receipt"] is None


def _error(w, spoil):
    w.enroll()
    invited = w.v("invite", account=ACCOUNT)
    w.p_only("enroll", uri=invited["uri"].replace(invited["ticket"], b64(bytes(16))))
    with spoil:
        refused(w.p("go"))


ON_PHONE = {
    "metadata": _metadata, "enrolled": _metadata, "inbox": _inbox, "challenge": _challenge, "receipt": _receipt,
    "error": _error,
}  # fmt: skip


def _on_phone(kind, alter):
    def run(make):
        ON_PHONE[kind](make(), spoiling(verifier, kind, alter))

    return run


# --- On the verifier ---


def answered(w, code):
    """The last request was answered by this signed error, or by the unsigned 401."""
    found = w.answers[-1]
    if code is None:
        assert (found["status"], found["body"].count(".")) == (401, 0), f"should be an unsigned 401: {found}"
        return
    assert found["status"] == (409 if code == "ticket_used" else 400), f"should be {code}: {found}"
    message = Message(found["body"])
    assert message.typ() == "error" and message.payload()["code"] == code, f"should be {code}: {message.payload()}"


def listening(w):
    """Keeps the verifier's answers, and says nothing of them to the evil phone (it would try again)."""
    w.answers = []

    def via(send, forward):
        found = forward(send)
        if send["method"] == "GET" and send["proof"] is None:
            return found
        w.answers.append(found)
        return found if found["status"] == 200 else LOST

    w.via = via


def _enroll(w, spoil, code):
    w.p_only("enroll", uri=w.v("invite", account=ACCOUNT)["uri"])
    listening(w)
    with spoil:
        w.p("go")
    answered(w, code)


def _proof(w, spoil, code):
    id = w.enroll()
    listening(w)
    with spoil:
        w.p("poll", enrollment=id)
    answered(w, code)


def _response(w, spoil, code):
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    listening(w)
    with spoil:
        w.decide(request, code=asked["shown"])
    answered(w, code)
    assert w.v("status", sign_in=asked["sign_in"])["state"] == "pending"
    found = w.v("enrollment", enrollment=id)
    assert (found["status"], found["counter"]) == ("active", 0), found


def _rotate(w, spoil, code):
    id = w.enroll()
    before = w.v("enrollment", enrollment=id)
    listening(w)
    with spoil:
        w.p("rotate", enrollment=id, possession=True, uv_key=True, uv=True)
    answered(w, code)
    assert w.v("enrollment", enrollment=id) == before


def _remove(w, spoil, code):
    id = w.enroll()
    listening(w)
    with spoil:
        w.p("remove", enrollment=id, uv=True)
    answered(w, code)
    assert w.v("enrollment", enrollment=id)["status"] == "active"


ON_VERIFIER = {
    "enroll": _enroll, "uv": _enroll, "proof": _proof, "response": _response, "rotate": _rotate, "key": _rotate,
    "remove": _remove,
}  # fmt: skip


def _on_verifier(kind, alter, code):
    def run(make):
        ON_VERIFIER[kind](make(), spoiling(phone, kind, alter), code)

    return run


def send_push(w, id, body, **changes):
    """A push object under a right proof; the answer."""
    enrollment = w.phone_half.it.enrollments[id]
    w.phone_half.it.now = w.now
    raw = body if isinstance(body, bytes) else dump(body)
    path = f"/enrollments/{id}/push"
    proof = w.phone_half.it.proof(enrollment, "POST", path, raw)
    w.answers = [w.v("http", method="POST", path=path, proof=changes.get("proof", proof), body=raw.decode())]
    return w.answers[0]


@attack("verifier")
def push_objects_that_break_a_rule(make):
    w = make()
    id = w.enroll()
    point = w.phone_half.it.enrollments[id] and b64(verifier.p256_public(verifier.p256_private()))
    tag, auth = b64(bytes(16)), b64(bytes(16))
    good = {"transport": "unifiedpush", "address": "https://push.example/x", "tag": tag, "p256dh": point, "auth": auth}
    assert send_push(w, id, good)["status"] == 200
    cases = [
        good | {"v": 1},
        good | {"x": 1},
        good | {"transport": "smoke"},
        good | {"address": "http://push.example/x"},
        good | {"address": "https://push.example:8443/x"},
        good | {"address": "https://user@push.example/x"},
        good | {"address": ""},
        good | {"address": "https://push.example/" + "x" * 1024},
        good | {"tag": b64(bytes(15))},
        good | {"p256dh": b64(b"\4" + bytes(64))},
        good | {"auth": b64(bytes(15))},
        {"transport": "none", "address": "x"},
        {"transport": "none", "tag": tag},
        {"transport": "fcm", "address": "token"},
        {"transport": "fcm", "tag": tag},
        {"transport": "fcm", "address": "token", "tag": tag, "auth": auth},
        {"transport": "apns", "address": "token", "tag": tag, "p256dh": point},
        b'{"transport":"none","transport":"none"}',
        b"[]",
        b"",
    ]
    for body in cases:
        send_push(w, id, body)
        answered(w, "malformed")
    assert w.v("enrollment", enrollment=id)["transport"] == "unifiedpush"


@attack("verifier")
def proofs_are_needed_once_and_alone(make):
    w = make()
    id = w.enroll()
    path = f"/enrollments/{id}/challenges"
    w.phone_half.it.now = w.now
    proof = w.phone_half.it.proof(w.phone_half.it.enrollments[id], "GET", path)

    def get(found, path=path):
        w.answers = [w.v("http", method="GET", path=path, proof=found, body="")]
        return w.answers[0]["status"]

    for none in (None, "", "x", [], [proof, proof]):
        get(none)
        answered(w, None)
    get(proof, path=f"/enrollments/{b64(bytes(16))}/challenges")
    answered(w, None)
    assert get(proof) == 200
    get(proof)
    answered(w, "proof_replayed")
    w.now += 61
    get(proof)
    answered(w, "proof_time")
    other = w.enroll()
    stolen = w.phone_half.it.proof(w.phone_half.it.enrollments[other], "GET", path)
    get(stolen)
    answered(w, None)


@attack("verifier")
def paths_methods_and_sizes(make):
    w = make()
    id = w.enroll()
    wanted = [
        ("GET", "/nothing", "", 404), ("POST", "/metadata", "", 405), ("GET", "/enrollments", "", 405),
        ("GET", f"/enrollments/{id}/responses", "", 405), ("POST", f"/enrollments/{id}/challenges", "", 405),
        ("GET", f"/enrollments/{id}/secrets", "", 404), ("GET", f"/enrollments/{id}", "", 404),
        ("POST", "/enrollments", "x" * 16385, 413), ("POST", "/enrollments", "x", 401), ("POST", "/enrollments", "", 401),
        ("POST", f"/enrollments/{id}/responses", "a.b.c", 401),
    ]  # fmt: skip
    for method, path, body, status in wanted:
        found = w.v("http", method=method, path=path, proof=None, body=body)
        assert found["status"] == status, (method, path, found)


def write(w, id, decision="approve", key="uv", **changes):
    """A response by the evil phone's keys to the request that it knows; the verifier's answer is kept."""
    enrollment = w.phone_half.it.enrollments[id]
    it = list(enrollment.requests.values())[-1]
    enrollment.counter += 1
    payload = {"iss": id, "aud": w.u, "iat": w.now, "challenge": b64(it.h), "jti": b64(bytes(15) + bytes([enrollment.counter]))}
    payload |= {"decision": decision} | ({"code": "000000"} if decision == "approve" else {})
    payload |= {"amr": ["swk", "pin"], "exp": it.payload["exp"], "counter": enrollment.counter}
    compact = honest("response", getattr(enrollment, key), payload | changes)
    w.answers = [w.v("http", method="POST", path=f"/enrollments/{id}/responses", proof=None, body=compact)]
    return compact


def receipt(w, status):
    found = w.answers[-1]
    assert found["status"] == 200, found
    payload = Message(found["body"]).payload()
    assert payload["status"] == status, payload
    return payload


@attack("verifier")
def approving_by_possession_where_verification_is_asked(make):
    w = make()
    id = w.enroll()
    asked = w.ask(uv=True)
    w.pull(id)
    write(w, id, key="possession", code=asked["shown"])
    answered(w, "malformed")
    assert w.v("enrollment", enrollment=id)["counter"] == 0
    write(w, id, code=asked["shown"])
    receipt(w, "approved")


@attack("verifier")
def denying_and_reporting_by_possession(make):
    for decision, status in (("deny", "denied"), ("report", "reported")):
        w = make()
        id = w.enroll()
        w.ask(uv=True)
        w.pull(id)
        write(w, id, decision, key="possession")
        receipt(w, status)


@attack("verifier")
def a_counter_that_does_not_rise_suspends(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    w.pull(id)
    first = write(w, id)
    assert receipt(w, "wrong_code")["attempts_left"] == 2
    again = w.v("http", method="POST", path=f"/enrollments/{id}/responses", proof=None, body=first)
    assert again == w.answers[0] and w.v("enrollment", enrollment=id)["counter"] == 1
    write(w, id, counter=1, code=asked["shown"])
    answered(w, "clone_suspected")
    assert w.v("enrollment", enrollment=id)["status"] == "suspended"
    assert w.v("status", sign_in=asked["sign_in"])["state"] == "cancelled"
    write(w, id, code=asked["shown"])
    answered(w, "not_active")
    assert "suspended" in [it["event"] for it in w.v("notices")["notices"]]
    w.v("release", enrollment=id)
    assert w.v("enrollment", enrollment=id) | {"status": "active", "counter": 1} == w.v("enrollment", enrollment=id)


@attack("verifier")
def a_second_answer_after_a_decision(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    w.pull(id)
    write(w, id, code=asked["shown"])
    receipt(w, "approved")
    for decision in ("approve", "deny"):
        write(w, id, decision)
        receipt(w, "already_answered")
    # What isn't live any more is judged before the counter: nothing is suspected.
    write(w, id, "deny", counter=1)
    receipt(w, "already_answered")
    assert w.v("redeem", sign_in=asked["sign_in"])["redeemed"]


@attack("verifier")
def a_challenge_of_another_enrolment(make):
    w = make()
    id = w.enroll()
    other = w.enroll({"id": "ola-8", "name": "ola@rp.example"})
    w.ask()
    w.pull(id)
    w.phone_half.it.enrollments[other].requests = w.phone_half.it.enrollments[id].requests
    write(w, other)
    answered(w, "malformed")


@attack("verifier")
def a_response_sent_to_another_enrolment_is_a_stranger(make):
    w = make()
    id = w.enroll()
    other = w.enroll()
    w.ask()
    w.pull(id)
    compact = write(w, id)
    w.answers = [w.v("http", method="POST", path=f"/enrollments/{other}/responses", proof=None, body=compact)]
    answered(w, None)


@attack("verifier")
def reports_twice_and_after_exp(make):
    w = make()
    id = w.enroll()
    w.ask()
    w.pull(id)
    write(w, id, "report")
    receipt(w, "reported")
    write(w, id, "report")
    receipt(w, "frozen")
    w.v("release", enrollment=id)
    write(w, id, "report")
    receipt(w, "already_answered")
    assert w.v("enrollment", enrollment=id)["status"] == "active"
    w.now += 5
    w.ask(session="two")
    w.pull(id)
    w.now += 121
    write(w, id, "report")
    receipt(w, "expired")
    assert w.v("enrollment", enrollment=id)["status"] == "active"


@attack("verifier")
def rotation_is_not_for_the_possession_key(make):
    w = make()
    id = w.enroll()
    enrollment = w.phone_half.it.enrollments[id]
    enrollment.uv, kept = enrollment.possession, enrollment.uv
    listening(w)
    w.p("rotate", enrollment=id, possession=True, uv_key=True, uv=True)
    answered(w, None)
    w.p("remove", enrollment=id, uv=True)
    answered(w, None)
    enrollment.uv = kept


@attack("verifier")
def a_key_that_was_used_before(make):
    w = make()
    id = w.enroll()
    old = w.phone_half.it.enrollments[id].uv
    w.p("rotate", enrollment=id, possession=False, uv_key=True, uv=True)
    listening(w)
    original, phone.PrivateKey = phone.PrivateKey, lambda alg, seed=None: old
    try:
        w.p("rotate", enrollment=id, possession=False, uv_key=True, uv=True)
        answered(w, "malformed")
        invited = w.v("invite", account=ACCOUNT)
        w.p_only("enroll", uri=invited["uri"])
        w.p("go")
        answered(w, "malformed")
    finally:
        phone.PrivateKey = original


@attack("verifier")
def replayed_rotations_and_removals(make):
    w = make()
    id = w.enroll()
    w.p("rotate", enrollment=id, possession=True, uv_key=False, uv=True)
    first = w.sent[-1]
    w.p("rotate", enrollment=id, possession=True, uv_key=False, uv=True)
    w.answers = [w.forward(first)]
    assert w.answers[0]["status"] == 400, w.answers
    w.p("remove", enrollment=id, uv=True)
    last = w.sent[-1]
    assert w.forward(last)["status"] == 200


@attack("verifier")
def hardware_is_never_believed(make):
    w = make(hardware=True)
    uri = w.v("invite", account=ACCOUNT)["uri"]
    w.p_only("enroll", uri=uri)
    w.answers = []

    def via(send, forward):
        found = forward(send)
        w.answers.append(found)
        return found

    w.via = via
    original = phone.Phone.open_metadata

    def lied(self, site, reply):
        payload, keys = original(self, site, reply)
        return payload | {"require": payload["require"] | {"hardware": False}}, keys

    phone.Phone.open_metadata = lied
    try:
        w.p("go")
    finally:
        phone.Phone.open_metadata = original
    answered(w, "unsupported")


@attack("verifier")
def a_wrong_tp_does_not_use_up_the_ticket(make):
    w = make()
    invited = w.v("invite", account=ACCOUNT)
    w.p_only("enroll", uri=invited["uri"])
    listening(w)
    with spoiling(phone, "enroll", put("tp", value=b64(bytes(32)))):
        w.p("go")
    answered(w, "ticket_unknown")
    w.via = None
    w.scan(invited["uri"])


ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@attack("verifier")
def a_malleated_signature_is_no_new_answer(make):
    w = make()
    id = w.enroll()
    w.ask()
    w.pull(id)
    compact = write(w, id)
    first = w.answers[-1]
    assert receipt(w, "wrong_code")["attempts_left"] == 2
    signing_input, signature = compact.rsplit(".", 1)
    raw = unb64(signature)
    if w.phone_half.it.enrollments[id].uv.alg == "ES256":
        # (r, n - s) is as good as (r, s): the same message, the same receipt, no try.
        s = P256_ORDER - int.from_bytes(raw[32:], "big")
        twin, wanted = raw[:32] + s.to_bytes(32, "big"), first
    else:
        # S + L: refused by a strict verifier.
        s = ED25519_ORDER + int.from_bytes(raw[32:], "little")
        twin, wanted = raw[:32] + s.to_bytes(32, "little"), None
    body = f"{signing_input}.{b64(twin)}"
    found = w.v("http", method="POST", path=f"/enrollments/{id}/responses", proof=None, body=body)
    assert (found == wanted) if wanted else (found["status"], found["body"]) == (401, ""), found
    assert w.v("enrollment", enrollment=id)["counter"] == 1


# --- The network, and a verifier that changes its mind ---


@attack("phone")
def junk_of_every_status_is_network_trouble(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    before = w.p("list")
    good = {}

    def keep(send, forward):
        good["answer"] = forward(send)
        return LOST

    w.via = keep
    w.p("poll", enrollment=id)
    signed = good["answer"]["body"]
    for status in (0, 200, 302, 400, 401, 403, 404, 409, 429, 500, 503):
        for body in ("", "<html>", "{}", signed if status not in (0, 200, 400, 409) else "a.b.c"):
            w.via = lambda send, forward, status=status, body=body: {"status": status, "body": body}
            refused(w.p("poll", enrollment=id))
            refused(w.p("push", enrollment=id, transport="none"))
    w.via = lambda send, forward: {"status": 400, "body": good["answer"]["body"]}
    refused(w.p("poll", enrollment=id))
    w.via = None
    assert w.p("list") == before
    assert w.decide(request, code=asked["shown"])["receipt"] == "approved"


@attack("phone")
def an_old_inbox_is_no_answer(make):
    w = make()
    id = w.enroll()
    old = {}

    def keep(send, forward):
        old["answer"] = forward(send)
        return old["answer"]

    w.via = keep
    w.p("poll", enrollment=id)
    w.via = lambda send, forward: old["answer"]
    refused(w.p("poll", enrollment=id))


@attack("phone")
def metadata_that_goes_back_or_changes_in_silence(make):
    w = make()
    id = w.enroll()
    rp = w.verifier_half.it
    w.v("change", name="Second")
    w.p("poll", enrollment=id)
    w.now += 86_401
    rp.name = "Third"
    w.p("poll", enrollment=id)
    assert w.p("list")["enrollments"][0]["name"] == "Second"
    w.now += 86_401
    rp.name, rp.seq = "First", 1
    refused(w.p("poll", enrollment=id))
    assert w.p("list")["enrollments"][0]["name"] == "Second"


@attack("phone")
def another_identity_key_is_network_trouble(make):
    w = make()
    uri = w.v("invite", account=ACCOUNT)["uri"]
    w.p_only("enroll", uri=uri.replace(w.k, b64(bytes(32))))
    refused(w.p("go"))


@attack("phone")
def a_slow_answer_moves_no_clock(make):
    w = make()
    id = w.enroll()

    def slow(send, forward):
        w.now += 300
        found = forward(send)
        w.now -= 289
        return found

    w.via = slow
    w.p("poll", enrollment=id)
    w.via = None
    assert w.p("list")["enrollments"][0]["offset"] == 0


@attack("phone")
def a_signed_clone_suspected_makes_the_phone_poll(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    w.verifier_half.it.enrollments[id].counter = 99
    found = w.decide(request, code=asked["shown"])
    assert (found.get("error"), found.get("code")) == ("verifier", "clone_suspected"), found
    assert w.p("list")["enrollments"][0]["status"] == "suspended"
    assert w.p("resend", enrollment=id).get("nothing") is True


@attack("phone")
def a_challenge_without_verification_where_metadata_requires_it(make):
    w = make(uv=True)
    id = w.enroll()
    with spoiling(verifier, "challenge", put("require", "uv", value=False)):
        w.ask()
    found = w.p("poll", enrollment=id)
    assert (found["refused"], found["requests"]) == (1, []), found


@attack("phone")
def a_member_in_ext_changes_nothing(make):
    w = make()
    id = w.enroll()
    with spoiling(verifier, "challenge", put("ext", value={"anything": [1, {"a": "b"}]})):
        asked = w.ask()
    assert w.decide(w.pull(id), code=asked["shown"])["receipt"] == "approved"


@attack("phone")
def a_challenge_of_another_verifier_or_enrolment(make):
    w = make()
    first, second = w.enroll(), w.enroll({"id": "ola-8", "name": "ola@rp.example"})
    w.ask()
    rp = w.verifier_half.it
    rp.enrollments[second].challenge = rp.enrollments[first].challenge
    found = w.p("poll", enrollment=second)
    assert (found["refused"], found["requests"]) == (1, []), found
    w.pull(first)


@attack("phone")
def an_answered_request_never_comes_back(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    assert w.decide(request, "deny")["receipt"] == "denied"
    rp = w.verifier_half.it
    challenge = rp.challenges[rp.enrollments[id].challenge]
    challenge.state, challenge.sign_in.state = "live", "pending"
    assert w.p("poll", enrollment=id)["requests"] == []
    assert "error" in w.decide(request, code=asked["shown"])


@attack("phone")
def an_offline_challenge_after_its_metadata_expired(make):
    w = make()
    w.enroll()
    w.now += 91 * 86_400
    uri = w.ask(context={})["challenges"][0]["uri"]
    refused(w.p("offline", uri=uri))


@attack("phone")
def an_enrolment_never_answers_on_anothers_link(make):
    w = make()
    for uri in ("", "countersign://challenge", "countersign://challenge?c=", "countersign://challenge?c=a.b.c",
                "countersign://challenge?c=x&c=x", "countersign://enroll?c=x", "https://rp.example"):  # fmt: skip
        refused(w.p("offline", uri=uri))
        refused(w.p_only("enroll", uri=uri))
