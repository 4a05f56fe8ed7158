import Countersign
import Foundation
import Testing

// docs/embedding.md
struct AcmeAuthenticator: Sendable {
    let core: Authenticator
    let home: String

    struct NotOurs: Error {}

    /// Takes ACME's own invitations alone; gives the digits that the person types into its page.
    func enroll(_ invitation: String, password: SecretInput) async throws -> String {
        guard try await core.approvals.previewInvitation(invitation).host == home else { throw NotOurs() }
        let phone = DeviceInfo(name: "Ada's phone", model: "Model 1", os: "iOS 19", app: "ACME 1.0")
        let check = PersonCheck.password(password: password)
        return try await core.approvals.enroll(invitation, device: phone, keys: .software, check: check).digits
    }

    var waiting: Updates<[PendingRequest]> { core.approvals.requestStream() }

    /// True once ACME has signed that it lets the person in.
    func approve(_ request: PendingRequest, digits: String, password: SecretInput) async throws -> Bool {
        let check = PersonCheck.password(password: password)
        return try await core.approvals.approve(request, code: digits, check: check).confirmation == .approved
    }
}
// end

@Suite("The guide for app makers")
struct EmbeddingTests {
    @Test("an app's own authenticator enrols at its server and approves")
    func story() async throws {
        let server = try DemoServer()
        let page = Page(server)
        try await withVault(platform(http: URLSessionHttpClient(allowLoopbackHttp: true))) { authenticator in
            let port = try #require(server.address.port)
            let acme = AcmeAuthenticator(core: authenticator, home: "127.0.0.1:\(port)")
            try await page.signUp("ada") { try await acme.enroll($0, password: password()) }
            try await page.signIn("ada")
            var waiting: PendingRequest?
            for try await requests in acme.waiting where !requests.isEmpty {
                waiting = requests.first
                break
            }
            let request = try #require(waiting)
            #expect(try await acme.approve(request, digits: page.digits, password: password()))

            let elsewhere = AcmeAuthenticator(core: authenticator, home: "acme.example")
            await #expect(throws: AcmeAuthenticator.NotOurs.self) {
                try await page.signUp("bob") { try await elsewhere.enroll($0, password: password()) }
            }
        }
    }

    @Test("the guide's authenticator is the one that is compiled here")
    func guide() throws {
        let source = try String(contentsOfFile: #filePath, encoding: .utf8)
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        let begin = try #require(lines.firstIndex(of: "// docs/embedding.md"))
        let end = try #require(lines.firstIndex(of: "// end"))
        let example = lines[(begin + 1)..<end].joined(separator: "\n")
        let guide = try String(contentsOf: checkout.appending(path: "docs/embedding.md"), encoding: .utf8)
        #expect(guide.contains("```swift\n\(example)\n```"))
    }
}
