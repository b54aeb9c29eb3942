// SPDX-License-Identifier: Apache-2.0
import Base

/// The memory that one request needs: input, parser, output. A connection has one only while bytes are in it;
/// idle connections give theirs back to the loop, so that 10,000 of them share a few, and the few stay in the
/// cache.
final class Workspace {
    var input = ByteBuffer(capacity: Workspace.bytesKept)
    var parser: RequestParser
    /// The body's end in `input`: pieces of a chunked body are moved together here. A body that is streamed
    /// or compressed is worked off as it comes and takes no room.
    var bodyStart = 0
    var bodyEnd = 0
    /// The body's bytes that have come, without the transfer coding.
    var bodyByteCount = 0
    /// Takes off the body's compression.
    var decoder: BodyDecoder?
    /// Hands the body to the handler piece by piece.
    var intake: BodyIntake?
    /// The answer comes before the body has: the connection ends after it.
    var isBodyUnread = false
    /// Brings the answer's body piece by piece.
    var outflow: AnswerStream?
    /// What the handler noted on the head.
    var note = 0
    /// What the request is called in its answer and in the log.
    var identifier = RequestIdentifier()
    var output = ByteBuffer(capacity: Workspace.bytesKept)
    /// The body of the last answer in `output` when it is so large that it is moved here, not copied there.
    /// Nothing is written into `output` until it has gone.
    var tail = ByteBuffer()
    /// How much of `output`, and then of `tail`, the socket has taken.
    var sent = 0

    static let bytesKept = 16_384
    /// What a spare one may hold: more than a read of 64 KiB makes of it, or each request would allocate.
    static let bytesHeld = 131_072

    init(limits: Limits) { parser = RequestParser(limits: limits) }

    /// The request's body as it was received, in `input`.
    var body: Range<Int> { bodyStart..<bodyEnd }
    /// Bytes that wait for the socket.
    var outputBytes: Int { output.count + tail.count - sent }
    var hasOutput: Bool { outputBytes > 0 }
    /// Its bytes stay in `input`.
    var isBodyGathered: Bool { decoder == nil && intake == nil }

    /// Makes it as new, with modest buffers.
    func reset() {
        input.clear()
        input.releaseMemory(above: Self.bytesHeld)
        output.clear()
        output.releaseMemory(above: Self.bytesHeld)
        tail.clear()
        tail.releaseMemory(above: Self.bytesHeld)
        sent = 0
        parser.reset(at: 0)
        bodyStart = 0
        bodyEnd = 0
        isBodyUnread = false
    }

    /// Gives a large body's memory back; what else there is of the request stays. For the worker that has
    /// read it: unmapping 10 MB would hold the loop for a good part of a millisecond.
    func dropBody() {
        guard isBodyGathered, parser.position == input.count, body.count > Self.bytesHeld else { return }
        input.truncate(to: bodyStart)
        input.releaseMemory(above: Self.bytesHeld)
        parser.bytesRemoved(parser.position - bodyStart, beforeRequest: false)
        bodyEnd = bodyStart
    }

    /// Tells the handler that the streams under way have no end.
    func cancelStreams() {
        if let intake {
            self.intake = nil
            intake.signal.disconnect()
            intake.reader.cancelled()
        }
        if let outflow {
            self.outflow = nil
            outflow.signal.disconnect()
            outflow.writer.cancelled()
        }
    }

    // MARK: The request as a view

    /// Chooses the identifier by the request's head; call before the answer's head is written.
    func identify(_ source: inout RequestIdentifier.Source) {
        Self.identify(&identifier, input, parser, &source)
    }

    private static func identify(
        _ identifier: inout RequestIdentifier, _ input: borrowing ByteBuffer,
        _ parser: borrowing RequestParser, _ source: inout RequestIdentifier.Source
    ) {
        let bytes = input.bytes
        let request = bytes.extracting(parser.origin..<bytes.count)
        let fields = parser.head.fields.span
        for index in fields.indices {
            let field = fields[index]
            if field.name.count == UInt32(RequestIdentifier.header.utf8CodeUnitCount),
                request.extracting(field.name.range).isFieldName(RequestIdentifier.header)
            {
                return identifier.choose(request.extracting(field.value.range), &source)
            }
        }
        identifier.choose(nil, &source)
    }

    /// Calls `use` with the request as it lies here.
    func withRequest(
        from origin: RequestOrigin, _ connection: ServerConnection?, _ use: (borrowing Request) -> Void
    ) {
        if let decoder {
            let count = decoder.output.count
            view(input, parser, decoder.output, 0..<count, origin, intake, connection, use)
        } else {
            view(input, parser, input, body, origin, intake, connection, use)
        }
    }

    /// The same before any of the body has come.
    func withHead(from origin: RequestOrigin, _ use: (borrowing Request) -> Void) {
        view(input, parser, input, 0..<0, origin, nil, nil, use)
    }

    private func view(
        _ input: borrowing ByteBuffer, _ parser: borrowing RequestParser, _ content: borrowing ByteBuffer,
        _ body: Range<Int>, _ origin: RequestOrigin, _ intake: BodyIntake?, _ connection: ServerConnection?,
        _ use: (borrowing Request) -> Void
    ) {
        let bytes = input.bytes
        let contentBytes = content.bytes
        let request = Request(
            bytes: bytes.extracting(parser.origin..<bytes.count), fields: parser.head.fields.span,
            body: contentBytes.extracting(body), head: parser.head, origin: origin,
            bodyReader: intake?.reader, workspace: self, connection: connection)
        use(request)
    }
}
