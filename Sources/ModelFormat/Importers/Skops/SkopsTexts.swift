// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// scikit-learn's vectorizers of texts, as stages of named columns, which stand before everything else.
///
/// They are looked for where texts come in: as the first step, or first in a part of a `ColumnTransformer`
/// that is the first step. Each reads one text and makes a number for each of its terms.
struct SkopsTexts: ~Escapable {
    /// A vectorizer, by its place in the model.
    struct Vectorizer {
        var path: String
        /// The feature that it reads.
        var feature: Int
        var operation: ColumnOperation
        /// Numbers that it makes.
        var width: Int
    }

    private let archive: SkopsArchive

    @_lifetime(copy archive)
    init(_ archive: SkopsArchive) { self.archive = archive }

    static func reads(_ node: SkopsNode) -> Bool {
        node.module.hasPrefix("sklearn.feature_extraction.text")
            && ["CountVectorizer", "TfidfVectorizer", "HashingVectorizer"].contains(node.className)
    }

    /// The vectorizers of a model that begins with the step `first`.
    func vectorizers(_ first: SkopsNode) throws(FormatError) -> [Vectorizer] {
        if SkopsTexts.reads(first) { return [try vectorizer(first, feature: 0)] }
        guard first.className == "ColumnTransformer", first.module.hasPrefix("sklearn.") else { return [] }
        var found: [Vectorizer] = []
        for entry in try first.require("transformers_").items ?? [] {
            guard let triple = entry.items, triple.count == 3, let name = triple[0].scalar?.string,
                let node = try SkopsTexts.vectorizer(in: triple[1])
            else { continue }
            let indices = first["_transformer_to_input_indices"]?[name]?.items ?? []
            guard indices.count == 1, let index = indices[0].scalar?.integer, index >= 0 else {
                throw refuse(node, "other than one column")
            }
            found.append(try vectorizer(node, feature: Int(index)))
        }
        return found
    }

    /// The vectorizer that a transformer is, or begins with.
    static func vectorizer(in node: SkopsNode) throws(FormatError) -> SkopsNode? {
        if reads(node) { return node }
        guard node.className == "Pipeline", let first = try SkopsImporter.steps(node).first else {
            return nil
        }
        return reads(first) ? first : nil
    }

    private func refuse(_ node: SkopsNode, _ what: String) -> FormatError {
        .unsupported(part: "\(node.path): \(node.className) with \(what)", advice: SkopsImporter.advice)
    }

    // MARK: Settings

    private static let wordPattern = #"(?u)\b\w\w+\b"#

    private func vectorizer(_ node: SkopsNode, feature: Int) throws(FormatError) -> Vectorizer {
        let analyzer = node.string("analyzer") ?? "a function"
        if analyzer != "word" { throw refuse(node, "analyzer=\(analyzer)") }
        if let pattern = node.string("token_pattern"), pattern != SkopsTexts.wordPattern {
            throw refuse(node, "token_pattern=\"\(pattern)\"")
        }
        for name in ["tokenizer", "preprocessor", "strip_accents"] where node[name] != nil {
            throw refuse(node, "\(name) of its own")
        }
        if node.flag("binary") == true && node.className != "CountVectorizer" {
            throw refuse(node, "binary=True")
        }
        var rule = TextRule()
        rule.isLowercased = node.flag("lowercase") ?? true
        if let range = node["ngram_range"]?.items {
            let sizes = range.compactMap { $0.scalar?.integer }
            guard sizes.count == 2, sizes[0] >= 1, sizes[0] <= sizes[1], sizes[1] <= 8 else {
                throw refuse(node, "ngram_range=\(sizes)")
            }
            (rule.wordsMin, rule.wordsMax) = (Int(sizes[0]), Int(sizes[1]))
        }
        let norm = try norm(node)
        if node.className == "HashingVectorizer" { return try hashing(node, rule, norm, feature) }
        // Words that stop are none of the terms; runs of words would close over them.
        if node["stop_words"] != nil, rule.wordsMax > 1 || node.flag("fixed_vocabulary_") == true {
            throw refuse(node, "stop_words and runs of words or a vocabulary of its own")
        }
        let terms = try vocabulary(node)
        var weights = [Double](repeating: 1, count: terms.count)
        if node.className == "TfidfVectorizer" {
            rule.isSublinear = node.flag("sublinear_tf") ?? false
            if node.flag("use_idf") != false {
                weights = try SkopsTexts.weights(try node.require("_tfidf"), archive, count: terms.count)
            }
        }
        return Vectorizer(
            path: node.path, feature: feature,
            operation: .termWeights(
                rule, terms: terms, weights: weights,
                norm: node.className == "TfidfVectorizer" ? norm : nil),
            width: terms.count)
    }

    /// The norm of `TfidfVectorizer` and of hashed texts; none of counts.
    private func norm(_ node: SkopsNode) throws(FormatError) -> Norm? {
        guard let word = node.string("norm") else { return nil }
        guard let norm = Norm(rawValue: word), norm != .max else { throw refuse(node, "norm=\"\(word)\"") }
        return norm
    }

    private func hashing(
        _ node: SkopsNode, _ rule: TextRule, _ norm: Norm?, _ feature: Int
    ) throws(FormatError) -> Vectorizer {
        if node["stop_words"] != nil { throw refuse(node, "stop_words") }
        let width = node["n_features"]?.scalar?.integer ?? 1 << 20
        guard width >= 1, width <= 1 << 18 else { throw refuse(node, "n_features=\(width)") }
        var rule = rule
        rule.isSigned = node.flag("alternate_sign") ?? true
        return Vectorizer(
            path: node.path, feature: feature, operation: .textHash(rule, norm: norm), width: Int(width))
    }

    /// The terms in the order of their places.
    private func vocabulary(_ node: SkopsNode) throws(FormatError) -> [String] {
        let part = "\(node.path).vocabulary_"
        guard let members = try node.require("vocabulary_").members else {
            throw .invalidValue(part: part, reason: "it is no dictionary")
        }
        var terms = [String?](repeating: nil, count: members.members.count)
        for (term, value) in members.members {
            let node = SkopsNode(value: value, path: part)
            let place = try archive.double(node)
            guard let index = Int(exactly: place), terms.indices.contains(index), terms[index] == nil else {
                throw .invalidValue(part: part, reason: "the place \(place) of \"\(term)\"")
            }
            terms[index] = term
        }
        if terms.isEmpty { throw .invalidValue(part: part, reason: "it has no term") }
        return terms.compactMap { $0 }
    }

    /// What a `TfidfTransformer` multiplies each term with.
    static func weights(
        _ node: SkopsNode, _ archive: SkopsArchive, count: Int
    ) throws(FormatError) -> [Double] {
        // Before 1.5 they were the diagonal of a sparse matrix.
        guard let array = node["idf_"] else {
            throw .unsupported(
                part: "\(node.path): weights of scikit-learn before 1.5", advice: SkopsImporter.advice)
        }
        let weights = try archive.doubles(array)
        if weights.count != count {
            throw .wrongShape(part: "\(node.path).idf_", expected: "[\(count)]", found: "[\(weights.count)]")
        }
        return weights
    }
}
