// SPDX-License-Identifier: Apache-2.0
import Base
import ModelFormat
import Training
import YAML

/// Reads the steps of the preprocessing from a file that a person wrote: docs/reference/preprocessing.md.
struct RecipeReader {
    private let path: String

    static func read(_ path: String) throws(AppError) -> PreparationRecipe {
        let bytes: [UInt8]
        do { bytes = try File.read(path, limit: 1 << 20) } catch {
            throw AppError(.noInput, error.description)
        }
        return try RecipeReader(path: path).recipe(bytes.span)
    }

    init(path: String) { self.path = path }

    func recipe(_ text: Span<UInt8>) throws(AppError) -> PreparationRecipe {
        let document: YAMLValue?
        do { document = try YAMLDocument.parse(text) } catch { throw AppError(.usage, "\(path):\(error)") }
        guard let document else { return PreparationRecipe() }
        guard let list = document.sequence ?? document["preprocess"]?.sequence else {
            throw wrong(
                document, "a list of steps is expected, for instance \"- impute: {columns: numeric}\"")
        }
        var steps: [PreparationStep] = []
        for entry in list { steps.append(try step(entry)) }
        return PreparationRecipe(steps)
    }

    private func wrong(_ value: YAMLValue, _ reason: String) -> AppError {
        AppError(.usage, "\(path):\(value.mark): \(reason)")
    }

    private static let words = [
        "impute", "scale", "transform", "clip", "bin", "normalize", "one_hot", "ordinal", "target", "hash",
        "date",
        "polynomial", "text", "pca", "select", "drop",
    ]

    private func step(_ entry: YAMLValue) throws(AppError) -> PreparationStep {
        guard let members = entry.mapping, members.count == 1, let member = members.first else {
            throw wrong(
                entry, "a step is one word with its options, for instance \"scale: {columns: numeric}\"")
        }
        guard Self.words.contains(member.key) else {
            throw wrong(
                entry, "\"\(member.key)\" is no step; there are \(Self.words.joined(separator: ", "))")
        }
        guard member.value.mapping != nil else {
            throw wrong(
                member.value, "the options of \(member.key) are a mapping, for instance {columns: all}")
        }
        var options = RecipeOptions(path: path, step: member.key, member.value)
        let columns = try options.columns()
        let action = try action(member.key, &options)
        try options.expectNoOther()
        return PreparationStep(columns, action)
    }

    private func action(
        _ word: String, _ options: inout RecipeOptions
    ) throws(AppError) -> PreparationAction {
        switch word {
        case "impute": return try impute(&options)
        case "scale": return .scale(try scale(&options))
        case "transform": return .transform(try transform(&options))
        case "clip":
            return .clip(
                minimum: try options.number("min"), maximum: try options.number("max"),
                lowQuantile: try options.fraction("low_quantile"),
                highQuantile: try options.fraction("high_quantile"))
        case "bin":
            return .bin(
                count: try options.count("bins", in: 2...10_000) ?? 5,
                try options.choice("strategy", BinStrategy.self) ?? .quantile)
        case "normalize": return .normalize(try options.choice("norm", Norm.self) ?? .l2)
        case "one_hot":
            var rule = OneHotRule()
            rule.countMin = try options.count("min_count", in: 0...Int.max) ?? 0
            rule.columnsMax = try options.count("max_columns", in: 1...1_000_000)
            rule.dropsFirst = try options.flag("drop_first") ?? false
            rule.unseenAreRare = try options.flag("unseen_as_rare") ?? true
            rule.missingHasColumn = try options.flag("missing_column") ?? false
            return .oneHot(rule)
        case "ordinal": return .ordinal
        case "target":
            return .target(
                smooth: try options.number("smooth"), folds: try options.count("folds", in: 2...100) ?? 5)
        case "hash":
            return .hash(
                buckets: try options.count("buckets", in: 1...100_000) ?? 64,
                isSigned: try options.flag("signed") ?? true)
        case "date": return .date(try options.choices("parts", DatePart.self) ?? DatePart.allCases)
        case "polynomial":
            return .polynomial(
                degree: try options.count("degree", in: 2...8) ?? 2,
                interactionOnly: try options.flag("interaction_only") ?? false)
        case "text": return try text(&options)
        case "pca":
            return .principalComponents(
                count: try options.count("components", in: 1...10_000) ?? 2,
                whiten: try options.flag("whiten") ?? false)
        case "select": return .select
        default: return .drop
        }
    }

    private func impute(_ options: inout RecipeOptions) throws(AppError) -> PreparationAction {
        let word = try options.word("strategy", ["mean", "median", "most_frequent", "constant"]) ?? "median"
        let constant = try options.text("constant")
        let strategy: ImputeStrategy
        switch word {
        case "mean": strategy = .mean
        case "median": strategy = .median
        case "most_frequent": strategy = .mostFrequent
        default:
            guard let constant else { throw options.wrong("constant needs the option constant: its value") }
            strategy = Double(constant).map { .constant($0) } ?? .category(constant)
        }
        if constant != nil && word != "constant" {
            throw options.wrong("the option constant goes with \"strategy: constant\"")
        }
        return .impute(strategy, indicator: try options.flag("indicator") ?? false)
    }

    private func scale(_ options: inout RecipeOptions) throws(AppError) -> ScaleMethod {
        let word = try options.word("method", ["standard", "robust", "min_max", "max_abs"]) ?? "standard"
        let (low, high) = (try options.number("min"), try options.number("max"))
        let clips = try options.flag("clip")
        if word != "min_max" && (low != nil || high != nil || clips != nil) {
            throw options.wrong("min, max and clip go with \"method: min_max\"")
        }
        switch word {
        case "robust": return .robust
        case "max_abs": return .maxAbs
        case "min_max":
            guard low ?? 0 < high ?? 1 else { throw options.wrong("min must be below max") }
            return .minMax(low: low ?? 0, high: high ?? 1, clips: clips ?? false)
        default: return .standard
        }
    }

    private func transform(_ options: inout RecipeOptions) throws(AppError) -> TransformMethod {
        let functions = ElementFunction.allCases.map(\.rawValue)
        let own = ["yeo_johnson", "box_cox", "quantile_uniform", "quantile_normal"]
        guard let word = try options.word("method", own + functions) else {
            throw options.wrong("method is missing; it is \((own + functions).joined(separator: ", "))")
        }
        let count = try options.count("quantiles", in: 2...100_000)
        let standardizes = try options.flag("standardize")
        switch word {
        case "yeo_johnson", "box_cox":
            return .power(word == "box_cox" ? .boxCox : .yeoJohnson, standardizes: standardizes ?? true)
        case "quantile_uniform": return .quantile(.uniform, count: count ?? 1_000)
        case "quantile_normal": return .quantile(.normal, count: count ?? 1_000)
        default: return .function(ElementFunction(rawValue: word) ?? .absolute)
        }
    }

    private func text(_ options: inout RecipeOptions) throws(AppError) -> PreparationAction {
        let method = try options.word("method", ["tf_idf", "count", "hash"]) ?? "tf_idf"
        var rule = TextRule()
        rule.isLowercased = try options.flag("lowercase") ?? true
        rule.wordsMin = try options.count("min_words", in: 1...8) ?? 1
        rule.wordsMax = try options.count("max_words", in: 1...8) ?? rule.wordsMin
        guard rule.wordsMin <= rule.wordsMax else { throw options.wrong("min_words is above max_words") }
        let norm = try options.word("norm", Norm.allCases.map(\.rawValue) + ["none"])
        let chosen = norm.map { Norm(rawValue: $0) }
        if method == "hash" {
            rule.isSigned = try options.flag("signed") ?? true
            return .termHash(
                rule, buckets: try options.count("buckets", in: 1...100_000) ?? 256, norm: chosen ?? .l2)
        }
        rule.isSublinear = try options.flag("sublinear") ?? false
        var terms = TermRule()
        terms.termsMax = try options.count("max_terms", in: 1...1_000_000) ?? terms.termsMax
        terms.textsMin = try options.count("min_texts", in: 1...Int.max) ?? terms.textsMin
        terms.isWeighted = method == "tf_idf"
        terms.norm = chosen ?? (method == "tf_idf" ? .l2 : nil)
        return .terms(rule, terms)
    }
}
