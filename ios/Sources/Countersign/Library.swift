import CountersignFFI

/// What is known about the library itself, and what needs no vault.
public enum Library {
    /// The version of the Rust library, such as `0.1.0`.
    public static var version: String { CountersignFFI.version() }

    /// A text as a QR code to draw, with at least four modules of light around it.
    ///
    /// - Throws: `InvalidInput` (`text-too-long`) for more than a code can hold (2,953 bytes).
    public static func qrCode(of text: String) throws -> QrMatrix {
        try direct { try CountersignFFI.qrCode(text: text) }
    }
}
