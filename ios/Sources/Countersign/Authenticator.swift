import CountersignFFI
import Foundation

/// An authenticator over one vault: the façade, and the desks over it.
///
/// Async calls leave the caller's thread alone: they work on threads of their own, and cancelling their task ends them early
/// where that is possible. Calls without `async` answer from memory at once. All may be made from any task or thread.
///
/// Every throwing call throws ``ApiError``. After ``shut()`` every call gives `Locked` with the code `shut`.
public final class Authenticator: Sendable {
    let library: CountersignFFI.Authenticator
    let hub = ChangeHub()
    let clock: DeviceClock

    /// The desk for accounts and their codes.
    public let accounts: Accounts

    /// The desk for approvals.
    public let approvals: Approvals

    /// The desk for accounts from other files, and out again.
    public let transfer: Transfer

    init(_ library: CountersignFFI.Authenticator, clock: (any Clock)?) {
        self.library = library
        self.clock = DeviceClock(clock)
        accounts = Accounts(library.accounts(), hub: hub, clock: self.clock)
        approvals = Approvals(library.approvals(), hub: hub, clock: self.clock)
        transfer = Transfer(library.transfer())
        library.listen(listener: hub)
    }

    // MARK: Beginning and end

    /// Opens the file of a vault, locked.
    ///
    /// - Throws: `InvalidInput` (`no-vault`, `not-a-vault`), `NotSupported` (`newer`), `Damaged`, `Storage`; nothing is changed
    ///   by any.
    public static func open(path: String, platform: Platform = Platform()) async throws -> Authenticator {
        try await Calls.whole {
            Authenticator(try CountersignFFI.Authenticator.open(path: path, platform: platform), clock: platform.clock)
        }
    }

    /// Makes a new vault that a password and a new recovery code open, and unlocks it.
    ///
    /// - Throws: `AlreadyThere` if anything stands at the path; `InvalidInput` for a weak password; `Cancelled`, `Storage`.
    public static func create(
        path: String,
        password: SecretInput,
        platform: Platform = Platform()
    ) async throws -> NewVault {
        try await Calls.blocking { operation in
            let made = try createVault(path: path, password: password, platform: platform, operation: operation)
            return NewVault(made, clock: platform.clock)
        }
    }

    /// Makes a new vault of a backup, with a new password and recovery code, and unlocks it. Approvals have to be enrolled
    /// again, since no backup has their keys; counters of HOTP may be behind.
    ///
    /// - Throws: `AlreadyThere`, `WrongPassword`, `InvalidInput` or `Damaged` for what is no whole backup, `NotSupported` for a
    ///   newer one, `Cancelled`, `Storage`.
    public static func restore(
        path: String,
        backup: Data,
        key: FileKey,
        password: SecretInput,
        platform: Platform = Platform()
    ) async throws -> NewVault {
        try await Calls.blocking { operation in
            let made = try restoreBackup(
                path: path,
                file: backup,
                key: key,
                password: password,
                platform: platform,
                operation: operation
            )
            return NewVault(made, clock: platform.clock)
        }
    }

    /// Makes a new vault of what can still be read of a file whose structure is destroyed; the file itself is only read.
    ///
    /// - Throws: as ``restore(path:backup:key:password:platform:)``; `InvalidInput` where not one way to unlock is found in it.
    public static func salvage(
        damagedPath: String,
        key: FileKey,
        path: String,
        password: SecretInput,
        platform: Platform = Platform()
    ) async throws -> NewVault {
        try await Calls.blocking { operation in
            let made = try salvageVault(
                damagedPath: damagedPath,
                key: key,
                path: path,
                password: password,
                platform: platform,
                operation: operation
            )
            return NewVault(made, clock: platform.clock)
        }
    }

    /// Locks, closes the file and lets go of everything that the platform gave. Every later call gives `Locked` (`shut`), and
    /// every ``Updates`` ends. It is done whatever becomes of the task; doing it again does nothing.
    public func shut() async {
        await Calls.always { [self] in
            library.shut()
            clock.release()
            hub.end()
        }
    }

    // MARK: Locking

    /// Unlocks with the password.
    ///
    /// - Throws: `WrongPassword`, `Damaged`, `Cancelled`.
    @discardableResult
    public func unlock(password: SecretInput) async throws -> Report {
        try await Calls.blocking { [library] in
            try library.unlockWithPassword(password: password, operation: $0)
        }
    }

    /// Unlocks with the recovery code, which opens no key that confirms approvals.
    ///
    /// - Throws: `InvalidInput` (`recovery-code-mistyped`, `recovery-code-wrong`), `Damaged`, `Cancelled`.
    @discardableResult
    public func unlock(recoveryCode: SecretInput) async throws -> Report {
        try await Calls.blocking { [library] in
            try library.unlockWithRecoveryCode(code: recoveryCode, operation: $0)
        }
    }

    /// Unlocks with this device's keystore, which may ask the person.
    ///
    /// - Throws: `KeysGone` where the keystore has lost the key or it opens nothing: use the password or the recovery code;
    ///   `InvalidInput` (`no-such-slot`) where it was never set up; `NotSupported` (`no-port`), `Cancelled`.
    @discardableResult
    public func unlockWithDevice() async throws -> Report {
        try await Calls.waiting { [library] in try await library.unlockWithDevice(operation: $0) }
    }

    /// Lets polling and denying work while the vault is locked, with the key that the keystore unwraps without asking.
    ///
    /// - Throws: as ``unlockWithDevice()``.
    public func openInbox() async throws {
        try await Calls.waiting { [library] in try await library.openInbox(operation: $0) }
    }

    /// Locks: ends every operation with `Locked`, and wipes every key and secret from memory but the inbox key. It is done
    /// whatever becomes of the task.
    public func lock() async {
        await Calls.always { [library] in library.lock() }
    }

    /// Locks, and wipes the inbox key too.
    public func closeInbox() async {
        await Calls.always { [library] in library.closeInbox() }
    }

    /// Whether the vault is unlocked.
    public var isUnlocked: Bool { library.isUnlocked() }

    /// Whether approvals can be polled and denied just now.
    public var mayPoll: Bool { library.mayPoll() }

    /// Whether the file can't be written at all.
    public var isReadOnly: Bool { library.isReadOnly() }

    /// What has changed, after it is durable.
    public var changes: Changes { Changes(hub) }
}

/// A new vault, unlocked.
public struct NewVault: Sendable {
    /// The authenticator over it.
    public let authenticator: Authenticator
    /// Its recovery code, to be shown once.
    public let recovery: RecoveryCode
    /// What a salvage could not find; none otherwise.
    public let report: Report?

    init(_ made: CountersignFFI.NewVault, clock: (any Clock)?) {
        authenticator = Authenticator(made.authenticator, clock: clock)
        recovery = made.recovery
        report = made.report
    }
}
