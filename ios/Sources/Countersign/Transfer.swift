import CountersignFFI
import Foundation

/// Hears how far a long call is: so many of so many are done.
public typealias ProgressListener = @Sendable (_ done: UInt64, _ total: UInt64) -> Void

/// The desk for accounts from other files, and out again. The encrypted backup is ``Authenticator/backup()``.
public final class Transfer: Sendable {
    private let library: CountersignFFI.Transfer

    init(_ library: CountersignFFI.Transfer) {
        self.library = library
    }

    /// Every format that is known, in the order in which a person is told of them.
    public var formats: [FormatInfo] { library.formats() }

    /// Which format a file has, by its content. Works while the vault is locked.
    ///
    /// - Throws: `InvalidInput` (`file-not-recognized`, `file-too-large`).
    public func detect(_ file: Data) async throws -> FormatInfo {
        try await Calls.whole { [library] in try library.detect(file: file) }
    }

    /// Begins an import, which has no file yet. Nothing is added before ``ImportPreview/apply(progress:)``. Works while the vault
    /// is locked.
    public func beginImport() -> Import {
        Import(library.beginImport())
    }

    /// The import that ``undo()`` would take back; none after it was taken back.
    ///
    /// - Throws: `Locked`, `Damaged`.
    public func lastImport() async throws -> LastImport? {
        try await Calls.whole { [library] in try library.lastImport() }
    }

    /// Takes the last import back: what is as it came is removed for good, what was changed or used since goes to the trash.
    ///
    /// - Throws: `InvalidInput` (`not-found`) if there is nothing to take back; `Locked`, `Storage`.
    @discardableResult
    public func undo() async throws -> Undone {
        try await Calls.whole { [library] in try library.undo() }
    }

    // MARK: Out

    /// These accounts, or without ids all outside of the trash, as links, for whoever knows the password.
    ///
    /// - Throws: `WrongPassword` (counted as at an approval), `KeysGone`, `InvalidInput` (`not-found`, `not-an-id`), `Locked`.
    public func exportLinks(_ ids: [String] = [], password: SecretInput) async throws -> LinksExport {
        try await Calls.whole { [library] in
            try library.exportLinksWithPassword(password: password, ids: ids)
        }
    }

    /// As ``exportLinks(_:password:)``, for whoever the keystore lets use its per-use key.
    ///
    /// - Throws: `Cancelled`, `KeysGone`, `InvalidInput` (`not-found`, `not-an-id`, `no-such-slot`), `NotSupported` (`no-port`),
    ///   `Locked`.
    public func exportLinksWithDevice(_ ids: [String] = []) async throws -> LinksExport {
        try await Calls.waiting { [library] in
            try await library.exportLinksWithDevice(ids: ids, operation: $0)
        }
    }

    /// These accounts, or without ids all outside of the trash, as QR codes, for whoever knows the password.
    ///
    /// - Throws: as ``exportLinks(_:password:)``; `InvalidInput` (`too-many-entries`) over 1,000 QR codes.
    public func exportGoogle(_ ids: [String] = [], password: SecretInput) async throws -> GoogleExport {
        try await Calls.whole { [library] in
            try library.exportGoogleWithPassword(password: password, ids: ids)
        }
    }

    /// As ``exportGoogle(_:password:)``, for whoever the keystore lets use its per-use key.
    ///
    /// - Throws: as ``exportLinksWithDevice(_:)``; `InvalidInput` (`too-many-entries`) over 1,000 QR codes.
    public func exportGoogleWithDevice(_ ids: [String] = []) async throws -> GoogleExport {
        try await Calls.waiting { [library] in
            try await library.exportGoogleWithDevice(ids: ids, operation: $0)
        }
    }
}

/// The files and texts of one import. It holds their secrets, also while the vault is locked, until it is let go of.
public final class Import: Sendable {
    private let library: CountersignFFI.Import

    init(_ library: CountersignFFI.Import) {
        self.library = library
    }

    /// Reads a file, borrowed without a copy; the format is told by its content. A file that is refused leaves what was read
    /// before as it was. A key that is derived for an encrypted one can't be ended early.
    ///
    /// - Throws: `InvalidInput`: `file-needs-password` for an encrypted file without a key (ask, and add it again),
    ///   `file-not-recognized`, `file-too-large`, `too-many-entries`, `export-other-batch`; `NotSupported`
    ///   (`format-not-built-in`); `WrongPassword`; `Damaged`; `Cancelled`.
    @discardableResult
    public func add(
        file: Data,
        key: FileKey? = nil,
        progress: ProgressListener? = nil
    ) async throws -> FormatInfo {
        try await Calls.blocking { [library] in
            try library.addFile(file: file, key: key, operation: $0, progress: progress.map(Listener.init))
        }
    }

    /// Takes one text, as a camera reads it from a code or a person pastes it. What can't be added stands in the preview.
    ///
    /// - Throws: `InvalidInput` (`export-other-batch`, `too-many-entries`, `secret-not-utf8`); what was read before stays.
    public func add(text: SecretInput) throws {
        try direct { try library.addText(text: text) }
    }

    /// Takes one part of another app's export that a scanner has found.
    ///
    /// - Throws: as ``add(text:)``.
    public func add(part: ExportPart) throws {
        try direct { try library.addPart(part: part) }
    }

    /// The numbers, from 1, of the parts of another app's export that are not there yet; empty where none is missing.
    public var missingParts: [UInt32] { library.missingParts() }

    /// What the import would add, compared with the vault; with `evenIncomplete` also where parts of an export are missing. The
    /// import stays as it is.
    ///
    /// - Throws: `InvalidInput` (`export-parts-missing`, `too-many-entries`), `Locked`, `Cancelled`.
    public func preview(
        evenIncomplete: Bool = false,
        progress: ProgressListener? = nil
    ) async throws -> ImportPreview {
        try await Calls.blocking { [library] operation in
            let listener = progress.map(Listener.init)
            return ImportPreview(
                try library.preview(evenIncomplete: evenIncomplete, operation: operation, progress: listener)
            )
        }
    }
}

/// What an import would add. It holds the secrets of its accounts, also while the vault is locked, until it is let go of. What is
/// not `async` answers from memory.
public final class ImportPreview: Sendable {
    private let library: CountersignFFI.ImportPreview

    init(_ library: CountersignFFI.ImportPreview) {
        self.library = library
    }

    /// The accounts, in the order of the files.
    public var items: [ImportItem] { library.items() }

    /// What can't be added, and why.
    public var refused: [RefusedItem] { library.refused() }

    /// How many accounts would be added.
    public var chosen: UInt64 { library.chosen() }

    /// One of the accounts, counted from 0.
    ///
    /// - Throws: `InvalidInput` (`not-found`).
    public func item(_ index: UInt64) throws -> ImportItem {
        try direct { try library.item(index: index) }
    }

    /// Chooses whether the account with this index is added.
    ///
    /// - Throws: `InvalidInput` (`not-found`, `import-applied`).
    public func choose(_ index: UInt64, add: Bool) throws {
        try direct { try library.choose(index: index, add: add) }
    }

    /// Chooses for all accounts at once.
    ///
    /// - Throws: `InvalidInput` (`import-applied`).
    public func chooseAll(add: Bool) throws {
        try direct { try library.chooseAll(add: add) }
    }

    /// The present code of the account with this index, to compare with the other app before it is added.
    ///
    /// - Throws: `InvalidInput` (`not-found`, `clock-before-1970`, `counter-used-up`).
    public func code(_ index: UInt64) throws -> PreviewCode {
        try direct { try library.code(index: index) }
    }

    /// Adds what was chosen, all of it or nothing. What came into the vault since the preview is passed over. If it fails or is
    /// cancelled, nothing was added and it can be tried again.
    ///
    /// - Throws: `InvalidInput` (`import-applied`, and for accounts out of bounds), `Locked`, `Storage`, `Cancelled`.
    @discardableResult
    public func apply(progress: ProgressListener? = nil) async throws -> Imported {
        try await Calls.blocking { [library] in
            try library.apply(operation: $0, progress: progress.map(Listener.init))
        }
    }
}

private final class Listener: CountersignFFI.Progress {
    private let listener: ProgressListener

    init(_ listener: @escaping ProgressListener) {
        self.listener = listener
    }

    func report(done: UInt64, total: UInt64) {
        listener(done, total)
    }
}
