import Countersign
import Dispatch
import Foundation
import Testing

/// What a port does when it is called.
private enum Mood: Sendable {
    case works, throwsSomething, callsBack, neverReturns
}

private struct Strange: Error {
    let secret = "what only the platform knows"
}

/// Common to all ports below: the mood, and the authenticator to call back into.
private final class Temper: Sendable {
    let mood = Box(Mood.works)
    let authenticator = Box<Authenticator?>(nil)
    let calledBack = Box(0)
    let isHanging = Box(false)
    private let gate = DispatchSemaphore(value: 0)

    func show() throws {
        switch mood.value {
        case .works: return
        case .throwsSomething: throw Strange()
        case .callsBack: callBack()
        case .neverReturns:
            isHanging.value = true
            gate.wait()
        }
    }

    func showAsync() async throws {
        guard case .neverReturns = mood.value else { return try show() }
        isHanging.value = true
        // Not even when it is cancelled.
        await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
    }

    func release() {
        mood.value = .works
        gate.signal()
    }

    private func callBack() {
        let count = (try? authenticator.value?.accounts.list().count) ?? -1
        if count >= 0 { calledBack.change { $0 += 1 } }
    }
}

private final class UnrulyHttp: HttpClient {
    let temper = Temper()
    private let client = URLSessionHttpClient(allowLoopbackHttp: true)

    func send(request: HttpRequest) async throws -> HttpResponse {
        try await temper.showAsync()
        return try await client.send(request: request)
    }
}

private final class UnrulyKeychain: KeyWrapper {
    let temper = Temper()
    private let keychain = Keychain()

    func wrap(keyUse: KeyUse, key: Data) async throws -> Data {
        try await temper.showAsync()
        return try await keychain.wrap(keyUse: keyUse, key: key)
    }

    func unwrap(keyUse: KeyUse, wrapped: Data) async throws -> Data {
        try await temper.showAsync()
        return try await keychain.unwrap(keyUse: keyUse, wrapped: wrapped)
    }
}

private final class UnrulySink: BackupSink {
    let temper = Temper()
    private let kept = Box<[String: Data]>([:])

    func write(name: String, bytes: Data) throws {
        try temper.show()
        kept.change { $0[name] = bytes }
    }

    func read(name: String) throws -> Data {
        guard let bytes = kept.value[name] else { throw PortError.Failed }
        return bytes
    }

    func list() -> [String] { Array(kept.value.keys) }

    func remove(name: String) { kept.change { $0[name] = nil } }
}

private final class UnrulyClock: Clock {
    let temper = Temper()

    func nowMs() throws -> Int64 {
        try temper.show()
        return Int64(Date().timeIntervalSince1970 * 1000)
    }
}

private final class UnrulyCounter: Counter {
    let temper = Temper()
    private let value = Box<UInt64>(0)

    func read() throws -> UInt64 {
        try temper.show()
        return value.value
    }

    func raise(value: UInt64) throws {
        try temper.show()
        self.value.change { $0 = max($0, value) }
    }
}

@Suite("Ports that throw, call back in, and never return", .serialized)
struct PortsTests {
    /// Others go on while something hangs.
    private func othersGoOn(_ authenticator: Authenticator) async throws {
        try await within(5) {
            _ = try authenticator.accounts.list()
            _ = try await authenticator.slots()
            _ = try await authenticator.verify()
        }
    }

    @Test("the network")
    func http() async throws {
        let server = try DemoServer()
        let page = Page(server)
        let http = UnrulyHttp()
        try await withVault(platform(http: http)) { authenticator in
            http.temper.authenticator.value = authenticator
            defer { http.temper.authenticator.value = nil }
            let id = try await signUp("ada", page, authenticator)
            http.temper.mood.value = .throwsSomething
            let error = await refuses("connection-failed") { try await authenticator.approvals.poll(id) }
            #expect(!"\(String(reflecting: error))".contains("platform knows"))
            http.temper.mood.value = .callsBack
            try await authenticator.approvals.poll(id)
            #expect(http.temper.calledBack.value > 0)
            http.temper.mood.value = .neverReturns
            let polling = Task { try await authenticator.approvals.poll(id) }
            try await eventually("it hangs") { http.temper.isHanging.value }
            try await othersGoOn(authenticator)
            polling.cancel()
            await refuses("cancelled") { _ = try await within(5) { try await polling.value } }
            http.temper.mood.value = .works
            #expect(try await authenticator.approvals.poll(id).status == .active)
        }
    }

    @Test("the keystore")
    func keyWrapper() async throws {
        let keychain = UnrulyKeychain()
        try await withVault(platform(keyWrapper: keychain)) { authenticator in
            keychain.temper.authenticator.value = authenticator
            defer { keychain.temper.authenticator.value = nil }
            keychain.temper.mood.value = .throwsSomething
            await refuses("platform-failed") { try await authenticator.addDeviceUnlock() }
            keychain.temper.mood.value = .callsBack
            try await authenticator.addDeviceUnlock()
            #expect(keychain.temper.calledBack.value == 1)
            keychain.temper.mood.value = .neverReturns
            let waiting = Task { try await authenticator.addPerUseKey(password: password()) }
            try await eventually("it hangs") { keychain.temper.isHanging.value }
            try await othersGoOn(authenticator)
            await authenticator.lock()
            await refuses("locked") { try await within(5) { try await waiting.value } }
            keychain.temper.mood.value = .works
            try await authenticator.unlockWithDevice()
        }
    }

    @Test("the signer")
    func signer() async throws {
        let server = try DemoServer()
        let page = Page(server)
        let temper = Temper()
        let signer = Signer { prompt in if prompt != nil { try await temper.showAsync() } }
        let http = URLSessionHttpClient(allowLoopbackHttp: true)
        let check = PersonCheck.platform(methods: [.fingerprint])
        try await withVault(platform(http: http, deviceSigner: signer)) { authenticator in
            temper.authenticator.value = authenticator
            defer { temper.authenticator.value = nil }
            let id = try await signUp("ada", page, authenticator, keys: .platform)
            try await page.signIn("ada")
            let digits = try page.digits
            let request = try await onlyRequest(authenticator, id)
            let approve: @Sendable () async throws -> Countersign.Confirmation = {
                try await authenticator.approvals.approve(request, code: digits, check: check).confirmation
            }
            temper.mood.value = .throwsSomething
            await refuses("platform-failed") { _ = try await approve() }
            temper.mood.value = .neverReturns
            let approving = Task { try await approve() }
            try await eventually("it hangs") { temper.isHanging.value }
            try await othersGoOn(authenticator)
            approving.cancel()
            await refuses("cancelled") { _ = try await within(5) { try await approving.value } }
            #expect(try await authenticator.approvals.history().isEmpty)
            temper.mood.value = .callsBack
            #expect(try await approve() == .approved)
            #expect(temper.calledBack.value == 1)
        }
    }

    @Test("the place for backups")
    func sink() async throws {
        try await withVault { authenticator in
            let sink = UnrulySink()
            sink.temper.authenticator.value = authenticator
            defer { sink.temper.authenticator.value = nil }
            sink.temper.mood.value = .throwsSomething
            await refuses("platform-failed") { try await authenticator.backup(to: sink) }
            sink.temper.mood.value = .callsBack
            let name = try await authenticator.backup(to: sink)
            #expect(sink.list() == [name])
            #expect(sink.temper.calledBack.value == 1)
            sink.temper.mood.value = .neverReturns
            let hanging = Task { try await authenticator.backup(to: sink) }
            try await eventually("it hangs") { sink.temper.isHanging.value }
            try await othersGoOn(authenticator)
            sink.temper.release()
            let last = try await within(5) { try await hanging.value }
            #expect(sink.list().contains(last))
        }
    }

    @Test("the clock")
    func clock() async throws {
        let clock = UnrulyClock()
        try await withVault(platform(clock: clock)) { authenticator in
            clock.temper.authenticator.value = authenticator
            defer { clock.temper.authenticator.value = nil }
            let id = try await authenticator.accounts.add(draft("ada"))
            clock.temper.mood.value = .throwsSomething
            await refuses("platform-failed") { _ = try authenticator.accounts.codes() }
            clock.temper.mood.value = .callsBack
            #expect(try authenticator.accounts.codes().count == 1)
            #expect(clock.temper.calledBack.value == 1)
            clock.temper.mood.value = .neverReturns
            let hanging = Task { try await authenticator.accounts.code(id) }
            try await eventually("it hangs") { clock.temper.isHanging.value }
            try await othersGoOn(authenticator)
            clock.temper.release()
            _ = try await within(5) { try await hanging.value }
        }
    }

    @Test("the counter")
    func counter() async throws {
        let counter = UnrulyCounter()
        try await withVault(platform(counter: counter)) { authenticator in
            counter.temper.authenticator.value = authenticator
            defer { counter.temper.authenticator.value = nil }
            counter.temper.mood.value = .throwsSomething
            // What is committed is committed; the counter follows with the next change.
            try await authenticator.accounts.add(draft("first"))
            counter.temper.mood.value = .callsBack
            try await authenticator.accounts.add(draft("second"))
            #expect(counter.temper.calledBack.value == 1)
            counter.temper.mood.value = .neverReturns
            let hanging = Task { try await authenticator.accounts.add(draft("third")) }
            try await eventually("it hangs") { counter.temper.isHanging.value }
            #expect(try authenticator.accounts.list().count == 3, "it is there already")
            counter.temper.release()
            _ = try await within(5) { try await hanging.value }
            await authenticator.lock()
            counter.temper.mood.value = .throwsSomething
            await refuses("platform-failed") { try await authenticator.unlock(password: password()) }
            counter.temper.mood.value = .works
            try await authenticator.unlock(password: password())
        }
    }

    @Test("who hears of progress")
    func progress() async throws {
        let lines = (0..<20_000).map { "otpauth://totp/Example:user\($0)?secret=\(rfcSecret)&issuer=Example\n" }
        let file = Data(lines.joined().utf8)
        try await withVault { authenticator in
            let temper = Temper()
            temper.authenticator.value = authenticator
            defer { temper.authenticator.value = nil }
            let files = authenticator.transfer.beginImport()
            temper.mood.value = .callsBack
            try await files.add(file: file) { _, _ in try? temper.show() }
            #expect(temper.calledBack.value > 0)
            temper.mood.value = .neverReturns
            let preview = try await files.preview()
            let hanging = Task { try await preview.apply { _, _ in try? temper.show() } }
            try await eventually("it hangs") { temper.isHanging.value }
            try await othersGoOn(authenticator)
            temper.release()
            #expect(try await within(20) { try await hanging.value }.added.count == 20_000)
        }
    }

    @Test("who hears of changes calls back in")
    func changes() async throws {
        try await withVault { authenticator in
            let heard = Task {
                var count = -1
                for await changes in authenticator.changes where changes.contains(.accounts) {
                    count = try authenticator.accounts.list().count
                    if count == 2 { break }
                }
                return count
            }
            // It has to listen before anything changes.
            try await Task.sleep(for: .milliseconds(50))
            try await authenticator.accounts.add(draft("first"))
            try await authenticator.accounts.add(draft("second"))
            #expect(try await within(5) { try await heard.value } == 2)
        }
    }
}
