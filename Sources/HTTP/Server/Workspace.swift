// SPDX-License-Identifier: Apache-2.0
import Base

/// The memory that one request needs: input, parser, output. A connection has one only while bytes are in it;
/// idle connections give theirs back to the loop, so that 10,000 of them share a few, and the few stay in the
/// cache.
final class Workspace {
    var input = ByteBuffer(capacity: Workspace.bytesKept)
    var parser: RequestParser
    /// The body's end in `input`: pieces of a chunked body are moved together here.
    var bodyStart = 0
    var bodyEnd = 0
    var output = ByteBuffer(capacity: Workspace.bytesKept)
    /// How much of `output` the socket has taken.
    var sent = 0

    static let bytesKept = 16_384

    init(limits: Limits) { parser = RequestParser(limits: limits) }

    /// The request's body, in `input`.
    var body: Range<Int> { bodyStart..<bodyEnd }
    var hasOutput: Bool { output.count > sent }

    /// Makes it as new, with modest buffers.
    func reset() {
        input.clear()
        input.releaseMemory(above: Self.bytesKept * 4)
        output.clear()
        output.releaseMemory(above: Self.bytesKept * 4)
        sent = 0
        parser.reset(at: 0)
        bodyStart = 0
        bodyEnd = 0
    }
}
