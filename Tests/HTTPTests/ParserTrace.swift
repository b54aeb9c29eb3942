// SPDX-License-Identifier: Apache-2.0
@testable import HTTP

/// What a parser said about some bytes, in a form that does not depend on how the bytes were cut.
struct ParserTrace: Equatable, CustomStringConvertible {
    struct Message: Equatable {
        var head: String
        var body: [UInt8] = []
        var isComplete = false
    }

    var messages: [Message] = []
    var defect: RequestDefect?
    /// Bytes read when it stopped.
    var position = 0

    var description: String {
        messages.map { "\($0.head) | \(String(decoding: $0.body, as: UTF8.self)) | \($0.isComplete)" }
            .joined(separator: "\n") + " defect: \(String(describing: defect)) at \(position)"
    }

    /// Feeds `bytes` so that the parser sees first the bytes up to the first cut, then those up to the next,
    /// …
    init(_ bytes: [UInt8], cuts: [Int] = [], limits: Limits = Limits()) {
        var parser = RequestParser(limits: limits)
        self.init(bytes, cuts: cuts, with: &parser)
    }

    /// The same with a parser that has read other bytes before.
    init(_ bytes: [UInt8], cuts: [Int] = [], with parser: inout RequestParser) {
        parser.reset(at: 0)
        for end in cuts + [bytes.count] {
            read(bytes.span.extracting(0..<end), &parser)
            if defect != nil { break }
        }
        position = parser.position
    }

    private mutating func read(_ bytes: Span<UInt8>, _ parser: inout RequestParser) {
        while true {
            switch parser.next(bytes) {
            case .needMore: return
            case .head: messages.append(Message(head: Self.summary(parser, bytes)))
            case .body(let range):
                for index in range { messages[messages.count - 1].body.append(bytes[index]) }
            case .complete:
                messages[messages.count - 1].isComplete = true
                parser.reset(at: parser.position)
            case .failed(let defect):
                self.defect = defect
                return
            }
        }
    }

    private static func summary(_ parser: borrowing RequestParser, _ bytes: Span<UInt8>) -> String {
        let head = parser.head
        let message = bytes.extracting(parser.origin..<bytes.count)
        let fields = head.fields.map { field in
            message.extracting(field.name.range).text + "=" + message.extracting(field.value.range).text
        }
        return "\(head.method.name) \(message.extracting(head.path.range).text)"
            + "?\(message.extracting(head.query.range).text) 1.\(head.minorVersion)"
            + " \(head.keepsAlive ? "keep" : "close")"
            + (head.isChunked ? " chunked" : " \(head.contentLength ?? 0)")
            + (head.expectsContinue ? " continue" : "") + " " + fields.joined(separator: ",")
    }
}
