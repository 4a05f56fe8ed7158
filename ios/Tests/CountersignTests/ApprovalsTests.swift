import Countersign
import Foundation
import Testing

/// What a phone says of itself.
let phone = DeviceInfo(name: "Ada's phone", model: "Test", os: "Linux", app: "Tests")

/// The person's own password, within a call.
func byPassword() -> PersonCheck { .password(password: password()) }

/// Digits that are not these.
func wrong(_ digits: String) -> String {
    String(digits.dropLast()) + (digits.last == "7" ? "8" : "7")
}

/// An account on the demo's page whose phone is this authenticator; gives the enrolment.
func signUp(
    _ name: String,
    _ page: Page,
    _ authenticator: Authenticator,
    keys: NewKeys = .software,
    check: PersonCheck = byPassword()
) async throws -> String {
    var id = ""
    try await page.signUp(name) { invitation in
        let enrolled = try await authenticator.approvals.enroll(invitation, device: phone, keys: keys, check: check)
        #expect(enrolled.account == name && enrolled.server == "Payroll")
        id = enrolled.id
        return enrolled.digits
    }
    #expect(try await authenticator.approvals.poll(id).status == .active)
    return id
}

/// The one request that waits.
func onlyRequest(_ authenticator: Authenticator, _ enrollment: String) async throws -> PendingRequest {
    try await authenticator.approvals.poll(enrollment)
    let waiting = try await authenticator.approvals.requests()
    #expect(waiting.count == 1)
    return try #require(waiting.first)
}

@Suite("Approvals, against the demo's service")
struct ApprovalsTests {
    private let server: DemoServer
    private let page: Page

    init() throws {
        server = try DemoServer()
        page = Page(server)
    }

    private var network: URLSessionHttpClient { URLSessionHttpClient(allowLoopbackHttp: true) }

    @Test("the whole story with the platform's keys")
    func platformKeys() async throws {
        let signer = Signer()
        try await withVault(platform(http: network, deviceSigner: signer)) { authenticator in
            let check = PersonCheck.platform(methods: [.fingerprint])
            // The root of what is sealed in the vault is opened by the password or the keystore, also with keys elsewhere.
            let id = try await signUp("ada", page, authenticator, keys: .platform)
            #expect(signer.keys.count() == 2)
            let info = try #require(try await authenticator.approvals.enrollments().first)
            #expect(info.id == id && info.status == .active && !info.inHardware && info.server == "Payroll")
            try await story(authenticator, id, check)
            let reasons = signer.prompts.value.map(\.reason)
            #expect(reasons.contains(.enroll) && reasons.contains(.approve), "\(reasons)")
            try await rotate(authenticator, id, keys: .platform, check: check)
            #expect(signer.keys.count() == 2, "the keys of before are gone")
            try await authenticator.approvals.unenroll(id, check: check)
            #expect(signer.keys.count() == 0)
            #expect(try await authenticator.approvals.enrollments().isEmpty)
        }
    }

    @Test("the whole story with keys made here")
    func softwareKeys() async throws {
        try await withVault(platform(http: network)) { authenticator in
            let id = try await signUp("ada", page, authenticator)
            try await story(authenticator, id, byPassword())
            try await rotate(authenticator, id, keys: .software, check: byPassword())
            try await authenticator.approvals.unenroll(id, check: byPassword())
            #expect(try await authenticator.approvals.enrollments().isEmpty)
        }
    }

    /// Approved with the page's digits, wrong digits, denied, reported and released.
    private func story(_ authenticator: Authenticator, _ id: String, _ check: PersonCheck) async throws {
        let approvals = authenticator.approvals
        try await page.signIn("ada")
        var request = try await onlyRequest(authenticator, id)
        #expect(request.account == "ada" && request.verifiedContext && request.online)
        #expect(request.action == .signIn(application: "Payroll"))
        guard case .digits(let count) = request.code else {
            Issue.record("\(request.code)")
            return
        }
        #expect(count == 6)
        await refuses("code-needed") { try await approvals.approve(request, check: check) }
        await refuses("not-the-digits") { try await approvals.approve(request, code: "12", check: check) }
        let mistaken = try await approvals.approve(request, code: wrong(page.digits), check: check)
        #expect(mistaken.confirmation == .wrongCode(attemptsLeft: 2))
        request = try await onlyRequest(authenticator, id)
        let answer = try await approvals.approve(request, code: page.digits, check: check)
        #expect(answer.decision == .approve && answer.confirmation == .approved)
        try await page.reload()
        #expect(try page.title == "Approved")
        try await page.send("/finish")
        #expect(try page.title == "Hello, ada")

        try await page.signIn("ada")
        let denied = try await approvals.deny(onlyRequest(authenticator, id))
        #expect(denied.confirmation == .denied)
        try await page.reload()
        #expect(try page.title == "Turned down")

        try await page.signIn("ada")
        let reported = try await approvals.report(onlyRequest(authenticator, id))
        #expect(reported.confirmation == .reported)
        #expect(try await approvals.poll(id).status == .frozen)
        #expect(try server.tell("release ada").hasPrefix("Released: "))
        #expect(try await approvals.poll(id).status == .active)

        let history = try await approvals.history()
        #expect(history.first?.decision == .report)
        #expect(Set(history.map(\.decision)) == [.approve, .deny, .report])
        #expect(history.contains { $0.about == "Payroll" })
    }

    private func rotate(
        _ authenticator: Authenticator,
        _ id: String,
        keys: NewKeys,
        check: PersonCheck
    ) async throws {
        #expect(try await authenticator.approvals.rotateKeys(id, keys: keys, check: check) == .active)
        try await page.signIn("ada")
        let request = try await onlyRequest(authenticator, id)
        let answer = try await authenticator.approvals.approve(request, code: page.digits, check: check)
        #expect(answer.confirmation == .approved, "with the new keys")
        try await authenticator.approvals.clearHistory()
        #expect(try await authenticator.approvals.history().isEmpty)
    }

    @Test("a picture is answered by eight digits, without a network")
    func offline() async throws {
        try await withVault(platform(http: network)) { authenticator in
            let id = try await signUp("ada", page, authenticator)
            _ = id
            try await page.signIn("ada")
            try await page.go(page.path + "/offline")
            let picture = try page.code
            let reading = try await authenticator.scanner().read(
                picture: picture.bytes,
                width: picture.width,
                height: picture.height,
                rowStride: picture.rowStride
            )
            guard case .found(.offlineChallenge(let link), _)? = reading.events.first else {
                Issue.record("\(reading)")
                return
            }
            let request = try await authenticator.approvals.scanChallenge(link)
            #expect(request.byPicture && request.account == "ada")
            let code = try await authenticator.approvals.approveOffline(request, check: byPassword())
            #expect(code.digits.count == 8)
            try await page.send("/offline", ["digits": code.digits])
            #expect(try page.title == "Hello, ada")
            #expect(try await authenticator.approvals.history().first?.confirmation == .byDigits)
        }
    }

    @Test("an invitation is looked at before it is taken, and is good once")
    func invitation() async throws {
        try await withVault(platform(http: network)) { authenticator in
            var link = ""
            try await page.signUp("ada") { invitation in
                link = invitation
                let preview = try await authenticator.approvals.previewInvitation(invitation)
                #expect(preview.host.hasPrefix("127.0.0.1:") && !preview.known)
                return try await authenticator.approvals.enroll(
                    invitation,
                    device: phone,
                    keys: .software,
                    check: byPassword()
                ).digits
            }
            let error = await refuses("ticket-used") {
                _ = try await authenticator.approvals.enroll(link, device: phone, keys: .software, check: byPassword())
            }
            #expect(error == .Rejected(by: "server", code: "ticket-used"))
        }
    }

    @Test("approvals with the keystore's own prompt, and denying while the vault is locked")
    func keystore() async throws {
        let keychain = Keychain()
        try await withVault(platform(http: network, keyWrapper: keychain)) { authenticator in
            try await authenticator.addPerUseKey(password: password())
            try await authenticator.addInboxKey()
            let check = PersonCheck.platform(methods: [.face])
            let id = try await signUp("ada", page, authenticator, check: check)
            try await page.signIn("ada")
            let request = try await onlyRequest(authenticator, id)
            keychain.asked.value = []
            let answer = try await authenticator.approvals.approve(request, code: page.digits, check: check)
            #expect(answer.confirmation == .approved && keychain.asked.value == [.perUse])
            try await page.signIn("ada")
            await authenticator.lock()
            try await authenticator.openInbox()
            #expect(authenticator.mayPoll && !authenticator.isUnlocked)
            let second = try await onlyRequest(authenticator, id)
            await refuses("locked") {
                try await authenticator.approvals.approve(second, code: page.digits, check: check)
            }
            #expect(try await authenticator.approvals.deny(second).confirmation == .denied)
        }
    }
}
