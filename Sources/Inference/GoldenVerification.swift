// SPDX-License-Identifier: Apache-2.0
package import ModelFormat
internal import Tabular

/// A golden sample that a model did not reproduce.
package struct SampleMismatch: Sendable, Equatable, CustomStringConvertible {
    /// Index of the sample in the list.
    package var sample: Int
    package var reason: Reason

    package enum Reason: Sendable, Equatable {
        /// The sample has another number of inputs than the schema has features.
        case inputCount(expected: Int, got: Int)
        /// A category name for a numeric feature, or a number that is no category's index.
        case inputKind(feature: String)
        /// The sample has another number of predictions than the model.
        case predictionCount(expected: Int, got: Int)
        /// An operator graph cannot be run on the sample.
        case failed(String)
        /// The model answers something else.
        case prediction(column: Int, expected: Double, got: Double, tolerance: Double)
    }

    package var description: String {
        switch reason {
        case .inputCount(let expected, let got):
            "golden sample \(sample) has \(got) inputs where the schema has \(expected) features"
        case .inputKind(let feature):
            "golden sample \(sample) has a value for \"\(feature)\" that the feature cannot take"
        case .predictionCount(let expected, let got):
            "golden sample \(sample) has \(got) predictions where the model makes \(expected)"
        case .failed(let reason):
            "golden sample \(sample) has no answer: \(reason)"
        case .prediction(let column, let expected, let got, let tolerance):
            "golden sample \(sample), prediction \(column): expected \(expected), got \(got)"
                + " (tolerance \(tolerance))"
        }
    }
}

extension CompiledModel {
    /// The samples that the model does not reproduce, empty when all is well; the first defect of each.
    ///
    /// A tolerance of 0 demands the same bits once the expected number is rounded to the output's type. Any
    /// other allows |got - expected| <= tolerance * max(|expected|, 0.1): relative, with a floor below
    /// which numbers near 0 are compared absolutely (1e-5 means rtol 1e-5 and atol 1e-6). NaN is reproduced
    /// by NaN.
    package func verify(_ samples: [GoldenSample]) -> [SampleMismatch] {
        var rows = RowBlock()
        var predictions = Predictions()
        var scratch = InferenceScratch()
        var mismatches: [SampleMismatch] = []
        for (index, sample) in samples.enumerated() {
            if tensorInputs != nil {
                if let reason = reproduce(sample, &predictions, &scratch) {
                    mismatches.append(SampleMismatch(sample: index, reason: reason))
                }
                continue
            }
            rows.reset(columnCount: schema.count, numberType: inputType)
            rows.appendRows(1)
            if let reason = load(sample, into: &rows) {
                mismatches.append(SampleMismatch(sample: index, reason: reason))
                continue
            }
            predict(rows, into: &predictions, scratch: &scratch)
            if let reason = compare(sample, predictions) {
                mismatches.append(SampleMismatch(sample: index, reason: reason))
            }
        }
        return mismatches
    }

    /// Answers each row, a value a feature, as a request would, `repetitions` times.
    ///
    /// - Returns: how many of the rows fit the schema; the others are left out.
    package func warmUp(_ inputs: [[SampleValue]], repetitions: Int) -> Int {
        var rows = RowBlock()
        var predictions = Predictions()
        var scratch = InferenceScratch()
        var fitting = 0
        for values in inputs {
            let sample = GoldenSample(inputs: values, predictions: [], tolerance: 0)
            if tensorInputs != nil {
                guard values.count == schema.count else { continue }
                for _ in 0..<repetitions { _ = reproduce(sample, &predictions, &scratch) }
            } else {
                rows.reset(columnCount: schema.count, numberType: inputType)
                rows.appendRows(1)
                guard load(sample, into: &rows) == nil else { continue }
                for _ in 0..<repetitions { predict(rows, into: &predictions, scratch: &scratch) }
            }
            fitting += 1
        }
        return fitting
    }

    private func reproduce(
        _ sample: GoldenSample, _ predictions: inout Predictions, _ scratch: inout InferenceScratch
    ) -> SampleMismatch.Reason? {
        guard sample.inputs.count == schema.count else {
            return .inputCount(expected: schema.count, got: sample.inputs.count)
        }
        let answer: [Double]
        do {
            answer = try self.answer(sample, into: &predictions, scratch: &scratch)
        } catch {
            return .failed(error.description)
        }
        guard sample.predictions.count == answer.count else {
            return .predictionCount(expected: answer.count, got: sample.predictions.count)
        }
        for (column, got) in answer.enumerated() {
            // Float32 answers are compared as such: a tolerance of 0 means their bits.
            let isNarrow = outputs.contains { $0.datatype == .float32 }
            if let reason = Self.compare(got, sample, column: column, isNarrow: isNarrow) { return reason }
        }
        return nil
    }

    private func load(_ sample: GoldenSample, into rows: inout RowBlock) -> SampleMismatch.Reason? {
        guard sample.inputs.count == schema.count else {
            return .inputCount(expected: schema.count, got: sample.inputs.count)
        }
        for (column, feature) in schema.features.enumerated() {
            switch (sample.inputs[column], feature.kind) {
            case (.missing, _):
                rows.set(.nan, row: 0, column: column)
            case (.number(let number), .numeric), (.number(let number), .date):
                rows.set(number, row: 0, column: column)
            case (.category(let name), .categorical(let categories)):
                let code = categories.firstIndex(of: name).map(Double.init)
                rows.set(code ?? FeatureKind.unseenCategory, row: 0, column: column)
            case (.category(let text), .text): rows.setText(text, row: 0, column: column)
            case (.category(let text), .date): rows.set(DateText.parse(text) ?? .nan, row: 0, column: column)
            case (.number, .categorical), (.category, .numeric), (.number, .text):
                return .inputKind(feature: feature.name)
            }
        }
        return nil
    }

    private func compare(
        _ sample: GoldenSample, _ predictions: borrowing Predictions
    ) -> SampleMismatch.Reason? {
        guard sample.predictions.count == predictions.width else {
            return .predictionCount(expected: predictions.width, got: sample.predictions.count)
        }
        for column in sample.predictions.indices {
            let got = predictions.values.value(row: 0, column: column)
            let isNarrow = predictions.numberType == .float32
            if let reason = Self.compare(got, sample, column: column, isNarrow: isNarrow) { return reason }
        }
        return nil
    }

    private static func compare(
        _ got: Double, _ sample: GoldenSample, column: Int, isNarrow: Bool
    ) -> SampleMismatch.Reason? {
        let expected = sample.predictions[column]
        let rounded = isNarrow ? Double(Float(expected)) : expected
        let agrees: Bool
        if rounded.isNaN || got.isNaN {
            agrees = rounded.isNaN && got.isNaN
        } else if sample.tolerance > 0 {
            agrees =
                got == rounded
                || abs(got - expected) <= sample.tolerance * max(abs(expected), 0.1)
        } else {
            agrees = got.bitPattern == rounded.bitPattern
        }
        if agrees { return nil }
        return .prediction(column: column, expected: expected, got: got, tolerance: sample.tolerance)
    }
}
