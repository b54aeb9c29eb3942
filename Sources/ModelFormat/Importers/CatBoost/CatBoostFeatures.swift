// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// `features_info` of a CatBoost model: the columns, the borders and categories that splits name by number,
/// and the statistics that they use.
struct CatBoostFeatures {
    struct FloatFeature {
        var index = -1
        var column = -1
        var name = ""
        var borders: [Float] = []
        /// A missing number is above every border (`AsTrue`), or above none.
        var missingIsAbove = false
    }

    struct CategoricalFeature {
        var index = -1
        var column = -1
        var name = ""
        /// Hashes that one-hot splits ask for.
        var values: [Int64] = []
    }

    private(set) var floats: [FloatFeature] = []
    private(set) var categoricals: [CategoricalFeature] = []
    private(set) var statistics: [CatBoostStatistic] = []
    /// The categories of training, and what each is hashed to.
    private(set) var categoryNames: [String] = []
    private(set) var categoryHashes: [UInt32] = []

    mutating func read(_ document: inout DocumentReader) throws(FormatError) {
        let part = "features_info"
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            if try document.peek() == .null {
                try document.readNull()
                continue
            }
            switch name {
            case "float_features":
                try document.beginArray()
                while try document.nextElement() { floats.append(try readFloat(&document)) }
            case "categorical_features":
                try document.beginArray()
                while try document.nextElement() { categoricals.append(try readCategorical(&document)) }
            case "ctrs":
                try document.beginArray()
                while try document.nextElement() {
                    statistics.append(
                        try CatBoostStatistic(&document, part: "features_info.ctrs[\(statistics.count)]"))
                }
            case "cat_features_hash": try readHashes(&document)
            case "text_features", "embedding_features": try refuseFeatures(&document, name: name)
            default: try document.skipValue()
            }
        }
    }

    private func readFloat(_ document: inout DocumentReader) throws(FormatError) -> FloatFeature {
        let part = "features_info.float_features[\(floats.count)]"
        var feature = FloatFeature()
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            switch name {
            case "feature_index": feature.index = try document.readIndex(of: "\(part).\(name)")
            case "flat_feature_index": feature.column = try document.readIndex(of: "\(part).\(name)")
            case "feature_id", "feature_name": feature.name = try document.readString()
            case "borders":
                // Features that no split looks at have null.
                if try document.peek() == .null {
                    try document.readNull()
                } else {
                    try document.readFloats(into: &feature.borders)
                }
            case "nan_value_treatment":
                let treatment = try document.readString()
                guard ["AsIs", "AsFalse", "AsTrue"].contains(treatment) else {
                    throw .unknownPart("\(part).nan_value_treatment \"\(treatment)\"")
                }
                feature.missingIsAbove = treatment == "AsTrue"
            default: try document.skipValue()
            }
        }
        if feature.index < 0 || feature.column < 0 { throw .missingPart("\(part).flat_feature_index") }
        return feature
    }

    private func readCategorical(_ document: inout DocumentReader) throws(FormatError) -> CategoricalFeature {
        let part = "features_info.categorical_features[\(categoricals.count)]"
        var feature = CategoricalFeature()
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            switch name {
            case "feature_index": feature.index = try document.readIndex(of: "\(part).\(name)")
            case "flat_feature_index": feature.column = try document.readIndex(of: "\(part).\(name)")
            case "feature_id", "feature_name": feature.name = try document.readString()
            case "values":
                if try document.peek() == .null {
                    try document.readNull()
                } else {
                    try document.beginArray()
                    while try document.nextElement() { feature.values.append(try document.readInt64()) }
                }
            default: try document.skipValue()
            }
        }
        if feature.index < 0 || feature.column < 0 { throw .missingPart("\(part).flat_feature_index") }
        return feature
    }

    private mutating func readHashes(_ document: inout DocumentReader) throws(FormatError) {
        try document.beginArray()
        while try document.nextElement() {
            let part = "features_info.cat_features_hash[\(categoryNames.count)]"
            var (hash, value): (UInt32?, String?) = (nil, nil)
            var names = MemberNames()
            try document.beginObject()
            while let name = try document.nextMember(&names, of: part) {
                switch name {
                case "hash": hash = UInt32(exactly: try document.readInt64())
                case "value": value = try document.readString()
                default: try document.skipValue()
                }
            }
            guard let hash, let value else { throw .missingPart("\(part): hash and value") }
            categoryHashes.append(hash)
            categoryNames.append(value)
        }
    }

    private func refuseFeatures(_ document: inout DocumentReader, name: String) throws(FormatError) {
        try document.beginArray()
        if try document.nextElement() {
            throw .unsupported(part: "features_info.\(name)", advice: "train on numbers and categories alone")
        }
    }

    // MARK: What splits name by number

    enum Split {
        case above(column: Int, border: Float, missingIsAbove: Bool)
        /// The category is the one with this hash.
        case equal(column: Int, hash: UInt32)
    }

    /// All splits in the order of their numbers: borders of floats, values of categories, borders of
    /// statistics, whose columns stand behind the others.
    func splits(columnCount: Int) throws(FormatError) -> [Split] {
        var splits: [Split] = []
        for feature in floats {
            for border in feature.borders {
                splits.append(
                    .above(column: feature.column, border: border, missingIsAbove: feature.missingIsAbove))
            }
        }
        for feature in categoricals {
            for value in feature.values {
                guard let hash = Int32(exactly: value) else {
                    throw .invalidValue(
                        part: "features_info.categorical_features", reason: "\(value) is no 32-bit hash")
                }
                splits.append(.equal(column: feature.column, hash: UInt32(bitPattern: hash)))
            }
        }
        for (index, statistic) in statistics.enumerated() {
            for border in statistic.borders {
                splits.append(.above(column: columnCount + index, border: border, missingIsAbove: false))
            }
        }
        return splits
    }

    /// The columns in their order. CatBoost calls a column without a name by its number.
    func schema() throws(FormatError) -> FeatureSchema {
        let count = max(floats.map(\.column).max() ?? -1, categoricals.map(\.column).max() ?? -1) + 1
        if count > XGBoostImporter.featureCountMax {
            throw .invalidValue(
                part: "features_info", reason: "more than \(XGBoostImporter.featureCountMax) columns")
        }
        var features = (0..<count).map { Feature(name: String($0), kind: .numeric) }
        for feature in floats where !feature.name.isEmpty { features[feature.column].name = feature.name }
        for feature in categoricals {
            if !feature.name.isEmpty { features[feature.column].name = feature.name }
            features[feature.column].kind = .categorical(categories: categoryNames)
        }
        if !categoricals.isEmpty && categoryNames.isEmpty {
            throw .unsupported(
                part: "a model of categories without their names (features_info.cat_features_hash)",
                advice: "save with model.save_model(path, format=\"json\", pool=train_pool)")
        }
        return FeatureSchema(features: features)
    }
}

extension DocumentReader {
    /// A number of a column or feature.
    mutating func readIndex(of name: String) throws(FormatError) -> Int {
        let number = try readInt64()
        guard number >= 0, number < Int64(XGBoostImporter.featureCountMax) else {
            throw .invalidValue(
                part: name, reason: "\(number) is not from 0 to \(XGBoostImporter.featureCountMax - 1)")
        }
        return Int(number)
    }
}
