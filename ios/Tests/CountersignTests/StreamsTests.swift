import Foundation
import Testing

@testable import Countersign

/// The system's clock, and how often it was asked.
private final class CountingClock: Countersign.Clock {
    let asked = Box(0)

    func nowMs() -> Int64 {
        asked.change { $0 += 1 }
        return Int64(Date().timeIntervalSince1970 * 1000)
    }
}

/// The network, and how often it was used.
private final class CountingHttp: HttpClient {
    let sent = Box(0)
    private let client = URLSessionHttpClient(allowLoopbackHttp: true)

    func send(request: HttpRequest) async throws -> HttpResponse {
        sent.change { $0 += 1 }
        return try await client.send(request: request)
    }
}

/// What a stream has told, and when it ended.
private final class Heard<Element: Sendable>: Sendable {
    let all = Box<[(value: Element, at: Int64)]>([])
    let task = Box<Task<Void, any Error>?>(nil)

    init(_ updates: Updates<Element>) {
        task.value = Task { [all] in
            for try await value in updates {
                let at = Int64(Date().timeIntervalSince1970 * 1000)
                all.change { $0.append((value, at)) }
            }
        }
    }

    var last: Element? { all.value.last?.value }

    func cancel() { task.value?.cancel() }

    func end() async throws {
        try await within(5) { [task] in try await task.value?.value }
    }
}

@Suite("Streams", .serialized)
struct StreamsTests {
    @Test("codes come at once, tick at the end of each window, tell changes, and end at the lock")
    func codes() async throws {
        try await withVault { authenticator in
            let accounts = authenticator.accounts
            let id = try await accounts.add(draft("quick", period: 1))
            let heard = Heard(accounts.codeStream())
            try await eventually("four windows") { heard.all.value.count >= 4 }
            let windows = heard.all.value.prefix(4).map { ($0.value[0], $0.at) }
            for ((before, _), (code, at)) in zip(windows, windows.dropFirst()) {
                #expect(code.fromMs == before.untilMs && code.code == before.next)
                let late = at - (code.fromMs ?? 0)
                #expect(late >= 0 && late < 500, "\(late) ms late")
            }
            let slow = try await accounts.add(draft("slow", period: 86_400), evenIfThere: true)
            try await eventually("the new one") { heard.last?.count == 2 }
            try await accounts.trash(id)
            try await eventually("the old one gone") { heard.last?.map(\.id) == [slow] }
            await authenticator.lock()
            try await heard.end()
            #expect(authenticator.hub.count == 0)

            let locked = Heard(accounts.codeStream())
            try await locked.end()
            #expect(locked.all.value.isEmpty, "locked already, it ends at once")
        }
    }

    @Test("codes of some accounts alone; what can't be an id is thrown")
    func codesOf() async throws {
        try await withVault { authenticator in
            let one = try await authenticator.accounts.add(draft("one"))
            try await authenticator.accounts.add(draft("two"))
            let heard = Heard(authenticator.accounts.codeStream(of: [one]))
            try await eventually("the codes") { heard.last?.map(\.id) == [one] }
            let wrong = Heard(authenticator.accounts.codeStream(of: ["x"]))
            await refuses("not-an-id") { try await wrong.end() }
            await authenticator.shut()
            try await heard.end()
        }
    }

    @Test("codes that nobody takes any more are not computed")
    func idle() async throws {
        let clock = CountingClock()
        try await withVault(platform(clock: clock)) { authenticator in
            try await authenticator.accounts.add(draft("quick", period: 1))
            let heard = Heard(authenticator.accounts.codeStream())
            try await eventually("some windows") { heard.all.value.count >= 2 }
            heard.cancel()
            try await heard.end()
            // Left in the middle of a loop, alike.
            for try await _ in authenticator.accounts.codeStream() { break }
            try await eventually("nobody listens") { authenticator.hub.count == 0 }
            try await Task.sleep(for: .milliseconds(100))
            let before = clock.asked.value
            try await Task.sleep(for: .milliseconds(2_200))
            #expect(clock.asked.value == before)
        }
    }

    @Test("changes come together, and end when the authenticator is shut")
    func changes() async throws {
        try await withVault { authenticator in
            let all = Box<[Set<Change>]>([])
            let heard = Task {
                for await changes in authenticator.changes {
                    all.change { $0.append(changes) }
                    // Busy meanwhile.
                    try await Task.sleep(for: .milliseconds(200))
                }
            }
            try await eventually("it listens") { authenticator.hub.count == 1 }
            for name in ["one", "two", "three"] { try await authenticator.accounts.add(draft(name)) }
            var settings = try authenticator.settings()
            settings = Settings(trashDays: 7, countUsage: true, backupsKept: settings.backupsKept, shell: ["a": "b"])
            try await authenticator.set(settings)
            #expect(try authenticator.settings() == settings)
            await authenticator.lock()
            try await eventually("all of it") {
                all.value.reduce([], { $0.union($1) }) == [.accounts, .settings, .lock]
            }
            #expect(all.value.count <= 3, "\(all.value)")
            await authenticator.shut()
            try await within(5) { try await heard.value }
            for await _ in authenticator.changes { Issue.record("nothing changes any more") }
        }
    }

    @Test("requests appear and go while somebody looks, and nobody is asked afterwards")
    func requests() async throws {
        let server = try DemoServer()
        let page = Page(server)
        let http = CountingHttp()
        try await withVault(platform(http: http)) { authenticator in
            let approvals = authenticator.approvals
            let id = try await signUp("ada", page, authenticator)
            let heard = Heard(approvals.requestStream())
            let other = Heard(approvals.requestStream())
            try await eventually("nothing at first") { heard.last?.isEmpty == true }
            try await page.signIn("ada")
            try await approvals.pull()
            try await eventually("the request") { heard.last?.count == 1 && other.last?.count == 1 }
            let request = try #require(heard.last?.first)
            try await approvals.approve(request, code: page.digits, check: byPassword())
            try await eventually("it is gone") { heard.last?.isEmpty == true }
            #expect(heard.all.value.count == 3, "nothing is told twice: \(heard.all.value.map(\.value.count))")

            // Without a word it takes as long as the poller's pace.
            try await page.signIn("ada")
            try await eventually("another one") { heard.last?.count == 1 }

            heard.cancel()
            try await heard.end()
            try await approvals.woken(id)
            let sent = http.sent.value
            try await eventually("the other is still told") { http.sent.value > sent }
            other.cancel()
            try await other.end()
            try await eventually("nobody listens") { authenticator.hub.count == 0 }
            try await Task.sleep(for: .milliseconds(200))
            let last = http.sent.value
            try await Task.sleep(for: .milliseconds(4_500))
            #expect(http.sent.value == last)

            // It begins anew, and ends where the vault is locked and the inbox is not open.
            let again = Heard(approvals.requestStream())
            try await eventually("it asks") { http.sent.value > last }
            await authenticator.lock()
            await authenticator.closeInbox()
            try await again.end()
            try await eventually("nobody listens") { authenticator.hub.count == 0 }
        }
    }

    @Test("requests go on coming while the vault is locked and the inbox is open")
    func inbox() async throws {
        let server = try DemoServer()
        let page = Page(server)
        let keychain = Keychain()
        let http = URLSessionHttpClient(allowLoopbackHttp: true)
        try await withVault(platform(http: http, keyWrapper: keychain)) { authenticator in
            try await authenticator.addInboxKey()
            _ = try await signUp("ada", page, authenticator)
            try await authenticator.openInbox()
            let heard = Heard(authenticator.approvals.requestStream())
            try await eventually("nothing at first") { heard.last?.isEmpty == true }
            await authenticator.lock()
            try await page.signIn("ada")
            try await eventually("the request") { heard.last?.count == 1 }
            await authenticator.closeInbox()
            try await heard.end()
        }
    }
}
