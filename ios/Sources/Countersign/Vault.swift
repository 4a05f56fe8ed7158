import CountersignFFI
import Foundation

// The vault's health, who may unlock it, its backups and settings.

extension Authenticator {
    // MARK: Health

    /// Checks everything: the database's structure, every row and picture, every way to unlock, and the proof that all is there.
    ///
    /// - Throws: `Locked`, `Storage`, `Cancelled`; what is damaged is no error but a finding.
    public func verify() async throws -> Report {
        try await Calls.blocking { [library] in try library.verify(operation: $0) }
    }

    /// What the last look at the file found. From memory.
    ///
    /// - Throws: `Locked`.
    public func report() throws -> Report {
        try direct { try library.report() }
    }

    /// Accepts what was found, so that the vault can be written again.
    ///
    /// - Throws: `Locked`; `Damaged` where the structure itself is: then
    ///   ``salvage(damagedPath:key:path:password:platform:)``.
    public func acceptFindings() async throws {
        try await Calls.whole { [library] in try library.acceptFindings() }
    }

    /// Reads again what another program has written since.
    ///
    /// - Throws: `Locked`, `Damaged`, `Storage`.
    public func refresh() async throws {
        try await Calls.whole { [library] in try library.refresh() }
    }

    /// The copies of damaged states, as paths.
    ///
    /// - Throws: `Locked` (`shut`), `Storage`.
    public func quarantineCopies() async throws -> [String] {
        try await Calls.whole { [library] in try library.quarantineCopies() }
    }

    /// Removes such a copy, with what belongs to it.
    ///
    /// - Throws: `InvalidInput` for a path that is none of them, `Storage`.
    public func removeQuarantineCopy(path: String) async throws {
        try await Calls.whole { [library] in try library.removeQuarantineCopy(path: path) }
    }

    // MARK: Ways to unlock

    /// The ways to unlock that can be read; also while the vault is locked.
    ///
    /// - Throws: `Storage`, `Damaged`.
    public func slots() async throws -> [SlotInfo] {
        try await Calls.whole { [library] in try library.slots() }
    }

    /// Takes a way to unlock away. Copies made before still open with it.
    ///
    /// - Throws: `InvalidInput` (`not-found`, `last-slot`), `Locked`.
    public func removeSlot(id: String) async throws {
        try await Calls.whole { [library] in try library.removeSlot(id: id) }
    }

    /// Replaces the password. Without the old one, as after unlocking by recovery code, enrolments whose keys were made in
    /// software have to be renewed. It can be cancelled until it begins.
    ///
    /// - Throws: `WrongPassword` if `old` is given and wrong; `InvalidInput` (`weak-password`), `Locked`, `Cancelled`.
    public func changePassword(from old: SecretInput?, to new: SecretInput) async throws {
        try await Calls.blocking { [library] in
            try library.changePassword(old: old, new: new, operation: $0)
        }
    }

    /// Replaces the recovery code by a new one, to be shown once.
    ///
    /// - Throws: `Locked`, `Storage`.
    public func newRecoveryCode() async throws -> RecoveryCode {
        try await Calls.whole { [library] in try library.newRecoveryCode() }
    }

    /// Counts a recovery code from now on, once the person has typed back one of its eight groups, `group` from 1.
    ///
    /// - Throws: `InvalidInput` (`group-mistyped`; `recovery-code-wrong` for a code that was replaced since).
    public func confirm(
        recoveryCode: RecoveryCode,
        group: UInt32,
        typed: SecretInput
    ) async throws {
        try await Calls.whole { [library] in
            try library.confirmRecoveryCode(code: recoveryCode, group: group, typed: typed)
        }
    }

    /// Lets this device's keystore unlock the vault from now on, in place of what it had before.
    ///
    /// - Throws: `Locked`, `Cancelled`, `NotSupported` (`no-port`), `Storage`.
    public func addDeviceUnlock() async throws {
        try await Calls.waiting { [library] in try await library.addDeviceUnlock(operation: $0) }
    }

    /// Lets this device's keystore open the inbox from now on, without asking.
    ///
    /// - Throws: as ``addDeviceUnlock()``.
    public func addInboxKey() async throws {
        try await Calls.waiting { [library] in try await library.addInboxKey(operation: $0) }
    }

    /// Lets this device's keystore confirm approvals from now on, asking the person at each use.
    ///
    /// - Throws: `WrongPassword`, `KeysGone`; otherwise as ``addDeviceUnlock()``.
    public func addPerUseKey(password: SecretInput) async throws {
        try await Calls.waiting { [library] in
            try await library.addPerUseKey(password: password, operation: $0)
        }
    }

    /// Gives the vault a new key, after a leak. `password` is the one so far, or a new one; with a new one, enrolments whose
    /// keys were made in software have to be renewed. It can be cancelled until it writes.
    ///
    /// - Throws: `Damaged` (`not-accepted`) while there are findings; `InvalidInput` (`weak-password`), `Locked`, `Cancelled`,
    ///   `Storage`.
    public func rotate(password: SecretInput) async throws -> Rotated {
        try await Calls.waiting { [library] in
            try await library.rotate(password: password, operation: $0)
        }
    }

    // MARK: Backups and settings

    /// The whole vault as an encrypted backup file, which opens with the password and the recovery code of today.
    ///
    /// - Throws: `Locked`, `Storage`.
    public func backup() async throws -> Data {
        try await Calls.whole { [library] in try library.backupBytes() }
    }

    /// Writes a backup under a new name, reads it back and compares, and only then removes the oldest ones; gives the new name.
    ///
    /// - Throws: `Storage` (`backup-not-kept`) if the place gives back something else, `Internal` (`platform-failed`) if it
    ///   fails: the older backups are then all still there. `Locked`, `Cancelled`.
    @discardableResult
    public func backup(to sink: any BackupSink) async throws -> String {
        try await Calls.blocking { [library] in try library.backupTo(sink: sink, operation: $0) }
    }

    /// What the person set. From memory.
    ///
    /// - Throws: `Locked`.
    public func settings() throws -> Settings {
        try direct { try library.settings() }
    }

    /// Changes what the person set.
    ///
    /// - Throws: `InvalidInput` out of bounds, `Locked`, `Storage`.
    public func set(_ settings: Settings) async throws {
        try await Calls.whole { [library] in try library.setSettings(settings: settings) }
    }
}
