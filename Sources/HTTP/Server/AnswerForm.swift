// SPDX-License-Identifier: Apache-2.0

/// How an answer is put on the wire, apart from what its handler decides.
struct AnswerForm {
    /// How the Connection header reads.
    enum Connection { case unsaid, close, keepAlive }

    enum Framing: Equatable {
        case length(Int)
        case chunked
        /// HTTP/1.0 has no chunks: the end of the connection is the end of the body.
        case untilClose
    }

    var connection = Connection.unsaid
    var framing = Framing.length(0)
    var coding = ContentCoding.identity
    /// Another Accept-Encoding would have had another answer.
    var varies = false
}
