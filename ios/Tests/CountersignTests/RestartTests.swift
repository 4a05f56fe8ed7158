import Countersign
import Foundation
import Testing

@Suite("A process that is killed midway")
struct RestartTests {
    /// Built beside the tests.
    private var victim: URL {
        URL(filePath: Swift.CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "CountersignVictim")
    }

    @Test("an approval that was signed and not sent is sent by the next process")
    func approval() async throws {
        let server = try DemoServer()
        let page = Page(server)
        let http = URLSessionHttpClient(allowLoopbackHttp: true)
        try await inFolder { folder in
            let path = folder.appending(path: "vault").path
            let made = try await Authenticator.create(path: path, password: password(), platform: platform(http: http))
            let id = try await signUp("ada", page, made.authenticator)
            await made.authenticator.shut()
            try await page.signIn("ada")

            let process = try Talker(victim, [path])
            defer { process.kill() }
            try process.type("correct horse battery")
            try process.type(page.digits)
            #expect(try process.line() == "signed")
            process.kill()
            try await page.reload()
            #expect(try page.title == "Approve on your phone", "nothing was sent")

            let anew = try await Authenticator.open(path: path, platform: platform(http: http))
            try await anew.unlock(password: password())
            let history = try await anew.approvals.history()
            #expect(history.map(\.confirmation) == [.unconfirmed] && history.first?.decision == .approve)
            let polled = try await anew.approvals.poll(id)
            #expect(polled.confirmed.map(\.confirmation) == [.approved])
            try await page.reload()
            #expect(try page.title == "Approved")
            try await page.send("/finish")
            #expect(try page.title == "Hello, ada")
            await anew.shut()
        }
    }
}
