// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// The members of one line of JSON Lines, read whole before anything of them is kept, so that a broken line
/// leaves nothing behind.
struct ObjectLine {
    /// What is wrong with a line.
    struct Defect: Error {
        var column: String?
        var reason: String
    }

    enum Value {
        case missing
        case bool(Bool)
        case number(Double)
        case string(JSONText)
    }

    struct Member {
        /// Of its column in the table; nil for one that has not come up yet.
        var place: Int?
        /// Among the line's new names, for such a one.
        var newName = 0
        var value = Value.missing
        /// Where its value stands in the line.
        var range = 0..<0
    }

    private(set) var members: [Member] = []
    /// Of members that have not come up in a line before.
    private var newNames: [String] = []
    /// For each column of the table the line, from 1, that named it last.
    private var lastLine: [Int] = []
    private var lineCount = 0
    /// The names of the line before, which are most likely those of this one, in UTF-8.
    private var expected: [(name: [UInt8], place: Int)] = []

    /// Reads the object that `text` is.
    ///
    /// - Throws: `Defect`; what was read is to be passed over then.
    mutating func read(_ text: Span<UInt8>, _ table: borrowing TableAssembler) throws(Defect) {
        members.removeAll(keepingCapacity: true)
        newNames.removeAll()
        lineCount += 1
        var reader = JSONReader(text)
        do {
            guard try reader.peek() == .object else {
                throw Defect(
                    reason: "a line holds one object, not \(try reader.peek().name)"
                        + "; jq -c '.[]' writes those of an array so")
            }
            try reader.beginObject()
            while let key = try reader.nextKeyText() {
                var member = try self.member(key, reader, table)
                let token = try reader.peek()
                let start = reader.position
                switch token {
                case .null: try reader.readNull()
                case .bool: member.value = .bool(try reader.readBool())
                case .number: member.value = .number(try reader.readDouble())
                case .string: member.value = .string(try reader.readText())
                case .array, .object, .end:
                    throw Defect(
                        column: reader.string(key),
                        reason: "a number, a string, true, false or null is expected, not \(token.name)")
                }
                member.range = start..<reader.position
                members.append(member)
            }
            try reader.expectEnd()
        } catch let error as Defect {
            throw error
        } catch let error as JSONError where error.reason == .unexpectedEnd {
            throw Defect(
                reason: "the line ends inside an object; a line holds a whole one, as jq -c writes it")
        } catch {
            throw Defect(reason: "\(error)")
        }
    }

    private func isExpected(_ key: JSONText, _ reader: borrowing JSONReader, _ index: Int) -> Bool {
        let name = expected[index].name
        return reader.matches(key, name.span)
    }

    /// A member of this name, which must not have come up in the line before.
    private mutating func member(
        _ key: JSONText, _ reader: borrowing JSONReader, _ table: borrowing TableAssembler
    ) throws(Defect) -> Member {
        let index = members.count
        var member = Member()
        if index < expected.count, isExpected(key, reader, index) {
            member.place = expected[index].place
        } else {
            let name = reader.string(key)
            member.place = table.knownPlace(of: name)
            // Nothing is expected behind a name that is not known yet.
            expected.removeSubrange(min(index, expected.count)...)
            if let place = member.place { expected.append((Array(name.utf8), place)) }
        }
        let isNew: Bool
        if let place = member.place {
            while lastLine.count <= place { lastLine.append(0) }
            isNew = lastLine[place] != lineCount
            lastLine[place] = lineCount
        } else {
            let name = reader.string(key)
            isNew = !name.isEmpty && !newNames.contains(name)
            member.newName = newNames.count
            newNames.append(name)
        }
        guard isNew else {
            throw Defect(column: reader.string(key), reason: "the member is there twice, or has no name")
        }
        return member
    }

    /// Adds the line that was read last to the row at hand of `table`, which has all lines before it; members
    /// get places, if they have none.
    mutating func append(_ text: Span<UInt8>, to table: inout TableAssembler) {
        let reader = JSONReader(text)
        for index in members.indices {
            let member = members[index]
            let place = member.place ?? table.place(of: newNames[member.newName])
            members[index].place = place
            switch member.value {
            case .missing: table.appendMissing(place)
            case .bool(let value): table.append((value ? "true" : "false").utf8Span.span, to: place)
            case .number(let value):
                if case .number = table.reading(of: place) {
                    table.append(value, to: place)
                } else {
                    // The name that the daemon gives a number that is a category.
                    let name = Int64(exactly: value).map { String($0) } ?? "\(value)"
                    table.append(name.utf8Span.span, to: place)
                }
            case .string(let value):
                if value.hasEscapes {
                    table.append(reader.string(value).utf8Span.span, to: place, isText: true)
                } else {
                    table.append(text.extracting(value.range), to: place, isText: true)
                }
            }
        }
    }
}
