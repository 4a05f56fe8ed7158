import CountersignFFI

/// What is known about the library itself.
public enum Library {
    /// The version of the Rust library, such as `0.1.0`.
    public static var version: String { CountersignFFI.version() }
}
