// SPDX-License-Identifier: Apache-2.0
import Base

/// Holds the reader of compressed data to its promises on any bytes: the same output or error however they
/// are cut, never beyond the limit. Traps when a promise is broken; for the fuzz target and its replay test.
package func fuzzInflater(_ bytes: Span<UInt8>) {
    guard bytes.count > 3 else { return }
    let format = CompressionFormat.allCases[Int(bytes[0]) % CompressionFormat.allCases.count]
    let limit = Int(bytes[1]) * 64
    let data = bytes.extracting(3..<bytes.count)
    let whole = inflated(data, format, limit: limit, pieceLength: data.count, room: 65_536)
    let cut = inflated(data, format, limit: limit, pieceLength: Int(bytes[2]) + 1, room: Int(bytes[2]) + 1)
    precondition(whole == cut, "the output depends on how the bytes are cut")
    precondition(whole.bytes.count <= limit + 1, "more came out than the limit allows")
}

private struct Inflated: Equatable {
    var bytes: [UInt8] = []
    var error: CompressionError?
}

private func inflated(
    _ data: Span<UInt8>, _ format: CompressionFormat, limit: Int, pieceLength: Int, room: Int
) -> Inflated {
    var result = Inflated()
    var output = ByteBuffer()
    do {
        var inflater = try Inflater(format, limits: InflateLimits(outputBytesMax: limit))
        var start = 0
        while start < data.count {
            let end = min(start + pieceLength, data.count)
            let piece = data.extracting(start..<end)
            var position = 0
            while try inflater.next(piece, from: &position, into: &output, room: room) == .hasMore {}
            start = end
        }
        try inflater.finish()
    } catch {
        result.error = error
    }
    let span = output.bytes
    // What came out before an error depends on the cuts: zlib sees an error when it gets there.
    if result.error == nil { for index in span.indices { result.bytes.append(span[index]) } }
    return result
}
