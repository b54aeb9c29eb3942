// SPDX-License-Identifier: Apache-2.0
import Base
import TestKit
import Testing

@testable import Compression

@Suite struct InflaterTests {
    /// `hello`, as Python's gzip and zlib modules write it.
    private static let gzip: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 203, 72, 205, 201, 201, 7, 0, 134, 166, 16, 54, 5, 0, 0, 0,
    ]
    private static let zlib: [UInt8] = [120, 156, 203, 72, 205, 201, 201, 7, 0, 6, 44, 2, 21]
    private static let raw: [UInt8] = [203, 72, 205, 201, 201, 7, 0]

    private func inflate(
        _ input: [UInt8], _ format: CompressionFormat, limit: Int = 1 << 20
    ) throws(CompressionError) -> [UInt8] {
        var output = ByteBuffer()
        try Inflater.inflate(
            input.span, format, limits: InflateLimits(outputBytesMax: limit), into: &output)
        return output.array
    }

    private func error(_ input: [UInt8], _ format: CompressionFormat = .gzip, limit: Int = 1 << 20)
        -> CompressionError?
    {
        do {
            _ = try inflate(input, format, limit: limit)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        (Self.gzip, CompressionFormat.gzip), (Self.zlib, .zlib), (Self.raw, .raw),
    ])
    func otherWritersStreams_areRead(_ input: [UInt8], _ format: CompressionFormat) throws {
        #expect(try inflate(input, format) == Array("hello".utf8))
    }

    @Test(arguments: CompressionFormat.allCases)
    func everything_comesBack(_ format: CompressionFormat) throws {
        var generator = SeededGenerator(seed: 11)
        for size in [0, 1, 100, 70_000, 300_000] {
            for alphabet in [UInt8(2), 16, 255] {
                let data = (0..<size).map { _ in UInt8.random(in: 0...alphabet, using: &generator) }
                var deflater = try Deflater(format)
                var packed = ByteBuffer()
                deflater.write(data.span, into: &packed)
                deflater.finish(into: &packed)
                #expect(try inflate(packed.array, format) == data)
            }
        }
    }

    @Test func anyCutAndAnyRoom_giveTheSame() throws {
        var generator = SeededGenerator(seed: 5)
        let data = (0..<5_000).map { _ in UInt8.random(in: 0...3, using: &generator) }
        var deflater = try Deflater(.gzip)
        var packed = ByteBuffer()
        deflater.write(data.span, into: &packed)
        deflater.finish(into: &packed)
        let input = packed.array
        for piece in [1, 2, 7, 100, 5_000] {
            for room in [1, 3, 64, 10_000] {
                var inflater = try Inflater(.gzip, limits: InflateLimits(outputBytesMax: 5_000))
                var output = ByteBuffer()
                var start = 0
                while start < input.count {
                    let end = min(start + piece, input.count)
                    var position = 0
                    let span = input.span.extracting(start..<end)
                    while try inflater.next(span, from: &position, into: &output, room: room) == .hasMore {}
                    #expect(position == end - start)
                    start = end
                }
                try inflater.finish()
                #expect(output.array == data, "pieces of \(piece), room of \(room)")
            }
        }
    }

    @Test func membersOfGzip_followEachOther() throws {
        #expect(try inflate(Self.gzip + Self.gzip, .gzip) == Array("hellohello".utf8))
        #expect(error(Self.gzip + [0]) != nil)
        #expect(error(Self.gzip + Array("junk".utf8)) == .corrupt)
        #expect(error(Self.zlib + Self.zlib, .zlib) == .trailingBytes)
        #expect(error(Self.raw + [0], .raw) == .trailingBytes)
    }

    @Test func everyTruncation_isFound() {
        for length in 0..<Self.gzip.count { #expect(error(Array(Self.gzip[..<length])) == .truncated) }
        for length in 0..<Self.zlib.count { #expect(error(Array(Self.zlib[..<length]), .zlib) == .truncated) }
    }

    @Test func everyFlippedBit_isFoundOrChangesNothing() {
        for index in Self.gzip.indices {
            for bit in 0..<8 {
                var damaged = Self.gzip
                damaged[index] ^= 1 << bit
                // The header's time and system and the padding of the last byte are not part of the data.
                if let output = try? inflate(damaged, .gzip) {
                    #expect(output == Array("hello".utf8), "byte \(index), bit \(bit)")
                }
            }
        }
        #expect(error(Array("this is no gzip".utf8)) == .corrupt)
        #expect(error(Array("this is no zlib".utf8), .zlib) == .corrupt)
    }

    @Test func limit_isExact() throws {
        #expect(try inflate(Self.gzip, .gzip, limit: 5).count == 5)
        #expect(error(Self.gzip, limit: 4) == .tooLarge(limit: 4))
        #expect(error(Self.gzip, limit: 0) == .tooLarge(limit: 0))
    }

    @Test func bomb_isCutByItsRatio() throws {
        var deflater = try Deflater(.gzip, level: 9)
        var packed = ByteBuffer()
        let spaces = [UInt8](repeating: 0x20, count: 1 << 20)
        for _ in 0..<64 { deflater.write(spaces.span, into: &packed) }
        deflater.finish(into: &packed)
        let input = packed.array
        #expect(error(input, limit: .max) == .ratioTooHigh(limit: 250))
        // What is small enough passes at any ratio.
        var small = ByteBuffer()
        deflater.reset()
        for _ in 0..<4 { deflater.write(spaces.span, into: &small) }
        deflater.finish(into: &small)
        #expect(try inflate(small.array, .gzip, limit: .max).count == 4 << 20)
    }

    @Test func flushedOutput_canBeReadAtOnce() throws {
        var deflater = try Deflater(.gzip)
        var inflater = try Inflater(.gzip, limits: InflateLimits(outputBytesMax: 1_000))
        var output = ByteBuffer()
        for word in ["one ", "two ", "three"] {
            var packed = ByteBuffer()
            deflater.write(Array(word.utf8).span, into: &packed)
            deflater.flush(into: &packed)
            var position = 0
            let input = packed.array
            #expect(
                try inflater.next(input.span, from: &position, into: &output, room: 100) == .needsInput)
            #expect(String(copying: output.bytes).hasSuffix(word))
        }
    }

    @Test func resetInflater_readsAnotherStream() throws {
        var inflater = try Inflater(.gzip, limits: InflateLimits(outputBytesMax: 3))
        var output = ByteBuffer()
        var position = 0
        #expect(throws: CompressionError.self) {
            _ = try inflater.next(Self.gzip.span, from: &position, into: &output, room: 100)
        }
        inflater.reset(limits: InflateLimits(outputBytesMax: 5))
        output.clear()
        position = 0
        _ = try inflater.next(Self.gzip.span, from: &position, into: &output, room: 100)
        try inflater.finish()
        #expect(output.array == Array("hello".utf8))
    }
}

extension ByteBuffer {
    var array: [UInt8] { bytes.indices.map { bytes[$0] } }
}
