// SPDX-License-Identifier: Apache-2.0
import CPosix

/// Where a connection comes from, in the kernel's bytes: small, compared and hashed without text.
package struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4, 6, or 0 for a Unix-domain socket.
    package let family: UInt8
    /// The address in network order; IPv4 in the first four bytes of `high`.
    private let high: UInt64
    private let low: UInt64
    package let port: UInt16

    /// A client on this machine, through a Unix-domain socket.
    package static let local = PeerAddress(family: 0, high: 0, low: 0, port: 0)

    private init(family: UInt8, high: UInt64, low: UInt64, port: UInt16) {
        self.family = family
        self.high = high
        self.low = low
        self.port = port
    }

    /// `bytes` are the address in network order; IPv4 is padded with zeros.
    package init(family: UInt8, bytes: [16 of UInt8], port: UInt16) {
        var words: (high: UInt64, low: UInt64) = (0, 0)
        for index in 0..<8 {
            words.high = words.high << 8 | UInt64(bytes[index])
            words.low = words.low << 8 | UInt64(bytes[index + 8])
        }
        self.init(family: family, high: words.high, low: words.low, port: port)
    }

    init(_ peer: cposix_peer) {
        var bytes = [16 of UInt8](repeating: 0)
        let source = peer.bytes
        // Safe because both are 16 bytes.
        unsafe withUnsafeBytes(of: source) { source in
            for index in 0..<16 { bytes[index] = unsafe source[index] }
        }
        self.init(family: peer.family, bytes: bytes, port: peer.port)
    }

    /// Whom limits count as one client: an IPv4 address, or an IPv6 network of 64 bits, which is what one
    /// customer gets.
    package var client: PeerAddress {
        PeerAddress(family: family, high: high, low: 0, port: 0)
    }

    /// The address without the port, `unix` for a Unix-domain socket.
    package var host: String {
        switch family {
        case 4:
            return (0..<4).map { "\(high >> UInt64(56 - 8 * $0) & 0xFF)" }.joined(separator: ".")
        case 6: return Self.text(of: (0..<8).map { group(at: $0) })
        default: return "unix"
        }
    }

    package var description: String {
        switch family {
        case 4: "\(host):\(port)"
        case 6: "[\(host)]:\(port)"
        default: host
        }
    }

    private func group(at index: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - 16 * (index % 4)))
    }

    /// The form of RFC 5952: the first longest run of zero groups is `::`.
    private static func text(of groups: [UInt16]) -> String {
        var longest = 0..<0
        var start = 0
        while start < groups.count {
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start > max(longest.count, 1) { longest = start..<end }
            start = end + 1
        }
        func joined(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        if longest.isEmpty { return joined(groups[...]) }
        return joined(groups[..<longest.lowerBound]) + "::" + joined(groups[longest.upperBound...])
    }
}
