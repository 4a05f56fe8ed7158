import CountersignFFI
import Foundation

/// The desk for approvals. Polling, denying and reporting work while the vault is locked, where the inbox is open
/// (``Authenticator/openInbox()``); everything else needs it unlocked.
///
/// What is signed is stored before it is sent, and sent again until the server has said something that counts. A call that is
/// cancelled before anything is signed has done nothing.
public final class Approvals: Sendable {
    let library: CountersignFFI.Approvals
    private let hub: ChangeHub
    private let clock: DeviceClock
    private let polling: Polling

    init(_ library: CountersignFFI.Approvals, hub: ChangeHub, clock: DeviceClock) {
        self.library = library
        self.hub = hub
        self.clock = clock
        polling = Polling(library, hub: hub, clock: clock)
    }

    // MARK: Requests

    /// The requests that may be answered now, the one that ends first at the top.
    ///
    /// - Throws: `Locked`, `Storage`.
    public func requests() async throws -> [PendingRequest] {
        try await Calls.whole { [library] in try library.requests() }
    }

    /// The requests that may be answered, as they come and go. While it is looped over, servers are asked: at once, then every
    /// few seconds, and when ``pull()`` or ``woken(_:)`` say so. Ends when the vault is locked and the inbox is not open. Servers
    /// that can't be reached are asked again, more and more seldom; that they can't is no failure of the stream.
    public func requestStream() -> Updates<[PendingRequest]> {
        Updates { [self] emit throws(ApiError) in
            let changes = hub.subscribe(to: [.requests, .enrollments, .lock])
            await polling.join()
            let result: Result<Void, ApiError>
            do throws(ApiError) {
                try await tell(changes, emit)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            await polling.leave()
            try result.get()
        }
    }

    private func tell(
        _ changes: Subscription,
        _ emit: @Sendable ([PendingRequest]) -> Void
    ) async throws(ApiError) {
        var told: [PendingRequest]?
        while !Task.isCancelled {
            let waiting: [PendingRequest]
            do throws(ApiError) {
                waiting = try await Calls.whole { [library] in try library.requests() }
            } catch .Locked {
                return
            }
            if waiting != told { emit(waiting) }
            told = waiting
            let end = clock.milliseconds(until: waiting.map(\.endsMs).min())
            if await changes.next(milliseconds: end) == nil { return }
        }
    }

    /// The person asks for everything now: whoever loops over ``requestStream()`` asks every server at once.
    ///
    /// - Throws: `Locked`, `Storage`.
    public func pull() async throws {
        try await polling.pull()
    }

    /// An enrolment is to be asked now, as ``wake(tag:)`` said: whoever loops over ``requestStream()`` does it.
    ///
    /// - Throws: `InvalidInput` (`not-an-id`), `Locked`, `Storage`.
    public func woken(_ enrollment: String) async throws {
        try await polling.woken(enrollment)
    }

    /// Asks an enrolment's server where it stands and what it asks; sends before what isn't confirmed. Asks no person.
    ///
    /// - Throws: `Network`, `Rejected`, `KeysGone`, `InvalidInput` (`no-enrollment`), `NotSupported` (`no-port`), `Cancelled`,
    ///   `Locked`, `Storage`.
    @discardableResult
    public func poll(_ enrollment: String) async throws -> Polled {
        try await Calls.waiting { [library] in
            try await library.poll(enrollment: enrollment, operation: $0)
        }
    }

    /// Notes a wake-up by the 16 bytes that it carries: gives the enrolment to poll now, if it is one of ours and the last one
    /// was at least five seconds ago. Wake-ups prove nothing.
    ///
    /// - Throws: `Locked`, `Storage`.
    public func wake(tag: Data) async throws -> String? {
        try await Calls.whole { [library] in try library.wake(tag: tag) }
    }

    /// Takes a challenge that was scanned from the page, to be answered by ``approveOffline(_:check:)`` alone.
    ///
    /// - Throws: `InvalidInput` (`no-enrollment`) where this device is enrolled nowhere; `Rejected` by the device; `Locked`,
    ///   `Storage`.
    public func scanChallenge(_ text: String) async throws -> PendingRequest {
        try await Calls.whole { [library] in try library.scanChallenge(text: text) }
    }

    // MARK: Answers

    /// Approves a request, after the person has seen all of it, with what they found on the page. Where a check is given, the
    /// person is verified, also where the request doesn't ask for it.
    ///
    /// Cancelled before the answer is signed, it has done nothing. `Network`, or cancelled later: the answer is kept and sent
    /// again, and the history says `unconfirmed`.
    ///
    /// - Throws: `InvalidInput` (`code-needed`, `not-the-digits`, `check-needed`, `no-request`, `request-ended`, `no-method`),
    ///   `WrongPassword`, `KeysGone`, `Network`, `Rejected`, `Cancelled`, `Locked`, `Storage`. That the digits were wrong is no
    ///   error: the server says it (`Confirmation.wrongCode`).
    @discardableResult
    public func approve(
        _ request: PendingRequest,
        code: String? = nil,
        check: PersonCheck? = nil
    ) async throws -> HistoryEntry {
        try await Calls.waiting { [library] in
            try await library.approve(
                enrollment: request.enrollment,
                request: request.id,
                code: code,
                check: check,
                operation: $0
            )
        }
    }

    /// Turns a request down. Works while the vault is locked.
    ///
    /// - Throws: `InvalidInput` (`no-request`, `request-ended`), `Network`, `Rejected`, `KeysGone`, `Cancelled`, `Locked`,
    ///   `Storage`.
    @discardableResult
    public func deny(_ request: PendingRequest) async throws -> HistoryEntry {
        try await Calls.waiting { [library] in
            try await library.deny(enrollment: request.enrollment, request: request.id, operation: $0)
        }
    }

    /// "It wasn't me": the server freezes the enrolment until its operator has looked. Works while the vault is locked.
    ///
    /// - Throws: as ``deny(_:)``.
    @discardableResult
    public func report(_ request: PendingRequest) async throws -> HistoryEntry {
        try await Calls.waiting { [library] in
            try await library.report(enrollment: request.enrollment, request: request.id, operation: $0)
        }
    }

    /// The digits that approve a scanned request: the person types them into the page, which needs no network.
    ///
    /// - Throws: `InvalidInput` (`no-request`, `request-ended`, `no-method`, `no-such-slot`), `WrongPassword`, `KeysGone`,
    ///   `Rejected` (`message-out-of-time`), `Cancelled`, `Locked`, `Storage`.
    public func approveOffline(
        _ request: PendingRequest,
        check: PersonCheck
    ) async throws -> OfflineCode {
        try await Calls.waiting { [library] in
            try await library.approveOffline(
                enrollment: request.enrollment,
                request: request.id,
                check: check,
                operation: $0
            )
        }
    }

    /// Sends what isn't confirmed once more, byte for byte, until nothing is left. A check is needed only where the server wants
    /// new keys' message with another time in it (`check-needed`).
    ///
    /// - Throws: as ``poll(_:)``; what was confirmed before an error stands in the history.
    @discardableResult
    public func resend(_ enrollment: String, check: PersonCheck? = nil) async throws -> Resent {
        try await Calls.waiting { [library] in
            try await library.resend(enrollment: enrollment, check: check, operation: $0)
        }
    }

    /// What was decided, the latest first: at most 50 answers of each enrolment.
    ///
    /// - Throws: `Locked`, `Storage`.
    public func history() async throws -> [HistoryEntry] {
        try await Calls.whole { [library] in try library.history() }
    }

    /// Forgets what was decided; what isn't confirmed is still sent, and stays until it is.
    ///
    /// - Throws: `Locked`, `Storage`.
    public func clearHistory() async throws {
        try await Calls.whole { [library] in try library.clearHistory() }
    }
}
