import CountersignFFI
import Foundation

/// The clock by which the library tells when codes and requests end.
final class DeviceClock: Sendable {
    private let clock: Guarded<(any Clock)?>

    init(_ clock: (any Clock)?) {
        self.clock = Guarded(clock)
    }

    /// Lets go of the platform's clock.
    func release() {
        clock.with { $0 = nil }
    }

    /// Whether a moment, in milliseconds since 1970, has come.
    func hasCome(_ moment: Int64) -> Bool {
        moment <= milliseconds
    }

    /// How long to wait until a moment, in milliseconds; nil: for ever. Never long at once: a clock may be set meanwhile.
    func milliseconds(until moment: Int64?) -> Int64? {
        moment.map { min(max($0 - milliseconds, 1), 10_000) }
    }

    private var milliseconds: Int64 {
        // The library has just asked it too, and says where it fails.
        let given = clock.with { $0 }.flatMap { try? $0.nowMs() }
        return given ?? Int64(Date().timeIntervalSince1970 * 1000)
    }
}
