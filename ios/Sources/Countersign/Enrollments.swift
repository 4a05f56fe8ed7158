import CountersignFFI

// Enrolments: from an invitation to the end.

extension Approvals {
    /// All enrolments, by server and account; those of a restored backup say that they are to be renewed.
    ///
    /// - Throws: `Locked`, `Storage`.
    public func enrollments() async throws -> [EnrollmentInfo] {
        try await Calls.whole { [library] in try library.enrollments() }
    }

    /// What an invitation says, before anything is fetched.
    ///
    /// - Throws: `Rejected` by the device for what is no invitation; `Locked`, `Storage`.
    public func previewInvitation(_ text: String) async throws -> InvitationPreview {
        try await Calls.whole { [library] in try library.previewInvitation(text: text) }
    }

    /// Enrols this device, after the person has seen the invitation's host and said yes. Cancelled before the request is signed,
    /// it leaves nothing, also no key in the signer; afterwards, and after network trouble, it is unfinished
    /// (``resumeEnrollment(_:check:)``).
    ///
    /// - Throws: `Rejected` by the server (`ticket-unknown`, `ticket-used`, `ticket-expired` and others) or by the device;
    ///   `NotSupported` (`hardware-needed`, `no-port`), `Network`, `WrongPassword`, `KeysGone`, `InvalidInput` (`push-address`,
    ///   `no-method`, `no-such-slot`), `Locked`, `Cancelled`, `Storage`.
    public func enroll(
        _ invitation: String,
        device: DeviceInfo,
        keys: NewKeys,
        check: PersonCheck,
        push: PushAddress = .nowhere
    ) async throws -> Enrolled {
        try await Calls.waiting { [library] in
            try await library.enroll(
                invitation: invitation,
                device: device,
                push: push,
                keys: keys,
                check: check,
                operation: $0
            )
        }
    }

    /// The enrolments that were begun and not finished: after a crash, or without a network.
    ///
    /// - Throws: `Locked`, `Storage`, `Damaged` (`enrollment-unreadable`).
    public func unfinishedEnrollments() async throws -> [UnfinishedEnrollment] {
        try await Calls.whole { [library] in try library.unfinishedEnrollments() }
    }

    /// Goes on with an enrolment that wasn't finished; what was signed is sent again as it is.
    ///
    /// - Throws: `InvalidInput` (`no-enrollment`); otherwise as ``enroll(_:device:keys:check:push:)``.
    public func resumeEnrollment(_ id: String, check: PersonCheck) async throws -> Enrolled {
        try await Calls.waiting { [library] in
            try await library.resumeEnrollment(id: id, check: check, operation: $0)
        }
    }

    /// Gives up an enrolment that wasn't finished, and deletes its keys.
    ///
    /// - Throws: `InvalidInput` (`no-enrollment`) where nothing was begun or it is finished; `Locked`, `Storage`.
    public func abandonEnrollment(_ id: String) async throws {
        try await Calls.waiting { [library] in
            try await library.abandonEnrollment(id: id, operation: $0)
        }
    }

    /// The person wants to hear of this server's requests again: of all enrolments there.
    ///
    /// - Throws: `InvalidInput` (`not-an-id`, `no-enrollment`), `Locked`, `Storage`.
    public func unmute(_ enrollment: String) async throws {
        try await Calls.whole { [library] in try library.unmute(enrollment: enrollment) }
    }

    /// Tells the server where this device wants to be woken from now on.
    ///
    /// - Throws: `InvalidInput` (`push-address`, `no-enrollment`), `Network`, `Rejected`, `KeysGone`, `Cancelled`, `Locked`,
    ///   `Storage`.
    @discardableResult
    public func setPushAddress(
        _ enrollment: String,
        to push: PushAddress
    ) async throws -> EnrollmentStatus {
        try await Calls.waiting { [library] in
            try await library.setPushAddress(enrollment: enrollment, push: push, operation: $0)
        }
    }

    /// Gives an enrolment new keys. Both old and new ones are kept until the server has confirmed; then the others are deleted,
    /// also in the signer. Cancelled before the change is signed, it has done nothing.
    ///
    /// - Throws: `Network`, `Rejected`, `WrongPassword`, `KeysGone`, `NotSupported` (`no-port`), `InvalidInput`
    ///   (`no-enrollment`, `no-method`, `no-such-slot`), `Cancelled`, `Locked`, `Storage`.
    @discardableResult
    public func rotateKeys(
        _ enrollment: String,
        keys: NewKeys,
        check: PersonCheck
    ) async throws -> EnrollmentStatus {
        try await Calls.waiting { [library] in
            try await library.rotateKeys(enrollment: enrollment, keys: keys, check: check, operation: $0)
        }
    }

    /// Ends an enrolment at its server, then forgets it here.
    ///
    /// - Throws: `Rejected` (`enrollment-not-active` while it is pending: forget it); otherwise as
    ///   ``rotateKeys(_:keys:check:)``.
    public func unenroll(_ enrollment: String, check: PersonCheck) async throws {
        try await Calls.waiting { [library] in
            try await library.unenroll(enrollment: enrollment, check: check, operation: $0)
        }
    }

    /// Forgets an enrolment on this device for good, and deletes its keys. At the server it stays.
    ///
    /// - Throws: `InvalidInput` (`not-an-id`, `not-found`), `Locked`, `Storage`.
    public func forget(_ enrollment: String) async throws {
        try await Calls.waiting { [library] in
            try await library.forget(enrollment: enrollment, operation: $0)
        }
    }

    /// Forgets enrolments that nobody confirmed within a day, and deletes their keys; gives how many.
    ///
    /// - Throws: `Locked`, `Storage`.
    @discardableResult
    public func sweep() async throws -> UInt32 {
        try await Calls.waiting { [library] in try await library.sweep(operation: $0) }
    }
}
