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

/// The header lines of one request after another, in memory that stays.
struct HeaderFields: RandomAccessCollection, Equatable, Sendable {
    /// Those of this request, then what earlier ones left.
    private var table: [HeaderField] = []
    private(set) var count = 0

    var startIndex: Int { 0 }
    var endIndex: Int { count }

    subscript(index: Int) -> HeaderField { table[index] }

    var span: Span<HeaderField> {
        @_lifetime(borrow self)
        get { table.span.extracting(0..<count) }
    }

    mutating func append(_ field: HeaderField) {
        if count < table.count { table[count] = field } else { table.append(field) }
        count += 1
    }

    /// Forgets the fields and keeps the memory.
    mutating func clear() { count = 0 }

    static func == (left: HeaderFields, right: HeaderFields) -> Bool { left.elementsEqual(right) }
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
    var fields = HeaderFields()

    /// A body follows, however short it may turn out.
    var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }

    /// Forgets the request and keeps the table's memory.
    mutating func reset() {
        fields.clear()
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
