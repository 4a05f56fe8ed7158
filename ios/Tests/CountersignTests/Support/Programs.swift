import Foundation
import Testing

/// The checkout's root.
let checkout = URL(filePath: #filePath).appending(path: "../../../../..").standardizedFileURL

/// The `countersign` command line that cargo built: `COUNTERSIGN_CLI`, else that of `cargo build --release`.
struct Desktop {
    static var program: URL {
        let given = ProcessInfo.processInfo.environment["COUNTERSIGN_CLI"]
        return given.map { URL(filePath: $0) } ?? checkout.appending(path: "target/release/countersign")
    }

    let folder: URL

    /// Runs it with the password of these tests on the folder's vault; gives what it says.
    func run(_ arguments: String..., input: String? = nil) throws -> String {
        let passwordFile = folder.appending(path: "password")
        try Data("correct horse battery\n".utf8).write(to: passwordFile)
        let files = ["--vault", folder.appending(path: "vault").path, "--password-file", passwordFile.path]
        let process = Process()
        let output = Pipe()
        process.executableURL = Self.program
        process.arguments = files + arguments
        process.standardOutput = output
        let typed = Pipe()
        process.standardInput = typed
        process.standardError = FileHandle.nullDevice
        try process.run()
        if let input { typed.fileHandleForWriting.write(Data(input.utf8)) }
        try typed.fileHandleForWriting.close()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(arguments) ended with \(process.terminationStatus)")
        return String(decoding: said, as: UTF8.self)
    }
}

/// A program that talks in lines. It is killed where it doesn't end by itself once its input ends.
final class Talker {
    let process = Process()
    private let input = Pipe()
    private let said: Lines

    init(_ program: URL, _ arguments: [String]) throws {
        let output = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        said = Lines(output.fileHandleForReading)
        try process.run()
    }

    /// The next line, for which it is waited twenty seconds at most.
    func line() throws -> String {
        try #require(said.next(seconds: 20), "it says nothing")
    }

    func type(_ line: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
    }

    func end() {
        try? input.fileHandleForWriting.close()
        for _ in 0..<500 where process.isRunning { Thread.sleep(forTimeInterval: 0.01) }
        kill()
    }

    /// As a phone does that needs the memory.
    func kill() {
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }
}

private final class Lines: @unchecked Sendable {
    private let condition = NSCondition()
    private var lines: [String] = []

    init(_ handle: FileHandle) {
        let thread = Thread { [self] in
            var rest = Data()
            while true {
                let part = handle.availableData
                if part.isEmpty { return }
                rest.append(part)
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    add(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
                    rest = Data(rest[(end + 1)...])
                }
            }
        }
        thread.start()
    }

    private func add(_ line: String) {
        condition.withLock {
            lines.append(line)
            condition.signal()
        }
    }

    func next(seconds: Double) -> String? {
        let until = Date(timeIntervalSinceNow: seconds)
        return condition.withLock {
            while lines.isEmpty {
                if !condition.wait(until: until) { return nil }
            }
            return lines.removeFirst()
        }
    }
}

/// The demo's sign-in service in a process of its own: `countersign demo --serve`.
final class DemoServer {
    let address: URL
    private let talker: Talker

    init() throws {
        talker = try Talker(Desktop.program, ["demo", "--serve", "--port", "0"])
        let first = try talker.line()
        let found = try #require(first.firstMatch(of: /http:\/\/127\.0\.0\.1:\d+/), "it said: \(first)")
        address = try #require(URL(string: String(found.output)))
        while try !talker.line().contains("quit ") {}
    }

    deinit {
        talker.end()
    }

    func stop() {
        talker.end()
    }

    /// Types a line as its operator; gives the first line that is answered.
    func tell(_ line: String) throws -> String {
        try talker.type(line)
        // The last line of what it said first.
        var answer = try talker.line()
        while answer.isEmpty { answer = try talker.line() }
        return answer
    }
}

/// The memory that this process holds, in bytes. Linux alone.
func residentMemory() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(text.firstMatch(of: /VmRSS:\s+(\d+) kB/))
    return try #require(Int(line.1)) * 1024
}
