import Countersign
import Foundation
import Testing

private let knowsMemory = FileManager.default.fileExists(atPath: "/proc/self/status")

@Suite("Lifetime", .serialized, .enabled(if: knowsMemory, "memory is read where Linux tells it"))
struct LifetimeTests {
    @Test("ten thousand objects are opened and let go of, and memory stays as it is")
    func objects() async throws {
        try await withVault { authenticator in
            try await authenticator.accounts.add(draft("ada"))
            try await inFolder { folder in
                let path = folder.appending(path: "other").path
                let made = try await Authenticator.create(path: path, password: password(), platform: platform())
                await made.authenticator.shut()
                func round(_ count: Int) async throws {
                    for number in 0..<count {
                        _ = try draft("draft \(number)").code(atMs: 0)
                        _ = try authenticator.scanner()
                        _ = authenticator.transfer.beginImport().missingParts
                        let other = try await Authenticator.open(path: path, platform: platform())
                        await other.shut()
                    }
                }
                try await round(250)
                let before = try residentMemory()
                try await round(2_500)
                let grown = try residentMemory() - before
                #expect(grown < 8 << 20, "grown by \(grown) bytes")
            }
        }
    }

    @Test("a hundred thousand calls in a row neither grow nor creep")
    func calls() async throws {
        try await withVault { authenticator in
            let id = try await authenticator.accounts.add(draft("ada"))
            let clock = ContinuousClock()
            var times: [Duration] = []
            times.reserveCapacity(100_000)
            for _ in 0..<2_000 { _ = try authenticator.accounts.codes(of: [id]) }
            let before = try residentMemory()
            for _ in 0..<100_000 {
                let start = clock.now
                _ = try authenticator.accounts.codes(of: [id])
                times.append(clock.now - start)
            }
            let grown = try residentMemory() - before
            let (first, last) = (median(times.prefix(10_000)), median(times.suffix(10_000)))
            #expect(grown < 8 << 20, "grown by \(grown) bytes")
            #expect(last < first * 1.5, "\(first) at first, \(last) at last")
        }
    }

    private func median(_ times: some Collection<Duration>) -> Duration {
        times.sorted()[times.count / 2]
    }
}
