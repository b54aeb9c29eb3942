// SPDX-License-Identifier: Apache-2.0
import Base
import Compression

/// Takes the compression off a request's body as it arrives.
///
/// State: owned by the loop's thread, and by a worker while it reads a deferred request.
final class BodyDecoder {
    /// How much comes out at a time when the body is streamed.
    static let pieceBytes = 65_536
    private static let bytesKept = 262_144

    let coding: ContentCoding
    private var inflater: Inflater
    /// Gathered: the whole body so far. Streamed: the piece that the handler has not seen.
    var output = ByteBuffer()
    private var isEmpty = true

    /// nil for a coding that is none, or without memory.
    init?(_ coding: ContentCoding) {
        guard let format = coding.format,
            let inflater = try? Inflater(format, limits: InflateLimits(outputBytesMax: 0))
        else { return nil }
        self.coding = coding
        self.inflater = inflater
    }

    func reset(outputBytesMax: Int) {
        inflater.reset(limits: InflateLimits(outputBytesMax: outputBytesMax))
        output.clear()
        output.releaseMemory(above: Self.bytesKept)
        isEmpty = true
    }

    /// Appends everything that these bytes of `input` stand for to `output`.
    func decodeAll(_ input: borrowing ByteBuffer, _ range: Range<Int>) throws(CompressionError) {
        var rest: Range<Int>? = range
        while let range = rest { rest = try decodePiece(input, range) }
    }

    /// Appends a piece to `output`; returns the bytes that have more to give, nil when all are used up.
    func decodePiece(
        _ input: borrowing ByteBuffer, _ range: Range<Int>
    ) throws(CompressionError) -> Range<Int>? {
        isEmpty = false
        let bytes = input.bytes.extracting(range)
        var position = 0
        let progress = try inflater.next(bytes, from: &position, into: &output, room: Self.pieceBytes)
        return progress == .hasMore ? range.lowerBound + position..<range.upperBound : nil
    }

    /// The body is complete. One of no bytes at all is an empty body.
    func finish() throws(CompressionError) {
        if !isEmpty { try inflater.finish() }
    }
}

extension RequestDefect {
    /// What the client is told when its compressed body cannot be read.
    init(_ error: CompressionError) {
        self =
            switch error {
            case .corrupt, .truncated, .trailingBytes: .contentCodingInvalid
            case .tooLarge, .outOfMemory: .bodyTooLarge
            case .ratioTooHigh: .contentRatioTooHigh
            }
    }
}
