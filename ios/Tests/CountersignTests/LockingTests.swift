import Countersign
import Dispatch
import Foundation
import Testing

@Suite("Locking", .serialized)
struct LockingTests {
    @Test("while eight tasks make ten thousand calls each, they get answers or Locked, and nothing else")
    func underLoad() async throws {
        try await withVault { authenticator in
            let id = try await authenticator.accounts.add(draft("ada"))
            let (answers, locked, wrong, done) = (Box(0), Box(0), Box(0), Box(0))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var (good, refused) = (0, 0)
                        for call in 0..<10_000 {
                            do {
                                if try look(at: authenticator, id, call) != 1 { wrong.change { $0 += 1 } }
                                good += 1
                            } catch ApiError.Locked(code: "locked") {
                                refused += 1
                            }
                            done.change { $0 += 1 }
                        }
                        answers.change { $0 += good }
                        locked.change { $0 += refused }
                    }
                }
                group.addTask {
                    for share in [10_000, 30_000, 50_000] {
                        while done.value < share { try await Task.sleep(for: .milliseconds(1)) }
                        await authenticator.lock()
                        try await Task.sleep(for: .milliseconds(20))
                        try await authenticator.unlock(password: password())
                    }
                }
                try await group.waitForAll()
            }
            #expect(answers.value + locked.value == 80_000 && wrong.value == 0)
            #expect(answers.value > 10_000 && locked.value > 0, "\(answers.value) answers, \(locked.value) locked")
        }
    }

    private func look(at authenticator: Authenticator, _ id: String, _ call: Int) throws -> Int {
        switch call % 3 {
        case 0: return try authenticator.accounts.codes().count
        case 1: return try authenticator.accounts.codes(of: [id]).count
        default: return try authenticator.accounts.list().count
        }
    }

    @Test("locking ends what waits for the person, with Locked")
    func endsOperations() async throws {
        let keychain = Asking()
        try await withVault(platform(keyWrapper: keychain)) { authenticator in
            let waiting = Task { try await authenticator.addDeviceUnlock() }
            try await eventually("the person is asked") { keychain.isAsked.value }
            await authenticator.lock()
            await refuses("locked") { try await waiting.value }
            await authenticator.lock()
        }
    }

    /// Asks a person who never answers.
    private final class Asking: KeyWrapper {
        let isAsked = Box(false)

        func wrap(keyUse: KeyUse, key: Data) async throws -> Data {
            isAsked.value = true
            try await Task.sleep(for: .seconds(3600))
            return key
        }

        func unwrap(keyUse: KeyUse, wrapped: Data) async throws -> Data { wrapped }
    }
}
