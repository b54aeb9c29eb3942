// SPDX-License-Identifier: Apache-2.0
internal import Base

/// The value of a `Content-Type` or one element of `Accept`: a type and its parameters (RFC 9110, 8.3.1).
struct MediaType {
    /// `type/subtype` in lower case, without parameters; empty when there is none.
    let essence: String
    /// Name in lower case, and where its value stands in the header.
    private let parameters: [(name: String, value: Range<Int>)]

    init(_ header: Span<UInt8>) {
        var parts: [Range<Int>] = []
        var start = 0
        var isQuoted = false
        for index in 0...header.count {
            if index < header.count, header[index] == UInt8(ascii: "\"") { isQuoted.toggle() }
            if index == header.count || (header[index] == UInt8(ascii: ";") && !isQuoted) {
                parts.append(Self.trimmed(header, start..<index))
                start = index + 1
            }
        }
        essence = String(copying: header.extracting(parts[0])).lowercased()
        parameters = parts.dropFirst().compactMap { part in
            guard let equals = (part).first(where: { header[$0] == UInt8(ascii: "=") }) else { return nil }
            let name = String(copying: header.extracting(Self.trimmed(header, part.lowerBound..<equals)))
            var value = Self.trimmed(header, equals + 1..<part.upperBound)
            if value.count >= 2, header[value.lowerBound] == UInt8(ascii: "\""),
                header[value.upperBound - 1] == UInt8(ascii: "\"")
            {
                value = value.lowerBound + 1..<value.upperBound - 1
            }
            return (name.lowercased(), value)
        }
    }

    /// Where the value of the parameter `name` stands in the header, quotes taken off.
    func parameterRange(_ name: String) -> Range<Int>? { parameters.first { $0.name == name }?.value }

    /// All parameters, in their order.
    var parameterNames: [String] { parameters.map(\.name) }

    private static func trimmed(_ header: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, header[start] == 0x20 || header[start] == 0x09 { start += 1 }
        while end > start, header[end - 1] == 0x20 || header[end - 1] == 0x09 { end -= 1 }
        return start..<end
    }
}
