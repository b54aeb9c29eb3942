// SPDX-License-Identifier: Apache-2.0

/// Holds the parser to its promises on any bytes: it never traps, stays inside what it was given, and says
/// the same however the bytes are cut. Traps when a promise is broken; for the fuzz target and its replay
/// test.
package func fuzzRequestParser(_ bytes: Span<UInt8>) {
    guard bytes.count > 1 else { return }
    // The first byte decides on the cut and on limits so small that the fuzzer meets them.
    let choice = Int(bytes[0])
    var limits = Limits()
    if choice & 1 != 0 {
        limits.requestLineBytesMax = 40
        limits.headBytesMax = 120
        limits.headerCountMax = 4
        limits.bodyBytesMax = 64
        limits.chunkExtensionBytesMax = 16
        limits.trailerBytesMax = 24
        limits.chunkCountFree = 4
    }
    let message = bytes.extracting(1..<bytes.count)
    let whole = verdict(message, pieceLength: message.count, limits)
    let cut = verdict(message, pieceLength: choice / 2 + 1, limits)
    precondition(whole == cut, "the parser's verdict depends on how the bytes are cut")
}

private struct Verdict: Equatable {
    var heads: [RequestHead] = []
    var body: [UInt8] = []
    var completeCount = 0
    var defect: RequestDefect?
}

private func verdict(_ bytes: Span<UInt8>, pieceLength: Int, _ limits: Limits) -> Verdict {
    var parser = RequestParser(limits: limits)
    var verdict = Verdict()
    var captures: [String] = []
    let router = Router()
    var end = 0
    while end < bytes.count, verdict.defect == nil {
        end = min(end + pieceLength, bytes.count)
        let given = bytes.extracting(0..<end)
        var hasMore = true
        while hasMore {
            switch parser.next(given) {
            case .needMore: hasMore = false
            case .head:
                verdict.heads.append(parser.head)
                let message = given.extracting(parser.origin..<end)
                _ = router.match(parser.head.method, message.extracting(parser.head.path.range), &captures)
                for field in parser.head.fields { _ = message.extracting(field.value.range) }
            case .body(let range): for index in range { verdict.body.append(given[index]) }
            case .complete:
                verdict.completeCount += 1
                parser.reset(at: parser.position)
            case .failed(let defect):
                verdict.defect = defect
                hasMore = false
            }
            precondition(parser.position <= end, "the parser read past what it was given")
        }
    }
    return verdict
}
