import Countersign
import Foundation
import Testing

@Suite("Cancellation", .serialized)
struct CancellationTests {
    @Test("a password is not derived for a task that was cancelled before")
    func beforeItBegins() async throws {
        try await inFolder { folder in
            // With the work that people's passwords take.
            let path = folder.appending(path: "vault").path
            let authenticator = try await Authenticator.create(path: path, password: password()).authenticator
            await authenticator.lock()
            let clock = ContinuousClock()
            let derivation = try await clock.measure { try await authenticator.unlock(password: password()) }
            await authenticator.lock()

            let start = clock.now
            let cancelled = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await authenticator.unlock(password: password())
            }
            await refuses("cancelled") { try await cancelled.value }
            #expect(clock.now - start < derivation / 2)
            #expect(!authenticator.isUnlocked)

            // One that waits for another's derivation never begins its own. The other one may be over first: then sooner.
            for attempt in 0..<10 {
                let pause = derivation / (8 << attempt)
                await authenticator.lock()
                let isOver = Box(false)
                let first = Task {
                    try await authenticator.unlock(password: password())
                    isOver.value = true
                }
                try await Task.sleep(for: pause)
                let second = Task { try await authenticator.unlock(password: password()) }
                try await Task.sleep(for: pause)
                second.cancel()
                let wasInTime = !isOver.value
                try await first.value
                if !wasInTime { continue }
                await refuses("cancelled") { _ = try await second.value }
                #expect(authenticator.isUnlocked, "by the first one")
                await authenticator.shut()
                return
            }
            Issue.record("the first one was always over")
            await authenticator.shut()
        }
    }

    @Test("an import that is cancelled midway has added nothing, and can be tried again")
    func importMidway() async throws {
        let lines = (0..<20_000).map { "otpauth://totp/Example:user\($0)?secret=\(rfcSecret)&issuer=Example\n" }
        let file = Data(lines.joined().utf8)
        try await withVault { authenticator in
            let files = authenticator.transfer.beginImport()
            try await files.add(file: file)
            let preview = try await files.preview()
            #expect(preview.chosen == 20_000)
            let (task, reports) = (Box<Task<Imported, any Error>?>(nil), Box<[UInt64]>([]))
            task.value = Task {
                try await preview.apply { done, total in
                    reports.change { $0.append(done) }
                    if done < total { task.value?.cancel() }
                }
            }
            await refuses("cancelled") { _ = try await task.value?.value }
            let first = try #require(reports.value.first)
            #expect(first > 0 && first < 20_000, "it was midway: \(reports.value)")
            #expect(try authenticator.accounts.list().isEmpty)
            #expect(try await preview.apply().added.count == 20_000)
        }
    }

    @Test("an approval that waits for the signer leaves no trace")
    func approval() async throws {
        let server = try DemoServer()
        let page = Page(server)
        let (isAsked, isEnded, hangs) = (Box(false), Box(false), Box(true))
        let signer = Signer { prompt in
            guard prompt?.reason == .approve, hangs.value else { return }
            isAsked.value = true
            do {
                try await Task.sleep(for: .seconds(3600))
            } catch {
                isEnded.value = true
                throw error
            }
        }
        let http = URLSessionHttpClient(allowLoopbackHttp: true)
        try await withVault(platform(http: http, deviceSigner: signer)) { authenticator in
            let id = try await signUp("ada", page, authenticator, keys: .platform)
            try await page.signIn("ada")
            let digits = try page.digits
            let request = try await onlyRequest(authenticator, id)
            let check = PersonCheck.platform(methods: [.fingerprint])
            let approving = Task { try await authenticator.approvals.approve(request, code: digits, check: check) }
            try await eventually("the signer is asked") { isAsked.value }
            approving.cancel()
            await refuses("cancelled") { _ = try await within(5) { try await approving.value } }
            try await eventually("the signer hears of it") { isEnded.value }
            #expect(try await authenticator.approvals.history().isEmpty)
            #expect(try await authenticator.approvals.requests().map(\.id) == [request.id])
            try await page.reload()
            #expect(try page.title == "Approve on your phone")
            hangs.value = false
            let answer = try await authenticator.approvals.approve(request, code: digits, check: check)
            #expect(answer.confirmation == .approved)
        }
    }

    @Test("a request on the network is given up")
    func network() async throws {
        let server = try DemoServer()
        let page = Page(server)
        let silent = try RawServer([], hangs: true)
        let client = Detour(to: silent)
        try await withVault(platform(http: client)) { authenticator in
            let id = try await signUp("ada", page, authenticator)
            client.isOn.value = true
            let polling = Task { try await authenticator.approvals.poll(id) }
            try await eventually("it is sent") { !silent.asked.value.isEmpty }
            polling.cancel()
            await refuses("cancelled") { _ = try await within(5) { try await polling.value } }
            client.isOn.value = false
            #expect(try await authenticator.approvals.poll(id).status == .active)
        }
    }

    /// Leads requests to a server that says nothing.
    private final class Detour: HttpClient {
        let isOn = Box(false)
        private let client = URLSessionHttpClient(allowLoopbackHttp: true)
        private let silent: RawServer

        init(to silent: RawServer) { self.silent = silent }

        func send(request: HttpRequest) async throws -> HttpResponse {
            guard isOn.value else { return try await client.send(request: request) }
            return try await client.send(
                request: HttpRequest(
                    method: request.method,
                    url: silent.url(),
                    headers: request.headers,
                    body: request.body,
                    longestAnswer: request.longestAnswer,
                    deadlineMs: request.deadlineMs,
                    pins: []
                )
            )
        }
    }
}
