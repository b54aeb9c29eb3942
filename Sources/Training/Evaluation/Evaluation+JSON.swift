// SPDX-License-Identifier: Apache-2.0
package import Base

extension Evaluation {
    /// All of it, as docs/reference/evaluation.md says; what is absent is left out.
    package var document: JSONValue {
        var members: [(String, JSONValue)] = [
            ("task", .string(task.rawValue)), ("target", .string(target)),
            ("rows", .record([("train", .count(trainRowCount)), ("test", .count(testRowCount))])),
            (
                "metrics",
                .record([("train", .metrics(trainMetrics)), ("test", .metrics(testMetrics))])
            ),
            (
                "intervals",
                .record(intervals.map { ($0.name, .array([.number($0.low), .number($0.high)])) })
            ),
        ]
        if !labels.isEmpty { members.append(("labels", .array(labels.map { .string($0) }))) }
        if let confusion { members.append(("confusion", confusion.document)) }
        if !curves.isEmpty { members.append(("curves", .array(curves.map(\.document)))) }
        if let residuals { members.append(("residuals", residuals.document)) }
        members += [
            ("slices", .array(slices.map(\.document))),
            ("importances", .array(importances.map(\.document))),
            ("dependences", .array(dependences.map(\.document))),
            ("profile", .array(profile.map(\.document))),
        ]
        if !progress.isEmpty { members.append(("progress", .array(progress.map(\.document)))) }
        if let crossValidation { members.append(("cross_validation", crossValidation.document)) }
        if let comparison { members.append(("comparison", comparison.document)) }
        if !verdicts.isEmpty {
            let items = verdicts.map { verdict in
                JSONValue.record([
                    ("condition", .string(verdict.condition)), ("holds", .bool(verdict.holds)),
                    ("reason", .string(verdict.reason)),
                ])
            }
            members.append(("gate", .array(items)))
        }
        return .record(members)
    }
}

extension JSONValue {
    package static func count(_ value: Int) -> JSONValue { .integer(Int64(value)) }

    package static func numbers(_ values: [Double]) -> JSONValue { .array(values.map { .number($0) }) }

    package static func metrics(_ metrics: [Metric]) -> JSONValue {
        .record(metrics.map { ($0.name, .number($0.value)) })
    }
}

extension ConfusionMatrix {
    var document: JSONValue {
        .array(
            (0..<classCount).map { truth in .numbers((0..<classCount).map { self[truth, $0] }) })
    }
}

extension ClassCurves {
    var document: JSONValue {
        .record([
            ("label", .string(label)),
            (
                "roc",
                .record([
                    ("fpr", .numbers(roc.map(\.x))), ("tpr", .numbers(roc.map(\.y))),
                    ("thresholds", .numbers(roc.map(\.threshold))), ("area", .number(areaUnderROC)),
                ])
            ),
            (
                "precision_recall",
                .record([
                    ("recall", .numbers(precisionRecall.map(\.x))),
                    ("precision", .numbers(precisionRecall.map(\.y))),
                    ("thresholds", .numbers(precisionRecall.map(\.threshold))),
                    ("average_precision", .number(averagePrecision)), ("prevalence", .number(prevalence)),
                ])
            ),
            (
                "reliability",
                .record([
                    ("mean", .numbers(reliability.means)), ("fraction", .numbers(reliability.fractions)),
                    ("rows", .numbers(reliability.weights)),
                ])
            ),
            ("lift", .numbers(lift)),
        ])
    }
}

extension Residuals {
    var document: JSONValue {
        .record([
            ("quantiles", .numbers(quantiles)), ("histogram", histogram.document),
            (
                "sample",
                .record([
                    ("predictions", .numbers(sample.map(\.prediction))),
                    ("truth", .numbers(sample.map(\.truth))),
                ])
            ),
        ])
    }
}

extension ValueHistogram {
    var document: JSONValue {
        .record([
            ("low", .number(low)), ("high", .number(high)), ("counts", .array(counts.map { .count($0) })),
        ])
    }
}

extension Slice {
    var document: JSONValue {
        .record([
            ("feature", .string(feature)), ("slice", .string(description)), ("rows", .count(rowCount)),
            ("metrics", .metrics(metrics)),
        ])
    }
}

extension FeatureImportance {
    var document: JSONValue {
        var members: [(String, JSONValue)] = [
            ("feature", .string(feature)), ("permutation", .number(permutation)),
            ("permutation_deviation", .number(permutationDeviation)),
        ]
        if let contribution { members.append(("contribution", .number(contribution))) }
        return .record(members)
    }
}

extension PartialDependence {
    var document: JSONValue {
        let places: JSONValue =
            switch points {
            case .numbers(let values): .numbers(values)
            case .categories(let names): .array(names.map { .string($0) })
            }
        return .record([
            ("feature", .string(feature)), ("points", places),
            (
                "lines",
                .array(
                    lines.map { .record([("label", .string($0.label)), ("means", .numbers($0.means))]) })
            ),
        ])
    }
}

extension ColumnProfile {
    var document: JSONValue {
        var members: [(String, JSONValue)] = [
            ("column", .string(name)), ("rows", .count(rowCount)), ("missing", .count(missingCount)),
            ("distinct", .count(distinctCount)),
        ]
        switch values {
        case .numbers(let mean, let deviation, let minimum, let median, let maximum, let train, let test):
            members += [
                ("mean", .number(mean)), ("standard_deviation", .number(deviation)),
                ("minimum", .number(minimum)), ("median", .number(median)), ("maximum", .number(maximum)),
                ("train", train.document), ("test", test.document),
            ]
        case .categories(let categories):
            let items = categories.map { category in
                JSONValue.record([
                    ("name", .string(category.name)), ("train", .count(category.trainCount)),
                    ("test", .count(category.testCount)),
                ])
            }
            members.append(("categories", .array(items)))
        }
        return .record(members)
    }
}

extension Evaluation.ProgressPoint {
    var document: JSONValue {
        var members: [(String, JSONValue)] = [("step", .count(step)), ("loss", .number(loss))]
        if let validationLoss { members.append(("validation_loss", .number(validationLoss))) }
        return .record(members)
    }
}

extension CrossValidation {
    var document: JSONValue {
        .record([
            ("folds", .array(folds.map { .metrics($0) })),
            ("mean", .record(summary.map { ($0.name, .number($0.mean)) })),
            ("standard_deviation", .record(summary.map { ($0.name, .number($0.deviation)) })),
        ])
    }
}

extension ModelComparison {
    var document: JSONValue {
        var members: [(String, JSONValue)] = [
            ("live", .string(live)), ("metrics", .metrics(metrics)),
            (
                "difference_intervals",
                .record(differences.map { ($0.name, .array([.number($0.low), .number($0.high)])) })
            ),
        ]
        if let obstacle { members.append(("obstacle", .string(obstacle))) }
        return .record(members)
    }
}
