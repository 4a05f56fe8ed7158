import Foundation
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A person's browser on the demo's pages: it keeps cookies, sends forms, and sees what stands there.
final class Page {
    private let address: URL
    private let session: URLSession
    private var cookies: [String: String] = [:]
    private(set) var path = "/"
    private(set) var html = ""

    init(_ server: DemoServer) {
        address = server.address
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpShouldSetCookies = false
        configuration.httpCookieAcceptPolicy = .never
        configuration.timeoutIntervalForRequest = 20
        session = URLSession(configuration: configuration, delegate: NoRedirects(), delegateQueue: nil)
    }

    deinit {
        session.invalidateAndCancel()
    }

    /// The page's heading.
    var title: String {
        get throws { try find("<h1>(.*?)</h1>") }
    }

    /// The six digits of a question.
    var digits: String {
        get throws { try find(#"class="digits"[^>]*aria-label="([^"]*)""#).replacing(" ", with: "") }
    }

    /// The invitation's link, for a phone that can't scan.
    var invitation: String {
        get throws { try find(#"<p class="uri"[^>]*>([^<]*)</p>"#).replacing("&amp;", with: "&") }
    }

    /// The picture of a QR code on the page, as a camera sees it.
    var code: Luma {
        get throws {
            let svg = try #require(Data(base64Encoded: find(#"<img class="qr[^>]*base64,([^"]*)""#)))
            return try Luma(svg: String(decoding: svg, as: UTF8.self))
        }
    }

    func go(_ path: String) async throws {
        try await load(request(path))
    }

    func reload() async throws {
        try await go(path)
    }

    /// Sends the form that goes to an address that ends so, with its hidden fields and these.
    func send(_ action: String, _ fields: [String: String] = [:]) async throws {
        let forms = html.matches(of: /<form[^>]*action="([^"]*)"(?s:.*?)<\/form>/)
        let form = try #require(forms.first { $0.1.hasSuffix(action) }, "no form for \(action) in \(html)")
        var all = fields
        for hidden in form.0.matches(of: /<input type="hidden" name="([^"]*)" value="([^"]*)">/) {
            all[String(hidden.1)] = String(hidden.2)
        }
        var request = request(String(form.1))
        request.httpMethod = "POST"
        request.setValue("application/x-www-form-urlencoded", forHTTPHeaderField: "Content-Type")
        request.httpBody = Data(all.map { "\(encode($0))=\(encode($1))" }.joined(separator: "&").utf8)
        try await load(request)
    }

    /// A new account with a phone: `enroll` is given the invitation and gives the six digits.
    func signUp(_ name: String, enroll: (String) async throws -> String) async throws {
        try await go("/sign-up")
        try await send("/sign-up", ["name": name])
        try #require(try title == "Add your phone")
        try await send("/phone", ["digits": enroll(invitation)])
        try #require(try title == "Hello, \(name)")
    }

    /// Begins a sign-in as somebody without cookies; the page shows its digits.
    func signIn(_ name: String) async throws {
        cookies = [:]
        try await go("/")
        try await send("/sign-in", ["name": name])
        try #require(try title == "Approve on your phone", "\(html)")
    }

    private func request(_ path: String) -> URLRequest {
        var request = URLRequest(url: URL(string: path, relativeTo: address)?.absoluteURL ?? address)
        request.setValue(cookies.map { "\($0)=\($1)" }.joined(separator: "; "), forHTTPHeaderField: "Cookie")
        return request
    }

    private func load(_ first: URLRequest) async throws {
        var request = first
        for _ in 0..<6 {
            let (body, answer) = try await session.data(for: request)
            let response = try #require(answer as? HTTPURLResponse)
            let set = response.value(forHTTPHeaderField: "Set-Cookie") ?? ""
            for cookie in set.matches(of: /(?:^|, ?)(\w+)=([^;,]*)/) { cookies[String(cookie.1)] = String(cookie.2) }
            guard let next = response.value(forHTTPHeaderField: "Location") else {
                path = request.url?.path ?? "/"
                html = String(decoding: body, as: UTF8.self)
                return
            }
            request = self.request(next)
        }
        Issue.record("redirected too often")
    }

    private func find(_ pattern: String) throws -> String {
        let regex = try Regex(pattern, as: (Substring, Substring).self).dotMatchesNewlines()
        return String(try #require(html.firstMatch(of: regex), "no \(pattern) in \(html)").1)
    }

    private func encode(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
}

private final class NoRedirects: NSObject, URLSessionTaskDelegate {
    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}
