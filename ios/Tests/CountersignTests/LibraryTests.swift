import Countersign
import Foundation
import Testing

@Suite("The library")
struct VersionTests {
    @Test("says the version of the workspace from which it was built")
    func version() throws {
        #expect(try Library.version == workspaceVersion())
    }
}

/// The version that stands in `Cargo.toml`, read apart from the library.
private func workspaceVersion() throws -> String {
    let manifest = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../Cargo.toml").standardizedFileURL
    let text = try String(contentsOf: manifest, encoding: .utf8)
    let version = try #require(text.firstMatch(of: /\[workspace\.package\]\s+version = "([^"]+)"/))
    return String(version.1)
}
