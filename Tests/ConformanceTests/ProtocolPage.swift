// SPDX-License-Identifier: Apache-2.0
import Base
import HTTP
import TestKit

/// One `http` block of a protocol page: a request and the answer that it has to get.
struct ProtocolExample: CustomStringConvertible, Sendable {
    var page: String
    /// Of the block's first line, from 1.
    var line: Int
    var method: HTTP.Method
    var target: String
    var headers: [(String, String)]
    var body: String
    var status: Int
    var contentType: String
    var answerText: String
    /// Nil when the answer is no JSON. `*` inside a string stands for any text.
    var answer: JSONValue?

    var description: String { "docs/protocols/\(page):\(line)" }
}

/// A page of `docs/protocols`: what it promises, in a form that can be tested.
struct ProtocolPage: Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    let name: String
    let lines: [String]

    static let all = Result { try names().map(ProtocolPage.init(name:)) }

    private static let directory = "\(Fixtures.repository)/docs/protocols"

    private static func names() throws -> [String] {
        try Fixtures.names(inDirectory: directory).filter { $0.hasSuffix(".md") }
    }

    init(name: String) throws {
        self.name = name
        let text = String(decoding: try Fixtures.contents(ofFile: "\(Self.directory)/\(name)"), as: UTF8.self)
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The `http` blocks in the order of the page.
    func examples() throws -> [ProtocolExample] {
        var examples: [ProtocolExample] = []
        var index = 0
        while index < lines.count {
            guard lines[index] == "```http" else {
                index += 1
                continue
            }
            guard let end = lines[index...].firstIndex(of: "```") else {
                throw Failure(description: "\(name):\(index + 1): the block is not closed")
            }
            examples.append(try example(Array(lines[(index + 1)..<end]), line: index + 2))
            index = end + 1
        }
        return examples
    }

    /// Request line, headers, body, an empty line, status with a media type that is not JSON's, body.
    private func example(_ block: [String], line: Int) throws -> ProtocolExample {
        func refuse(_ reason: String) -> Failure { Failure(description: "\(name):\(line): \(reason)") }
        guard let gap = block.firstIndex(of: ""), gap > 0, block.count > gap + 2 else {
            throw refuse("the block is not a request, an empty line and an answer with its status and body")
        }
        let request = block[0].split(separator: " ")
        guard request.count == 2,
            let method = HTTP.Method.allCases.first(where: { "\($0.name)" == request[0] })
        else { throw refuse("'\(block[0])' is not a method and a path") }
        let result = block[gap + 1].split(separator: " ", maxSplits: 1).map(String.init)
        guard let status = result.first.flatMap({ Int($0) }) else {
            throw refuse("'\(block[gap + 1])' is not a status")
        }
        let headers = block[1..<gap].prefix { Self.header($0) != nil }.compactMap(Self.header)
        let contentType = result.count > 1 ? result[1] : "application/json"
        let answer = block[(gap + 2)...].joined(separator: "\n")
        let bytes = Array(answer.utf8)
        return ProtocolExample(
            page: name, line: line, method: method, target: String(request[1]), headers: headers,
            body: block[(1 + headers.count)..<gap].joined(separator: "\n"), status: status,
            contentType: contentType, answerText: answer,
            answer: contentType == "application/json"
                ? try JSONValue.parse(bytes.span, options: .allowsNonFinite) : nil)
    }

    /// `Name: value`.
    private static func header(_ line: String) -> (String, String)? {
        guard let colon = line.firstRange(of: ": "), let first = line.first, first.isUppercase,
            line[..<colon.lowerBound].allSatisfy({ $0.isLetter || $0 == "-" })
        else { return nil }
        return (String(line[..<colon.lowerBound]), String(line[colon.upperBound...]))
    }

    /// `GET /v2/models/{model}` and so on, from the table of routes; what is in brackets may be left out.
    func routes() -> [String] {
        lines.flatMap { line -> [String] in
            let cells = line.split(separator: "|").map {
                $0.split(separator: " ").joined(separator: " ").replacing("`", with: "")
            }
            guard cells.count == 3, HTTP.Method.allCases.contains(where: { "\($0.name)" == cells[0] }) else {
                return []
            }
            let parts = cells[1].split(whereSeparator: { "[]".contains($0) }).map(String.init)
            guard parts.count > 1 else { return ["\(cells[0]) \(cells[1])"] }
            let short = parts[0] + parts.dropFirst(2).joined()
            return ["\(cells[0]) \(short)", "\(cells[0]) \(parts.joined())"]
        }
    }
}

extension JSONValue {
    /// Whether `found` is this value; `*` in a string of this one stands for any text, and NaN is NaN.
    func matches(_ found: JSONValue) -> Bool {
        switch (self, found) {
        case (.string(let pattern), .string(let text)):
            Self.matches(pattern, text)
        case (.array(let expected), .array(let elements)):
            expected.count == elements.count && zip(expected, elements).allSatisfy { $0.matches($1) }
        case (.object(let expected), .object(let object)):
            expected.members.count == object.members.count
                && expected.members.allSatisfy { key, value in object[key].map(value.matches) ?? false }
        case (.number(let expected), .number(let number)):
            expected == number || (expected.isNaN && number.isNaN)
        default:
            self == found
        }
    }

    private static func matches(_ pattern: String, _ text: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard let first = parts.first, let last = parts.last, parts.count > 1 else { return pattern == text }
        guard text.hasPrefix(first) else { return false }
        var rest = text.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let range = rest.firstRange(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return rest.hasSuffix(last)
    }
}
