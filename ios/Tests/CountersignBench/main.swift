// What the Swift side costs, in one run: medians, on whatever machine this is. ios/bench.sh builds and runs it.

import Countersign
import CountersignTesting
import Foundation

/// A clock that stands still until it is set.
final class SetClock: Countersign.Clock, @unchecked Sendable {
    var milliseconds: Int64 = 1_800_000_000_000
    func nowMs() -> Int64 { milliseconds }
}

func milliseconds(_ duration: Duration) -> Double {
    let (seconds, attoseconds) = duration.components
    return Double(seconds) * 1e3 + Double(attoseconds) / 1e15
}

func median(_ times: some Collection<Double>) -> Double {
    times.sorted()[times.count / 2]
}

/// The median of so many runs, in milliseconds; `before` is not counted.
func measure(_ runs: Int, before: () -> Void = {}, _ work: () throws -> Void) rethrows -> Double {
    var times: [Double] = []
    for _ in 0..<runs {
        before()
        let start = ContinuousClock.now
        try work()
        times.append(milliseconds(ContinuousClock.now - start))
    }
    return median(times)
}

func report(_ what: String, _ time: Double, _ more: String = "") {
    let number = String(format: "%9.4f ms", time)
    print(what.padding(toLength: 52, withPad: " ", startingAt: 0) + number + more)
}

func residentMegabytes() -> Double {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
        let line = text.firstMatch(of: /VmRSS:\s+(\d+) kB/), let kilobytes = Double(line.1)
    else { return .nan }
    return kilobytes / 1024
}

let folder = FileManager.default.temporaryDirectory.appending(path: "countersign-bench-\(UUID())")
try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(at: folder) }

let clock = SetClock()
let authenticator = try await Authenticator.create(
    path: folder.appending(path: "vault").path,
    password: .text("correct horse battery"),
    platform: Platform(clock: clock, leastPasswordWork: true)
).authenticator
let lines = (0..<1000).map { number in
    let name = String(format: "person%04d@example.org", number)
    let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    return String(format: "otpauth://totp/Service%%20%04d:", number) + "\(name)?secret=\(secret)"
        + String(format: "&issuer=Service%%20%04d\n", number)
}
let files = authenticator.transfer.beginImport()
try await files.add(file: Data(lines.joined().utf8))
let preview = try await files.preview()
try preview.chooseAll(add: true)
try await preview.apply()
let accounts = authenticator.accounts
let screen = try accounts.list().prefix(20).map(\.id)
let count = try accounts.codes().count
precondition(count == 1000, "one and the same secret under 1,000 names")
for _ in 0..<20 { _ = (try accounts.list(), try accounts.codes(), equalAccounts(count: 1000), equalCodes(count: 1000)) }

let first = try measure(100, before: { clock.milliseconds += 30_000 }) { _ = try accounts.codes() }
report("1,000 codes, for the first time in a window", first)
let within = try measure(300) { _ = try accounts.codes() }
let codes = measure(300) { _ = equalCodes(count: 1000) }
report("1,000 codes, within the window", within)
report("1,000 records equal to codes", codes, String(format: "  (codes: × %.2f)", within / codes))
let list = try measure(300) { _ = try accounts.list() }
let equal = measure(300) { _ = equalAccounts(count: 1000) }
report("a list of 1,000 accounts", list)
report("1,000 records equal to accounts", equal, String(format: "  (list: × %.2f)", list / equal))
report("20 codes, those on the screen", try measure(3000) { _ = try accounts.codes(of: screen) })

let one = [screen[0]]
var times: [Double] = []
times.reserveCapacity(100_000)
for _ in 0..<5_000 { _ = try accounts.codes(of: one) }
let before = residentMegabytes()
for _ in 0..<100_000 {
    let start = ContinuousClock.now
    _ = try accounts.codes(of: one)
    times.append(milliseconds(ContinuousClock.now - start))
}
let after = residentMegabytes()
report("100,000 calls, one code each: the first tenth", median(times.prefix(10_000)))
report("100,000 calls, one code each: the last tenth", median(times.suffix(10_000)))
print(String(format: "memory before and after them: %.1f MB, %.1f MB", before, after))
await authenticator.shut()
