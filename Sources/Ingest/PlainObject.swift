// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// A line of JSON Lines that has the members of a line before it in the same order, and holds nothing but
/// numbers, dates, categories that were met before and missing values: read where it lies, between pieces
/// of text that are the same in all such lines.
///
/// A line is read whole before anything of it is kept: what is not plain is `ObjectLine`'s matter, from the
/// line's beginning.
struct PlainObject {
    /// Bytes that stand in front of a value, or behind the last one, in every line: `, "name": `.
    private struct Piece {
        /// Eight at a time, zeros behind them.
        var words: [UInt64]
        /// Ones in the bytes of the last word that count.
        var lastMask: UInt64
        var count: Int

        init(_ bytes: [UInt8]) {
            count = bytes.count
            words = [UInt64](repeating: 0, count: (bytes.count + 7) / 8)
            for index in bytes.indices { words[index / 8] |= UInt64(bytes[index]) &<< UInt64(index % 8 * 8) }
            lastMask = count % 8 == 0 ? ~0 : (1 &<< UInt64(count % 8 * 8)) &- 1
        }

        /// Whether `bytes`, with `end` behind them, are the piece's.
        func holds(_ bytes: Span<UInt8>, end: UInt8? = nil) -> Bool {
            guard count == bytes.count + (end == nil ? 0 : 1) else { return false }
            for index in bytes.indices where bytes[index] != byte(index) { return false }
            return end == nil || end == byte(count - 1)
        }

        private func byte(_ index: Int) -> UInt8 {
            UInt8(truncatingIfNeeded: words[index / 8] &>> UInt64(index % 8 * 8))
        }

        /// What stands behind the value in front of it.
        var firstByte: UInt8 { UInt8(truncatingIfNeeded: words[0]) }
    }

    /// In front of each value, and one behind the last.
    private var pieces: [Piece] = []
    private var readings: [PlainLine.Reading] = []
    /// Of the columns in the table.
    private var places: [Int] = []
    /// The table's other columns, which are missing in these lines.
    private var others: [Int] = []
    private var columnCount = 0
    private var isOfUse = false
    private var rows = KeptRows()
    private var knownCells = KnownCells()

    private static let quote = UInt8(ascii: "\"")
    private static let lineFeed = UInt8(ascii: "\n")

    /// Lines are like this one from now on; none is kept back.
    ///
    /// - Parameter text: the line, without its line feed.
    mutating func learn(_ text: Span<UInt8>, _ members: [ObjectLine.Member], _ table: TableAssembler) {
        precondition(rows.count == 0, "lines of other members are not handed on yet")
        if !isLike(text, members) {
            pieces.removeAll(keepingCapacity: true)
            var start = 0
            for member in members {
                pieces.append(Piece(Array(copying: text.extracting(start..<member.range.lowerBound))))
                start = member.range.upperBound
            }
            pieces.append(
                Piece(Array(copying: text.extracting(start..<text.count)) + [PlainObject.lineFeed]))
        }
        let places = members.compactMap(\.place)
        if places != self.places {
            self.places = places
            columnCount = 0
            rows.begin(width: places.count)
            knownCells = KnownCells(columnCount: places.count, missing: [])
        }
        plan(table)
    }

    /// Whether the line's pieces are those that are known.
    private func isLike(_ text: Span<UInt8>, _ members: [ObjectLine.Member]) -> Bool {
        guard pieces.count == members.count + 1 else { return false }
        var start = 0
        for (piece, member) in zip(pieces, members) {
            guard piece.holds(text.extracting(start..<member.range.lowerBound)) else { return false }
            start = member.range.upperBound
        }
        return pieces[members.count].holds(text.extracting(start..<text.count), end: PlainObject.lineFeed)
    }

    /// Columns may be of another kind now, and there may be more of them; no line is kept back.
    mutating func plan(_ table: TableAssembler) {
        precondition(rows.count == 0, "lines before it are not handed on yet")
        readings.removeAll(keepingCapacity: true)
        for place in places { readings.append(table.reading(of: place)) }
        // Texts are not read here, so there is no need to begin.
        isOfUse = !readings.isEmpty && !readings.contains(.text)
        guard columnCount != table.names.count else { return }
        columnCount = table.names.count
        let own = Set(places)
        others = (0..<columnCount).filter { !own.contains($0) }
    }

    /// Reads and keeps the line at `start`; returns where the next begins. Nil, and nothing is done, when the
    /// line is not plain, or does not end in `chunk`.
    mutating func take(_ chunk: Span<UInt8>, from start: Int, _ table: inout TableAssembler) -> Int? {
        guard isOfUse else { return nil }
        var position = start
        let rowStart = rows.rowStart
        for column in readings.indices {
            guard let value = skip(pieces[column], chunk, from: position),
                let end = read(chunk, from: value, column, rowStart &+ column)
            else { return nil }
            position = end
        }
        guard let end = skip(pieces[readings.count], chunk, from: position) else { return nil }
        rows.keep(places, others: others, &table)
        return end
    }

    /// Adds the lines that were kept back to `table`.
    mutating func handOn(to table: inout TableAssembler) { rows.handOn(places, others: others, to: &table) }

    /// Notes what the strings of a line stand for, which the table has as its last row.
    mutating func remember(_ text: Span<UInt8>, _ members: [ObjectLine.Member], _ table: TableAssembler) {
        guard members.count == places.count else { return }
        for (column, member) in members.enumerated() {
            guard member.place == places[column], let code = table.lastCode(places[column]) else { continue }
            switch member.value {
            case .string(let value) where !value.hasEscapes:
                guard let cell = ShortCell(whole: text.extracting(value.range)) else { continue }
                knownCells.insert(cell, column, code)
            case .number:
                guard let cell = ShortCell(whole: text.extracting(member.range)) else { continue }
                knownCells.insert(cell.ofNumber, column, code)
            case .bool(let value): knownCells.insert(ShortCell(value ? .true : .false), column, code)
            default: break
            }
        }
    }

    // MARK: Parts of a line

    /// Where `piece`, which must stand at `start`, ends; nil too near the end of the text.
    @inline(__always)
    private func skip(_ piece: Piece, _ text: Span<UInt8>, from start: Int) -> Int? {
        let last = piece.words.count &- 1
        guard text.count &- start >= 8 &* (last &+ 1) else { return nil }
        let words = piece.words.span
        // Safe because the text was just seen to have all of the piece's words.
        let raw = unsafe text.bytes
        for index in 0..<last {
            let word = unsafe raw.unsafeLoadUnaligned(
                fromUncheckedByteOffset: start &+ 8 &* index, as: UInt64.self)
            if UInt64(littleEndian: word) != words[index] { return nil }
        }
        // Safe as above.
        let word = unsafe raw.unsafeLoadUnaligned(
            fromUncheckedByteOffset: start &+ 8 &* last, as: UInt64.self)
        guard UInt64(littleEndian: word) & piece.lastMask == words[last] else { return nil }
        return start &+ piece.count
    }

    /// Reads the value at `start`; returns where it ends, nil when it is not plain.
    @inline(__always)
    private mutating func read(_ text: Span<UInt8>, from start: Int, _ column: Int, _ index: Int) -> Int? {
        switch readings[column] {
        case .number:
            if let end = readNumber(text, from: start, into: &rows.numbers[index]) { return end }
            return readNull(text, from: start, index)
        case .known: return readKnown(text, from: start, column, index)
        case .date: return readDate(text, from: start, index)
        case .skipped: return passOver(text, from: start)
        case .text: return nil
        }
    }

    private mutating func readKnown(
        _ text: Span<UInt8>, from start: Int, _ column: Int, _ index: Int
    ) -> Int? {
        guard start < text.count else { return nil }
        switch text[start] {
        case PlainObject.quote:
            guard let cell = ShortCell(text, from: start + 1, UInt8(ascii: "\\")),
                text[cell.end] == PlainObject.quote
            else { return nil }
            let code = knownCells.code(cell, column)
            guard code != KnownCells.unknown else { return nil }
            rows.codes[index] = code
            rows.numbers[index] = .nan
            return cell.end + 1
        case UInt8(ascii: "t"): return readWord(.true, text, from: start, column, index)
        case UInt8(ascii: "f"): return readWord(.false, text, from: start, column, index)
        case UInt8(ascii: "n"): return readNull(text, from: start, index)
        default:
            guard let cell = ShortCell(text, from: start, pieces[column + 1].firstByte) else { return nil }
            let code = knownCells.code(cell.ofNumber, column)
            guard code != KnownCells.unknown else { return nil }
            rows.codes[index] = code
            rows.numbers[index] = .nan
            return cell.end
        }
    }

    private mutating func readWord(
        _ word: Word, _ text: Span<UInt8>, from start: Int, _ column: Int, _ index: Int
    ) -> Int? {
        guard let end = word.end(text, from: start) else { return nil }
        let code = knownCells.code(ShortCell(word), column)
        guard code != KnownCells.unknown else { return nil }
        rows.codes[index] = code
        rows.numbers[index] = .nan
        return end
    }

    private mutating func readNull(_ text: Span<UInt8>, from start: Int, _ index: Int) -> Int? {
        guard let end = Word.null.end(text, from: start) else { return nil }
        rows.codes[index] = Column.missingCode
        rows.numbers[index] = .nan
        return end
    }

    private mutating func readDate(_ text: Span<UInt8>, from start: Int, _ index: Int) -> Int? {
        guard start < text.count, text[start] == PlainObject.quote else {
            return readNull(text, from: start, index)
        }
        var end = start + 1
        // Of what is longer, or has a backslash, nothing is a date.
        let limit = min(text.count, start + 64)
        while end < limit, text[end] != PlainObject.quote { end += 1 }
        guard end < limit, let seconds = DateText.parse(text.extracting(start + 1..<end)) else { return nil }
        rows.numbers[index] = seconds
        return end + 1
    }

    /// Where a value that nobody asked for ends; nil when it is not plain.
    private func passOver(_ text: Span<UInt8>, from start: Int) -> Int? {
        guard start < text.count else { return nil }
        switch text[start] {
        case PlainObject.quote:
            var end = start + 1
            while end < text.count {
                let byte = text[end]
                if byte == PlainObject.quote { return end + 1 }
                guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\\") else { return nil }
                end += 1
            }
            return nil
        case UInt8(ascii: "t"): return Word.true.end(text, from: start)
        case UInt8(ascii: "f"): return Word.false.end(text, from: start)
        case UInt8(ascii: "n"): return Word.null.end(text, from: start)
        default:
            var value = 0.0
            return readNumber(text, from: start, into: &value)
        }
    }
}

/// A word of JSON: its bytes, the first in the lowest one.
private struct Word {
    let bytes: UInt64
    let count: Int

    // Computed, since a stored one is looked after at each use.
    static var null: Word { Word(bytes: 0x6c6c_756e, count: 4) }
    static var `true`: Word { Word(bytes: 0x6575_7274, count: 4) }
    static var `false`: Word { Word(bytes: 0x65_736c_6166, count: 5) }

    /// Where the word, which must stand at `start`, ends; nil too near the end of the text.
    @inline(__always)
    func end(_ text: Span<UInt8>, from start: Int) -> Int? {
        guard text.count &- start >= 8 else { return nil }
        // Safe because eight bytes were just seen to be there, and every bit pattern is a UInt64.
        let word = unsafe text.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: UInt64.self)
        let mask: UInt64 = (1 &<< UInt64(8 &* count)) &- 1
        return UInt64(littleEndian: word) & mask == bytes ? start &+ count : nil
    }
}

extension ShortCell {
    fileprivate init(_ word: Word) { self.init(word.bytes, 0, end: word.count) }

    /// The cell as a number, which is another one than the string of the same bytes: `5.0` is the category 5.
    fileprivate var ofNumber: ShortCell { ShortCell(first, second | 1 &<< 56, end: end) }
}
