import Countersign
import Foundation
import Testing

/// A screen that remembers how much it showed.
actor Screen {
    private(set) var shown: [Int] = []

    func show(_ codes: [AccountCode]) {
        shown.append(codes.count)
    }

    func writeDown(_ code: RecoveryCode) {
        #expect(code.show().count == 41)
    }
}

@Suite("The example of the README")
struct ExampleTests {
    // The lines between these two stand in ios/README.md too.
    // begin
    /// Opens the vault, or makes one, and shows codes until it is locked.
    func showCodes(at path: String, typed: inout [UInt8], screen: Screen) async throws {
        let password = SecretInput.wiping(&typed)
        let authenticator = try await open(path, password, screen)
        let pasted = SecretInput.text("otpauth://totp/ACME:ada?secret=GEZDGNBVGY3TQOJQ")
        if case .account(let draft) = try authenticator.read(text: pasted) {
            try await authenticator.accounts.add(draft, evenIfThere: true)
        }
        for try await codes in authenticator.accounts.codeStream() {
            await screen.show(codes)
            await authenticator.lock()
        }
        await authenticator.shut()
    }

    func open(_ path: String, _ password: SecretInput, _ screen: Screen) async throws -> Authenticator {
        let platform = Platform(http: URLSessionHttpClient())
        do {
            let authenticator = try await Authenticator.open(path: path, platform: platform)
            try await authenticator.unlock(password: password)
            return authenticator
        } catch ApiError.InvalidInput(_, _, code: "no-vault") {
            let made = try await Authenticator.create(path: path, password: password, platform: platform)
            await screen.writeDown(made.recovery)
            return made.authenticator
        }
    }
    // end

    @Test("does what it says, and stands there as it was compiled")
    func example() async throws {
        try await inFolder { folder in
            let screen = Screen()
            for _ in 0..<2 {
                var typed = Array("correct horse battery".utf8)
                try await showCodes(at: folder.appending(path: "vault").path, typed: &typed, screen: screen)
            }
            #expect(await screen.shown == [1, 2])
        }
        let source = try String(contentsOfFile: #filePath, encoding: .utf8)
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        let begin = try #require(lines.firstIndex(of: "    // begin"))
        let end = try #require(lines.firstIndex(of: "    // end"))
        let example = lines[(begin + 1)..<end].map { $0.dropFirst(4) }.joined(separator: "\n")
        let readme = try String(contentsOf: checkout.appending(path: "ios/README.md"), encoding: .utf8)
        #expect(readme.contains("```swift\n\(example)\n```"))
    }
}
