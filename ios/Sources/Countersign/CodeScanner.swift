import CountersignFFI
import Foundation

/// Reads one camera frame after the other, and tells each code once. (`Scanner` is Foundation's.)
public final class CodeScanner: Sendable {
    private let library: CountersignFFI.Scanner

    init(_ library: CountersignFFI.Scanner) {
        self.library = library
    }

    /// Reads a frame of a live camera: its luma plane, one byte a pixel, 0 black, borrowed without a copy; rows start `rowStride`
    /// bytes apart. Gives what is new.
    ///
    /// - Throws: `InvalidInput` (`picture-size`) for sizes that don't fit the bytes, under 21 or over 64 million pixels.
    public func push(
        _ luma: Data,
        width: UInt32,
        height: UInt32,
        rowStride: UInt32,
        rotation: Rotation = .none
    ) async throws -> [ScanEvent] {
        try await Calls.whole { [library] in
            try library.push(luma: luma, width: width, height: height, rowStride: rowStride, rotation: rotation)
        }
    }

    /// Reads one picture with all the work that is sensible, as for a screenshot or a file that the platform has decoded; apart
    /// from the frames of the camera.
    ///
    /// - Throws: `InvalidInput` (`picture-size`), `Cancelled`.
    public func read(
        picture luma: Data,
        width: UInt32,
        height: UInt32,
        rowStride: UInt32,
        rotation: Rotation = .none
    ) async throws -> PictureReading {
        try await Calls.blocking { [library] operation in
            try library.readPicture(
                luma: luma,
                width: width,
                height: height,
                rowStride: rowStride,
                rotation: rotation,
                operation: operation
            )
        }
    }

    /// Forgets everything, so that codes are told again.
    public func reset() {
        library.reset()
    }
}

extension Authenticator {
    /// A new scanner, which has seen nothing. Works while the vault is locked.
    ///
    /// - Throws: `Locked` (`shut`).
    public func scanner() throws -> CodeScanner {
        CodeScanner(try direct { try library.scanner() })
    }

    /// Reads a link or a text that a person typed, pasted or was sent. Works while the vault is locked.
    ///
    /// - Throws: `InvalidInput` with the exact cause for what enrols nothing; `NotSupported` (`challenge-by-link`) for a sign-in
    ///   request, which counts from a camera or a picture alone.
    public func read(text: SecretInput) throws -> Scanned {
        try direct { try library.readText(text: text) }
    }
}

extension PendingTwoStep {
    /// As `complete()`, away from the caller's thread: up to some seconds of work.
    ///
    /// - Throws: `Internal` without randomness, `Cancelled` before it has begun.
    public func completed() async throws -> TwoStepResult {
        try await Calls.whole { try self.complete() }
    }
}
