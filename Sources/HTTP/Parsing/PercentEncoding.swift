// SPDX-License-Identifier: Apache-2.0

/// Percent-encoding (RFC 3986, section 2.1), decoded exactly once.
package enum PercentEncoding {
    /// The decoded text; nil when an escape is malformed or the result is not UTF-8.
    package static func decode(_ bytes: Span<UInt8>, plusIsSpace: Bool = false) -> String? {
        let needsWork =
            bytes.firstIndex(of: .percent, in: 0..<bytes.count) != nil
            || (plusIsSpace && bytes.firstIndex(of: 0x2B, in: 0..<bytes.count) != nil)
        if !needsWork { return string(bytes) }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        guard decode(bytes, plusIsSpace: plusIsSpace, into: &decoded) else { return nil }
        return String(validating: decoded, as: UTF8.self)
    }

    static func decode(_ bytes: Span<UInt8>, plusIsSpace: Bool = false, into decoded: inout [UInt8]) -> Bool {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == .percent {
                guard index + 2 < bytes.count, let high = bytes[index + 1].hexValue,
                    let low = bytes[index + 2].hexValue
                else { return false }
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(plusIsSpace && byte == 0x2B ? .space : byte)
                index += 1
            }
        }
        return true
    }

    /// A string without a detour over an array: names of at most 15 bytes cost no allocation.
    static func string(_ bytes: Span<UInt8>) -> String? {
        guard let text = try? UTF8Span(validating: bytes) else { return nil }
        return String(copying: text)
    }
}
