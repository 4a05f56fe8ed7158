import Foundation
import Testing

@testable import Countersign

@Suite("The client over URLSession")
struct HttpClientTests {
    private let client = URLSessionHttpClient(allowLoopbackHttp: true)

    private func request(
        _ url: String,
        method: String = "GET",
        headers: [HttpHeader] = [],
        body: Data = Data(),
        longest: UInt32 = 1000,
        deadline: UInt32 = 5_000,
        pins: [Data] = []
    ) -> HttpRequest {
        HttpRequest(
            method: method,
            url: url,
            headers: headers,
            body: body,
            longestAnswer: longest,
            deadlineMs: deadline,
            pins: pins
        )
    }

    private func fails(
        _ expected: HttpError,
        at location: SourceLocation = #_sourceLocation,
        _ request: HttpRequest
    ) async {
        await #expect(throws: expected, sourceLocation: location) { try await client.send(request: request) }
    }

    @Test("sends what it is given, and gives what comes, whatever its status")
    func exchange() async throws {
        let server = try RawServer(["HTTP/1.1 418 Teapot\r\nContent-Length: 5\r\nSet-Cookie: a=b\r\n\r\nshort"])
        let headers = [HttpHeader(name: "X-Own", value: "yes")]
        for _ in 0..<2 {
            let answer = try await client.send(
                request: request(server.url("/x?y=z"), method: "POST", headers: headers, body: Data("body".utf8))
            )
            #expect(answer == HttpResponse(status: 418, body: Data("short".utf8)))
        }
        let asked = server.asked.value
        #expect(asked.count == 2)
        for text in asked {
            #expect(text.hasPrefix("POST /x?y=z HTTP/1.1\r\n") && text.contains("X-Own: yes"), "\(text)")
            #expect(!text.lowercased().contains("cookie"), "\(text)")
        }
    }

    @Test("follows no redirection")
    func redirection() async throws {
        let other = try RawServer(["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
        let server = try RawServer(["HTTP/1.1 302 Found\r\nLocation: \(other.url())\r\nContent-Length: 0\r\n\r\n"])
        #expect(try await client.send(request: request(server.url())).status == 302)
        #expect(other.asked.value.isEmpty)
    }

    @Test("an answer that is too long is given up, whether it says so or not")
    func tooLong() async throws {
        let said = try RawServer(["HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"], hangs: true)
        await fails(.TooLong, request(said.url()))
        let part = "1f4\r\n\(String(repeating: "x", count: 500))\r\n"
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        let unsaid = try RawServer([head, part, part, part], hangs: true)
        await fails(.TooLong, request(unsaid.url()))
        let fitting = try RawServer([head, part, part, "0\r\n\r\n"])
        #expect(try await client.send(request: request(fitting.url())).body.count == 1000)
    }

    @Test("the deadline counts from the call to the last byte")
    func deadline() async throws {
        let silent = try RawServer([], hangs: true)
        let halfway = try RawServer(["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"], hangs: true)
        for server in [silent, halfway] {
            let start = ContinuousClock.now
            await fails(.TimedOut, request(server.url(), deadline: 300))
            #expect(ContinuousClock.now - start < .seconds(3))
        }
    }

    @Test("a request ends with its task")
    func cancelled() async throws {
        let silent = try RawServer([], hangs: true)
        let task = Task { [client] in try await client.send(request: request(silent.url(), deadline: 60_000)) }
        try await eventually("it is sent") { !silent.asked.value.isEmpty }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await within(5) { try await task.value } }
    }

    @Test("nobody there is unreachable, and half an answer no answer")
    func unreachable() async throws {
        let gone = try RawServer([]).url()
        await fails(.Unreachable, request(gone))
        let server = try RawServer(["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"])
        await #expect(throws: HttpError.self) { try await client.send(request: request(server.url())) }
    }

    @Test("plain HTTP goes to loopback addresses alone, and only where that is allowed")
    func plain() async throws {
        for url in ["http://example.org/", "http://127.0.0.1.example.org/", "ftp://127.0.0.1/", "http://10.0.0.1/"] {
            await fails(.NotTrusted, request(url))
        }
        let server = try RawServer(["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
        await #expect(throws: HttpError.NotTrusted) {
            try await URLSessionHttpClient().send(request: request(server.url()))
        }
        #expect(server.asked.value.isEmpty)
    }

    #if !canImport(Security)
        @Test("where certificates can't be seen, a request with pins isn't sent")
        func pins() async throws {
            let server = try RawServer(["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
            await fails(.NotTrusted, request(server.url(), pins: [Data(count: 32)]))
            #expect(server.asked.value.isEmpty)
        }
    #endif

    @Test("a certificate's public key info is what OpenSSL says it is")
    func publicKeyInfo() throws {
        // openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 …; openssl x509 -pubkey | openssl pkey -pubin -outform der
        let certificate = try #require(Data(base64Encoded: exampleCertificate))
        let key = try #require(Data(base64Encoded: exampleKey))
        #expect(Pins.publicKeyInfo(of: certificate) == key)
        for length in 0..<certificate.count {
            _ = Pins.publicKeyInfo(of: certificate.prefix(length))
        }
        #expect(Pins.publicKeyInfo(of: Data([0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF])) == nil)
        #expect(Pins.publicKeyInfo(of: key) == nil)
    }
}

private let exampleCertificate =
    "MIIBgDCCASegAwIBAgIUAQXrBzpcXczMh+zDF3xACFPZlE8wCgYIKoZIzj0EAwIwFjEUMBIGA1UEAwwLZXhhbXBsZS5vcmcw"
    + "HhcNMjYxMTI0MjA1MjMzWhcNMzYxMTIxMjA1MjMzWjAWMRQwEgYDVQQDDAtleGFtcGxlLm9yZzBZMBMGByqGSM49AgEGCCqG"
    + "SM49AwEHA0IABElxZb7Vs7a/lKduodkp71SqnNcBqxBStgBmNKbpq7uNlkjJ0pPTwVn7Ypc6ttgltVdrpwggKIXzlCraDhE3"
    + "xUCjUzBRMB0GA1UdDgQWBBQlaoz5Pq1irOOcjRHNW+AsiVlutTAfBgNVHSMEGDAWgBQlaoz5Pq1irOOcjRHNW+AsiVlutTAP"
    + "BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIFd+brRDJCBXYqIDlxtXvcUbJGnMzA28eTq+uh2DBhA1AiBogyoH"
    + "klFKM7X8fOSjsncmNuETaKa01TbwrKKmC33jSQ=="

private let exampleKey =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESXFlvtWztr+Up26h2SnvVKqc1wGrEFK2AGY0pumru42WSMnSk9PBWftilzq2"
    + "2CW1V2unCCAohfOUKtoOETfFQA=="
