import Countersign
import Foundation
import Testing

@Suite("Codes")
struct CodesTests {
    @Test("counter codes are those of RFC 4226")
    func rfc4226() async throws {
        // Appendix D.
        let expected = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489".split(separator: " ")
        try await withVault { authenticator in
            let id = try await authenticator.accounts.add(draft("hotp", kind: .hotp))
            for code in expected {
                #expect(try await authenticator.accounts.code(id).code == code)
            }
            #expect(try authenticator.accounts.get(id).otp.counter == 10)
            #expect(try authenticator.accounts.codes().isEmpty, "it shows none by itself")
        }
    }

    @Test("time codes are those of RFC 6238, for each hash")
    func rfc6238() async throws {
        // Appendix B; its secrets are as long as the hash.
        let secrets: [(OtpAlgorithm, String)] = [
            (.sha1, rfcSecret),
            (.sha256, rfcSecret + "GEZDGNBVGY3TQOJQGEZA"),
            (.sha512, rfcSecret + rfcSecret + rfcSecret + "GEZDGNA"),
        ]
        let expected: [(Int64, [String])] = [
            (59, ["94287082", "46119246", "90693936"]),
            (1_111_111_109, ["07081804", "68084774", "25091201"]),
            (1_111_111_111, ["14050471", "67062674", "99943326"]),
            (1_234_567_890, ["89005924", "91819424", "93441116"]),
            (2_000_000_000, ["69279037", "90698825", "38618901"]),
            (20_000_000_000, ["65353130", "77737706", "47863826"]),
        ]
        let clock = SetClock(seconds: 0)
        try await withVault(platform(clock: clock)) { authenticator in
            var ids: [String] = []
            for (algorithm, secret) in secrets {
                let draft = try draft("\(algorithm)", algorithm: algorithm, digits: 8, secret: secret)
                ids.append(try await authenticator.accounts.add(draft))
            }
            for (seconds, codes) in expected {
                clock.set(seconds: seconds)
                #expect(try authenticator.accounts.codes(of: ids).map(\.code) == codes, "at \(seconds)")
                #expect(try authenticator.accounts.codes().map(\.code).sorted() == codes.sorted())
            }
        }
    }

    @Test("a draft shows its code before it is added")
    func draftCode() throws {
        #expect(try draft("early", digits: 8).code(atMs: 59_000) == "94287082")
    }

    @Test("a vault of the command line opens here, and one of here there")
    func commandLine() async throws {
        try await inFolder { folder in
            let commandLine = Desktop(folder: folder)
            _ = try commandLine.run("init")
            let link = "otpauth://totp/There:ada?secret=\(rfcSecret)&issuer=There"
            _ = try commandLine.run("add", "--secret-stdin", input: link)
            let path = folder.appending(path: "vault").path
            let authenticator = try await Authenticator.open(path: path, platform: platform())
            await refuses("locked") { _ = try authenticator.accounts.list() }
            try await authenticator.unlock(password: password())
            #expect(try authenticator.accounts.list().map(\.profile.issuer) == ["There"])
            try await authenticator.accounts.add(draft("here"))
            await authenticator.shut()
            let listed = try commandLine.run("list")
            #expect(listed.contains("There") && listed.contains("here"), "\(listed)")
            let again = try await Authenticator.open(path: path, platform: platform())
            try await again.unlock(password: password())
            #expect(try again.accounts.list().count == 2)
            await again.shut()
        }
    }

    @Test("accounts are edited, ordered, given pictures, trashed and brought back")
    func changing() async throws {
        try await withVault { authenticator in
            let accounts = authenticator.accounts
            let (one, two) = (
                try await accounts.add(draft("one")), try await accounts.add(draft("two"), evenIfThere: true)
            )
            try await accounts.edit(one, profile: Profile(issuer: "New", name: "uno", tags: ["work"]))
            #expect(try accounts.list(AccountFilter(tag: "work")).map(\.profile.name) == ["uno"])
            #expect(try accounts.tags() == [TagCount(tag: "work", accounts: 1)])
            try await accounts.setOrder([two, one])
            #expect(try accounts.list().map(\.id) == [two, one])
            try await accounts.setOrder([one, two])
            #expect(try accounts.list().map(\.id) == [one, two])
            try await accounts.setIcon(one, to: Data([1, 2, 3]))
            #expect(try await accounts.icon(one) == Data([1, 2, 3]))
            try await accounts.setClockOffset(two, seconds: -30)
            #expect(try accounts.get(two).clockOffset == -30)
            try await accounts.trash(one)
            #expect(try accounts.list(AccountFilter(trash: true)).map(\.id) == [one])
            try await accounts.untrash(one)
            try await accounts.trash(two)
            #expect(try await accounts.purge(all: true) == 1)
            #expect(try accounts.list().map(\.id) == [one])
        }
    }
}
