// SPDX-License-Identifier: Apache-2.0

/// One complete request, as a view into the connection's memory: it cannot outlive the call that hands it
/// over.
package struct Request: ~Copyable, ~Escapable {
    /// The request from its first byte; the positions in the head count from there.
    private let bytes: Span<UInt8>
    private let fields: Span<HeaderField>
    private let targetRange: ByteRange
    private let pathRange: ByteRange
    private let queryRange: ByteRange

    package let method: Method
    /// 0 or 1 in HTTP/1.x.
    package let minorVersion: UInt8
    /// The body without transfer and content coding, in one piece; empty when there is none, and when it was
    /// streamed.
    package let body: Span<UInt8>
    /// Whom it comes from, and which listener it came in on.
    package let origin: RequestOrigin
    /// What took the body in, when it was streamed.
    package let bodyReader: (any BodyReader)?
    // Safe because a request cannot outlive the call that it is made for, during which its memory is there.
    private unowned(unsafe) let workspace: Workspace
    /// nil when the answer is deferred already.
    // Safe because a request cannot outlive the handler's call, during which the connection lives.
    private unowned(unsafe) let connection: ServerConnection?

    @_lifetime(copy bytes, copy fields, copy body)
    init(
        bytes: Span<UInt8>, fields: Span<HeaderField>, body: Span<UInt8>, head: borrowing RequestHead,
        origin: RequestOrigin, bodyReader: (any BodyReader)?, workspace: Workspace,
        connection: ServerConnection?
    ) {
        self.bytes = bytes
        self.fields = fields
        self.body = body
        self.origin = origin
        self.bodyReader = bodyReader
        // Safe because the caller owns both while this view exists.
        unsafe self.workspace = workspace
        unsafe self.connection = connection
        method = head.method
        minorVersion = head.minorVersion
        targetRange = head.target
        pathRange = head.path
        queryRange = head.query
    }

    /// Takes the request away from the loop, which serves other connections until the answer comes; for what
    /// costs more than a hand-over between threads. Call at most once, in the handler; what the handler
    /// writes into its response is dropped.
    package func deferAnswer() -> DeferredRequest {
        // Safe because the connection lives while this view exists.
        guard let connection = unsafe connection else {
            preconditionFailure("an answer is deferred once, by the handler")
        }
        return connection.deferAnswer()
    }

    /// What the handler noted when a head came that was the same byte for byte, and 0 when there is no such
    /// note: a client sends the same head with each request, and what was found by it need not be looked for
    /// again. Kept for the last head of a few connections, so it can be gone at any time.
    package var note: Int {
        // Safe because the workspace is there while this view exists.
        get { unsafe workspace.note }
        nonmutating set { unsafe workspace.note = newValue }
    }

    /// The target as it was sent: path and query, `*`, or an absolute URL.
    package var target: Span<UInt8> {
        @_lifetime(copy self)
        get { bytes.extracting(targetRange.range) }
    }

    /// The raw path, percent-encoding included; `/` when an absolute URL has none.
    package var path: Span<UInt8> {
        @_lifetime(copy self)
        get { bytes.extracting(pathRange.range) }
    }

    /// The raw query without its `?`; empty when there is none.
    package var query: Span<UInt8> {
        @_lifetime(copy self)
        get { bytes.extracting(queryRange.range) }
    }

    /// The value of the first header with this name (letters, digits and hyphens, in any case), without
    /// surrounding white space; nil when absent.
    ///
    /// - Complexity: O(number of headers); nothing is allocated.
    @_lifetime(copy self)
    package func header(_ name: StaticString) -> Span<UInt8>? {
        for index in fields.indices {
            let field = fields[index]
            if field.name.count == UInt32(name.utf8CodeUnitCount),
                bytes.extracting(field.name.range).isFieldName(name)
            {
                return bytes.extracting(field.value.range)
            }
        }
        return nil
    }

    package var headerCount: Int { fields.count }

    @_lifetime(copy self)
    package func headerName(at index: Int) -> Span<UInt8> { bytes.extracting(fields[index].name.range) }

    @_lifetime(copy self)
    package func headerValue(at index: Int) -> Span<UInt8> { bytes.extracting(fields[index].value.range) }

    /// The decoded value of the first query parameter with this name: "" without `=`, nil when absent or not
    /// UTF-8.
    package func queryValue(_ name: StaticString) -> String? {
        var start = 0
        let query = query
        while start <= query.count {
            let end = query.firstIndex(of: 0x26, in: start..<query.count) ?? query.count
            let equals = query.firstIndex(of: 0x3D, in: start..<end) ?? end
            if query.extracting(start..<equals).equals(name) {
                let value = query.extracting(min(equals + 1, end)..<end)
                return PercentEncoding.decode(value, plusIsSpace: true)
            }
            start = end + 1
        }
        return nil
    }
}
