import Countersign
import Foundation
import Testing

@Suite("Scanning")
struct ScanningTests {
    private let links = ["alice", "bob"].map {
        "otpauth://totp/Example:\($0)?secret=\(rfcSecret)&issuer=Example"
    }

    private func names(_ events: [ScanEvent]) -> [String] {
        events.compactMap { event in
            guard case .found(.account(let draft), let corners) = event, corners.count == 4 else { return nil }
            return draft.profile().name
        }
    }

    @Test("an account is enrolled from a picture's luma")
    func enrol() async throws {
        try await withVault { authenticator in
            let luma = Luma([try Library.qrCode(of: links[0])])
            let reading = try await authenticator.scanner()
                .read(picture: luma.bytes, width: luma.width, height: luma.height, rowStride: luma.rowStride)
            guard case .found(.account(let draft), _)? = reading.events.first else {
                Issue.record("\(reading)")
                return
            }
            #expect(reading.hint == .read && draft.oddities().isEmpty)
            let id = try await authenticator.accounts.add(draft)
            #expect(try authenticator.accounts.get(id).profile.name == "alice")
            let preview = try authenticator.accounts.preview(draft)
            #expect(preview.like == [Likeness(id: id, resemblance: .same)])
        }
    }

    @Test("a picture tells all of its codes, each time")
    func picture() async throws {
        try await withVault { authenticator in
            let luma = Luma(try links.map { try Library.qrCode(of: $0) })
            let scanner = try authenticator.scanner()
            for _ in 0..<2 {
                let reading = try await scanner.read(
                    picture: luma.bytes,
                    width: luma.width,
                    height: luma.height,
                    rowStride: luma.rowStride
                )
                #expect(names(reading.events).sorted() == ["alice", "bob"])
            }
        }
    }

    @Test("the camera's scanner tells each code once, until it is reset")
    func camera() async throws {
        try await withVault { authenticator in
            let luma = Luma([try Library.qrCode(of: links[1])])
            let scanner = try authenticator.scanner()
            func push() async throws -> [String] {
                names(
                    try await scanner.push(
                        luma.bytes,
                        width: luma.width,
                        height: luma.height,
                        rowStride: luma.rowStride
                    )
                )
            }
            #expect(try await push() == ["bob"])
            #expect(try await push() == [])
            scanner.reset()
            #expect(try await push() == ["bob"])
        }
    }

    @Test("sizes that don't fit the bytes are refused")
    func sizes() async throws {
        try await withVault { authenticator in
            let scanner = try authenticator.scanner()
            await refuses("picture-size") {
                _ = try await scanner.push(Data(count: 100), width: 1000, height: 1000, rowStride: 1000)
            }
            await refuses("picture-size") {
                _ = try await scanner.read(picture: Data(), width: 0, height: 0, rowStride: 0)
            }
        }
    }

    @Test("a text is read while the vault is locked")
    func text() async throws {
        try await withVault { authenticator in
            await authenticator.lock()
            guard case .account(let draft) = try authenticator.read(text: .text(links[0])) else {
                Issue.record("no account")
                return
            }
            #expect(draft.profile().name == "alice" && draft.otp().kind == .totp)
            await refuses("text-empty") { _ = try authenticator.read(text: .text("")) }
        }
    }
}
