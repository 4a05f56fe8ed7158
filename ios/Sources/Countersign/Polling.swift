import CountersignFFI

/// Asks servers while somebody looks, in the order and at the pace of the library's poller.
actor Polling {
    private let library: CountersignFFI.Approvals
    private let poller: Poller
    private let hub: ChangeHub
    private let clock: DeviceClock
    private var lookers = 0
    private var work: (task: Task<Void, Never>, wake: Subscription)?

    init(_ library: CountersignFFI.Approvals, hub: ChangeHub, clock: DeviceClock) {
        self.library = library
        poller = library.poller()
        self.hub = hub
        self.clock = clock
    }

    /// Somebody looks: with the first one, polling begins.
    func join() {
        lookers += 1
        guard work == nil else { return }
        let wake = hub.subscribe(to: [.lock, .enrollments])
        let round = Round(library: library, poller: poller, clock: clock, wake: wake)
        work = (Task { await round.run() }, wake)
    }

    /// Somebody looks no longer: with the last one, polling ends.
    func leave() {
        lookers -= 1
        guard lookers == 0, let work else { return }
        work.task.cancel()
        self.work = nil
        poller.hidden()
    }

    func pull() async throws(ApiError) {
        try await Calls.whole { [poller] in try poller.pull() }
        work?.wake.nudge()
    }

    func woken(_ enrollment: String) async throws(ApiError) {
        try await Calls.whole { [poller] in try poller.wake(enrollment: enrollment) }
        work?.wake.nudge()
    }
}

/// Polling from the first looker to the last.
private struct Round: Sendable {
    let library: CountersignFFI.Approvals
    let poller: Poller
    let clock: DeviceClock
    let wake: Subscription

    func run() async {
        await show()
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                // Locked, nobody can be asked until that changes; who looks hears of it from the vault.
                let due = (try? await Calls.whole { [poller] in try poller.take() }) ?? []
                for enrollment in due {
                    group.addTask { await ask(enrollment) }
                }
                let pause = clock.milliseconds(until: poller.nextDueMs())
                guard let changes = await wake.next(milliseconds: pause) else { break }
                if changes.contains(.lock) { await show() }
            }
            group.cancelAll()
        }
    }

    private func show() async {
        try? await Calls.whole { [poller] in try poller.shown() }
    }

    private func ask(_ enrollment: String) async {
        let cameBack: Bool
        do throws(ApiError) {
            _ = try await Calls.waiting { [library] in try await library.poll(enrollment: enrollment, operation: $0) }
            cameBack = true
        } catch {
            // What a server says against this device has come back too; the enrolment shows it.
            if case .Rejected = error { cameBack = true } else { cameBack = false }
        }
        // Also where it was cancelled: otherwise nobody would ask for it again.
        await Calls.always { [poller] in try? poller.done(enrollment: enrollment, cameBack: cameBack) }
        wake.nudge()
    }
}
