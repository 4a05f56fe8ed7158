import Countersign
import Foundation
import Testing

/// The password of every vault in these tests.
func password() -> SecretInput { .text("correct horse battery") }

/// The vector's secret of RFC 4226 and, for SHA-1, of RFC 6238.
let rfcSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

/// The least work for passwords, and whatever a test gives.
func platform(
    http: (any HttpClient)? = nil,
    keyWrapper: (any KeyWrapper)? = nil,
    deviceSigner: (any DeviceSigner)? = nil,
    clock: (any Clock)? = nil,
    counter: (any Counter)? = nil
) -> Platform {
    Platform(
        http: http,
        keyWrapper: keyWrapper,
        deviceSigner: deviceSigner,
        clock: clock,
        counter: counter,
        allowLoopbackHttp: true,
        leastPasswordWork: true
    )
}

/// A folder for one test's files, removed afterwards.
func inFolder<T>(_ work: (URL) async throws -> T) async throws -> T {
    let folder = FileManager.default.temporaryDirectory.appending(path: "countersign-test-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await work(folder)
}

/// A new vault, unlocked, in a folder of its own; shut and removed afterwards.
func withVault<T>(
    _ platform: Platform = platform(),
    _ work: (Authenticator) async throws -> T
) async throws -> T {
    try await inFolder { folder in
        let path = folder.appending(path: "vault").path
        let authenticator = try await Authenticator.create(path: path, password: password(), platform: platform)
            .authenticator
        do {
            let value = try await work(authenticator)
            await authenticator.shut()
            return value
        } catch {
            await authenticator.shut()
            throw error
        }
    }
}

/// An account that was typed by hand.
func draft(
    _ name: String,
    kind: OtpKind = .totp,
    algorithm: OtpAlgorithm = .sha1,
    digits: UInt8 = 6,
    period: UInt32 = 30,
    secret: String = rfcSecret
) throws -> AccountDraft {
    let profile = Profile(issuer: "Example", name: name)
    let account = ManualAccount(profile: profile, kind: kind, algorithm: algorithm, digits: digits, period: period)
    return try AccountDraft.byHand(account: account, secret: .text(secret), pin: nil)
}

/// A clock that a test sets.
final class SetClock: Clock {
    private let milliseconds: Box<Int64>

    init(seconds: Int64) {
        milliseconds = Box(seconds * 1000)
    }

    func set(seconds: Int64) {
        milliseconds.value = seconds * 1000
    }

    func nowMs() -> Int64 {
        milliseconds.value
    }
}

/// A value that several threads look at.
final class Box<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var inner: Value

    init(_ value: Value) {
        inner = value
    }

    var value: Value {
        get { lock.withLock { inner } }
        set { lock.withLock { inner = newValue } }
    }

    func change<T>(_ work: (inout Value) -> T) -> T {
        lock.withLock { work(&inner) }
    }
}

/// Checks that something fails with this exact cause; gives the failure.
@discardableResult
func refuses(
    _ code: String,
    at location: SourceLocation = #_sourceLocation,
    _ work: () async throws -> Void
) async -> ApiError? {
    do {
        try await work()
        Issue.record("expected \(code), and it went well", sourceLocation: location)
    } catch let error as ApiError {
        #expect(error.code == code, "\(error)", sourceLocation: location)
        return error
    } catch {
        Issue.record("expected \(code), not \(error)", sourceLocation: location)
    }
    return nil
}

/// Waits until something is so, for ten seconds at most.
func eventually(
    _ what: String,
    at location: SourceLocation = #_sourceLocation,
    _ isSo: () async throws -> Bool
) async throws {
    for _ in 0..<1000 {
        if try await isSo() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("never came: \(what)", sourceLocation: location)
}

/// Gives what the work gives, or fails after so many seconds, also where the work never ends.
func within<T: Sendable>(_ seconds: Int, _ work: @escaping @Sendable () async throws -> T) async throws -> T {
    let (values, sink) = AsyncThrowingStream<T, any Error>.makeStream()
    let working = Task {
        do {
            sink.yield(try await work())
        } catch {
            sink.finish(throwing: error)
        }
    }
    let timer = Task {
        try await Task.sleep(for: .seconds(seconds))
        sink.finish(throwing: TooLate())
    }
    defer {
        working.cancel()
        timer.cancel()
    }
    for try await value in values { return value }
    throw TooLate()
}

/// Something took too long.
struct TooLate: Error {}
