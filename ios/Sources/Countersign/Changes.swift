import CountersignFFI

/// What has changed in a vault, each time after it is durable; what changes while a loop is busy comes together, the next time.
/// Ends when the authenticator is shut, and in a task that was cancelled.
public struct Changes: AsyncSequence, Sendable {
    private let hub: ChangeHub

    init(_ hub: ChangeHub) {
        self.hub = hub
    }

    /// Notes changes from now on.
    public func makeAsyncIterator() -> Iterator {
        Iterator(subscription: hub.subscribe(to: Set(Change.all)))
    }

    /// The changes of one loop.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let subscription: Subscription

        /// Waits for the next changes.
        public func next() async -> Set<Change>? {
            while !Task.isCancelled, let changes = await subscription.next() {
                if !changes.isEmpty { return changes }
            }
            return nil
        }
    }
}

extension Change {
    static let all: [Change] = [.lock, .accounts, .settings, .slots, .enrollments, .requests, .history]
}

/// Hears from the library what has changed, and passes it on to whoever listens just now.
final class ChangeHub: ChangeListener {
    private struct State {
        var subscriptions: [ObjectIdentifier: Weak] = [:]
        var ended = false
    }

    private struct Weak {
        weak var subscription: Subscription?
    }

    private let state = Guarded(State())

    /// Called by whichever thread has made a change.
    func changed(changes: [Change]) {
        for subscription in living() { subscription.note(changes) }
    }

    /// From now on these changes are noted, until the subscription is let go of.
    func subscribe(to kinds: Set<Change>) -> Subscription {
        let subscription = Subscription(to: kinds, at: self)
        let isOver = state.with { state in
            state.subscriptions[ObjectIdentifier(subscription)] = Weak(subscription: subscription)
            return state.ended
        }
        if isOver { subscription.end() }
        return subscription
    }

    /// How many listen.
    var count: Int { living().count }

    /// Nothing will change any more.
    func end() {
        state.with { $0.ended = true }
        for subscription in living() { subscription.end() }
    }

    fileprivate func forget(_ subscription: ObjectIdentifier) {
        state.with { $0.subscriptions[subscription] = nil }
    }

    private func living() -> [Subscription] {
        state.with { $0.subscriptions.values.compactMap(\.subscription) }
    }
}

/// What has changed since it was last asked for. One task waits at a time.
final class Subscription: Sendable {
    private struct State {
        var pending: Set<Change> = []
        var nudged = false
        var ended = false
        var waiter: CheckedContinuation<Void, Never>?

        var isReady: Bool { nudged || ended || !pending.isEmpty }

        mutating func wake() {
            waiter?.resume()
            waiter = nil
        }
    }

    private let kinds: Set<Change>
    private let hub: ChangeHub
    private let state = Guarded(State())

    fileprivate init(to kinds: Set<Change>, at hub: ChangeHub) {
        self.kinds = kinds
        self.hub = hub
    }

    deinit {
        hub.forget(ObjectIdentifier(self))
    }

    fileprivate func note(_ changes: [Change]) {
        let noted = kinds.intersection(changes)
        if noted.isEmpty { return }
        state.with { state in
            state.pending.formUnion(noted)
            state.wake()
        }
    }

    fileprivate func end() {
        state.with { state in
            state.ended = true
            state.wake()
        }
    }

    /// Ends a wait early, without a change.
    func nudge() {
        state.with { state in
            state.nudged = true
            state.wake()
        }
    }

    /// Waits for a change or a nudge, for so many milliseconds at most (nil: as long as it takes), and gives what has changed
    /// since the last time; nil when nothing will change any more. A cancelled task waits no longer.
    func next(milliseconds: Int64? = nil) async -> Set<Change>? {
        if let milliseconds {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.signal() }
                group.addTask { try? await Task.sleep(for: .milliseconds(max(0, milliseconds))) }
                await group.next()
                group.cancelAll()
            }
        } else {
            await signal()
        }
        return state.with { state in
            let pending = state.pending
            (state.pending, state.nudged) = ([], false)
            return state.ended ? nil : pending
        }
    }

    private func signal() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.with { state in
                    // Looked at under the lock that the handler below takes: a cancellation is seen here or there.
                    if state.isReady || Task.isCancelled { return true }
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.with { $0.wake() }
        }
    }
}
