// SPDX-License-Identifier: Apache-2.0
import Base

/// scikit-learn's transformers as stages. Each works on a range of the columns and returns how many columns
/// it leaves there.
struct SkopsTransformers: ~Escapable {
    let archive: SkopsArchive
    var columns: SkopsColumns

    @_lifetime(copy archive)
    init(_ archive: SkopsArchive, columns: SkopsColumns) {
        self.archive = archive
        self.columns = columns
    }

    mutating func apply(_ node: SkopsNode, to range: Range<Int>) throws(FormatError) -> Int {
        if node.scalar?.string == "passthrough" || node.scalar == .null { return range.count }
        guard node.module.hasPrefix("sklearn.") else {
            throw .unsupported(
                part: "\(node.path): \(node.module).\(node.className)", advice: SkopsImporter.advice)
        }
        let before = columns.count
        switch node.className {
        case "Pipeline":
            for step in try SkopsImporter.steps(node) {
                let width = range.count + columns.count - before
                _ = try apply(step, to: range.lowerBound..<range.lowerBound + width)
            }
        case "ColumnTransformer": try applyColumns(node, to: range)
        case "StandardScaler":
            try columns.scale(
                range, offsets: node.flag("with_mean") == false ? nil : try numbers(node, "mean_"),
                divisors: node.flag("with_std") == false ? nil : try numbers(node, "scale_"), part: node.path)
        case "RobustScaler":
            try columns.scale(
                range, offsets: node.flag("with_centering") == false ? nil : try numbers(node, "center_"),
                divisors: node.flag("with_scaling") == false ? nil : try numbers(node, "scale_"),
                part: node.path)
        case "MaxAbsScaler":
            try columns.scale(range, offsets: nil, divisors: try numbers(node, "scale_"), part: node.path)
        case "MinMaxScaler":
            try columns.multiply(
                range, by: try numbers(node, "scale_"), adding: try numbers(node, "min_"), part: node.path)
            if node.flag("clip") == true { try clip(node, range) }
        case "SimpleImputer": try impute(node, range)
        case "OneHotEncoder": try encodeOneHot(node, range)
        case "OrdinalEncoder": try encodeOrdinal(node, range)
        case "FunctionTransformer" where SkopsTransformers.changesNothing(node): break
        case "CountVectorizer", "TfidfVectorizer", "HashingVectorizer":
            guard columns.textRanges[node.path]?.count == range.count else {
                throw refuse(node, "steps before it, or beside it in a FeatureUnion")
            }
            if node.flag("binary") == true { try limitToOne(node, range) }
        default: try applyComputed(node, to: range)
        }
        return range.count + columns.count - before
    }

    /// Without a function, or with scikit-learn's own check of numbers, as histogram boosting has it.
    private static func changesNothing(_ node: SkopsNode) -> Bool {
        guard let function = node["func"] else { return true }
        let checked = function.value["content"]?["func"]
        return function.loader == "PartialNode" && checked?["__class__"]?.string == "check_array"
            && checked?["__module__"]?.string == "sklearn.utils.validation"
    }

    func numbers(_ node: SkopsNode, _ name: String) throws(FormatError) -> [Double] {
        try archive.doubles(try node.require(name))
    }

    func refuse(_ node: SkopsNode, _ what: String) -> FormatError {
        .unsupported(part: "\(node.path): \(node.className) with \(what)", advice: SkopsImporter.advice)
    }

    // MARK: Columns side by side

    /// Each transformer gets columns of its own, one behind the other; then they are run in turn.
    private mutating func applyColumns(_ node: SkopsNode, to range: Range<Int>) throws(FormatError) {
        guard range == 0..<columns.count else { throw refuse(node, "a place behind other columns") }
        var parts: [(node: SkopsNode, width: Int)] = []
        var taken: [Int] = []
        for entry in try node.require("transformers_").items ?? [] {
            guard let triple = entry.items, triple.count == 3, let name = triple[0].scalar?.string else {
                throw .invalidValue(part: entry.path, reason: "it is not a name, a transformer and columns")
            }
            if triple[1].scalar?.string == "drop" { continue }
            let indices = try places(of: triple[1], features: try indices(node, name: name, triple[2]))
            parts.append((triple[1], indices.count))
            taken.append(contentsOf: indices)
        }
        try columns.select(taken, part: "\(node.path).transformers_")
        var start = 0
        for part in parts { start += try apply(part.node, to: start..<start + part.width) }
    }

    /// Where the columns of a transformer are: what its vectorizer made of a text, else the features.
    private func places(of transformer: SkopsNode, features: [Int]) throws(FormatError) -> [Int] {
        if columns.textRanges.isEmpty { return features }
        if let text = try SkopsTexts.vectorizer(in: transformer), let range = columns.textRanges[text.path] {
            return Array(range)
        }
        var places: [Int] = []
        for feature in features {
            guard columns.featurePlaces.indices.contains(feature),
                let place = columns.featurePlaces[feature]
            else { throw refuse(transformer, "column \(feature), which is a text or not there") }
            places.append(place)
        }
        return places
    }

    /// The columns of the transformer `name`: from 1.0 on there is a list of their numbers.
    private func indices(
        _ node: SkopsNode, name: String, _ columns: SkopsNode
    ) throws(FormatError) -> [Int] {
        let list = node["_transformer_to_input_indices"]?[name] ?? columns
        var indices: [Int] = []
        if let items = list.items {
            for item in items {
                guard let index = item.scalar?.integer else {
                    throw refuse(node, "columns that are no numbers (scikit-learn before 1.0)")
                }
                indices.append(Int(index))
            }
            return indices
        }
        for number in try archive.doubles(list) {
            guard let index = Int(exactly: number) else { throw refuse(node, "columns that are no numbers") }
            indices.append(index)
        }
        return indices
    }

    // MARK: Missing values and categories

    private mutating func impute(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        if let marker = node["missing_values"]?.scalar?.double, !marker.isNaN {
            throw refuse(node, "missing_values=\(marker)")
        }
        let values = try archive.labels(try node.require("statistics_"))
        guard node.flag("add_indicator") == true, let indicator = node["indicator_"] else {
            return try columns.impute(range, values, part: node.path)
        }
        let gaps = try places(indicator, "features_")
        var fills: [Double] = []
        for value in values {
            guard case .number(let number) = value, !number.isNaN else {
                throw refuse(node, "add_indicator=True for text, or a column without any value")
            }
            fills.append(number)
        }
        let part = node.path
        try columns.compute(range, part: part) { (program, x) throws(FormatError) in
            let filled = try program.add(.stages([.impute(values: fills)]), [x], part: part)
            if gaps.isEmpty { return filled }
            let picked = try program.add(.select(gaps), [x], part: part)
            let marks = try program.add(.apply(.isMissing), [picked], part: part)
            return try program.add(.join, [filled, marks], part: part)
        }
    }

    func categories(_ node: SkopsNode) throws(FormatError) -> [[SkopsLabel]] {
        var lists: [[SkopsLabel]] = []
        for item in try node.require("categories_").items ?? [] { lists.append(try archive.labels(item)) }
        return lists
    }

    private mutating func encodeOneHot(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        let categories = try categories(node)
        var dropped = [Int?](repeating: nil, count: range.count)
        if let list = node["drop_idx_"] {
            let labels = try archive.labels(list)
            if labels.count != range.count {
                throw .wrongShape(part: list.path, expected: "[\(range.count)]", found: "[\(labels.count)]")
            }
            for (place, label) in labels.enumerated() {
                if case .number(let number) = label { dropped[place] = Int(exactly: number) }
            }
        }
        try columns.encode(range, categories, part: node.path)
        guard let groups = try SkopsGroups(node, archive, categories: categories) else {
            return try columns.spread(range, categories: categories, dropped: dropped, part: node.path)
        }
        // What is dropped was counted before grouping; afterwards it is another place.
        if let list = node["_drop_idx_after_grouping"] {
            for (place, label) in try archive.labels(list).enumerated() where place < dropped.count {
                dropped[place] = if case .number(let number) = label { Int(exactly: number) } else { nil }
            }
        }
        let kept = [Int?](repeating: nil, count: range.count)
        let before = columns.count
        try columns.spread(range, categories: categories, dropped: kept, part: node.path)
        let spread = range.lowerBound..<range.upperBound + columns.count - before
        let part = node.path
        let product = groups.columns(dropped: dropped)
        try columns.compute(spread, part: part) { (program, x) throws(FormatError) in
            try program.add(.product(matrix: product.matrix, addends: product.addends), [x], part: part)
        }
    }

    private mutating func encodeOrdinal(_ node: SkopsNode, _ range: Range<Int>) throws(FormatError) {
        // The code of a missing value is NaN, unless training was told another.
        if let code = node["encoded_missing_value"]?.scalar?.double, !code.isNaN {
            throw refuse(node, "encoded_missing_value=\(code)")
        }
        let all = try categories(node)
        let categories = all.map { $0.filter { $0.name != nil } }
        try columns.encode(range, categories, part: node.path)
        if let groups = try SkopsGroups(node, archive, categories: all) {
            let part = node.path
            let product = groups.codes(counts: categories.map(\.count))
            try columns.compute(range, part: part) { (program, x) throws(FormatError) in
                let spread = try program.add(.spread(categories.map(\.count)), [x], part: part)
                let codes = try program.add(
                    .product(matrix: product.matrix, addends: product.addends), [spread], part: part)
                // Missing ones stay missing.
                let zero = try program.add(.constants([0]), [], part: part)
                let gaps = try program.add(.combine(.multiply), [x, zero], part: part)
                return try program.add(.combine(.add), [codes, gaps], part: part)
            }
        }
        // Our own code for a category that training never saw is -1.
        let unknown = node["unknown_value"]?.scalar?.double ?? .nan
        if node.string("handle_unknown") == "use_encoded_value" && unknown == -1 { return }
        if !unknown.isNaN { throw refuse(node, "unknown_value=\(unknown)") }
        try columns.forgetUnseen(range, part: node.path)
    }
}
