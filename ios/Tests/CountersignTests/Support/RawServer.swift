import Foundation
import Testing

/// A server on a loopback port that says what it is told to, byte for byte, and remembers what it was asked.
final class RawServer: Sendable {
    let port: UInt16
    let asked = Box<[String]>([])
    private let listener: Int32

    /// `answer` is written part by part; at the end the connection is closed, or with `hangs` left open in silence.
    init(_ answer: [String], hangs: Bool = false) throws {
        let listener = socket(AF_INET, stream, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 8) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        try #require(listener >= 0 && bound)
        port = UInt16(bigEndian: address.sin_port)
        self.listener = listener
        let asked = asked
        Thread.detachNewThread {
            var open: [Int32] = []
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { break }
                Self.serve(connection, answer, asked)
                if hangs { open.append(connection) } else { close(connection) }
            }
            for connection in open { close(connection) }
        }
    }

    deinit {
        shutdown(listener, Int32(how))
        close(listener)
    }

    func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    private static func serve(_ connection: Int32, _ answer: [String], _ asked: Box<[String]>) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(connection, &buffer, buffer.count, 0)
        if count > 0 { asked.change { $0.append(String(decoding: buffer.prefix(count), as: UTF8.self)) } }
        for part in answer {
            let bytes = Array(part.utf8)
            // Who has hung up meanwhile is no reason to end.
            if send(connection, bytes, bytes.count, Int32(quiet)) < 0 { return }
        }
    }
}

#if canImport(Glibc)
    private let stream = Int32(SOCK_STREAM.rawValue)
    private let how = SHUT_RDWR
    private let quiet = Int32(MSG_NOSIGNAL)
#else
    private let stream = SOCK_STREAM
    private let how = SHUT_RDWR
    private let quiet = 0
#endif
