import Countersign
import CountersignTesting
import Foundation

/// P-256 in software, where a phone has hardware; what a test wants happens before each signature.
final class Signer: DeviceSigner {
    let keys = TestSigner()
    let prompts = Box<[SignPrompt]>([])
    private let before: @Sendable (SignPrompt?) async throws -> Void

    init(before: @escaping @Sendable (SignPrompt?) async throws -> Void = { _ in }) {
        self.before = before
    }

    func make(purpose: KeyPurpose, challenge: Data?) async throws -> DeviceKey {
        let key = try keys.make()
        return DeviceKey(handle: key.handle, publicKey: key.publicKey, inHardware: false)
    }

    func sign(handle: Data, message: Data, prompt: SignPrompt?) async throws -> Data {
        if let prompt { prompts.change { $0.append(prompt) } }
        try await before(prompt)
        do { return try keys.sign(handle: handle, message: message) } catch { throw PortError.KeyGone }
    }

    func delete(handle: Data) async throws {
        _ = keys.delete(handle: handle)
    }

    func attest(handle: Data) async throws -> KeyAttestation? {
        nil
    }
}

/// A keystore as a keychain is one: it keeps what it is given and gives a name for it.
final class Keychain: KeyWrapper {
    private let kept = Box<[Data: (KeyUse, Data)]>([:])
    /// What was asked for.
    let asked = Box<[KeyUse]>([])

    func wrap(keyUse: KeyUse, key: Data) async throws -> Data {
        let name = Data(UUID().uuidString.utf8)
        kept.change { $0[name] = (keyUse, key) }
        return name
    }

    func unwrap(keyUse: KeyUse, wrapped: Data) async throws -> Data {
        asked.change { $0.append(keyUse) }
        guard let (use, key) = kept.value[wrapped], use == keyUse else { throw PortError.KeyGone }
        return key
    }

    /// As when fingerprints change.
    func forget() {
        kept.value = [:]
    }
}
