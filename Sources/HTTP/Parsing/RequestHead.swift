// SPDX-License-Identifier: Apache-2.0

/// A piece of the request, counted from the request's first byte.
struct ByteRange: Equatable, Sendable {
    var start: UInt32 = 0
    var count: UInt32 = 0

    init() {}
    init(_ range: Range<Int>, from origin: Int) {
        start = UInt32(clamping: range.lowerBound - origin)
        count = UInt32(clamping: range.count)
    }

    var range: Range<Int> { Int(start)..<(Int(start) + Int(count)) }
}

/// One header line: where its name and its trimmed value lie.
struct HeaderField: Equatable, Sendable {
    var name: ByteRange
    var value: ByteRange
}

/// The parsed head of a request. The text stays where it was received; this holds positions only.
struct RequestHead: Equatable, Sendable {
    var method = Method.other
    /// 0 or 1 in HTTP/1.x.
    var minorVersion: UInt8 = 1
    var target = ByteRange()
    var path = ByteRange()
    /// Without the "?"; empty when there is none.
    var query = ByteRange()
    /// The target was an absolute URL; its authority wins over Host.
    var isAbsolute = false
    /// The target has at least one percent sign in its path.
    var hasEscapes = false
    /// Content-Length; nil when absent.
    var contentLength: Int?
    var isChunked = false
    /// How the body is compressed.
    var contentCoding = ContentCoding.identity
    var keepsAlive = true
    var expectsContinue = false
    /// Bytes of the head with its closing empty line.
    var byteCount = 0
    var fields: [HeaderField] = []

    /// A body follows, however short it may turn out.
    var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }

    /// Forgets the request and keeps the table's memory.
    mutating func reset() {
        fields.removeAll(keepingCapacity: true)
        method = .other
        minorVersion = 1
        isAbsolute = false
        hasEscapes = false
        contentLength = nil
        isChunked = false
        contentCoding = .identity
        keepsAlive = true
        expectsContinue = false
        byteCount = 0
    }
}
