import Countersign
import Foundation
import Testing

@Suite("Secrets")
struct SecretsTests {
    @Test("revealing needs the password each time")
    func byPassword() async throws {
        try await withVault { authenticator in
            let id = try await authenticator.accounts.add(draft("ada"))
            for _ in 0..<2 {
                let revealed = try await authenticator.accounts.reveal(id, password: password())
                #expect(revealed.secret == rfcSecret && revealed.uri.hasPrefix("otpauth://totp/"))
                #expect("\(revealed)" == "Revealed(..)")
                let error = await refuses("wrong-approval-password") {
                    _ = try await authenticator.accounts.reveal(id, password: .text("wrong one"))
                }
                guard case .WrongPassword(_, _, let beforeErasing, _)? = error else { return }
                #expect(beforeErasing != nil)
            }
        }
    }

    @Test("revealing needs the keystore's per-use key each time")
    func byDevice() async throws {
        let keychain = Keychain()
        try await withVault(platform(keyWrapper: keychain)) { authenticator in
            let id = try await authenticator.accounts.add(draft("ada"))
            await refuses("no-such-slot") { _ = try await authenticator.accounts.revealWithDevice(id) }
            try await authenticator.addPerUseKey(password: password())
            for count in 1...3 {
                #expect(try await authenticator.accounts.revealWithDevice(id).secret == rfcSecret)
                #expect(keychain.asked.value == Array(repeating: .perUse, count: count))
            }
            keychain.forget()
            await refuses("device-key-gone") { _ = try await authenticator.accounts.revealWithDevice(id) }
        }
    }

    @Test("bytes that a secret is made of are wiped")
    func wiped() async throws {
        try await withVault { authenticator in
            await authenticator.lock()
            var bytes = Array("correct horse battery".utf8)
            let secret = SecretInput.wiping(&bytes)
            #expect(bytes == Array(repeating: 0, count: 21))
            try await authenticator.unlock(password: secret)
            await authenticator.lock()
            var data = Data("correct horse battery".utf8)
            let other = SecretInput.wiping(&data)
            #expect(data == Data(count: 21))
            try await authenticator.unlock(password: other)
            await authenticator.lock()
            other.wipe()
            await refuses("wrong-password") { try await authenticator.unlock(password: other) }
            var nothing: [UInt8] = []
            await refuses("text-empty") { _ = try authenticator.read(text: .wiping(&nothing)) }
        }
    }

    @Test("no description shows a secret")
    func descriptions() async throws {
        let typed = "what a person typed!"
        try await withVault { authenticator in
            let draft = try draft("ada")
            let secret = SecretInput.text(typed)
            var said = ["\(secret)", String(reflecting: secret), "\(draft)", String(reflecting: draft)]
            let id = try await authenticator.accounts.add(draft)
            let errors = [
                await refuses("wrong-approval-password") {
                    _ = try await authenticator.accounts.reveal(id, password: .text(typed))
                },
                await refuses("not-recognized") { _ = try authenticator.read(text: .text(typed)) },
                await refuses("secret-unreadable") {
                    _ = try AccountDraft.byHand(
                        account: ManualAccount(
                            profile: Profile(issuer: "", name: ""),
                            kind: .totp,
                            algorithm: .sha1
                        ),
                        secret: .text(typed),
                        pin: nil
                    )
                },
                await refuses("recovery-code-mistyped") {
                    try await authenticator.unlock(recoveryCode: .text(typed))
                },
            ]
            for error in errors.compactMap({ $0 }) {
                said += ["\(error)", String(reflecting: error), error.localizedDescription]
            }
            var dumped = ""
            dump(secret, to: &dumped)
            dump(draft, to: &dumped)
            dump(authenticator, to: &dumped)
            said.append(dumped)
            for text in said {
                #expect(!text.contains(typed) && !text.contains(rfcSecret), "\(text)")
            }
        }
    }
}
