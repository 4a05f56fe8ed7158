// Approves a request, and hangs once the answer is signed and stored and would be sent: to be killed there.
//
//     CountersignVictim VAULT    with the password and the page's digits as two lines on standard input

import Countersign
import Foundation

guard CommandLine.arguments.count == 2, let password = readLine(), let digits = readLine() else { exit(2) }
let network = Network()
let platform = Platform(http: network, allowLoopbackHttp: true, leastPasswordWork: true)
let authenticator = try await Authenticator.open(path: CommandLine.arguments[1], platform: platform)
try await authenticator.unlock(password: .text(password))
for enrollment in try await authenticator.approvals.enrollments() {
    try await authenticator.approvals.poll(enrollment.id)
}
guard let request = try await authenticator.approvals.requests().first else { exit(3) }
await network.stop()
try await authenticator.approvals.approve(request, code: digits, check: .password(password: .text(password)))
// It was sent after all.
exit(4)

/// A network that is there, until it isn't.
actor Network: HttpClient {
    private let client = URLSessionHttpClient(allowLoopbackHttp: true)
    private var isStopped = false

    func stop() {
        isStopped = true
    }

    func send(request: HttpRequest) async throws -> HttpResponse {
        guard isStopped else { return try await client.send(request: request) }
        try FileHandle.standardOutput.write(contentsOf: Data("signed\n".utf8))
        try await Task.sleep(for: .seconds(3600))
        throw HttpError.Unreachable
    }
}
