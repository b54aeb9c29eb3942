// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Two texts joined, stretched to a common shape.
struct StringConcatKernel: OperatorKernel {
    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let y = try context.input(1)
        let shape = try x.shape.broadcast(with: y.shape)
        guard shape.checkedCount != nil else { throw OperatorError("a result of \(shape)") }
        let left = try x.array(String.self)
        let right = try y.array(String.self)
        let joined = zip(x.shape.places(broadcastTo: shape), y.shape.places(broadcastTo: shape)).map {
            left[$0] + right[$1]
        }
        context.set(0, shape, joined)
    }
}

/// Texts cut at a delimiter, or at white space; a last axis holds the pieces.
struct StringSplitKernel: OperatorKernel {
    let delimiter: String
    let splitsMax: Int?

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        guard x.shape.rank < Shape.rankMax else { throw OperatorError("more than eight axes") }
        let texts = try x.array(String.self).prefix(x.count)
        let pieces = texts.map(split)
        let width = pieces.map(\.count).max() ?? 0
        var shape = x.shape
        shape.append(width)
        guard shape.checkedCount != nil else { throw OperatorError("a result of \(shape)") }
        context.set(
            0, shape,
            pieces.flatMap { $0 + [String](repeating: "", count: width - $0.count) })
        context.set(1, x.shape, pieces.map { Int64($0.count) })
    }

    private func split(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        var pieces: [String] = []
        if delimiter.isEmpty {
            func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
            var rest = bytes.drop(while: isSpace)
            while !rest.isEmpty {
                if let splitsMax, pieces.count == splitsMax {
                    while let last = rest.last, isSpace(last) { rest.removeLast() }
                    pieces.append(String(decoding: rest, as: UTF8.self))
                    break
                }
                let piece = rest.prefix { !isSpace($0) }
                pieces.append(String(decoding: piece, as: UTF8.self))
                rest = rest[piece.endIndex...].drop(while: isSpace)
            }
            return pieces
        }
        if bytes.isEmpty { return [] }
        let mark = Array(delimiter.utf8)
        var start = 0
        var place = 0
        while place + mark.count <= bytes.count {
            if splitsMax.map({ pieces.count < $0 }) ?? true,
                bytes[place..<place + mark.count].elementsEqual(mark)
            {
                pieces.append(String(decoding: bytes[start..<place], as: UTF8.self))
                place += mark.count
                start = place
            } else {
                place += 1
            }
        }
        pieces.append(String(decoding: bytes[start...], as: UTF8.self))
        return pieces
    }
}

/// Stop words removed, case changed.
struct StringNormalizerKernel: OperatorKernel {
    enum Change: String, Sendable { case none = "NONE", lower = "LOWER", upper = "UPPER" }

    let change: Change
    let isCaseSensitive: Bool
    let stopWords: Set<String>

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let texts = try x.array(String.self).prefix(x.count)
        guard x.shape.rank == 1 || x.shape.rank == 2 && x.shape[0] == 1 else {
            throw OperatorError("an input of \(x.shape)")
        }
        let words = isCaseSensitive ? stopWords : Set(stopWords.map { $0.lowercased() })
        var kept = texts.filter { !words.contains(isCaseSensitive ? $0 : $0.lowercased()) }
        switch change {
        case .none: break
        case .lower: kept = kept.map { $0.lowercased() }
        case .upper: kept = kept.map { $0.uppercased() }
        }
        if kept.isEmpty { kept = [""] }
        context.set(0, x.shape.rank == 1 ? Shape(kept.count) : Shape(1, kept.count), Array(kept))
    }
}

/// Counts of n-grams from a vocabulary.
struct TfIdfKernel: OperatorKernel {
    enum Mode: String, Sendable { case counts = "TF", inverse = "IDF", both = "TFIDF" }

    let mode: Mode
    let lengths: ClosedRange<Int>
    let skipsMax: Int
    /// The output column of each n-gram, by its words.
    let columns: [[String]: Int]
    let weights: [Float]?
    let width: Int

    init(_ description: OperatorDescription) throws(OperatorError) {
        guard let mode = Mode(rawValue: try description.string("mode", default: "")) else {
            throw OperatorError("the mode is not known")
        }
        self.mode = mode
        let shortest = try description.integer("min_gram_length", default: 1)
        let longest = try description.integer("max_gram_length", default: 1)
        guard shortest >= 1, shortest <= longest, longest <= 64 else { throw OperatorError("gram lengths") }
        lengths = shortest...longest
        skipsMax = try description.integer("max_skip_count", default: 0)
        guard (0...1_024).contains(skipsMax) else { throw OperatorError("max_skip_count") }
        let starts = try description.integers("ngram_counts") ?? []
        let targets = try description.integers("ngram_indexes") ?? []
        let pool =
            try description.strings("pool_strings")
            .or((description.integers("pool_int64s") ?? []).map { "\($0)" })
        weights = try description.floats("weights")
        var columns: [[String]: Int] = [:]
        var gram = 0
        for (index, start) in starts.enumerated() {
            let length = index + 1
            let end = index + 1 < starts.count ? starts[index + 1] : pool.count
            guard start >= 0, start <= end, end <= pool.count, (end - start) % length == 0 else {
                throw OperatorError("ngram_counts")
            }
            for first in stride(from: start, to: end, by: length) {
                guard gram < targets.count else { throw OperatorError("ngram_indexes") }
                columns[Array(pool[first..<first + length])] = gram
                gram += 1
            }
        }
        guard targets.allSatisfy({ (0..<1 << 24).contains($0) }), targets.count == gram,
            weights?.count ?? gram == gram
        else { throw OperatorError("ngram_indexes or weights of another size than the pool") }
        self.targets = targets
        self.columns = columns
        width = (targets.max() ?? -1) + 1
    }

    private let targets: [Int]

    func run(_ context: inout OperatorContext) throws(OperatorError) {
        let x = try context.input(0)
        let words: [String]
        if case .string(let texts) = x.elements {
            words = Array(texts.prefix(x.count))
        } else {
            words = try x.convertedToLongs().map { "\($0)" }
        }
        guard x.shape.rank == 1 || x.shape.rank == 2 else { throw OperatorError("an input of \(x.shape)") }
        let rows = x.shape.rank == 1 ? 1 : x.shape[0]
        let length = x.shape.rank == 1 ? x.shape[0] : x.shape[1]
        guard Shape(rows, width).checkedCount != nil else { throw OperatorError("a result too large") }
        var result = [Float](repeating: 0, count: rows * width)
        for row in 0..<rows {
            var counts = [Int](repeating: 0, count: targets.count)
            let line = Array(words[row * length..<(row + 1) * length])
            count(line, into: &counts)
            for (gram, found) in counts.enumerated() where found > 0 {
                let weight = weights?[gram] ?? 1
                let value: Float =
                    switch mode {
                    case .counts: Float(found)
                    case .inverse: weight
                    case .both: Float(found) * weight
                    }
                result[row * width + targets[gram]] = value
            }
        }
        context.set(0, x.shape.rank == 1 ? Shape(width) : Shape(rows, width), result)
    }

    private func count(_ line: [String], into counts: inout [Int]) {
        for length in lengths {
            // Single words have no gaps between them.
            for gap in 1...(length == 1 ? 1 : skipsMax + 1) {
                let reach = (length - 1) * gap
                guard reach < line.count else { break }
                for first in 0..<line.count - reach {
                    let gram = (0..<length).map { line[first + $0 * gap] }
                    if let column = columns[gram] { counts[column] += 1 }
                }
            }
        }
    }
}

extension OperatorTable {
    static let textOperators: [String: OperatorEntry] = {
        let last = standardLast
        return [
            "StringConcat": OperatorEntry(20...last, 2...2) { _ in StringConcatKernel() },
            "StringSplit": OperatorEntry(20...last, 1...1, outputs: 2...2) {
                (description) throws(OperatorError) -> any OperatorKernel in
                let most = try description.integer("maxsplit")
                return StringSplitKernel(
                    delimiter: try description.string("delimiter", default: ""),
                    splitsMax: most.map { $0 < 0 ? nil : $0 } ?? nil)
            },
            "StringNormalizer": OperatorEntry(10...last, 1...1) {
                (description) throws(OperatorError) -> any OperatorKernel in
                let name = try description.string("case_change_action", default: "NONE")
                guard let change = StringNormalizerKernel.Change(rawValue: name) else {
                    throw OperatorError("the change \"\(name)\" is not known")
                }
                return StringNormalizerKernel(
                    change: change, isCaseSensitive: try description.flag("is_case_sensitive"),
                    stopWords: Set(try description.strings("stopwords") ?? []))
            },
            "TfIdfVectorizer": OperatorEntry(9...last, 1...1) {
                (description) throws(OperatorError) -> any OperatorKernel in try TfIdfKernel(description)
            },
        ]
    }()
}
