// SPDX-License-Identifier: Apache-2.0

/// Reads any bytes as a chunked body, whole and cut, and compares with a slow and obvious decoder. Traps when
/// they disagree; for the fuzz target and its replay test.
package func fuzzChunkedBody(_ bytes: Span<UInt8>) {
    guard bytes.count > 1 else { return }
    let pieceLength = Int(bytes[0]) + 1
    let coded = bytes.extracting(1..<bytes.count)
    let whole = chunkedBody(coded, pieceLength: coded.count)
    precondition(
        whole == chunkedBody(coded, pieceLength: pieceLength), "the verdict depends on how the bytes are cut")
    let reference = referenceBody(coded)
    precondition(whole.isComplete == (reference != nil), "the reference decoder disagrees on the end")
    if let reference { precondition(whole.body == reference, "the reference decoder disagrees on the body") }
}

private struct ChunkedVerdict: Equatable {
    var body: [UInt8] = []
    var isComplete = false
    var defect: RequestDefect?
}

private func chunkedBody(_ coded: Span<UInt8>, pieceLength: Int) -> ChunkedVerdict {
    var message = Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
    for index in coded.indices { message.append(coded[index]) }
    var parser = RequestParser()
    var verdict = ChunkedVerdict()
    var end = 0
    while end < message.count, verdict.defect == nil, !verdict.isComplete {
        end = min(end + pieceLength, message.count)
        var hasMore = true
        while hasMore {
            switch parser.next(message.span.extracting(0..<end)) {
            case .needMore: hasMore = false
            case .head: break
            case .body(let range): verdict.body += message[range]
            case .complete:
                verdict.isComplete = true
                hasMore = false
            case .failed(let defect):
                verdict.defect = defect
                hasMore = false
            }
        }
    }
    return verdict
}

/// The body, when it is complete and legal: line by line over copied arrays, without any state to resume.
/// Extensions and trailers are looked at as the parser does, by its own functions' rules written out.
private func referenceBody(_ coded: Span<UInt8>) -> [UInt8]? {
    var rest = ArraySlice(coded.indices.map { coded[$0] })
    var body: [UInt8] = []
    var extensions = 0
    let limits = Limits()
    while true {
        guard let line = takeLine(&rest) else { return nil }
        let digits = line.prefix { $0.hexValue != nil }
        guard (1...16).contains(digits.count) else { return nil }
        let suffix = line.dropFirst(digits.count)
        extensions += suffix.count
        guard extensions <= limits.chunkExtensionBytesMax, isExtensions(suffix) else { return nil }
        let text = String(decoding: digits, as: UTF8.self)
        guard let size = UInt64(text, radix: 16), size <= UInt64(limits.bodyBytesMax - body.count) else {
            return nil
        }
        if size == 0 { break }
        guard rest.count >= Int(size) + 2 else { return nil }
        body += rest.prefix(Int(size))
        rest = rest.dropFirst(Int(size))
        guard rest.starts(with: [13, 10]) else { return nil }
        rest = rest.dropFirst(2)
    }
    var trailerBytes = 0
    while let line = takeLine(&rest) {
        if line.isEmpty { return body }
        trailerBytes += line.count + 2
        guard line.count <= limits.trailerBytesMax, trailerBytes <= limits.trailerBytesMax + 2,
            let colon = line.firstIndex(of: 0x3A), colon > line.startIndex,
            line[..<colon].allSatisfy(ASCIISet.token.contains),
            line[colon...].allSatisfy(\.isFieldContent)
        else { return nil }
    }
    return nil
}

private func takeLine(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    guard let end = rest.firstIndex(of: 10), end > rest.startIndex, rest[end - 1] == 13 else { return nil }
    let line = rest[rest.startIndex..<end - 1]
    rest = rest[(end + 1)...]
    return line
}

/// *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ), by cutting from the front.
private func isExtensions(_ text: ArraySlice<UInt8>) -> Bool {
    var rest = text
    func skipBlanks() { rest = rest.drop { $0 == 0x20 || $0 == 0x09 } }
    func take(_ byte: UInt8) -> Bool {
        guard rest.first == byte else { return false }
        rest = rest.dropFirst()
        return true
    }
    func takeToken() -> Bool {
        let token = rest.prefix { ASCIISet.token.contains($0) }
        rest = rest.dropFirst(token.count)
        return !token.isEmpty
    }
    func takeQuoted() -> Bool {
        while let byte = rest.popFirst() {
            if byte == 0x22 { return true }
            if byte == 0x5C {
                guard let escaped = rest.popFirst(), escaped.isFieldContent else { return false }
            } else if !byte.isFieldContent {
                return false
            }
        }
        return false
    }
    while !rest.isEmpty {
        skipBlanks()
        guard take(0x3B) else { return false }
        skipBlanks()
        guard takeToken() else { return false }
        let afterName = rest
        skipBlanks()
        guard take(0x3D) else {
            rest = afterName
            continue
        }
        skipBlanks()
        guard take(0x22) ? takeQuoted() : takeToken() else { return false }
    }
    return true
}
