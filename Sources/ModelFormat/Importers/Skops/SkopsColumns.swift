// SPDX-License-Identifier: Apache-2.0
import Tabular

/// The columns of a row on their way through scikit-learn's transformers, and the stages that do the same.
///
/// Transformers work on some of the columns; a stage works on all of them, so the others get numbers that
/// change nothing.
struct SkopsColumns {
    /// What a column is: an input as the client sends it, or a number that was computed.
    private struct Column {
        /// The input, while nothing was computed on it.
        var input: Int?
        /// What replaces a missing category, until the categories are known.
        var fill: SkopsLabel?
        /// The input that the column still is, whoever has looked at it.
        var origin: Int?
    }

    private(set) var schema: FeatureSchema
    private(set) var stages: [PreprocessingStage] = []
    /// What is computed behind the stages, from the first transformer on that is none; its last value is the
    /// columns.
    private(set) var program: RowProgram?
    private var columns: [Column]
    private var isUsedAsNumber: [Bool]
    /// Where the numbers of each vectorizer of texts are before the first step, by its path in the model.
    private(set) var textRanges: [String: Range<Int>] = [:]
    /// Where each feature is before the first step; nil for texts.
    private(set) var featurePlaces: [Int?]

    init(schema: FeatureSchema) {
        self.schema = schema
        columns = schema.features.indices.map { Column(input: $0, origin: $0) }
        isUsedAsNumber = [Bool](repeating: false, count: schema.count)
        featurePlaces = schema.features.indices.map { $0 }
    }

    /// Texts become numbers before anything else is done: the columns are the other features, then what each
    /// vectorizer makes.
    init(schema: FeatureSchema, texts: [SkopsTexts.Vectorizer], part: String) throws(FormatError) {
        self.init(schema: schema)
        if texts.isEmpty { return }
        for text in texts {
            guard schema.features.indices.contains(text.feature) else {
                throw .invalidValue(part: text.path, reason: "\(text.feature) is no column")
            }
            self.schema.features[text.feature].kind = .text
        }
        columns.removeAll { column in column.input.map { self.schema.features[$0].kind == .text } ?? false }
        featurePlaces = schema.features.indices.map { feature in
            columns.firstIndex { $0.input == feature }
        }
        var kept = columns.compactMap { $0.input.map { schema.features[$0].name } }
        var taken = Set(schema.features.map(\.name))
        for text in texts {
            if text.width > RowProgram.widthMax - columns.count {
                throw .invalidValue(part: part, reason: "texts make more than \(RowProgram.widthMax) numbers")
            }
            let feature = schema.features[text.feature].name
            let names = (0..<text.width).map { number in
                var name = "\(feature) term \(columns.count + number)"
                while !taken.insert(name).inserted { name += "'" }
                return name
            }
            stages.append(
                .columns(ColumnStage(inputs: [feature], outputs: names, operation: text.operation)))
            kept += names
            textRanges[text.path] = columns.count..<columns.count + text.width
            columns += [Column](repeating: Column(), count: text.width)
        }
        stages.append(.columns(ColumnStage(inputs: kept, outputs: kept, operation: .keep)))
    }

    var count: Int { columns.count }

    /// Takes these columns, in this order.
    mutating func select(_ indices: [Int], part: String) throws(FormatError) {
        for index in indices where index < 0 || index >= count {
            throw .invalidValue(part: part, reason: "\(index) is no column of \(count)")
        }
        if indices == Array(0..<count) { return }
        try append(.select(indices), part: part)
        columns = indices.map { columns[$0] }
    }

    // MARK: Numbers

    mutating func impute(_ range: Range<Int>, _ values: [SkopsLabel], part: String) throws(FormatError) {
        try check(values.count, range, part)
        var numbers = [Double](repeating: .nan, count: count)
        for (index, value) in zip(range, values) {
            switch value {
            case .number(let number) where !number.isNaN:
                numbers[index] = number
                try useAsNumber(index, part: part)
            case .text: columns[index].fill = value
            default:
                throw .unsupported(
                    part: "\(part): a column without any value", advice: "take it out before training")
            }
        }
        if numbers.contains(where: { !$0.isNaN }) {
            try append(.impute(values: numbers), part: part)
        }
    }

    mutating func scale(
        _ range: Range<Int>, offsets: [Double]?, divisors: [Double]?, part: String
    ) throws(FormatError) {
        var allOffsets = [Double](repeating: 0, count: count)
        var allDivisors = [Double](repeating: 1, count: count)
        try place(offsets, range, into: &allOffsets, part)
        try place(divisors, range, into: &allDivisors, part)
        try append(.scale(offsets: allOffsets, divisors: allDivisors), part: part)
    }

    mutating func multiply(
        _ range: Range<Int>, by multipliers: [Double], adding addends: [Double], part: String
    ) throws(FormatError) {
        var allMultipliers = [Double](repeating: 1, count: count)
        var allAddends = [Double](repeating: 0, count: count)
        try place(multipliers, range, into: &allMultipliers, part)
        try place(addends, range, into: &allAddends, part)
        try append(.affine(multipliers: allMultipliers, addends: allAddends), part: part)
    }

    private mutating func place(
        _ numbers: [Double]?, _ range: Range<Int>, into all: inout [Double], _ part: String
    ) throws(FormatError) {
        for index in range { try useAsNumber(index, part: part) }
        guard let numbers else { return }
        try check(numbers.count, range, part)
        for (index, number) in zip(range, numbers) { all[index] = number }
    }

    /// What is left goes into the estimator, as numbers.
    mutating func finish() throws(FormatError) {
        for index in columns.indices { try useAsNumber(index, part: "the estimator") }
    }

    private mutating func useAsNumber(_ index: Int, part: String) throws(FormatError) {
        guard let input = columns[index].input else { return }
        if schema.features[input].kind != .numeric || columns[index].fill != nil {
            throw .unsupported(
                part:
                    "\(part): the column \"\(schema.features[input].name)\", which is text elsewhere,",
                advice: "give it to one transformer")
        }
        isUsedAsNumber[input] = true
        columns[index].input = nil
        columns[index].origin = nil
    }

    private func check(_ found: Int, _ range: Range<Int>, _ part: String) throws(FormatError) {
        if found != range.count {
            throw .wrongShape(part: part, expected: "[\(range.count)]", found: "[\(found)]")
        }
    }

    // MARK: Categories

    /// Turns the columns of `range` into codes: places in their lists of categories.
    ///
    /// The last category may be that of missing values, which has no name that a client could send.
    mutating func encode(_ range: Range<Int>, _ categories: [[SkopsLabel]], part: String) throws(FormatError)
    {
        try check(categories.count, range, part)
        if categories.contains(where: { $0.dropLast().contains { $0.name == nil } }) {
            throw .unsupported(
                part: "\(part): two categories for missing values",
                advice: "put a SimpleImputer before the encoder")
        }
        let hasMissing = categories.map { $0.last.map { $0.name == nil } ?? false }
        let categories = zip(categories, hasMissing).map { $1 ? Array($0.dropLast()) : $0 }
        var lists = [[Double]](repeating: [], count: count)
        var fills = [Double](repeating: .nan, count: count)
        for (index, labels) in zip(range, categories) {
            let numbers = labels.compactMap { if case .number(let number) = $0 { number } else { nil } }
            if numbers.count == labels.count {
                if numbers.isEmpty { throw .invalidValue(part: part, reason: "a column has no category") }
                try useAsNumber(index, part: part)
                lists[index] = numbers
            } else {
                try nameCategories(labels, index, &fills, part: part)
            }
        }
        if lists.contains(where: { !$0.isEmpty }) { try append(.recode(lists), part: part) }
        if fills.contains(where: { !$0.isNaN }) {
            try append(.impute(values: fills), part: part)
        }
        guard hasMissing.contains(true) else { return }
        var codes = [Double](repeating: .nan, count: count)
        lists = [[Double]](repeating: [], count: count)
        for (place, index) in range.enumerated() where hasMissing[place] {
            codes[index] = Double(categories[place].count)
            lists[index] = (0...categories[place].count).map { Double($0) }
        }
        try append(.impute(values: codes), part: part)
        // The same codes, of a column with one category more.
        try append(.recode(lists), part: part)
    }

    private mutating func nameCategories(
        _ labels: [SkopsLabel], _ index: Int, _ fills: inout [Double], part: String
    ) throws(FormatError) {
        guard let input = columns[index].input, !isUsedAsNumber[input] else {
            throw .unsupported(
                part: "\(part): text categories of a column that is a number",
                advice: "give it to one transformer")
        }
        let names = labels.compactMap(\.name)
        if let fill = columns[index].fill {
            // A value that training never saw stays one.
            fills[index] = labels.firstIndex(of: fill).map(Double.init) ?? FeatureKind.unseenCategory
        }
        let kind = FeatureKind.categorical(categories: names)
        if schema.features[input].kind != .numeric && schema.features[input].kind != kind {
            throw .unsupported(
                part: "\(part): the column \"\(schema.features[input].name)\" has two lists of categories",
                advice: "give it to one transformer")
        }
        schema.features[input].kind = kind
        columns[index] = Column()
    }

    /// Each code of `range` becomes a column a category, but for the dropped ones.
    mutating func spread(
        _ range: Range<Int>, categories: [[SkopsLabel]], dropped: [Int?], part: String
    ) throws(FormatError) {
        var encodings = [PreprocessingStage.ColumnEncoding](repeating: .pass, count: count)
        var kept: [Int] = Array(0..<range.lowerBound)
        var position = range.lowerBound
        for (place, index) in range.enumerated() {
            encodings[index] = .oneHot(categoryCount: categories[place].count)
            for category in 0..<categories[place].count where category != dropped[place] {
                kept.append(position + category)
            }
            position += categories[place].count
        }
        let width = kept.count - range.lowerBound
        kept.append(contentsOf: position..<position + count - range.upperBound)
        try append(.encode(encodings), part: part)
        if dropped.contains(where: { $0 != nil }) { try append(.select(kept), part: part) }
        columns.replaceSubrange(range, with: [Column](repeating: Column(), count: width))
    }

    /// Codes of `range` that no category has become missing.
    mutating func forgetUnseen(_ range: Range<Int>, part: String) throws(FormatError) {
        var encodings = [PreprocessingStage.ColumnEncoding](repeating: .pass, count: count)
        for index in range { encodings[index] = .ordinal }
        try append(.encode(encodings), part: part)
    }

    // MARK: Steps

    private mutating func append(_ stage: PreprocessingStage, part: String) throws(FormatError) {
        guard var program else { return stages.append(stage) }
        // Categories are not followed through a program.
        var counts: [Int] = []
        if case .encode(let encodings) = stage {
            counts = encodings.map { if case .oneHot(let count) = $0 { count } else { 0 } }
        }
        if counts.contains(where: { $0 > 0 }) {
            try program.add(.spread(counts), [program.last], part: part)
        } else {
            try program.add(.stages([stage]), [program.last], part: part)
        }
        self.program = program
    }

    /// The columns of `range` become what `steps` makes of them: it adds steps to a program and returns the
    /// value that takes their place, given the value that they are.
    mutating func compute(
        _ range: Range<Int>, part: String,
        _ steps: (inout RowProgram, Int) throws(FormatError) -> Int
    ) throws(FormatError) {
        for index in range { try useAsNumber(index, part: part) }
        var program = self.program ?? RowProgram(inputWidth: count)
        let whole = program.last
        let own =
            range == 0..<count ? whole : try program.add(.select(Array(range)), [whole], part: part)
        var result = try steps(&program, own)
        let width = program.widths[result]
        if range != 0..<count {
            var parts: [Int] = []
            if range.lowerBound > 0 {
                parts.append(try program.add(.select(Array(0..<range.lowerBound)), [whole], part: part))
            }
            parts.append(result)
            if range.upperBound < count {
                parts.append(try program.add(.select(Array(range.upperBound..<count)), [whole], part: part))
            }
            result = try program.add(.join, parts, part: part)
        }
        if result != program.last {
            result = try program.add(.join, [result], part: part)
        }
        self.program = program
        columns.replaceSubrange(range, with: [Column](repeating: Column(), count: width))
    }

    /// The schema of a model inside this one that reads these columns.
    var innerSchema: FeatureSchema {
        var names: Set<String> = []
        return FeatureSchema(
            features: columns.enumerated().map { index, column in
                let name = column.origin.map { schema.features[$0].name } ?? ""
                let isOwn = !name.isEmpty && names.insert(name).inserted
                return Feature(name: isOwn ? name : "column \(index) of \(columns.count)", kind: .numeric)
            })
    }

    /// Columns that a model inside this one reads as categories are categories here.
    mutating func adopt(_ inner: FeatureSchema, part: String) throws(FormatError) {
        for (index, feature) in inner.features.enumerated() where feature.kind != .numeric {
            guard index < count, let input = columns[index].origin, !isUsedAsNumber[input],
                program == nil, columns[index].fill == nil,
                schema.features[input].kind == .numeric || schema.features[input].kind == feature.kind
            else {
                throw .unsupported(
                    part: "\(part): text categories of the column \(index)",
                    advice: "put one encoder before the models")
            }
            schema.features[input].kind = feature.kind
            columns[index].input = nil
        }
    }
}
