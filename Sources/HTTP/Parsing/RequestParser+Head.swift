// SPDX-License-Identifier: Apache-2.0

/// The request line and the header fields.
extension RequestParser {
    /// A line that is too long is so by its method when no space ends that within the limit: then the method,
    /// longer than any that is implemented, is what is refused (RFC 9112, section 3).
    mutating func refuseLongMethod(_ bytes: Span<UInt8>) {
        guard case .failed(.targetTooLong) = state else { return }
        let start = position..<position + limits.requestLineBytesMax
        if bytes.firstIndex(of: .space, in: start) == nil { state = .failed(.methodUnknown) }
    }

    /// request-line = method SP request-target SP HTTP-version
    mutating func parseRequestLine(_ bytes: Span<UInt8>, _ line: Range<Int>) {
        guard let methodEnd = bytes.firstIndex(of: .space, in: line) else {
            return fail(hasCarriageReturn(bytes, line) ? .bareCarriageReturn : .requestLineMalformed)
        }
        let tokenEnd = bytes.endOfToken(in: line.lowerBound..<methodEnd)
        guard tokenEnd == methodEnd else {
            return fail(bytes[tokenEnd] == .carriageReturn ? .bareCarriageReturn : .methodInvalid)
        }
        let targetStart = methodEnd + 1
        guard let targetEnd = bytes.firstIndex(of: .space, in: targetStart..<line.upperBound),
            targetEnd > targetStart
        else {
            return fail(hasCarriageReturn(bytes, line) ? .bareCarriageReturn : .requestLineMalformed)
        }
        guard parseVersion(bytes, (targetEnd + 1)..<line.upperBound) else { return }
        head.method = Method(bytes.extracting(line.lowerBound..<methodEnd))
        guard head.method != .other else { return fail(.methodUnknown) }
        parseTarget(bytes, targetStart..<targetEnd)
        if case .failed = state { return }
        state = .fields
    }

    /// HTTP-version = "HTTP/" DIGIT "." DIGIT; a higher minor version is served as 1.1 (RFC 9110, section
    /// 2.5).
    private mutating func parseVersion(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let text = bytes.extracting(range)
        guard text.count == 8, text.extracting(0..<5).equals("HTTP/"), text[5].isDigit, text[6] == 0x2E,
            text[7].isDigit
        else {
            fail(hasCarriageReturn(bytes, range) ? .bareCarriageReturn : .versionMalformed)
            return false
        }
        guard text[5] == 0x31 else {
            fail(.versionUnsupported)
            return false
        }
        head.minorVersion = min(text[7] - 0x30, 1)
        return true
    }

    /// request-target = origin-form / absolute-form / asterisk-form; authority-form belongs to CONNECT.
    private mutating func parseTarget(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        head.target = ByteRange(range, from: origin)
        head.path = head.target
        head.query = ByteRange(range.upperBound..<range.upperBound, from: origin)
        var start = range.lowerBound
        if bytes[start] == 0x2A, range.count == 1 {
            if head.method != .options { fail(.asteriskMisplaced) }
            return
        }
        if bytes[start] != .slash {
            guard let pathStart = parseAuthority(bytes, range) else { return fail(.targetInvalid) }
            head.isAbsolute = true
            start = pathStart
        }
        parsePath(bytes, start..<range.upperBound)
    }

    /// Checks `http://host[:port]` and returns where the path (or the query, or the end) begins.
    private mutating func parseAuthority(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        let text = bytes.extracting(range)
        var length = 0
        if text.count > 7, text.extracting(0..<7).equalsIgnoringCase("http://") {
            length = 7
        } else if text.count > 8, text.extracting(0..<8).equalsIgnoringCase("https://") {
            length = 8
        } else {
            return nil
        }
        let start = range.lowerBound + length
        var end = start
        while end < range.upperBound, bytes[end] != .slash, bytes[end] != .question { end += 1 }
        return isHost(bytes, start..<end) ? end : nil
    }

    private mutating func parsePath(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        var pathEnd = range.upperBound
        var index = bytes.endOfPlainPath(in: range)
        while index < range.upperBound {
            let byte = bytes[index]
            guard ASCIISet.query.contains(byte) else {
                return fail(byte == .carriageReturn ? .bareCarriageReturn : .targetInvalid)
            }
            index &+= 1
            if byte == .question {
                pathEnd = min(pathEnd, index - 1)
            } else if byte == .percent {
                guard index + 1 < range.upperBound, bytes[index].hexValue != nil,
                    bytes[index + 1].hexValue != nil
                else { return fail(.targetPercentEncoding) }
                if pathEnd == range.upperBound {
                    // %00 to %1F and %7F name nothing, and end a name early for whoever reads C strings.
                    let isDelete = bytes[index] == 0x37 && bytes[index + 1] | 0x20 == 0x66
                    if bytes[index] &- 0x30 < 2 || isDelete { return fail(.targetControlCharacter) }
                    head.hasEscapes = true
                }
            }
            index = bytes.endOfPlainPath(in: index..<range.upperBound)
        }
        head.path = ByteRange(range.lowerBound..<pathEnd, from: origin)
        if pathEnd < range.upperBound {
            head.query = ByteRange((pathEnd + 1)..<range.upperBound, from: origin)
        }
    }

    /// field-line = field-name ":" OWS field-value OWS
    mutating func parseField(_ bytes: Span<UInt8>, _ line: Range<Int>) {
        guard let (name, value) = splitField(bytes, line, valueDefect: .controlCharacter) else { return }
        guard head.fields.count < limits.headerCountMax else { return fail(.headerCountTooLarge) }
        head.fields.append(
            HeaderField(name: ByteRange(name, from: origin), value: ByteRange(value, from: origin)))
        noteFramingField(bytes, name, value)
    }

    /// Splits and checks one field line; nil when it was refused.
    mutating func splitField(_ bytes: Span<UInt8>, _ line: Range<Int>, valueDefect: RequestDefect)
        -> (name: Range<Int>, value: Range<Int>)?
    {
        let first = bytes[line.lowerBound]
        if first.isBlank {
            fail(.headerFolded)
            return nil
        }
        let colon = bytes.endOfToken(in: line)
        guard colon < line.upperBound else {
            fail(.headerColonMissing)
            return nil
        }
        guard bytes[colon] == .colon, colon > line.lowerBound else {
            fail(
                bytes[colon] == .carriageReturn
                    ? .bareCarriageReturn
                    : bytes[colon].isBlank ? .headerSpaceBeforeColon : .headerNameInvalid)
            return nil
        }
        if let index = bytes.firstIndexOutsideFieldContent(in: (colon + 1)..<line.upperBound) {
            fail(bytes[index] == .carriageReturn ? .bareCarriageReturn : valueDefect)
            return nil
        }
        return (line.lowerBound..<colon, bytes.trimmed((colon + 1)..<line.upperBound))
    }

    /// The six fields that decide how body and connection go on.
    private mutating func noteFramingField(_ bytes: Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>) {
        let nameText = bytes.extracting(name)
        switch name.count {
        case 4 where nameText.isFieldName("host"):
            guard host == .missing else { return fail(.hostDuplicate) }
            guard isHost(bytes, value) else { return fail(.hostInvalid) }
            host = .present
        case 6 where nameText.isFieldName("expect"):
            if bytes.extracting(value).equalsIgnoringCase("100-continue") {
                head.expectsContinue = true
            } else {
                hasUnknownExpectation = true
            }
        case 10 where nameText.isFieldName("connection"):
            noteConnectionOptions(bytes, value)
        case 14 where nameText.isFieldName("content-length"):
            noteContentLength(bytes, value)
        case 16 where nameText.isFieldName("content-encoding"):
            head.contentCoding = head.contentCoding.followed(by: bytes.extracting(value))
        case 17 where nameText.isFieldName("transfer-encoding"):
            noteTransferEncoding(bytes, value)
        default: return
        }
    }

    /// Content-Length = 1*DIGIT; a list, even of equal numbers, is refused, and so is what no body can have:
    /// more than fits 63 bits.
    private mutating func noteContentLength(_ bytes: Span<UInt8>, _ value: Range<Int>) {
        guard head.contentLength == nil else { return fail(.contentLengthDuplicate) }
        guard !value.isEmpty else { return fail(.contentLengthInvalid) }
        var length = 0
        for index in value {
            let digit = bytes[index]
            let (product, overflow) = length.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(digit & 15))
            guard digit.isDigit, !overflow, !carry else { return fail(.contentLengthInvalid) }
            length = sum
        }
        head.contentLength = length
    }

    /// Transfer-Encoding: only exactly `chunked` is known; it must be the last and may occur only once.
    private mutating func noteTransferEncoding(_ bytes: Span<UInt8>, _ value: Range<Int>) {
        guard !hasTransferEncoding else { return fail(.transferEncodingDuplicate) }
        hasTransferEncoding = true
        if bytes.extracting(value).equalsIgnoringCase("chunked") {
            head.isChunked = true
            return
        }
        var isLastChunked = false
        var isEarlierChunked = false
        var isMalformed = false
        forEachListElement(bytes, value) { element in
            if isLastChunked { isEarlierChunked = true }
            isLastChunked = bytes.extracting(element).equalsIgnoringCase("chunked")
            if element.isEmpty { isMalformed = true }
            for index in element where !ASCIISet.token.contains(bytes[index]) { isMalformed = true }
        }
        fail(
            isLastChunked && !isEarlierChunked && !isMalformed
                ? .transferEncodingUnsupported : .transferEncodingInvalid)
    }

    private mutating func noteConnectionOptions(_ bytes: Span<UInt8>, _ value: Range<Int>) {
        var isClose = isConnectionClose
        var isKeepAlive = isConnectionKeepAlive
        forEachListElement(bytes, value) { element in
            let option = bytes.extracting(element)
            if option.equalsIgnoringCase("close") { isClose = true }
            if option.equalsIgnoringCase("keep-alive") { isKeepAlive = true }
        }
        isConnectionClose = isClose
        isConnectionKeepAlive = isKeepAlive
    }

    private func forEachListElement(_ bytes: Span<UInt8>, _ value: Range<Int>, _ body: (Range<Int>) -> Void) {
        var start = value.lowerBound
        while start <= value.upperBound {
            let end = bytes.firstIndex(of: .comma, in: start..<value.upperBound) ?? value.upperBound
            body(bytes.trimmed(start..<end))
            start = end + 1
        }
    }

    /// Decides what only the whole head can tell.
    mutating func finishHead(_ bytes: Span<UInt8>) {
        head.byteCount = position - origin
        if host == .missing, head.minorVersion >= 1 { return fail(.hostMissing) }
        if hasTransferEncoding {
            if head.minorVersion == 0 { return fail(.transferEncodingInHTTP10) }
            if head.contentLength != nil { return fail(.contentLengthWithTransferEncoding) }
        }
        if head.minorVersion == 0 {
            head.expectsContinue = false
        } else if hasUnknownExpectation {
            return fail(.expectationUnknown)
        }
        head.keepsAlive = !isConnectionClose && (head.minorVersion >= 1 || isConnectionKeepAlive)
        headCompleted(bytes)
    }

    /// Host = uri-host [ ":" port ], not empty (RFC 9112, section 3.2; RFC 3986, section 3.2).
    private func isHost(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard !range.isEmpty else { return false }
        var index = range.lowerBound
        if bytes[index] == 0x5B {
            // IP-literal = "[" ( IPv6address / IPvFuture ) "]"
            guard let close = bytes.firstIndex(of: 0x5D, in: range), close > index + 2 else { return false }
            for inner in (index + 1)..<close {
                let byte = bytes[inner]
                guard byte.hexValue != nil || byte == .colon || byte == 0x2E else { return false }
            }
            index = close + 1
        } else {
            index = bytes.endOfPlainPath(in: range)
            // No name of a host holds a slash.
            if let slash = bytes.firstIndex(of: .slash, in: range.lowerBound..<index) { index = slash }
            while index < range.upperBound {
                let byte = bytes[index]
                guard ASCIISet.registeredName.contains(byte) else { break }
                if byte == .percent {
                    guard index + 2 < range.upperBound, bytes[index + 1].hexValue != nil,
                        bytes[index + 2].hexValue != nil
                    else { return false }
                }
                index &+= 1
            }
            if index == range.lowerBound { return false }
        }
        if index == range.upperBound { return true }
        guard bytes[index] == .colon, range.upperBound - index <= 6 else { return false }
        var port = 0
        for digit in (index + 1)..<range.upperBound {
            guard bytes[digit].isDigit else { return false }
            port = port * 10 + Int(bytes[digit] - 0x30)
        }
        return port <= 65_535
    }

    private func hasCarriageReturn(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        bytes.firstIndex(of: .carriageReturn, in: range) != nil
    }
}
