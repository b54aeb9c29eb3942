// SPDX-License-Identifier: Apache-2.0

/// The body: of known length, or chunked.
///
///     chunked-body = *chunk last-chunk trailer-section CRLF
///     chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
///     chunk-size   = 1*HEXDIG
///     chunk-ext    = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
extension RequestParser {
    mutating func beginBody() {
        if head.isChunked {
            state = .chunkSize
        } else {
            let length = head.contentLength ?? 0
            state = length > 0 ? .fixedBody(remaining: length) : .complete
        }
    }

    mutating func parseChunkSize(_ bytes: Span<UInt8>, _ line: Range<Int>) {
        var index = line.lowerBound
        var size = 0
        while index < line.upperBound, let digit = bytes[index].hexValue {
            // Sixteen digits are more than any body; more of them, zeros too, are an attack on somebody's
            // parser.
            guard index - line.lowerBound < 16 else { return fail(.chunkSizeInvalid) }
            size = size >= 1 << 58 ? 1 << 58 : size << 4 | Int(digit)
            index += 1
        }
        guard index > line.lowerBound else { return fail(.chunkSizeInvalid) }
        if index < line.upperBound {
            guard checkExtension(bytes, index..<line.upperBound) else { return }
        }
        guard size <= limits.bodyBytesMax - bodyByteCount else { return fail(.bodyTooLarge) }
        if size == 0 {
            state = .trailers
            return
        }
        bodyByteCount += size
        chunkCount += 1
        if chunkCount > limits.chunkCountFree,
            bodyByteCount / limits.chunkBytesMeanMin < chunkCount - 1
        {
            return fail(.chunksTooSmall)
        }
        state = .chunkData(remaining: size)
    }

    /// Extensions are bounded, checked for their form's outline and dropped; none is known here.
    private mutating func checkExtension(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        extensionByteCount += range.count
        guard extensionByteCount <= limits.chunkExtensionBytesMax else {
            fail(.chunkExtensionTooLarge)
            return false
        }
        let content = bytes.trimmed(range)
        guard !content.isEmpty, bytes[content.lowerBound] == .semicolon, content.count > 1 else {
            fail(.chunkSizeInvalid)
            return false
        }
        for index in range where !bytes[index].isFieldContent {
            fail(.chunkSizeInvalid)
            return false
        }
        return true
    }

    /// CR LF after a chunk's data, nothing else: anything else is where two readers part ways.
    mutating func readChunkEnd(_ bytes: Span<UInt8>) -> Bool {
        guard position < bytes.count else { return false }
        guard bytes[position] == .carriageReturn else {
            fail(.chunkEndMissing)
            return false
        }
        guard position + 1 < bytes.count else { return false }
        guard bytes[position + 1] == .lineFeed else {
            fail(.chunkEndMissing)
            return false
        }
        position += 2
        scanned = position
        state = .chunkSize
        return true
    }

    /// Trailers are held to the form of header fields and dropped.
    mutating func parseTrailer(_ bytes: Span<UInt8>, _ line: Range<Int>) {
        if line.isEmpty {
            state = .complete
            return
        }
        trailerByteCount += line.count + 2
        if splitField(bytes, line, valueDefect: .trailerInvalid) == nil { fail(.trailerInvalid) }
    }
}
