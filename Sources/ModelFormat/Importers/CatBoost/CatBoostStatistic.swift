// SPDX-License-Identifier: Apache-2.0
import Base

/// One entry of `features_info.ctrs`: a number made of categories, from a table of `ctr_data`.
struct CatBoostStatistic {
    enum Element {
        case category(feature: Int)
        case float(feature: Int, border: Float)
        case exact(feature: Int, value: Int64)
    }

    private(set) var borders: [Float] = []
    private(set) var identifier = ""
    private(set) var elements: [Element] = []
    private var type = ""
    private var priorNumerator: Float = 0
    private var priorDenominator: Float = 1
    private var shift: Float = 0
    private var scale: Float = 1
    private var targetBorder = 0

    init(_ document: inout DocumentReader, part: String) throws(FormatError) {
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            switch name {
            case "borders": try document.readFloats(into: &borders)
            case "identifier": identifier = try document.readString()
            case "ctr_type": type = try document.readString()
            case "prior_numerator": priorNumerator = try document.readFloat()
            // CatBoost's own spelling.
            case "prior_denomerator", "prior_denominator": priorDenominator = try document.readFloat()
            case "shift": shift = try document.readFloat()
            case "scale": scale = try document.readFloat()
            case "target_border_idx": targetBorder = try document.readIndex(of: "\(part).\(name)")
            case "elements":
                try document.beginArray()
                while try document.nextElement() {
                    elements.append(try CatBoostStatistic.element(&document, part: "\(part).elements"))
                }
            default: try document.skipValue()
            }
        }
        if !CatBoostStatistic.types.contains(type) { throw .unknownPart("\(part).ctr_type \"\(type)\"") }
    }

    private static let types = [
        "Borders", "Buckets", "BinarizedTargetMeanValue", "FloatTargetMeanValue", "Counter", "FeatureFreq",
    ]

    private static func element(_ document: inout DocumentReader, part: String) throws(FormatError) -> Element
    {
        var (kind, category, float): (String, Int?, Int?) = ("", nil, nil)
        var (border, value): (Float?, Int64?) = (nil, nil)
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            switch name {
            case "combination_element": kind = try document.readString()
            case "cat_feature_index": category = try document.readIndex(of: "\(part).\(name)")
            case "float_feature_index": float = try document.readIndex(of: "\(part).\(name)")
            case "border": border = try document.readFloat()
            case "value", "hash": value = try document.readInt64()
            default: try document.skipValue()
            }
        }
        switch (kind, category, float, border, value) {
        case ("cat_feature_value", let feature?, _, _, _): return .category(feature: feature)
        case ("float_feature", _, let feature?, let border?, _):
            return .float(feature: feature, border: border)
        case ("cat_feature_exact_value", let feature?, _, _, let value?):
            return .exact(feature: feature, value: value)
        default: throw .unknownPart("\(part).combination_element \"\(kind)\"")
        }
    }

    // MARK: The table

    /// The value of one key of `table`, or of none, in Float32 as CatBoost computes it.
    private func value(_ counts: ArraySlice<Float>, denominator: Float) -> Float {
        let (share, total): (Float, Float)
        switch type {
        case "Counter", "FeatureFreq": (share, total) = (counts.first ?? 0, denominator)
        case "Borders":
            (share, total) = (counts.dropFirst(targetBorder + 1).reduce(0, +), counts.reduce(0, +))
        case "Buckets":
            (share, total) = (counts.dropFirst(targetBorder).first ?? 0, counts.reduce(0, +))
        default: (share, total) = (counts.first ?? 0, counts.dropFirst().first ?? 0)
        }
        return ((share + priorNumerator) / (total + priorDenominator) + shift) * scale
    }

    func table(_ data: CatBoostTable, features: CatBoostFeatures, part: String) throws(FormatError)
        -> CategoryStatistics.Table
    {
        var parts: [CategoryStatistics.Part] = []
        for element in elements { parts.append(try self.part(element, features: features, part: part)) }
        let order = data.keys.indices.sorted { data.keys[$0] < data.keys[$1] }
        var table = CategoryStatistics.Table(
            parts: parts, keys: [], values: [], unknown: value([], denominator: data.denominator))
        for index in order {
            // The mark of a free place in CatBoost's own hash table, with whatever lies behind it.
            if data.keys[index] == .max { continue }
            let start = index * data.width
            table.keys.append(data.keys[index])
            table.values.append(
                value(data.counts[start..<start + data.width], denominator: data.denominator))
        }
        return table
    }

    private func part(
        _ element: Element, features: CatBoostFeatures, part: String
    ) throws(FormatError) -> CategoryStatistics.Part {
        switch element {
        case .category(let index):
            if let feature = features.categoricals.first(where: { $0.index == index }) {
                return .category(column: feature.column)
            }
        case .exact(let index, let value):
            if let feature = features.categoricals.first(where: { $0.index == index }),
                let hash = Int32(exactly: value)
            {
                return .equal(column: feature.column, hash: CatBoostTable.extended(UInt32(bitPattern: hash)))
            }
        case .float(let index, let border):
            if let feature = features.floats.first(where: { $0.index == index }) {
                return .above(column: feature.column, border: border)
            }
        }
        throw .invalidValue(part: part, reason: "it is made of a feature that is not there")
    }
}

/// One entry of `ctr_data`: what training counted for each key.
struct CatBoostTable {
    private(set) var keys: [UInt64] = []
    /// `width` numbers a key.
    private(set) var counts: [Float] = []
    private(set) var width = 0
    private(set) var denominator: Float = 0

    /// The 32-bit hash of a category is signed where keys are made of it.
    static func extended(_ hash: UInt32) -> UInt64 {
        UInt64(bitPattern: Int64(Int32(bitPattern: hash)))
    }

    /// `{"hash_map":["key",count,…,"key",…],"hash_stride":1 + counts a key,"counter_denominator":…}`
    init(_ document: inout DocumentReader, part: String) throws(FormatError) {
        var names = MemberNames()
        var stride = 0
        var keyPositions: [Int] = []
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            switch name {
            case "hash_map":
                try document.beginArray()
                while try document.nextElement() {
                    if try document.peek() == .string {
                        let text = try document.readString()
                        guard let key = UInt64(text) else {
                            throw .invalidValue(part: "\(part).hash_map", reason: "\"\(text)\" is no key")
                        }
                        keyPositions.append(keys.count + counts.count)
                        keys.append(key)
                    } else {
                        counts.append(try document.readFloat())
                    }
                }
            case "hash_stride": stride = try document.readIndex(of: "\(part).hash_stride")
            case "counter_denominator": denominator = try document.readFloat()
            default: try document.skipValue()
            }
        }
        width = stride - 1
        guard stride >= 2, keys.count * stride == keys.count + counts.count,
            keyPositions.enumerated().allSatisfy({ $1 == $0 * stride })
        else {
            throw .invalidValue(part: "\(part).hash_map", reason: "it is not made of rows of \(stride)")
        }
    }
}
