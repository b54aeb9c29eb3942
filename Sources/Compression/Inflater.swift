// SPDX-License-Identifier: Apache-2.0
import Base
import CZlib

/// Decompresses a stream piece by piece, within limits.
///
/// The caller decides how much output it takes at a time, so that a small piece of input cannot fill the
/// memory: `next` appends at most `room` bytes, and says whether the same input has more to give.
package struct Inflater: ~Copyable, Sendable {
    package enum Progress: Equatable, Sendable {
        /// All of the input is used up, and its output delivered.
        case needsInput
        /// The room is used up: take the output, then go on with the rest of the input.
        case hasMore
    }

    private var stream: ZlibStream
    private let format: CompressionFormat
    private var limits: InflateLimits
    private var inputBytes = 0
    private var outputBytes = 0
    /// The stream, or the member of it, is complete.
    private var isAtEnd = false

    package init(_ format: CompressionFormat, limits: InflateLimits) throws(CompressionError) {
        guard let stream = ZlibStream(.inflate, format) else { throw .outOfMemory }
        self.stream = stream
        self.format = format
        self.limits = limits
    }

    /// Makes it as new, for another stream of the same format.
    package mutating func reset(limits: InflateLimits) {
        stream.reset()
        self.limits = limits
        inputBytes = 0
        outputBytes = 0
        isAtEnd = false
    }

    /// Reads `input` from `position` on, moves `position`, and appends at most `room` bytes to `output`.
    package mutating func next(
        _ input: Span<UInt8>, from position: inout Int, into output: inout ByteBuffer, room: Int
    ) throws(CompressionError) -> Progress {
        var left = room
        while left > 0 {
            if isAtEnd {
                if position == input.count { return .needsInput }
                // Members of gzip may follow each other (RFC 1952, section 2.2); nothing else may.
                guard format == .gzip else { throw .trailingBytes }
                stream.reset()
                isAtEnd = false
            }
            // At the limit one more byte is asked for, to tell the end from what lies beyond.
            let room = min(left, limits.outputBytesMax - outputBytes)
            let step =
                room > 0
                ? stream.step(
                    input.extracting(position..<input.count), into: &output, room: room, flush: Z_NO_FLUSH)
                : stepBeyond(input.extracting(position..<input.count))
            position += step.consumed
            inputBytes += step.consumed
            outputBytes += step.produced
            left -= step.produced
            try check()
            switch step.code {
            case Z_STREAM_END: isAtEnd = true
            case Z_OK where step.consumed > 0 || step.produced > 0: break
            case Z_OK, Z_BUF_ERROR:
                // No progress: zlib wants input, and there is none.
                return .needsInput
            case Z_MEM_ERROR: throw .outOfMemory
            default: throw .corrupt
            }
        }
        return .hasMore
    }

    /// Says that no input follows.
    package func finish() throws(CompressionError) {
        // A stream without a single byte is no gzip; as a body it is an empty one, which the caller knows.
        guard isAtEnd else { throw .truncated }
    }

    private mutating func stepBeyond(_ input: Span<UInt8>) -> ZlibStream.Step {
        var beyond = ByteBuffer(capacity: 64)
        return stream.step(input, into: &beyond, room: 1, flush: Z_NO_FLUSH)
    }

    private func check() throws(CompressionError) {
        if outputBytes > limits.outputBytesMax { throw .tooLarge(limit: limits.outputBytesMax) }
        if outputBytes > limits.outputBytesFree, outputBytes / limits.ratioMax > inputBytes {
            throw .ratioTooHigh(limit: limits.ratioMax)
        }
    }
}

extension Inflater {
    /// Decompresses all of `input` in one go.
    package static func inflate(
        _ input: Span<UInt8>, _ format: CompressionFormat, limits: InflateLimits,
        into output: inout ByteBuffer
    ) throws(CompressionError) {
        var inflater = try Inflater(format, limits: limits)
        var position = 0
        while try inflater.next(input, from: &position, into: &output, room: 65_536) == .hasMore {}
        try inflater.finish()
    }
}
