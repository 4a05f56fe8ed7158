import Countersign
import Foundation
import Testing

@Suite("Accounts in and out")
struct TransferTests {
    private let links = Data(
        """
        otpauth://totp/Example:ada?secret=\(rfcSecret)&issuer=Example
        otpauth://hotp/Example:bob?secret=\(rfcSecret)&issuer=Example&counter=5
        nonsense

        """.utf8
    )

    @Test("a file is detected, previewed, chosen from, added and taken back")
    func links() async throws {
        try await withVault { authenticator in
            let transfer = authenticator.transfer
            let format = try await transfer.detect(links)
            #expect(transfer.formats.contains { $0.id == format.id } && !format.encrypted)
            let files = transfer.beginImport()
            let reports = Box<[UInt64]>([])
            #expect(
                try await files.add(file: links) { _, total in reports.change { $0.append(total) } }.id == format.id
            )
            #expect(!reports.value.isEmpty && files.missingParts.isEmpty)
            let preview = try await files.preview()
            #expect(preview.items.map(\.profile.name) == ["ada", "bob"] && preview.refused.map(\.number) == [3])
            #expect(try preview.code(1).code == "254676", "RFC 4226, counter 5")
            try preview.choose(0, add: false)
            await refuses("not-found") { _ = try preview.item(2) }
            #expect(try !preview.item(0).add && preview.chosen == 1)
            let added = try await preview.apply().added
            #expect(try authenticator.accounts.list().map(\.id) == added && added.count == 1)
            await refuses("import-applied") { try preview.chooseAll(add: true) }
            #expect(try await transfer.lastImport()?.ids == added)
            #expect(try await transfer.undo().removed == 1)
            #expect(try authenticator.accounts.list().isEmpty)
            #expect(try await transfer.lastImport() == nil)
        }
    }

    @Test("accounts go out in the clear to who knows the password, or holds the device, and come in again")
    func export() async throws {
        try await withVault(platform(keyWrapper: Keychain())) { authenticator in
            try await authenticator.addPerUseKey(password: password())
            let id = try await authenticator.accounts.add(draft("ada"))
            try await authenticator.accounts.add(draft("bob"))
            await refuses("wrong-approval-password") {
                _ = try await authenticator.transfer.exportLinks(password: .text("wrong one"))
            }
            let all = try await authenticator.transfer.exportLinks(password: password())
            #expect(all.accounts == 2 && all.text.contains(rfcSecret))
            #expect(try await authenticator.transfer.exportLinksWithDevice([id]).accounts == 1)
            let google = try await authenticator.transfer.exportGoogle(password: password())
            #expect(google.accounts == 2 && google.leftOut.isEmpty)
            let device = try await authenticator.transfer.exportGoogleWithDevice()
            #expect(device.accounts == 2)
            try await withVault { other in
                let files = other.transfer.beginImport()
                for text in google.texts {
                    let luma = Luma([try Library.qrCode(of: text)])
                    let reading = try await other.scanner()
                        .read(picture: luma.bytes, width: luma.width, height: luma.height, rowStride: luma.rowStride)
                    guard case .found(.exportPart(let part), _)? = reading.events.first else {
                        Issue.record("\(reading)")
                        return
                    }
                    try files.add(part: part)
                }
                try await files.preview().apply()
                #expect(try other.accounts.list().map(\.profile.name).sorted() == ["ada", "bob"])
            }
        }
    }

    @Test("a backup is imported with its password, and restored as a vault of its own")
    func backup() async throws {
        try await withVault { authenticator in
            try await authenticator.accounts.add(draft("ada"))
            let backup = try await authenticator.backup()
            try await withVault { other in
                let files = other.transfer.beginImport()
                await refuses("file-needs-password") { try await files.add(file: backup) }
                await refuses("wrong-password") {
                    try await files.add(file: backup, key: .password(password: .text("wrong one")))
                }
                let format = try await files.add(file: backup, key: .password(password: password()))
                let added = try await files.preview().apply().added
                #expect(format.encrypted && added.count == 1)
            }
            try await inFolder { folder in
                let restored = try await Authenticator.restore(
                    path: folder.appending(path: "restored").path,
                    backup: backup,
                    key: .password(password: password()),
                    password: .text("another password"),
                    platform: platform()
                )
                let anew = restored.authenticator
                #expect(try anew.accounts.list().map(\.profile.name) == ["ada"])
                let code = restored.recovery.show()
                #expect(code.split(separator: "-").count >= 8)
                let group = String(code.split(separator: "-")[2])
                await refuses("group-mistyped") {
                    try await anew.confirm(recoveryCode: restored.recovery, group: 3, typed: .text("XXXX"))
                }
                try await anew.confirm(recoveryCode: restored.recovery, group: 3, typed: .text(group))
                await anew.lock()
                #expect(try await anew.unlock(recoveryCode: .text(code)).findings.isEmpty)
                #expect(try await anew.slots().filter(\.confirmed).map(\.kind).count == 2)
                try await anew.changePassword(from: .text("another password"), to: .text("a third password"))
                let rotated = try await anew.rotate(password: .text("a third password"))
                #expect(rotated.recovery.show() != code)
                await anew.lock()
                try await anew.unlock(password: .text("a third password"))
                #expect(try await anew.verify().accounts == 1)
                await anew.shut()
            }
        }
    }
}
