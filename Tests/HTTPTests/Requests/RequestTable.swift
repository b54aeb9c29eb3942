// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

/// A request named for what is special about it, and what the RFC makes of it.
struct RequestCase: CustomTestStringConvertible, Sendable {
    var name: String
    var bytes: [UInt8]
    /// nil: it is accepted.
    var defect: RequestDefect?
    /// Complete requests in the bytes.
    var count = 0
    /// What the last complete request's body must be, where that is the point.
    var body: String?
    /// The sentence of the RFC that decides, as `RequestRule` names it.
    var rule = ""

    var testDescription: String { "\(rule): \(name)" }

    static func good(_ name: String, _ text: String, count: Int = 1, body: String? = nil) -> RequestCase {
        RequestCase(name: name, bytes: Array(text.utf8), defect: nil, count: count, body: body)
    }

    static func bad(_ name: String, _ text: String, _ defect: RequestDefect, after count: Int = 0)
        -> RequestCase
    {
        RequestCase(name: name, bytes: Array(text.utf8), defect: defect, count: count)
    }

    /// A good request line and Host, then these lines.
    static func head(_ name: String, _ lines: String, _ defect: RequestDefect?, method: String = "POST")
        -> RequestCase
    {
        one(name, "\(method) / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n", defect)
    }

    /// A request to this host.
    static func host(_ name: String, _ host: String, _ defect: RequestDefect?) -> RequestCase {
        one(name, "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n", defect)
    }

    /// A chunked request with this coded body; `body` is what it means.
    static func chunked(_ name: String, _ coded: String, _ defect: RequestDefect?, body: String? = nil)
        -> RequestCase
    {
        let text = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(coded)"
        var sample = one(name, text, defect)
        sample.body = body
        return sample
    }

    /// This request line, with a good Host.
    static func line(_ name: String, _ line: String, _ defect: RequestDefect?) -> RequestCase {
        one(name, "\(line)\r\nHost: a\r\n\r\n", defect)
    }

    /// A good head with this target.
    static func target(_ target: String, _ defect: RequestDefect?) -> RequestCase {
        line(target.isEmpty ? "nothing" : target, "GET \(target) HTTP/1.1", defect)
    }

    /// The same with bytes that are not UTF-8.
    static func raw(_ name: String, _ parts: [[UInt8]], _ defect: RequestDefect?) -> RequestCase {
        RequestCase(
            name: name, bytes: parts.flatMap { $0 }, defect: defect, count: defect == nil ? 1 : 0)
    }

    private static func one(_ name: String, _ text: String, _ defect: RequestDefect?) -> RequestCase {
        RequestCase(name: name, bytes: Array(text.utf8), defect: defect, count: defect == nil ? 1 : 0)
    }
}

/// A sentence of an RFC, in short and in our words, and the requests that it decides.
struct RequestRule: Sendable {
    /// Number of the RFC and the section: `9112 §3.2.1`.
    var reference: String
    var sentence: String
    var cases: [RequestCase]

    init(_ reference: String, _ sentence: String, _ cases: [RequestCase]) {
        self.reference = reference
        self.sentence = sentence
        self.cases = cases
    }
}

enum RequestTable {
    static let rules =
        messageRules + requestLineRules + targetRules + fieldRules + hostRules + connectionRules
        + lengthRules + codingRules + chunkRules + extensionRules + limitRules

    static let all = rules.flatMap { rule in
        rule.cases.map { sample in
            var sample = sample
            sample.rule = "RFC \(rule.reference), \(rule.sentence)"
            return sample
        }
    }
}
