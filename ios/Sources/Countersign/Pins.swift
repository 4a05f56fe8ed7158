import Foundation

#if canImport(Security)
    import CryptoKit
    import Security
#endif

/// Pins as RFC 7469 §2.4 has them: SHA-256 of a certificate's subject public key info.
enum Pins {
    /// The subject public key info of a certificate in DER, as it stands there; nil where it isn't one.
    static func publicKeyInfo(of certificate: Data) -> Data? {
        // Certificate ::= SEQUENCE { tbsCertificate SEQUENCE { [0] version OPTIONAL, serialNumber, signature, issuer,
        // validity, subject, subjectPublicKeyInfo, … }, … }
        var bytes = Der(certificate)
        guard var whole = bytes.enter(0x30), var fields = whole.enter(0x30) else { return nil }
        _ = fields.skip(0xA0)
        for tag: UInt8 in [0x02, 0x30, 0x30, 0x30, 0x30] where fields.skip(tag) == nil { return nil }
        return fields.skip(0x30)
    }

    #if canImport(Security)
        static func match(_ trust: SecTrust, _ pins: Set<Data>) -> Bool {
            let chain = SecTrustCopyCertificateChain(trust) as? [SecCertificate] ?? []
            return chain.contains { certificate in
                guard let key = publicKeyInfo(of: SecCertificateCopyData(certificate) as Data) else { return false }
                return pins.contains(Data(SHA256.hash(data: key)))
            }
        }
    #endif
}

/// Elements of DER, one after the other.
private struct Der {
    private var rest: Data

    init(_ bytes: Data) {
        rest = bytes
    }

    /// What the next element holds, if it has this tag.
    mutating func enter(_ tag: UInt8) -> Der? {
        next(tag).map { Der($0.content) }
    }

    /// The next element, whole, if it has this tag.
    mutating func skip(_ tag: UInt8) -> Data? {
        next(tag)?.element
    }

    private mutating func next(_ tag: UInt8) -> (element: Data, content: Data)? {
        var header = rest.prefix(2)
        guard header.count == 2, header.removeFirst() == tag, let short = header.first else { return nil }
        var (length, start) = (Int(short), rest.startIndex + 2)
        if short >= 0x80 {
            let count = Int(short & 0x7F)
            guard 1...3 ~= count, rest.endIndex - start >= count else { return nil }
            length = rest[start..<start + count].reduce(0) { $0 << 8 | Int($1) }
            start += count
        }
        guard length <= rest.endIndex - start else { return nil }
        let element = (rest[rest.startIndex..<start + length], rest[start..<start + length])
        rest = rest[(start + length)...]
        return element
    }
}
