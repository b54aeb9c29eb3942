// SPDX-License-Identifier: Apache-2.0

/// What must hold for a model to be published: `--promote-if`.
///
/// Conditions are joined by commas, and all must hold: `METRIC OP BOUND`, where OP is `>=`, `<=`, `>` or
/// `<`, and BOUND a number, `live` (the metric of the live model), or `live+NUMBER` or `live-NUMBER`.
/// `better` alone stands for the loss of the task being at most the live model's.
package struct PromotionGate: Sendable, Equatable {
    package let text: String
    package let conditions: [Condition]

    package struct Condition: Sendable, Equatable {
        package var metric: String
        package var operation: Operation
        package var bound: Bound

        package var text: String { "\(metric) \(operation.rawValue) \(bound.text)" }
    }

    package enum Operation: String, Sendable, CaseIterable {
        case atLeast = ">="
        case atMost = "<="
        case above = ">"
        case below = "<"

        func holds(_ left: Double, _ right: Double) -> Bool {
            switch self {
            case .atLeast: left >= right
            case .atMost: left <= right
            case .above: left > right
            case .below: left < right
            }
        }
    }

    package enum Bound: Sendable, Equatable {
        case number(Double)
        case live(offset: Double)

        var text: String {
            switch self {
            case .number(let value): value.description
            case .live(let offset) where offset == 0: "live"
            case .live(let offset): "live" + (offset > 0 ? "+" : "") + offset.description
            }
        }
    }

    /// - Throws: `setting`, naming the condition that cannot be read.
    package init(_ text: String) throws(TrainingError) {
        self.text = text
        var conditions: [Condition] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let condition = PromotionGate.condition(part.filter { !$0.isWhitespace }) else {
                throw .setting(
                    name: "--promote-if", value: "\"\(part)\"",
                    allowed:
                        "like \"roc_auc >= 0.9\", \"log_loss <= live\", \"rmse < live-0.5\" or \"better\"")
            }
            conditions.append(condition)
        }
        self.conditions = conditions
    }

    private static func condition(_ text: String) -> Condition? {
        if text == "better" { return Condition(metric: "", operation: .atMost, bound: .live(offset: 0)) }
        for operation in Operation.allCases {
            guard let range = text.firstRange(of: operation.rawValue) else { continue }
            let metric = String(text[..<range.lowerBound])
            let bound = text[range.upperBound...]
            guard !metric.isEmpty, metric.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else {
                return nil
            }
            if let number = Double(bound), number.isFinite {
                return Condition(metric: metric, operation: operation, bound: .number(number))
            }
            guard bound.hasPrefix("live") else { return nil }
            let offset = bound.dropFirst(4)
            if offset.isEmpty {
                return Condition(metric: metric, operation: operation, bound: .live(offset: 0))
            }
            guard offset.first == "+" || offset.first == "-", let number = Double(offset), number.isFinite
            else { return nil }
            return Condition(metric: metric, operation: operation, bound: .live(offset: number))
        }
        return nil
    }

    /// What came of a condition.
    package struct Verdict: Sendable, Equatable {
        package var condition: String
        package var holds: Bool
        /// What was compared, or why nothing could be.
        package var reason: String
    }

    /// Without a live model, conditions that compare with it hold: something is better than nothing. With one
    /// that cannot answer the rows they do not.
    package func verdicts(_ metrics: [Metric], task: Task, comparison: ModelComparison?) -> [Verdict] {
        conditions.map { condition in
            var condition = condition
            if condition.metric.isEmpty { condition.metric = Answers.lossName(task) }
            func verdict(_ holds: Bool, _ reason: String) -> Verdict {
                Verdict(condition: condition.text, holds: holds, reason: reason)
            }
            guard let own = metrics.first(where: { $0.name == condition.metric }) else {
                let known = metrics.map(\.name).joined(separator: ", ")
                return verdict(false, "there is no such metric; there are \(known)")
            }
            let bound: Double
            switch condition.bound {
            case .number(let number): bound = number
            case .live(let offset):
                guard let comparison else { return verdict(true, "no version is live") }
                if let obstacle = comparison.obstacle { return verdict(false, obstacle) }
                guard let live = comparison.metrics.first(where: { $0.name == condition.metric }) else {
                    return verdict(false, "the live version has no such metric")
                }
                bound = live.value + offset
            }
            return verdict(
                condition.operation.holds(own.value, bound), "\(own.value) against \(bound)")
        }
    }
}
