// SPDX-License-Identifier: Apache-2.0
import Base
import Net

/// Holds the readers of URLs and header values to their promises on any bytes: no trap, and decoding is
/// undone by nothing but itself. Traps when a promise is broken; for the fuzz target and its replay test.
package func fuzzHeaderValues(_ bytes: Span<UInt8>) {
    if let text = PercentEncoding.decode(bytes) {
        precondition(text.utf8.count <= bytes.count, "decoding made a URL longer")
    }
    _ = PercentEncoding.decode(bytes, plusIsSpace: true)
    var router = Router()
    router.add(.get, "/v2/models/{model}/versions/{version}/infer")
    router.add(.post, "/v1/models/{model}:predict")
    var captures: [String] = []
    for method in [Method.get, .post, .head] {
        if case .route = router.match(method, bytes, &captures) {
            precondition(captures.allSatisfy { !$0.isEmpty }, "a capture is empty")
        }
    }
    var once = AcceptedCodings()
    once.add(bytes)
    // In two lines, cut at a comma, the header means the same (RFC 9110, section 5.3).
    if let comma = bytes.firstIndex(of: .comma, in: 0..<bytes.count) {
        var twice = AcceptedCodings()
        twice.add(bytes.extracting(0..<comma))
        twice.add(bytes.extracting(comma + 1..<bytes.count))
        precondition(once.best == twice.best, "two lines mean something else than one")
        let first = ContentCoding.identity.followed(by: bytes.extracting(0..<comma))
        let both = first.followed(by: bytes.extracting(comma + 1..<bytes.count))
        precondition(
            both == ContentCoding.identity.followed(by: bytes), "two lines mean something else than one")
    }
    fuzzQuery(bytes)
}

/// A query inside a request, as handlers ask for it.
private func fuzzQuery(_ bytes: Span<UInt8>) {
    var text = Array("GET /?".utf8)
    for index in bytes.indices { text.append(bytes[index]) }
    text += Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    let workspace = Workspace(limits: Limits())
    workspace.input.append(text.span)
    guard case .head = workspace.parser.next(workspace.input.bytes) else { return }
    workspace.withHead(from: RequestOrigin(listener: 0, peer: .local)) { request in
        _ = request.queryValue("name")
        _ = request.queryValue("")
    }
}
