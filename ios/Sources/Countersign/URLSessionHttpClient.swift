import CountersignFFI
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif
#if canImport(Security)
    import Security
#endif

/// The network through Foundation's `URLSession`: without redirects, cookies, caches or credentials that are kept; proxies as
/// the person set them for the system. Over TLS alone, but for loopback addresses where that is allowed.
///
/// The deadline counts from the call to the last byte, and an answer that is too long is given up while it comes.
///
/// - Important: Pins need the certificates that the server has sent. Foundation on Linux doesn't show them: there a request with
///   pins isn't sent at all, and fails with `HttpError.NotTrusted`.
public final class URLSessionHttpClient: HttpClient {
    // Pins are part of a connection: requests with other ones must not share it.
    private let lines = Guarded<[Set<Data>: Line]>([:])
    private let allowLoopbackHttp: Bool

    /// A client with connections of its own. With `allowLoopbackHttp` it also speaks plain HTTP, to loopback addresses alone: for
    /// demonstrations and tests.
    public init(allowLoopbackHttp: Bool = false) {
        self.allowLoopbackHttp = allowLoopbackHttp
    }

    /// Sends one request and gives what came, whatever its status.
    public func send(request: HttpRequest) async throws -> HttpResponse {
        let prepared = try prepare(request)
        let pins = Set(request.pins)
        let line = lines.with { lines in
            let line = lines[pins] ?? Line()
            lines[pins] = line
            return line
        }
        let exchange = line.exchange(prepared, longest: Int(request.longestAnswer), pins: pins)
        let deadline = Task {
            try await Task.sleep(for: .milliseconds(request.deadlineMs))
            exchange.end(with: .failure(HttpError.TimedOut))
        }
        defer { deadline.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { exchange.begin($0) }
        } onCancel: {
            exchange.end(with: .failure(CancellationError()))
        }
    }

    private func prepare(_ request: HttpRequest) throws -> URLRequest {
        guard let url = URL(string: request.url) else { throw HttpError.Failed }
        guard url.scheme == "https" || (allowLoopbackHttp && url.scheme == "http" && isLoopback(url.host)) else {
            throw HttpError.NotTrusted
        }
        if !request.pins.isEmpty && !Exchange.seesCertificates { throw HttpError.NotTrusted }
        var prepared = URLRequest(url: url)
        prepared.httpMethod = request.method
        prepared.httpShouldHandleCookies = false
        // Foundation counts from the last byte that came, this client from the call.
        prepared.timeoutInterval = Double(request.deadlineMs) / 1000 + 1
        for header in request.headers { prepared.setValue(header.value, forHTTPHeaderField: header.name) }
        if !request.body.isEmpty { prepared.httpBody = request.body }
        return prepared
    }
}

private func isLoopback(_ host: String?) -> Bool {
    guard let host else { return false }
    return host == "localhost" || host == "::1" || host == "[::1]" || host.wholeMatch(of: /127(\.\d{1,3}){3}/) != nil
}

/// A session, and what is on its way in it.
private final class Line: Sendable {
    private let session: URLSession
    private let exchanges = Exchanges()

    init() {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpCookieStorage = nil
        configuration.httpShouldSetCookies = false
        configuration.httpCookieAcceptPolicy = .never
        configuration.urlCache = nil
        configuration.urlCredentialStorage = nil
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        session = URLSession(configuration: configuration, delegate: exchanges, delegateQueue: nil)
    }

    deinit {
        // The session holds its delegate until then.
        session.invalidateAndCancel()
    }

    func exchange(_ request: URLRequest, longest: Int, pins: Set<Data>) -> Exchange {
        let exchange = Exchange(session.dataTask(with: request), longest: longest, pins: pins)
        exchanges.add(exchange)
        return exchange
    }
}

/// One request on its way, and who waits for it.
private final class Exchange: Sendable {
    private struct State {
        var status: UInt16 = 0
        var body = Data()
        var result: Result<HttpResponse, any Error>?
        var waiter: CheckedContinuation<HttpResponse, any Error>?
    }

    let task: URLSessionDataTask
    let pins: Set<Data>
    private let longest: Int
    private let state = Guarded(State())

    init(_ task: URLSessionDataTask, longest: Int, pins: Set<Data>) {
        self.task = task
        self.longest = longest
        self.pins = pins
    }

    func begin(_ waiter: CheckedContinuation<HttpResponse, any Error>) {
        let ended = state.with { state in
            if state.result == nil { state.waiter = waiter }
            return state.result
        }
        if let ended { waiter.resume(with: ended) } else { task.resume() }
    }

    /// The first end counts.
    func end(with result: Result<HttpResponse, any Error>) {
        let waiter = state.with { state in
            if state.result == nil { state.result = result }
            defer { state.waiter = nil }
            return state.waiter
        }
        task.cancel()
        waiter?.resume(with: result)
    }

    /// False where the answer says already that it is too long.
    func take(_ response: URLResponse) -> Bool {
        guard let response = response as? HTTPURLResponse, response.expectedContentLength <= Int64(longest) else {
            end(with: .failure(HttpError.TooLong))
            return false
        }
        state.with { $0.status = UInt16(clamping: response.statusCode) }
        return true
    }

    func take(_ part: Data) {
        let fits = state.with { state in
            guard part.count <= longest - state.body.count else { return false }
            state.body.append(part)
            return true
        }
        if !fits { end(with: .failure(HttpError.TooLong)) }
    }

    func complete(_ error: (any Error)?) {
        if let error {
            end(with: .failure(Self.declared(error)))
        } else {
            end(with: .success(state.with { HttpResponse(status: $0.status, body: $0.body) }))
        }
    }

    private static func declared(_ error: any Error) -> HttpError {
        switch (error as? URLError)?.code {
        case .timedOut:
            .TimedOut
        case .cannotFindHost, .cannotConnectToHost, .dnsLookupFailed, .notConnectedToInternet, .networkConnectionLost,
            .internationalRoamingOff, .dataNotAllowed:
            .Unreachable
        case .secureConnectionFailed, .serverCertificateUntrusted, .serverCertificateHasBadDate,
            .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid, .clientCertificateRejected,
            .clientCertificateRequired, .appTransportSecurityRequiresSecureConnection:
            .NotTrusted
        default:
            .Failed
        }
    }

    #if canImport(Security)
        static let seesCertificates = true
    #else
        static let seesCertificates = false
    #endif
}

/// What a session tells of its requests.
private final class Exchanges: NSObject, URLSessionDataDelegate, Sendable {
    private let running = Guarded<[Int: Exchange]>([:])

    func add(_ exchange: Exchange) {
        running.with { $0[exchange.task.taskIdentifier] = exchange }
    }

    private func find(_ task: URLSessionTask) -> Exchange? {
        running.with { $0[task.taskIdentifier] }
    }

    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        // The redirection itself is the answer.
        completionHandler(nil)
    }

    func urlSession(
        _ session: URLSession,
        dataTask: URLSessionDataTask,
        didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        completionHandler(find(dataTask)?.take(response) == true ? .allow : .cancel)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        find(dataTask)?.take(data)
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        running.with { $0.removeValue(forKey: task.taskIdentifier) }?.complete(error)
    }

    #if canImport(Security)
        func urlSession(
            _ session: URLSession,
            task: URLSessionTask,
            didReceive challenge: URLAuthenticationChallenge,
            completionHandler: @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
        ) {
            guard challenge.protectionSpace.authenticationMethod == NSURLAuthenticationMethodServerTrust,
                let trust = challenge.protectionSpace.serverTrust, let exchange = find(task), !exchange.pins.isEmpty
            else { return completionHandler(.performDefaultHandling, nil) }
            // First what the system thinks of the chain, then whether a pinned key is in it.
            if SecTrustEvaluateWithError(trust, nil), Pins.match(trust, exchange.pins) {
                completionHandler(.useCredential, URLCredential(trust: trust))
            } else {
                exchange.end(with: .failure(HttpError.NotTrusted))
                completionHandler(.cancelAuthenticationChallenge, nil)
            }
        }
    #endif
}
