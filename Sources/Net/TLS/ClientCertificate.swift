// SPDX-License-Identifier: Apache-2.0
import COpenSSL.TLS

/// Whom a checked client certificate names; what an authorisation rule compares.
package final class ClientCertificate: Sendable, CustomStringConvertible {
    /// A subject alternative name.
    package enum Name: Sendable, Hashable {
        case dns(String)
        case uri(String)
        case email(String)
        /// 4 or 16 bytes.
        case address([UInt8])
    }

    /// Alternative names that are looked at; certificates of people and machines have a few.
    static let nameCountMax = 100

    /// In the form of RFC 2253: `CN=batch,OU=risk,O=Example`.
    package let subject: String
    package let names: [Name]

    package init(subject: String, names: [Name]) {
        self.subject = subject
        self.names = names
    }

    package var description: String { subject }

    // Safe because the certificate is only read during the call, and what is read is copied.
    convenience init(_ certificate: OpaquePointer) {
        self.init(subject: unsafe Self.subject(of: certificate), names: unsafe Self.names(of: certificate))
    }

    private static func subject(of certificate: OpaquePointer) -> String {
        // Safe because the text is copied before the BIO is freed.
        guard let text = unsafe BIO_new(BIO_s_mem()) else { return "" }
        defer { unsafe BIO_free(text) }
        var start: UnsafePointer<CChar>?
        guard unsafe copenssl_print_subject(text, certificate) >= 0 else {
            TLSErrorQueue.clear()
            return ""
        }
        let count = unsafe copenssl_bio_bytes(text, &start)
        guard count > 0, let start = unsafe start else { return "" }
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: Int(count))
        return unsafe String(decoding: bytes, as: UTF8.self)
    }

    private static func names(of certificate: OpaquePointer) -> [Name] {
        // Safe because the list is freed after its last use, and each name is copied.
        guard let list = unsafe copenssl_subject_names(certificate) else { return [] }
        defer { unsafe copenssl_free_names(list) }
        var names: [Name] = []
        for index in 0..<min(unsafe copenssl_name_count(list), CInt(nameCountMax)) {
            var start: UnsafePointer<UInt8>?
            var count: CInt = 0
            let kind = unsafe copenssl_name(list, index, &start, &count)
            guard let start = unsafe start, count > 0 else { continue }
            let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: Int(count)))
            if kind == GEN_IPADD {
                names.append(.address(bytes))
                continue
            }
            // "good.example\0.evil.example" must not be read as the first half by anybody: such a name names
            // nobody.
            guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { continue }
            let text = String(decoding: bytes, as: UTF8.self)
            switch kind {
            case GEN_DNS: names.append(.dns(text))
            case GEN_URI: names.append(.uri(text))
            default: names.append(.email(text))
            }
        }
        return names
    }
}
