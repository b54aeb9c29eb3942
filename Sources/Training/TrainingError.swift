// SPDX-License-Identifier: Apache-2.0

/// Why a model could not be trained. Columns and values are named as the data has them.
package enum TrainingError: Error, Equatable, CustomStringConvertible {
    case unknownColumn(role: String, column: String, known: [String])
    case noFeatures
    case emptyFeature(column: String)
    case infiniteFeature(column: String, value: Double)
    case missingTarget(column: String, rows: Int)
    case textTarget(column: String, example: String)
    case targetBeyondFloat(column: String, value: Double)
    case oneClass(column: String, label: String)
    case tooManyClasses(column: String, count: Int, limit: Int)
    case algorithmForTask(algorithm: String, task: String, instead: String)
    /// A row's weight cannot be one; rows count from 0.
    case weight(column: String, row: Int?, value: String)
    case splitValue(column: String, value: String)
    case emptyPart(part: String, reason: String)
    case setting(name: String, value: String, allowed: String)
    case targetRange(column: String, value: Double, algorithm: String, allowed: String)
    case diverged(algorithm: String, advice: String)
    /// What `--continue-from` names cannot be gone on from; why.
    case cannotContinue(String)
    /// What an earlier run saved does not fit this one; why.
    case checkpoint(String)
    /// No settings that a search tried could be learned with; why the first could not.
    case noTrial(String)
    /// It was asked to stop after a step, and has saved where it stands.
    case interrupted(algorithm: String, step: Int)
    case singular
    case notReproduced(String)
    /// A step of the preprocessing cannot be fitted: its word, the column where there is one, and why.
    case preprocessing(step: String, column: String?, reason: String)
    case cannotCompress(reason: String)
    /// A step of compression costs more than is allowed; `growthMax` is a part of `before`.
    case compressionLoss(step: String, loss: String, before: Double, after: Double, growthMax: Double)

    /// A stable name for programs.
    package var code: String {
        switch self {
        case .unknownColumn: "unknown_column"
        case .noFeatures: "no_features"
        case .emptyFeature: "empty_feature"
        case .infiniteFeature: "infinite_feature"
        case .missingTarget: "missing_target"
        case .textTarget: "text_target"
        case .targetBeyondFloat: "target_beyond_float"
        case .oneClass: "one_class"
        case .tooManyClasses: "too_many_classes"
        case .algorithmForTask: "algorithm_for_task"
        case .weight: "weight"
        case .splitValue: "split_value"
        case .emptyPart: "empty_part"
        case .setting: "setting"
        case .targetRange: "target_range"
        case .diverged: "diverged"
        case .cannotContinue: "cannot_continue"
        case .checkpoint: "checkpoint"
        case .interrupted: "interrupted"
        case .noTrial: "no_trial"
        case .singular: "singular"
        case .notReproduced: "not_reproduced"
        case .preprocessing: "preprocessing"
        case .cannotCompress: "cannot_compress"
        case .compressionLoss: "compression_loss"
        }
    }

    package var description: String {
        switch self {
        case .unknownColumn(let role, let column, let known):
            "the data has no column \"\(column)\" to be the \(role); it has \(TrainingError.list(known))"
                + TrainingError.delimiterAdvice(known)
        case .noFeatures: "no column is left to learn from; ignore fewer columns"
        case .emptyFeature(let column):
            "column \"\(column)\" has no value in any training row; leave it out with --ignore"
        case .infiniteFeature(let column, let value):
            "column \"\(column)\" has the value \(value), beyond the range of Float32 that trees work in; "
                + "rescale the column or leave it out with --ignore"
        case .missingTarget(let column, let rows):
            "the target \"\(column)\" is missing in \(rows) row\(rows == 1 ? "" : "s"); remove those rows"
        case .textTarget(let column, let example):
            "the target \"\(column)\" has text, for instance \"\(example)\", and cannot be regressed on; "
                + "use --task classification"
        case .targetBeyondFloat(let column, let value):
            "the target \"\(column)\" is \(value) in a training row, beyond the range of Float32 that trees and "
                + "networks answer in; rescale it, or use --algorithm linear, lasso or elastic_net"
        case .oneClass(let column, let label):
            "the target \"\(column)\" is \"\(label)\" in every training row; there is nothing to tell apart"
        case .tooManyClasses(let column, let count, let limit):
            "the target \"\(column)\" has \(count) classes, more than \(limit); is it a number to be "
                + "predicted? use --task regression"
        case .algorithmForTask(let algorithm, let task, let instead):
            "algorithm \(algorithm) does not do \(task); use \(instead)"
        case .weight(let column, let row, let value):
            "column \"\(column)\" cannot weigh rows: \(value)" + (row.map { " in data row \($0)" } ?? "")
                + "; weights are numbers from 0 on"
        case .splitValue(let column, let value):
            "column \"\(column)\" says \"\(value)\" for a row; it must say train, validation "
                + "or test in every row"
        case .emptyPart(let part, let reason): "no row is left for the \(part) part: \(reason)"
        case .setting(let name, let value, let allowed): "\(name) is \(value); it must be \(allowed)"
        case .targetRange(let column, let value, let algorithm, let allowed):
            "the target \"\(column)\" is \(value) in a training row; for \(algorithm) it must be \(allowed)"
        case .diverged(let algorithm, let advice):
            "\(algorithm) came to numbers that are not finite; \(advice)"
        case .cannotContinue(let reason): "the model to go on from does not fit: \(reason)"
        case .checkpoint(let reason):
            "the checkpoint does not fit: \(reason); leave --resume out to begin anew"
        case .noTrial(let reason): "none of the settings that were tried could be learned with: \(reason)"
        case .interrupted(let algorithm, let step): "\(algorithm) was interrupted after step \(step)"
        case .singular:
            "the columns depend on each other, so that the coefficients are not determined; use a larger --l2"
        case .cannotCompress(let reason): "the model cannot be compressed: \(reason)"
        case .compressionLoss(let step, let loss, let before, let after, let growthMax):
            "the step \(step) raises \(loss) from \(before) to \(after), by more than \(growthMax) of it; leave the "
                + "step out, or allow more by --max-loss"
        case .preprocessing(let step, let column, let reason):
            "preprocessing step \(step)" + (column.map { ", column \"\($0)\"" } ?? "") + ": \(reason)"
        case .notReproduced(let what):
            "the trained model does not reproduce its own golden samples (\(what)); please report this"
        }
    }

    /// What to try when all columns seem to be one.
    private static func delimiterAdvice(_ names: [String]) -> String {
        guard names.count == 1, let other = names[0].first(where: { ";\t|".contains($0) }) else { return "" }
        return "; its columns seem to be divided by another character, see --delimiter "
            + (other == "\t" ? "tab" : "'\(other)'")
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(20).joined(separator: ", ")
        return names.count > 20 ? "\(shown) and \(names.count - 20) more" : shown
    }
}
