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
            guard length <= bodyBytesMax else { return fail(.bodyTooLarge) }
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
        guard size <= bodyBytesMax - bodyByteCount else { return fail(.bodyTooLarge) }
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

    /// Extensions are bounded, held to their grammar and dropped; none is known here.
    private mutating func checkExtension(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        extensionByteCount += range.count
        guard extensionByteCount <= limits.chunkExtensionBytesMax else {
            fail(.chunkExtensionTooLarge)
            return false
        }
        var index = range.lowerBound
        while index < range.upperBound {
            guard let next = afterExtension(bytes, index..<range.upperBound) else {
                fail(.chunkExtensionInvalid)
                return false
            }
            index = next
        }
        return true
    }

    /// Where the extension that starts the range ends; nil when it is none.
    private func afterExtension(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var index = afterWhiteSpace(bytes, range)
        guard index < range.upperBound, bytes[index] == .semicolon else { return nil }
        index = afterWhiteSpace(bytes, index + 1..<range.upperBound)
        guard let nameEnd = afterToken(bytes, index..<range.upperBound) else { return nil }
        let equals = afterWhiteSpace(bytes, nameEnd..<range.upperBound)
        guard equals < range.upperBound, bytes[equals] == 0x3D else { return nameEnd }
        index = afterWhiteSpace(bytes, equals + 1..<range.upperBound)
        if index < range.upperBound, bytes[index] == 0x22 {
            return afterQuotedString(bytes, index..<range.upperBound)
        }
        return afterToken(bytes, index..<range.upperBound)
    }

    private func afterWhiteSpace(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var index = range.lowerBound
        while index < range.upperBound, bytes[index] == .space || bytes[index] == .tab { index += 1 }
        return index
    }

    private func afterToken(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var index = range.lowerBound
        while index < range.upperBound, ASCIISet.token.contains(bytes[index]) { index += 1 }
        return index > range.lowerBound ? index : nil
    }

    /// quoted-string = DQUOTE *( qdtext / "\" ( HTAB / SP / VCHAR / obs-text ) ) DQUOTE
    private func afterQuotedString(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var index = range.lowerBound + 1
        while index < range.upperBound {
            switch bytes[index] {
            case 0x22: return index + 1
            case 0x5C:
                guard index + 1 < range.upperBound, bytes[index + 1].isFieldContent else { return nil }
                index += 2
            default:
                guard bytes[index].isFieldContent else { return nil }
                index += 1
            }
        }
        return nil
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
