import CountersignFFI
import Foundation

/// The desk for accounts and their codes. Ids are 32 hexadecimal digits. Everything needs the vault unlocked: what says nothing
/// else throws `Locked` where it isn't.
///
/// Calls without `async` answer from memory; they wait where another thread is just deriving a key or writing.
public final class Accounts: Sendable {
    let library: CountersignFFI.Accounts
    private let hub: ChangeHub
    private let clock: DeviceClock

    init(_ library: CountersignFFI.Accounts, hub: ChangeHub, clock: DeviceClock) {
        self.library = library
        self.hub = hub
        self.clock = clock
    }

    // MARK: Looking

    /// The accounts that are selected: favourites first, then the person's order, then by names.
    public func list(_ filter: AccountFilter = AccountFilter()) throws -> [AccountInfo] {
        try direct { try library.list(filter: filter) }
    }

    /// One account, in the trash or not.
    ///
    /// - Throws: `InvalidInput` (`not-found`, `not-an-id`), `Locked`.
    public func get(_ id: String) throws -> AccountInfo {
        try direct { try library.get(id: id) }
    }

    /// The tags of all accounts outside of the trash, by name.
    public func tags() throws -> [TagCount] {
        try direct { try library.tags() }
    }

    // MARK: Codes

    /// The code of every account that shows one by itself (all but HOTP and the trash), in the order of the list.
    public func codes() throws -> [AccountCode] {
        try direct { try library.codes() }
    }

    /// The codes of these accounts alone, in this order: what a screen shows. HOTP accounts, and such as are not there any more,
    /// are passed over.
    ///
    /// - Throws: `InvalidInput` (`not-an-id`), `Locked`.
    public func codes(of ids: [String]) throws -> [AccountCode] {
        try direct { try library.codesOf(ids: ids) }
    }

    /// The codes of all accounts, or of those with these ids: at once, at the end of each code's window, and when accounts
    /// change. Ends when the vault is locked; throws where it can't go on for any other reason.
    public func codeStream(of ids: [String]? = nil) -> Updates<[AccountCode]> {
        Updates { [self] emit throws(ApiError) in
            let changes = hub.subscribe(to: [.accounts, .lock])
            while !Task.isCancelled {
                var codes: [AccountCode] = []
                do throws(ApiError) {
                    codes = try await Calls.whole { [library] in
                        try ids.map { try library.codesOf(ids: $0) } ?? library.codes()
                    }
                } catch .Locked {
                    return
                }
                emit(codes)
                let end = codes.compactMap(\.untilMs).min()
                if await !wait(for: changes, until: end) { return }
            }
        }
    }

    /// Until something has changed or that moment has come; false where nothing will change any more.
    private func wait(for changes: Subscription, until end: Int64?) async -> Bool {
        while !Task.isCancelled {
            let left = clock.milliseconds(until: end)
            guard let changed = await changes.next(milliseconds: left) else { return false }
            if !changed.isEmpty { return true }
            if let end, clock.hasCome(end) { return true }
        }
        return true
    }

    /// One account's code, to be used now. For HOTP this uses the counter up.
    ///
    /// - Throws: `InvalidInput` (`not-found`, `counter-used-up`, `clock-before-1970`), `Locked`, `Storage`.
    public func code(_ id: String) async throws -> AccountCode {
        try await Calls.whole { [library] in try library.code(id: id) }
    }

    /// Notes that a code was used, if the person turned counting on.
    ///
    /// - Throws: `InvalidInput` (`not-found`), `Locked`, `Storage`.
    public func countUse(_ id: String) async throws {
        try await Calls.whole { [library] in try library.countUse(id: id) }
    }

    /// Finds an HOTP account's counter again from two codes in a row, among the next `lookAhead` (at most 1,000).
    ///
    /// - Throws: `InvalidInput` (`no-match`, `wrong-kind`, `not-found`), `Locked`, `Storage`.
    public func resync(
        _ id: String,
        first: String,
        second: String,
        lookAhead: UInt32 = 100
    ) async throws {
        try await Calls.whole { [library] in
            try library.resync(id: id, first: first, second: second, lookAhead: lookAhead)
        }
    }

    // MARK: Changing

    /// What adding a draft would mean, with `profile` under these names instead of its own.
    public func preview(_ draft: AccountDraft, as profile: Profile? = nil) throws -> DraftPreview {
        try direct { try library.preview(draft: draft, profile: profile) }
    }

    /// Adds an account and gives its id; with `profile` under these names instead of its own, with `evenIfThere` also one that
    /// is there with the same secret and names.
    ///
    /// - Throws: `AlreadyThere` with the id of the one that is there; `InvalidInput` for names out of bounds; `Locked`,
    ///   `Storage`.
    @discardableResult
    public func add(
        _ draft: AccountDraft,
        as profile: Profile? = nil,
        evenIfThere: Bool = false
    ) async throws -> String {
        try await Calls.whole { [library] in
            try library.add(draft: draft, profile: profile, evenIfThere: evenIfThere)
        }
    }

    /// Changes an account's names, note, tags and mark.
    ///
    /// - Throws: `InvalidInput` (`not-found`, `out-of-bounds`), `Locked`, `Storage`.
    public func edit(_ id: String, profile: Profile) async throws {
        try await Calls.whole { [library] in try library.edit(id: id, profile: profile) }
    }

    /// Sets how many seconds the site's clock is ahead of this one (negative: behind), up to a day.
    ///
    /// - Throws: as ``edit(_:profile:)``.
    public func setClockOffset(_ id: String, seconds: Int32) async throws {
        try await Calls.whole { [library] in try library.setClockOffset(id: id, seconds: seconds) }
    }

    /// Puts these accounts into this order, by hand; new accounts come before them.
    ///
    /// - Throws: as ``edit(_:profile:)``; nothing is changed by any.
    public func setOrder(_ ids: [String]) async throws {
        try await Calls.whole { [library] in try library.setOrder(ids: ids) }
    }

    /// Moves an account to the trash, where it stays restorable.
    ///
    /// - Throws: `InvalidInput` (`not-found`), `Locked`, `Storage`.
    public func trash(_ id: String) async throws {
        try await Calls.whole { [library] in try library.trash(id: id) }
    }

    /// Takes an account out of the trash again.
    ///
    /// - Throws: as ``trash(_:)``.
    public func untrash(_ id: String) async throws {
        try await Calls.whole { [library] in try library.untrash(id: id) }
    }

    /// Removes for good what has been in the trash for longer than the person set, or all of the trash; gives how many.
    ///
    /// - Throws: `Locked`, `Storage`.
    @discardableResult
    public func purge(all: Bool) async throws -> UInt64 {
        try await Calls.whole { [library] in try library.purge(all: all) }
    }

    /// Gives an account a picture of at most 128 KiB, in whatever format the app draws; none takes it away.
    ///
    /// - Throws: `InvalidInput` (`too-large`, `not-found`), `Locked`, `Storage`.
    public func setIcon(_ id: String, to icon: Data?) async throws {
        try await Calls.whole { [library] in try library.setIcon(id: id, icon: icon) }
    }

    /// An account's picture.
    ///
    /// - Throws: `InvalidInput` (`not-found`), `Damaged`, `Locked`.
    public func icon(_ id: String) async throws -> Data {
        try await Calls.whole { [library] in try library.icon(id: id) }
    }

    // MARK: Revealing

    /// An account's secret, for whoever knows the password.
    ///
    /// - Throws: `WrongPassword` (counted as at an approval), `KeysGone`, `InvalidInput` (`not-found`), `Locked`.
    public func reveal(_ id: String, password: SecretInput) async throws -> Revealed {
        try await Calls.whole { [library] in
            try library.revealWithPassword(id: id, password: password)
        }
    }

    /// An account's secret, for whoever the keystore lets use its per-use key.
    ///
    /// - Throws: `Cancelled`, `KeysGone`, `InvalidInput` (`not-found`, `no-such-slot`), `NotSupported` (`no-port`), `Locked`.
    public func revealWithDevice(_ id: String) async throws -> Revealed {
        try await Calls.waiting { [library] in
            try await library.revealWithDevice(id: id, operation: $0)
        }
    }
}
