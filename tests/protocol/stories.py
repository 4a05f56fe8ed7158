"""What two halves do together, right and wrong; check.py runs each with both algorithms."""
from strict import b64, h_of
from world import ACCOUNT, CONTEXT, DETAILS, DEVICE, LOST, wrong

STORIES = []


def story(run):
    STORIES.append((run.__name__.replace("_", " "), "story", run))
    return run


def all_of():
    import attacks

    return STORIES + attacks.all_of()


def equal(found, wanted):
    assert found == wanted, f"found {found!r}, wanted {wanted!r}"


def has(found, **members):
    for name, value in members.items():
        assert found.get(name) == value, f"{name} should be {value!r} in {found!r}"


def lose(nth=0, reach=True):
    """Loses the nth POST's answer, or the request too."""
    seen = {"n": -1}

    def via(send, forward):
        if send["method"] != "POST":
            return forward(send)
        seen["n"] += 1
        if seen["n"] != nth:
            return forward(send)
        if reach:
            forward(send)
        return LOST

    return via


# --- Enrolment ---


@story
def enrolled_confirmed_approved_and_used_once(make):
    w = make()
    invited = w.v("invite", account=ACCOUNT)
    seen = w.p_only("enroll", uri=invited["uri"])
    has(seen, host="rp.example", name="Example", account=ACCOUNT["name"])
    assert "send" not in seen
    found = w.p("go")
    has(found, status="pending", account=ACCOUNT["name"], name="Example", hint_differs=False, totp=True, u=w.u)
    assert len(found["digits"]) == 6
    id = found["enrollment"]
    has(w.p("poll", enrollment=id), status="pending", requests=[], refused=0)
    equal(w.ask()["error"], "no_factor")
    has(w.v("confirm", ticket=invited["ticket"], digits=wrong(found["digits"])), confirmed=False, tries_left=2)
    has(w.v("confirm", ticket=invited["ticket"], digits=found["digits"]), confirmed=True, enrollment=id)
    has(w.p("poll", enrollment=id), status="active")
    asked = w.ask()
    assert len(asked["shown"]) == 6 and asked["challenges"][0]["enrollment"] == id
    listed = w.p("poll", enrollment=id)["requests"]
    has(listed[0], context=CONTEXT, details=[], action="sign-in", uv=False, digits=6, account=ACCOUNT["name"])
    equal(listed[0]["request"], b64(h_of(asked["challenges"][0]["challenge"])))
    has(w.v("redeem", sign_in=asked["sign_in"]), error="pending")
    has(w.decide(listed[0]["request"], code=asked["shown"]), receipt="approved")
    has(w.v("status", sign_in=asked["sign_in"]), state="approved")
    has(w.v("redeem", sign_in=asked["sign_in"]), redeemed=True, uv=True, hardware=False)
    has(w.v("redeem", sign_in=asked["sign_in"]), error="used")
    has(w.v("enrollment", enrollment=id), status="active", counter=1, hardware=False)
    events = [it["event"] for it in w.v("notices")["notices"]]
    assert "enrolled" in events, events
    equal(w.p("poll", enrollment=id)["requests"], [])
    has(w.p("history")["history"][0], decision="approve", receipt="approved")


@story
def a_clock_ten_minutes_ahead_recovers_at_enrolment(make):
    w = make(skew=600)
    id = w.enroll()
    equal(w.p("list")["enrollments"][0]["offset"], -600)
    asked = w.ask()
    has(w.decide(w.pull(id), code=asked["shown"]), receipt="approved")


@story
def a_clock_ten_minutes_behind_recovers_at_enrolment(make):
    w = make(skew=-600)
    id = w.enroll()
    asked = w.ask()
    has(w.decide(w.pull(id), code=asked["shown"]), receipt="approved")


@story
def a_clock_a_year_wrong_recovers(make):
    for skew in (-31_536_000, 31_536_000):
        w = make(skew=skew)
        id = w.enroll()
        asked = w.ask()
        has(w.decide(w.pull(id), code=asked["shown"]), receipt="approved")


@story
def a_clock_that_jumps_later_recovers_by_a_poll(make):
    w = make()
    id = w.enroll()
    w.skew = 86_400 * 3
    has(w.p("poll", enrollment=id), status="active")
    equal(w.p("list")["enrollments"][0]["offset"], -86_400 * 3)
    w.skew = -7200
    asked = w.ask()
    has(w.decide(w.pull(id), code=asked["shown"]), receipt="approved")


@story
def a_lost_enrolled_is_asked_for_again_with_the_same_bytes(make):
    w = make()
    invited = w.v("invite", account=ACCOUNT)
    w.p_only("enroll", uri=invited["uri"])
    w.via = lose()
    has(w.p("go"), error="network")
    w.via = None
    first = w.sent[-1]["body"]
    w.now += 120
    found = w.p("resend")
    bodies = [send["body"] for send in w.sent if send["url"].endswith("/enrollments")]
    equal(bodies, [first, first])
    has(w.v("confirm", ticket=invited["ticket"], digits=found["digits"]), confirmed=True)
    has(w.p("poll", enrollment=found["enrollment"]), status="active")


@story
def a_request_that_never_came_is_sent_again(make):
    w = make(skew=600)
    invited = w.v("invite", account=ACCOUNT)
    w.p_only("enroll", uri=invited["uri"])
    w.via = lose(reach=False)
    has(w.p("go"), error="network")
    w.via = None
    found = w.p("resend")
    # A repeat gives no clock: the signed proof_time may be old. Either the phone gives up or it found the time otherwise.
    assert "digits" in found or found.get("error") in ("verifier", "network", "refused"), found


@story
def another_phone_that_used_the_code_is_told(make):
    w = make()
    invited = w.v("invite", account=ACCOUNT)
    w.scan(invited["uri"])
    w.p_only("enroll", uri=invited["uri"])
    has(w.p("go"), error="verifier", code="ticket_used")


@story
def tickets_expire_and_are_forgotten(make):
    w = make()
    invited = w.v("invite", account=ACCOUNT)
    w.now += 601
    w.p_only("enroll", uri=invited["uri"])
    has(w.p("go"), error="verifier", code="ticket_expired")
    w.now += 2 * 86_400
    w.p_only("enroll", uri=invited["uri"])
    has(w.p("go"), error="verifier", code="ticket_unknown")


@story
def a_ticket_of_ones_own_making_is_unknown(make):
    w = make()
    invited = w.v("invite", account=ACCOUNT)
    w.p_only("enroll", uri=invited["uri"].replace(invited["ticket"], b64(bytes(16))))
    has(w.p("go"), error="verifier", code="ticket_unknown")


@story
def three_wrong_confirmations_remove_the_enrolment(make):
    w = make()
    invited = w.v("invite", account=ACCOUNT)
    found = w.scan(invited["uri"])
    for left in (2, 1, 0):
        has(w.v("confirm", ticket=invited["ticket"], digits=wrong(found["digits"])), confirmed=False, tries_left=left)
    has(w.v("confirm", ticket=invited["ticket"], digits=found["digits"]), error="nothing_pending")
    has(w.p("poll", enrollment=found["enrollment"]), status="removed")


@story
def a_confirmation_after_ten_minutes_is_too_late(make):
    w = make()
    invited = w.v("invite", account=ACCOUNT)
    found = w.scan(invited["uri"])
    w.now += 601
    has(w.v("confirm", ticket=invited["ticket"], digits=found["digits"]), error="nothing_pending")
    has(w.p("poll", enrollment=found["enrollment"]), status="removed")


@story
def one_that_stays_pending_is_forgotten_after_a_day(make):
    w = make()
    w.scan(w.v("invite", account=ACCOUNT)["uri"])
    equal(len(w.p("list")["enrollments"]), 1)
    w.now += 86_401
    equal(w.p("list")["enrollments"], [])


@story
def a_hint_that_differs_is_said(make):
    w = make()
    invited = w.v("invite", account=ACCOUNT)
    head = invited["uri"].split("&a=")[0]
    found = w.scan(head + "&a=somebody%40rp.example")
    has(found, hint_differs=True, account=ACCOUNT["name"])


@story
def hardware_that_cannot_be_shown_ends_the_enrolment(make):
    w = make(hardware=True)
    w.p_only("enroll", uri=w.v("invite", account=ACCOUNT)["uri"])
    assert w.p("go").get("error") == "unsupported"
    assert not any(send["method"] == "POST" for send in w.sent)


@story
def no_totp_where_the_policy_says_none(make):
    w = make(totp=False)
    id = w.enroll()
    has(w.p("list")["enrollments"][0], totp=False)
    has(w.p("totp", enrollment=id), error="no_totp")


@story
def the_device_is_made_to_fit(make):
    device = DEVICE | {"name": "e\u0301\u202e" + "x" * 60, "os": "\u0007"}
    w = make(device=device)
    w.enroll()


# --- Deciding ---


@story
def denied_and_answered(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    has(w.decide(request, "deny"), receipt="denied")
    has(w.v("status", sign_in=asked["sign_in"]), state="denied")
    has(w.v("redeem", sign_in=asked["sign_in"]), error="denied")
    has(w.decide(request, "approve", asked["shown"]), error="unknown_request")


@story
def wrong_codes_then_the_right_one(make):
    w = make()
    id = w.enroll()
    asked = w.ask(digits=8)
    request = w.pull(id)
    has(w.decide(request, code="123456"), error="code_needed")
    has(w.decide(request, code=wrong(asked["shown"])), receipt="wrong_code", attempts_left=2)
    has(w.decide(request, code=wrong(asked["shown"])), receipt="wrong_code", attempts_left=1)
    has(w.decide(request, code=asked["shown"]), receipt="approved")
    has(w.v("redeem", sign_in=asked["sign_in"]), redeemed=True)


@story
def the_third_wrong_code_fails_the_sign_in_over_regenerations(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    has(w.decide(w.pull(id), code=wrong(asked["shown"])), receipt="wrong_code", attempts_left=2)
    again = w.v("regenerate", sign_in=asked["sign_in"])
    equal(again["sign_in"], asked["sign_in"])
    has(w.decide(w.pull(id), code=wrong(again["shown"])), receipt="wrong_code", attempts_left=1)
    again = w.v("regenerate", sign_in=asked["sign_in"])
    request = w.pull(id)
    has(w.decide(request, code=wrong(again["shown"])), receipt="wrong_code", attempts_left=0)
    has(w.v("status", sign_in=asked["sign_in"]), state="failed")
    has(w.decide(request, code=again["shown"]), error="unknown_request")
    has(w.v("regenerate", sign_in=asked["sign_in"]), error="decided")


@story
def user_verification_is_needed_where_it_is_asked(make):
    w = make()
    id = w.enroll()
    asked = w.ask(uv=True, action="transaction")
    found = w.p("poll", enrollment=id)["requests"][0]
    has(found, uv=True, details=DETAILS, action="transaction")
    has(w.decide(found["request"], code=asked["shown"], uv=False), error="uv_needed")
    has(w.decide(found["request"], code=asked["shown"], uv=True), receipt="approved")
    has(w.v("redeem", sign_in=asked["sign_in"]), uv=True)


@story
def without_user_verification_where_none_is_asked(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    has(w.decide(w.pull(id), code=asked["shown"], uv=False), receipt="approved")
    has(w.v("redeem", sign_in=asked["sign_in"]), redeemed=True, uv=False)


@story
def metadata_that_requires_user_verification_counts_for_each_challenge(make):
    w = make(uv=True)
    id = w.enroll()
    asked = w.ask(uv=False)
    found = w.p("poll", enrollment=id)["requests"][0]
    has(found, uv=True)
    has(w.decide(found["request"], code=asked["shown"], uv=False), error="uv_needed")
    has(w.decide(found["request"], code=asked["shown"]), receipt="approved")


@story
def an_approval_that_nobody_redeems_expires(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    has(w.decide(w.pull(id), code=asked["shown"]), receipt="approved")
    w.now += 61
    has(w.v("redeem", sign_in=asked["sign_in"]), error="expired")


@story
def a_challenge_expires_on_both_sides(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    w.now += 121
    has(w.decide(request, code=asked["shown"]), error="expired")
    equal(w.p("requests")["requests"], [])
    has(w.v("status", sign_in=asked["sign_in"]), state="expired")
    equal(w.p("poll", enrollment=id)["requests"], [])


@story
def an_answer_that_comes_too_late_gets_expired(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    w.via = lose(reach=False)
    has(w.decide(request, code=asked["shown"]), error="network")
    w.via = None
    w.now += 130
    has(w.p("resend", enrollment=id), receipt="expired")


@story
def regenerated_is_superseded_and_closed(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    old = w.pull(id)
    again = w.v("regenerate", sign_in=asked["sign_in"])
    w.via = lose(reach=False)
    has(w.decide(old, code=asked["shown"]), error="network")
    w.via = None
    has(w.p("resend", enrollment=id), receipt="superseded")
    new = w.pull(id)
    assert new != old
    has(w.decide(new, code=again["shown"]), receipt="approved")


@story
def a_closed_request_cannot_be_answered(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    old = w.pull(id)
    has(w.v("cancel", sign_in=asked["sign_in"]), state="cancelled")
    equal(w.p("poll", enrollment=id)["requests"], [])
    has(w.decide(old, code=asked["shown"]), error="unknown_request")


@story
def an_answer_to_a_cancelled_request_gets_cancelled(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    w.v("cancel", sign_in=asked["sign_in"])
    has(w.decide(request, code=asked["shown"]), receipt="cancelled")


@story
def a_lost_receipt_is_asked_for_again_and_costs_nothing(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    w.via = lose()
    has(w.decide(request, code=wrong(asked["shown"])), error="network")
    has(w.p("history")["history"][0], receipt=None)
    assert w.decide(request, code=asked["shown"]).get("error") in ("held_back", "unknown_request")
    w.via = None
    has(w.p("resend", enrollment=id), receipt="wrong_code", attempts_left=2)
    equal(w.sent[-1]["body"], w.sent[-2]["body"])
    has(w.p("resend", enrollment=id), nothing=True)
    has(w.decide(request, code=asked["shown"]), receipt="approved")
    has(w.v("enrollment", enrollment=id), counter=2)


@story
def an_unconfirmed_answer_holds_back_others_until_its_exp(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    w.via = lose()
    has(w.decide(request, code=asked["shown"]), error="network")
    w.via = None
    other = w.ask(session="browser two")
    request = w.pull(id)
    has(w.decide(request, code=other["shown"]), error="held_back")
    w.now += 121
    other = w.ask(session="browser three")
    has(w.decide(w.pull(id), code=other["shown"]), receipt="approved")


@story
def a_report_is_never_held_back(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    w.via = lose()
    has(w.decide(request, code=asked["shown"]), error="network")
    w.via = None
    has(w.decide(request, "report"), receipt="reported")
    has(w.v("status", sign_in=asked["sign_in"]), state="reported")
    has(w.v("redeem", sign_in=asked["sign_in"]), error="reported")
    has(w.p("resend", enrollment=id), nothing=True)


@story
def reported_frozen_and_released(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    has(w.decide(request, "report"), receipt="reported")
    has(w.v("enrollment", enrollment=id), status="frozen")
    has(w.p("poll", enrollment=id), status="frozen", requests=[])
    has(w.p("totp", enrollment=id), error="not_active")
    has(w.ask(), error="no_factor")
    has(w.v("status", sign_in=asked["sign_in"]), state="reported")
    has(w.v("release", enrollment=id), status="active")
    has(w.p("poll", enrollment=id), status="active")
    asked = w.ask()
    has(w.decide(w.pull(id), code=asked["shown"]), receipt="approved")
    has(w.v("enrollment", enrollment=id), counter=2)
    events = [it["event"] for it in w.v("notices")["notices"]]
    assert "released" in events, events


@story
def a_report_after_use_freezes_all_the_same(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    has(w.decide(request, code=asked["shown"]), receipt="approved")
    has(w.v("redeem", sign_in=asked["sign_in"]), redeemed=True)
    has(w.decide(request, "report"), receipt="already_answered")
    has(w.v("enrollment", enrollment=id), status="frozen")
    has(w.v("status", sign_in=asked["sign_in"]), state="used")


@story
def an_answer_while_frozen_stays_frozen_after_the_release(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    w.v("freeze", enrollment=id)
    w.via = lose()
    has(w.decide(request, code=asked["shown"]), error="network")
    w.via = None
    w.v("release", enrollment=id)
    has(w.p("resend", enrollment=id), receipt="frozen")


@story
def several_phones_one_decides(make):
    w = make()
    first, second = w.enroll(), w.enroll()
    asked = w.ask()
    equal([it["enrollment"] for it in asked["challenges"]], [first, second])
    one, two = w.pull(first), w.pull(second)
    has(w.decide(one, code=wrong(asked["shown"])), receipt="wrong_code", attempts_left=2)
    has(w.decide(two, code=wrong(asked["shown"])), receipt="wrong_code", attempts_left=1)
    has(w.decide(two, code=asked["shown"]), receipt="approved")
    has(w.decide(one, code=asked["shown"]), receipt="cancelled")
    equal(w.p("poll", enrollment=first)["requests"], [])
    has(w.v("redeem", sign_in=asked["sign_in"]), redeemed=True)


@story
def a_report_by_another_phone_undoes_an_unused_approval(make):
    w = make()
    first, second = w.enroll(), w.enroll()
    asked = w.ask()
    one, two = w.pull(first), w.pull(second)
    has(w.decide(one, code=asked["shown"]), receipt="approved")
    has(w.decide(two, "report"), receipt="reported")
    has(w.v("redeem", sign_in=asked["sign_in"]), error="reported")
    has(w.v("enrollment", enrollment=first), status="active")
    has(w.v("enrollment", enrollment=second), status="frozen")


@story
def accounts_of_one_phone_stay_apart(make):
    w = make()
    other = {"id": "ola-8", "name": "ola@rp.example"}
    w.enroll(), w.enroll(other)
    asked = w.ask(account=other)
    equal(len(asked["challenges"]), 1)
    ids = [it["enrollment"] for it in w.p("list")["enrollments"]]
    equal(w.p("poll", enrollment=ids[0])["requests"], [])
    has(w.decide(w.pull(ids[1]), code=asked["shown"]), receipt="approved")


@story
def only_the_same_session_supersedes(make):
    w = make()
    id = w.enroll()
    asked = w.ask(session="one")
    has(w.ask(session="two"), error="busy")
    again = w.ask(session="one")
    has(w.v("status", sign_in=asked["sign_in"]), state="superseded")
    w.now += 121
    has(w.v("status", sign_in=again["sign_in"]), state="expired")
    assert "sign_in" in w.ask(session="two")
    w.pull(id)


@story
def a_session_holds_the_slot_ten_minutes_in_all(make):
    w = make()
    w.enroll()
    asked = w.ask(session="one")
    for _ in range(6):
        w.now += 100
        last = w.v("regenerate", sign_in=asked["sign_in"])
        if "error" in last:
            break
    has(last, error="held_too_long")
    has(w.ask(session="two"), error="busy")
    w.now += 21
    assert "sign_in" in w.ask(session="two")


@story
def the_phone_mutes_after_three_denials(make):
    w = make()
    id = w.enroll()
    for turn in range(3):
        equal(w.p("list")["enrollments"][0]["muted_until"], 0)
        w.ask(session=f"s{turn}")
        has(w.decide(w.pull(id), "deny"), receipt="denied")
    equal(w.p("list")["enrollments"][0]["muted_until"], w.now + 900)


@story
def wake_ups_pause_after_three_unapproved(make):
    w = make()
    id = w.enroll()
    has(w.p("push", enrollment=id, transport="fcm", address="token"), status="active")
    for turn in range(3):
        w.ask(session=f"s{turn}")
        equal(len(w.v("wake_ups")["wake_ups"]), 1)
        has(w.decide(w.pull(id), "deny"), receipt="denied")
    w.ask(session="more")
    equal(w.v("wake_ups")["wake_ups"], [])
    has(w.decide(w.pull(id), "deny"), receipt="denied")
    w.now += 61
    w.ask(session="still")
    equal(w.v("wake_ups")["wake_ups"], [])
    has(w.decide(w.pull(id), "deny"), receipt="denied")
    w.now += 241
    asked = w.ask(session="at last")
    equal(len(w.v("wake_ups")["wake_ups"]), 1)
    has(w.decide(w.pull(id), code=asked["shown"]), receipt="approved")
    w.ask(session="again")
    equal(len(w.v("wake_ups")["wake_ups"]), 1)


@story
def a_hundred_wrong_codes_in_a_row_suspend(make):
    w = make()
    id = w.enroll()
    for turn in range(34):
        asked = w.ask(session=f"s{turn}")
        request = w.pull(id)
        for left in (2, 1, 0):
            if w.v("enrollment", enrollment=id)["status"] == "active":
                has(w.decide(request, code=wrong(asked["shown"])), receipt="wrong_code", attempts_left=left)
    has(w.v("enrollment", enrollment=id), status="suspended")
    has(w.p("poll", enrollment=id), status="suspended")
    has(w.v("release", enrollment=id), status="active")
    has(w.p("poll", enrollment=id), status="active")


# --- Codes typed into the page ---


@story
def offline_approval_by_eight_digits(make):
    w = make()
    id = w.enroll()
    asked = w.ask(uv=True, context={"application": "Payroll"})
    uri = asked["challenges"][0]["uri"]
    assert uri.startswith("countersign://challenge?c=") and len(uri) <= 1200
    found = w.p("offline", uri=uri)["request"]
    has(found, offline=True, uv=True)
    has(w.p("digits", request=found["request"], uv=False), error="uv_needed")
    digits = w.p("digits", request=found["request"], uv=True)["digits"]
    equal(len(digits), 8)
    equal(w.p("digits", request=found["request"], uv=True)["digits"], digits)
    has(w.v("offline", sign_in=asked["sign_in"], digits=wrong(digits)), accepted=False, tries_left=2)
    has(w.v("offline", sign_in=asked["sign_in"], digits=digits), accepted=True)
    has(w.v("offline", sign_in=asked["sign_in"], digits=digits), error="decided")
    has(w.v("redeem", sign_in=asked["sign_in"]), redeemed=True, uv=True)
    equal(w.p("poll", enrollment=id)["requests"], [])
    has(w.decide(found["request"], code=asked["shown"]), error="unknown_request")


@story
def old_eight_digits_stay_good_after_a_regeneration(make):
    w = make()
    w.enroll()
    asked = w.ask(context={})
    found = w.p("offline", uri=asked["challenges"][0]["uri"])["request"]
    digits = w.p("digits", request=found["request"], uv=True)["digits"]
    w.v("regenerate", sign_in=asked["sign_in"])
    has(w.v("offline", sign_in=asked["sign_in"], digits=digits), accepted=True)


@story
def no_eight_digits_unless_the_last_inbox_said_active(make):
    w = make()
    id = w.enroll()
    asked = w.ask(context={})
    w.v("freeze", enrollment=id)
    w.p("poll", enrollment=id)
    found = w.p("offline", uri=asked["challenges"][0]["uri"])
    assert found.get("error") in ("not_active", "bad_challenge"), found


@story
def a_long_challenge_has_no_qr_code(make):
    w = make()
    w.enroll()
    asked = w.ask(action="transaction", details=[{"label": "Line", "value": "x" * 150}] * 10)
    equal(asked["challenges"][0]["uri"], None)


@story
def three_typed_codes_a_sign_in_then_waits(make):
    w = make()
    w.enroll()
    asked = w.ask(session="a")
    for left in (2, 1, 0):
        has(w.v("offline", sign_in=asked["sign_in"], digits="00000000"), accepted=False, tries_left=left)
    has(w.v("offline", sign_in=asked["sign_in"], digits="00000000"), error="no_tries")
    w.v("cancel", sign_in=asked["sign_in"])
    asked = w.ask(session="b")
    has(w.v("offline", sign_in=asked["sign_in"], digits="00000000"), error="wait")
    w.now += 2
    has(w.v("offline", sign_in=asked["sign_in"], digits="00000000"), accepted=False)
    has(w.v("offline", sign_in=asked["sign_in"], digits="00000000"), error="wait")


@story
def a_hundred_wrong_typed_codes_disable_that_way(make):
    w = make()
    id = w.enroll()
    for turn in range(34):
        asked = w.ask(session=f"s{turn}")
        for _ in range(3):
            w.now += 3601
            w.v("cancel", sign_in=asked["sign_in"])
            asked = w.ask(session=f"s{turn} {_}")
            w.v("totp", sign_in=asked["sign_in"], digits="000000")
        w.v("cancel", sign_in=asked["sign_in"])
    asked = w.ask(session="last")
    digits = w.p("totp", enrollment=id)["digits"]
    has(w.v("totp", sign_in=asked["sign_in"], digits=digits), error="disabled")
    has(w.decide(w.pull(id), code=asked["shown"]), receipt="approved")
    asked = w.ask(session="after")
    digits = w.p("totp", enrollment=id)["digits"]
    has(w.v("totp", sign_in=asked["sign_in"], digits=digits), accepted=True)


@story
def totp_signs_in_once_a_step(make):
    w = make(skew=600)
    id = w.enroll()
    asked = w.ask(session="a")
    found = w.p("totp", enrollment=id)
    assert 0 < found["valid_until"] - (w.now + w.skew) <= 30, found
    has(w.v("totp", sign_in=asked["sign_in"], digits=found["digits"]), accepted=True, state="approved")
    has(w.v("redeem", sign_in=asked["sign_in"]), redeemed=True, uv=False)
    equal(w.p("poll", enrollment=id)["requests"], [])
    asked = w.ask(session="b")
    has(w.v("totp", sign_in=asked["sign_in"], digits=found["digits"]), accepted=False)
    w.now += 30
    digits = w.p("totp", enrollment=id)["digits"]
    w.now += 30
    has(w.v("totp", sign_in=asked["sign_in"], digits=digits), accepted=True)


@story
def totp_never_where_verification_is_asked_or_for_a_transaction(make):
    w = make()
    id = w.enroll()
    digits = w.p("totp", enrollment=id)["digits"]
    asked = w.ask(session="a", uv=True)
    has(w.v("totp", sign_in=asked["sign_in"], digits=digits), error="not_allowed")
    w.v("cancel", sign_in=asked["sign_in"])
    asked = w.ask(session="b", action="transaction")
    has(w.v("totp", sign_in=asked["sign_in"], digits=digits), error="not_allowed")


# --- Lifecycle ---


@story
def push_addresses_and_wake_ups(make):
    w = make()
    id = w.enroll()
    for transport, address in (("unifiedpush", "https://push.example/abc"), ("apns", "token")):
        has(w.p("push", enrollment=id, transport=transport, address=address), status="active")
        has(w.v("enrollment", enrollment=id), transport=transport)
        w.v("wake_ups")
        asked = w.ask(session=transport)
        woken = w.v("wake_ups")["wake_ups"]
        has(woken[0], enrollment=id, transport=transport, address=address)
        equal(len(woken), 1)
        equal(len(w.p("wake", tag=woken[0]["tag"])["requests"]), 1)
        has(w.p("wake", tag=woken[0]["tag"]), ignored=True)
        has(w.p("wake", tag=b64(bytes(16))), ignored=True)
        w.v("cancel", sign_in=asked["sign_in"])
        w.now += 5
    has(w.p("push", enrollment=id, transport="none"), status="active")
    w.ask(session="quiet")
    equal(w.v("wake_ups")["wake_ups"], [])


@story
def keys_rotate_together_and_apart(make):
    w = make()
    id = w.enroll()
    for possession, uv_key in ((True, True), (True, False), (False, True)):
        old = w.v("enrollment", enrollment=id)
        has(w.p("rotate", enrollment=id, possession=possession, uv_key=uv_key, uv=False), error="uv_needed")
        has(w.p("rotate", enrollment=id, possession=possession, uv_key=uv_key, uv=True), status="active")
        new = w.v("enrollment", enrollment=id)
        equal((old["possession"] != new["possession"], old["uv"] != new["uv"]), (possession, uv_key))
        asked = w.ask(uv=True, session=f"{possession} {uv_key}")
        has(w.decide(w.pull(id), code=asked["shown"]), receipt="approved")
        w.v("redeem", sign_in=asked["sign_in"])


@story
def a_lost_rotation_is_sent_again(make):
    w = make()
    id = w.enroll()
    w.via = lose()
    has(w.p("rotate", enrollment=id, possession=True, uv_key=True, uv=True), error="network")
    w.via = None
    has(w.p("resend", enrollment=id), status="active")
    equal(w.sent[-1]["body"], w.sent[-2]["body"])
    has(w.p("poll", enrollment=id), status="active")
    has(w.p("resend", enrollment=id), nothing=True)


@story
def a_rotation_under_a_wrong_clock(make):
    w = make()
    id = w.enroll()
    w.skew = 7200
    has(w.p("rotate", enrollment=id, possession=True, uv_key=True, uv=True), status="active")


@story
def an_answer_signed_before_a_rotation_keeps_its_receipt(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    w.via = lose()
    w.decide(request, code=asked["shown"])
    w.via = None
    answer = w.sent[-1]
    w.p("rotate", enrollment=id, possession=True, uv_key=True, uv=True)
    found = w.forward(answer)
    equal(found["status"], 200)


@story
def removed_by_the_phone(make):
    w = make()
    id = w.enroll()
    has(w.p("remove", enrollment=id, uv=False), error="uv_needed")
    w.via = lose()
    has(w.p("remove", enrollment=id, uv=True), error="network")
    w.via = None
    has(w.p("resend", enrollment=id), status="removed")
    has(w.p("poll", enrollment=id), status="removed")
    has(w.ask(), error="no_factor")
    assert "removed" in [it["event"] for it in w.v("notices")["notices"]]
    w.now += 366 * 86_400
    has(w.p("poll", enrollment=id), error="network")


@story
def removal_works_while_frozen_or_suspended_but_not_while_pending(make):
    w = make()
    id = w.enroll()
    w.v("freeze", enrollment=id)
    has(w.p("rotate", enrollment=id, possession=True, uv_key=False, uv=True), error="verifier", code="not_active")
    has(w.p("push", enrollment=id, transport="fcm", address="token"), status="frozen")
    has(w.p("remove", enrollment=id, uv=True), status="removed")
    pending = w.scan(w.v("invite", account=ACCOUNT)["uri"])["enrollment"]
    # A phone may know this rule itself and send nothing, or be told by the verifier.
    for found in (
        w.p("remove", enrollment=pending, uv=True),
        w.p("push", enrollment=pending, transport="fcm", address="token"),
    ):
        assert found.get("error") == "not_active" or found.get("code") == "not_active", found


@story
def revoked_by_the_operator(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    has(w.v("revoke", enrollment=id), status="removed")
    has(w.v("status", sign_in=asked["sign_in"]), state="cancelled")
    found = w.decide(request, code=asked["shown"])
    has(found, error="verifier", code="not_active")
    has(w.p("list")["enrollments"][0], status="removed")


@story
def online_keys_change_in_their_time(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    before = w.v("rotate_online_keys", compromised=False)["seq"]
    assert before >= 2
    w.now += 1
    request = w.pull(id)
    has(w.p("list")["enrollments"][0], seq=before)
    has(w.decide(request, code=asked["shown"]), receipt="approved")
    w.now += 86_400 + 700
    has(w.p("poll", enrollment=id), status="active")
    assert w.p("list")["enrollments"][0]["seq"] > before


@story
def a_compromised_online_key_is_dropped_at_once(make):
    w = make()
    id = w.enroll()
    asked = w.ask()
    request = w.pull(id)
    w.via = lose()
    w.decide(request, code=wrong(asked["shown"]))
    w.via = None
    pending = w.scan(w.v("invite", account=ACCOUNT)["uri"])["enrollment"]
    w.v("rotate_online_keys", compromised=True)
    w.now += 61
    has(w.v("status", sign_in=asked["sign_in"]), state="cancelled")
    has(w.p("poll", enrollment=pending), status="removed")
    has(w.p("poll", enrollment=id), status="active", requests=[])
    has(w.p("resend", enrollment=id), receipt="wrong_code", attempts_left=2)


@story
def unknown_keys_make_the_phone_ask_at_most_once_a_minute(make):
    w = make()
    id = w.enroll()
    w.v("rotate_online_keys", compromised=True)
    has(w.p("poll", enrollment=id), status="active")
    w.v("rotate_online_keys", compromised=True)
    before = len(w.sent)
    has(w.p("poll", enrollment=id), error="network")
    assert not any(send["url"].endswith("/metadata") for send in w.sent[before:])
    w.now += 61
    has(w.p("poll", enrollment=id), status="active")


@story
def a_new_name_and_requirement_arrive_with_a_higher_seq(make):
    w = make()
    id = w.enroll()
    seq = w.v("change", name="Example Two", uv=True)["seq"]
    has(w.p("poll", enrollment=id), status="active")
    has(w.p("list")["enrollments"][0], seq=seq, name="Example Two")


@story
def metadata_is_fetched_again_after_a_day(make):
    w = make()
    id = w.enroll()
    w.now += 86_401
    before = len(w.sent)
    w.p("poll", enrollment=id)
    equal(len([1 for send in w.sent[before:] if send["url"].endswith("/metadata")]), 1)
    before = len(w.sent)
    w.p("poll", enrollment=id)
    equal(len([1 for send in w.sent[before:] if send["url"].endswith("/metadata")]), 0)


@story
def a_phone_that_was_off_for_half_a_year(make):
    w = make()
    id = w.enroll()
    w.now += 180 * 86_400
    asked = w.ask()
    has(w.decide(w.pull(id), code=asked["shown"]), receipt="approved")
