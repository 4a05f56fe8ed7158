import CountersignFFI
import Foundation

extension SecretInput {
    /// A secret of these bytes (texts in UTF-8), which are overwritten with zeros: the way in for what a person typed.
    ///
    /// Wiped is the array that is given; copies that were made of it before are not.
    public static func wiping(_ bytes: inout [UInt8]) -> SecretInput {
        bytes.withUnsafeMutableBytes { buffer in
            defer { buffer.initializeMemory(as: UInt8.self, repeating: 0) }
            guard let start = buffer.baseAddress else { return SecretInput(bytes: Data()) }
            // Borrowed for this one call, in which the library makes its copy.
            return SecretInput(bytes: Data(bytesNoCopy: start, count: buffer.count, deallocator: .none))
        }
    }

    /// A secret of these bytes, which are overwritten with zeros.
    public static func wiping(_ bytes: inout Data) -> SecretInput {
        defer { bytes.resetBytes(in: bytes.startIndex..<bytes.endIndex) }
        return SecretInput(bytes: bytes)
    }

    /// A secret of this text. Swift's strings can't be wiped: the text itself stays in memory until that is used for something
    /// else. Where the platform gives bytes, take `wiping` instead.
    public static func text(_ text: String) -> SecretInput {
        var bytes = Array(text.utf8)
        return wiping(&bytes)
    }
}
