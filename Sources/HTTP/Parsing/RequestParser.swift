// SPDX-License-Identifier: Apache-2.0
import Base

/// Reads HTTP/1.1 requests (RFC 9112) out of bytes: a pure value that knows no socket, clock or memory but
/// its own.
///
/// The caller keeps the bytes; it passes all that it has, from the same start, to `next` until that says
/// `needMore`, appends what arrives and goes on. However the bytes are cut, the events are the same (body
/// pieces joined).
///
///     HTTP-message = start-line CRLF *( field-line CRLF ) CRLF [ message-body ]
///
/// Strict: where two readers could disagree on a message, it is refused. No leniency exists, so none has a
/// flag.
package struct RequestParser: ~Copyable, Sendable {
    package enum Event: Equatable, Sendable {
        /// Everything useful was read; the request goes on in bytes that have not arrived.
        case needMore
        /// The head is complete. The body follows, of whatever length; a declared one that is too long is
        /// refused by the next call.
        case head
        /// These bytes (positions in what was passed) belong to the body.
        case body(Range<Int>)
        /// The request is complete; the next one starts at `position`.
        case complete
        /// The request is refused; nothing after it can be understood.
        case failed(RequestDefect)
    }

    enum State: Equatable, Sendable {
        case start, requestLine, fields, headDone
        case fixedBody(remaining: Int)
        case chunkSize, chunkData(remaining: Int), chunkEnd, trailers
        case complete
        case failed(RequestDefect)
    }

    /// Longer heads are read anew each time.
    static let knownHeadBytesMax = 1_024

    package let limits: Limits
    /// The limit on this request's body; may be changed between `head` and the next call.
    var bodyBytesMax: Int
    var head = RequestHead()
    /// The head that was read last, to be known again by its bytes: most clients send the same head with
    /// each request, and what a head says depends on its bytes and the limits alone.
    private var knownHead = KnownBytes(byteCountMax: Self.knownHeadBytesMax)
    /// What the bytes of `knownHead` say. While `head` does that, what was in `head` before.
    private var spareHead = RequestHead()
    /// `head` is complete, and `knownHead` has its bytes.
    private var isHeadKnown = false
    /// The head came byte for byte as the last one that was complete.
    private(set) var isHeadRepeated = false
    /// Everything before has been read.
    package internal(set) var position = 0
    /// Where this request starts.
    package internal(set) var origin = 0
    /// Up to here the current line was searched for its end.
    var scanned = 0
    var state = State.start
    var emptyLinesSeen = 0
    var host: HostState = .missing
    var hasTransferEncoding = false
    var isConnectionClose = false
    var isConnectionKeepAlive = false
    var hasUnknownExpectation = false
    // What the body has cost so far.
    var bodyByteCount = 0
    var chunkCount = 0
    var extensionByteCount = 0
    var trailerByteCount = 0

    enum HostState: Sendable { case missing, present }

    package init(limits: Limits = Limits()) {
        self.limits = limits
        bodyBytesMax = limits.bodyBytesMax
    }

    /// Starts on a new request whose first byte is at `origin`.
    package mutating func reset(at origin: Int) {
        if isHeadKnown {
            swap(&head, &spareHead)
            isHeadKnown = false
        }
        isHeadRepeated = false
        head.reset()
        position = origin
        self.origin = origin
        scanned = origin
        state = .start
        emptyLinesSeen = 0
        host = .missing
        hasTransferEncoding = false
        isConnectionClose = false
        isConnectionKeepAlive = false
        hasUnknownExpectation = false
        bodyBytesMax = limits.bodyBytesMax
        bodyByteCount = 0
        chunkCount = 0
        extensionByteCount = 0
        trailerByteCount = 0
    }

    /// Says that the caller dropped `count` bytes before the request, or between its body and `position`.
    package mutating func bytesRemoved(_ count: Int, beforeRequest: Bool) {
        position -= count
        scanned -= count
        if beforeRequest { origin -= count }
    }

    /// Nothing of a request has arrived.
    package var isUntouched: Bool { state == .start && emptyLinesSeen == 0 }
    package var isInBody: Bool {
        switch state {
        case .start, .requestLine, .fields, .failed: false
        case .headDone, .fixedBody, .chunkSize, .chunkData, .chunkEnd, .trailers, .complete: true
        }
    }
    /// Bytes of a body with Content-Length that are still to come; 0 when unknown.
    package var bodyBytesExpected: Int {
        if case .fixedBody(let remaining) = state { remaining } else { 0 }
    }

    package mutating func next(_ bytes: Span<UInt8>) -> Event {
        while true {
            switch state {
            case .start:
                if let event = startRequest(bytes) { return event }
            case .requestLine:
                guard let line = nextLine(bytes, limit: limits.requestLineBytesMax, tooLong: .targetTooLong)
                else {
                    refuseLongMethod(bytes)
                    return stop
                }
                parseRequestLine(bytes, line)
            case .fields:
                let left = limits.headBytesMax - (position - origin)
                guard let line = nextLine(bytes, limit: left - 2, tooLong: .headTooLarge) else { return stop }
                if line.isEmpty {
                    finishHead(bytes)
                    if case .headDone = state { return .head }
                } else {
                    parseField(bytes, line)
                }
            case .headDone:
                beginBody()
            case .fixedBody(let remaining):
                guard let range = takeData(bytes, remaining) else { return .needMore }
                let left = remaining - range.count
                state = left == 0 ? .complete : .fixedBody(remaining: left)
                return .body(range)
            case .chunkSize:
                let left = limits.chunkExtensionBytesMax + 18
                guard let line = nextLine(bytes, limit: left, tooLong: .chunkExtensionTooLarge) else {
                    return stop
                }
                parseChunkSize(bytes, line)
            case .chunkData(let remaining):
                guard let range = takeData(bytes, remaining) else { return .needMore }
                let left = remaining - range.count
                state = left == 0 ? .chunkEnd : .chunkData(remaining: left)
                return .body(range)
            case .chunkEnd:
                guard readChunkEnd(bytes) else { return stop }
            case .trailers:
                let left = limits.trailerBytesMax - trailerByteCount
                guard let line = nextLine(bytes, limit: left, tooLong: .trailersTooLarge) else { return stop }
                parseTrailer(bytes, line)
            case .complete: return .complete
            case .failed(let defect): return .failed(defect)
            }
        }
    }

    /// What to report when a step could not go on.
    private var stop: Event {
        if case .failed(let defect) = state { .failed(defect) } else { .needMore }
    }

    mutating func fail(_ defect: RequestDefect) { state = .failed(defect) }

    /// Skips one empty line before the request (RFC 9112, section 2.2) and looks at the first byte, so that
    /// another protocol on this port (TLS, say) is refused at once and not at the deadline.
    private mutating func startRequest(_ bytes: Span<UInt8>) -> Event? {
        guard position < bytes.count else { return .needMore }
        let first = bytes[position]
        if first == .carriageReturn, emptyLinesSeen == 0 {
            guard position + 1 < bytes.count else { return .needMore }
            guard bytes[position + 1] == .lineFeed else {
                fail(.bareCarriageReturn)
                return nil
            }
            emptyLinesSeen = 1
            position += 2
            origin = position
            scanned = position
            return nil
        }
        if first == .lineFeed {
            fail(.bareLineFeed)
        } else if !ASCIISet.token.contains(first) {
            fail(.methodInvalid)
        } else if knownHead.isNext(in: bytes, at: position) {
            swap(&head, &spareHead)
            isHeadKnown = true
            isHeadRepeated = true
            position += head.byteCount
            scanned = position
            state = .headDone
            return .head
        } else {
            state = .requestLine
        }
        return nil
    }

    /// The head has been read and is right: the next one may be the same.
    mutating func headCompleted(_ bytes: Span<UInt8>) {
        isHeadKnown = knownHead.remember(bytes.extracting(origin..<position))
        state = .headDone
    }

    /// The next line without its CR LF; nil when it has not arrived or was refused. `limit` counts without CR
    /// LF.
    ///
    /// The limit is looked at before the content, so that the verdict does not depend on how the bytes were
    /// cut.
    private mutating func nextLine(_ bytes: Span<UInt8>, limit: Int, tooLong: RequestDefect) -> Range<Int>? {
        let end = bytes.firstIndex(of: .lineFeed, in: scanned..<bytes.count)
        scanned = bytes.count
        guard let end else {
            // One byte more than the limit may be the CR.
            if bytes.count - position > limit + 1 { fail(tooLong) }
            return nil
        }
        let start = position
        if end - 1 - start > limit {
            fail(tooLong)
            return nil
        }
        guard end > start, bytes[end - 1] == .carriageReturn else {
            fail(end - start > limit ? tooLong : .bareLineFeed)
            return nil
        }
        position = end + 1
        scanned = position
        return start..<(end - 1)
    }

    private mutating func takeData(_ bytes: Span<UInt8>, _ remaining: Int) -> Range<Int>? {
        let available = min(bytes.count - position, remaining)
        guard available > 0 else { return nil }
        let range = position..<(position + available)
        position += available
        scanned = position
        return range
    }
}
