// SPDX-License-Identifier: Apache-2.0
import Base

/// The content of the files that a TLS context is made from, read at one moment.
struct TLSFiles: Equatable, Sendable {
    /// Larger is no certificate, and no list of authorities that anybody keeps.
    private static let bytesMax = 1 << 20

    let certificate: [UInt8]
    let key: [UInt8]
    let clientAuthorities: [UInt8]

    init(_ settings: TLSSettings) throws(NetError) {
        certificate = try Self.read(settings.certificatePath)
        key = try Self.read(settings.keyPath)
        if let path = settings.clientAuthoritiesPath, settings.clientCertificates != .off {
            clientAuthorities = try Self.read(path)
        } else {
            clientAuthorities = []
        }
    }

    private static func read(_ path: String) throws(NetError) -> [UInt8] {
        do throws(SystemError) {
            return try File.read(path, limit: bytesMax)
        } catch {
            throw .system(error)
        }
    }
}
