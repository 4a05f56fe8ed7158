import Countersign
import Foundation
import Testing

@Suite("Errors: each variant, provoked for real")
struct ErrorsTests {
    /// The compiler says when there is a variant that this doesn't know.
    private func name(_ error: ApiError?) -> String? {
        switch error {
        case .WrongPassword: "WrongPassword"
        case .Locked: "Locked"
        case .NotSupported: "NotSupported"
        case .InvalidInput: "InvalidInput"
        case .AlreadyThere: "AlreadyThere"
        case .Damaged: "Damaged"
        case .Storage: "Storage"
        case .KeysGone: "KeysGone"
        case .Rejected: "Rejected"
        case .Network: "Network"
        case .Cancelled: "Cancelled"
        case .Internal: "Internal"
        case nil: nil
        }
    }

    @Test("a wrong password, until it has to wait")
    func wrongPassword() async throws {
        try await withVault { authenticator in
            await authenticator.lock()
            for remaining: UInt32 in [4, 3, 2, 1] {
                let error = await refuses("wrong-password") {
                    try await authenticator.unlock(password: .text("wrong one"))
                }
                guard case .WrongPassword(let left, let seconds, let erasing, _) = error else { return problem(error) }
                #expect(left == remaining && seconds == 0 && erasing == nil)
            }
            await refuses("wrong-password") { try await authenticator.unlock(password: .text("wrong one")) }
            let error = await refuses("wait") { try await authenticator.unlock(password: password()) }
            guard case .WrongPassword(0, let seconds, _, _) = error else { return problem(error) }
            #expect(seconds > 0 && seconds <= 30)
        }
    }

    private func problem(_ error: ApiError?, at location: SourceLocation = #_sourceLocation) {
        Issue.record("not this: \(String(describing: error))", sourceLocation: location)
    }

    @Test("locked, and shut")
    func locked() async throws {
        try await withVault { authenticator in
            await authenticator.lock()
            let error = await refuses("locked") { _ = try authenticator.accounts.list() }
            #expect(name(error) == "Locked")
            await authenticator.shut()
            await authenticator.shut()
            await refuses("shut") { _ = try authenticator.accounts.list() }
            await refuses("shut") { try await authenticator.unlock(password: password()) }
            await refuses("shut") { try await authenticator.unlockWithDevice() }
            await refuses("shut") { _ = try authenticator.scanner() }
            await refuses("shut") { _ = try await authenticator.approvals.enrollments() }
            await refuses("shut") { _ = try await authenticator.transfer.lastImport() }
            #expect(!authenticator.isUnlocked && !authenticator.mayPoll && authenticator.isReadOnly)
            await authenticator.lock()
        }
    }

    @Test("what this app has no port for is not supported")
    func notSupported() async throws {
        try await withVault { authenticator in
            let error = await refuses("no-port") { try await authenticator.addDeviceUnlock() }
            #expect(name(error) == "NotSupported")
        }
    }

    @Test("invalid input names what is wrong")
    func invalidInput() async throws {
        try await withVault { authenticator in
            let error = await refuses("not-an-id") { _ = try authenticator.accounts.get("x") }
            #expect(name(error) == "InvalidInput")
            await refuses("not-found") { _ = try authenticator.accounts.get(String(repeating: "0", count: 32)) }
        }
        try await inFolder { folder in
            let path = folder.appending(path: "vault").path
            await refuses("no-vault") { _ = try await Authenticator.open(path: path) }
            await refuses("weak-password") {
                _ = try await Authenticator.create(path: path, password: .text("short"), platform: platform())
            }
        }
    }

    @Test("what is there already is named")
    func alreadyThere() async throws {
        try await inFolder { folder in
            let path = folder.appending(path: "vault").path
            let made = try await Authenticator.create(path: path, password: password(), platform: platform())
            let id = try await made.authenticator.accounts.add(draft("ada"))
            let error = await refuses("account-exists") { try await made.authenticator.accounts.add(draft("ada")) }
            #expect(error == .AlreadyThere(what: "account", id: id, code: "account-exists"))
            await refuses("file-exists") {
                _ = try await Authenticator.create(path: path, password: password(), platform: platform())
            }
            await made.authenticator.shut()
        }
    }

    @Test("a damaged backup, and a place that doesn't keep one")
    func damaged() async throws {
        try await withVault { authenticator in
            var backup = try await authenticator.backup()
            // Within what is sealed: the wrapped keys, which a wrong password doesn't open either, come before.
            backup[backup.endIndex - 1] ^= 1
            let damaged = backup
            try await inFolder { folder in
                let path = folder.appending(path: "restored").path
                let error = await refuses("backup-damaged") {
                    _ = try await Authenticator.restore(
                        path: path,
                        backup: damaged,
                        key: .password(password: password()),
                        password: password(),
                        platform: platform()
                    )
                }
                #expect(name(error) == "Damaged")
            }
            let error = await refuses("backup-not-kept") { try await authenticator.backup(to: Sieve()) }
            #expect(name(error) == "Storage")
        }
    }

    /// A place for backups that loses a byte.
    private final class Sieve: BackupSink {
        private let kept = Box(Data())

        func write(name: String, bytes: Data) { kept.value = bytes.dropLast() }
        func read(name: String) -> Data { kept.value }
        func list() -> [String] { [] }
        func remove(name: String) {}
    }

    @Test("a key of this device is gone")
    func keysGone() async throws {
        let keychain = Keychain()
        try await withVault(platform(keyWrapper: keychain)) { authenticator in
            await refuses("no-such-slot") { try await authenticator.unlockWithDevice() }
            try await authenticator.addDeviceUnlock()
            await authenticator.lock()
            try await authenticator.unlockWithDevice()
            #expect(authenticator.isUnlocked)
            await authenticator.lock()
            keychain.forget()
            let error = await refuses("device-key-gone") { try await authenticator.unlockWithDevice() }
            #expect(name(error) == "KeysGone")
        }
    }

    @Test("an invitation that can't be trusted is rejected")
    func rejected() async throws {
        try await withVault(platform(http: URLSessionHttpClient())) { authenticator in
            let error = await refuses("message-malformed") {
                _ = try await authenticator.approvals.previewInvitation("countersign:nonsense")
            }
            #expect(name(error) == "Rejected")
        }
    }

    @Test("a server that isn't there is the network")
    func network() async throws {
        let server = try DemoServer()
        let page = Page(server)
        let client = Switch(URLSessionHttpClient(allowLoopbackHttp: true))
        try await withVault(platform(http: client)) { authenticator in
            let id = try await signUp("ada", page, authenticator)
            client.failure.value = .Unreachable
            let unreachable = await refuses("unreachable") { try await authenticator.approvals.poll(id) }
            #expect(unreachable == .Network(retryable: true, code: "unreachable"))
            client.failure.value = .NotTrusted
            let untrusted = await refuses("not-trusted") { try await authenticator.approvals.poll(id) }
            #expect(untrusted == .Network(retryable: false, code: "not-trusted"))
            client.failure.value = nil
            server.stop()
            await refuses("unreachable") { try await authenticator.approvals.poll(id) }
        }
    }

    /// A network that a test turns off.
    private final class Switch: HttpClient {
        let failure = Box<HttpError?>(nil)
        private let client: any HttpClient

        init(_ client: any HttpClient) { self.client = client }

        func send(request: HttpRequest) async throws -> HttpResponse {
            if let failure = failure.value { throw failure }
            return try await client.send(request: request)
        }
    }

    @Test("the person says no; the platform fails")
    func cancelledAndInternal() async throws {
        let keychain = Moody()
        try await withVault(platform(keyWrapper: keychain)) { authenticator in
            let cancelled = await refuses("not-confirmed") { try await authenticator.addDeviceUnlock() }
            #expect(name(cancelled) == "Cancelled")
            keychain.mood.value = .Failed
            let failed = await refuses("platform-failed") { try await authenticator.addDeviceUnlock() }
            #expect(name(failed) == "Internal")
        }
    }

    private final class Moody: KeyWrapper {
        let mood = Box(PortError.NotConfirmed)

        func wrap(keyUse: KeyUse, key: Data) async throws -> Data { throw mood.value }
        func unwrap(keyUse: KeyUse, wrapped: Data) async throws -> Data { throw mood.value }
    }
}
