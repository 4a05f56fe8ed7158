import Foundation

/// A value behind a lock, for what is touched from the library's threads too. Nothing that waits may be done in `with`.
final class Guarded<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    init(_ value: Value) {
        self.value = value
    }

    func with<T>(_ work: (inout Value) -> T) -> T {
        lock.lock()
        defer { lock.unlock() }
        return work(&value)
    }
}
