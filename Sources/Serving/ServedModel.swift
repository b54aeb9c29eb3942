// SPDX-License-Identifier: Apache-2.0
internal import Inference
internal import ModelFormat
internal import Registry
package import Tabular

/// One ready version of a model as the dialects see it.
package struct ServedModel: Sendable {
    let loaded: LoadedModel

    package var name: String { loaded.name }
    /// The version as it stands in paths and answers.
    package var version: String { loaded.versionText }
    /// `<library>_<format>`, informational.
    package var platform: String { loaded.platform }
    /// SHA-256 of the model file, in hexadecimal.
    package var digest: String { loaded.digest }
    package var schema: FeatureSchema { loaded.model.schema }
    package var index: SchemaIndex { loaded.index }
    /// The type of the row block that this model reads.
    package var inputType: NumberType { loaded.model.inputType }
    /// The margins that a request may give its rows to start from; nil: none. A feature of their name goes
    /// before them.
    package var rowMargins: RowMargins? {
        guard let input = loaded.model.rowMarginInput, index.column(named: input.name) == nil else {
            return nil
        }
        return RowMargins(name: input.name, width: input.width, numberType: input.numberType)
    }

    /// `rowMargins` when that is their name.
    package func rowMargins(named name: String) -> RowMargins? {
        name == loaded.model.rowMarginInput?.name ? rowMargins : nil
    }

    /// What may be asked for, `predictions` first.
    package var outputs: [OutputSpecification] { loaded.model.outputs }

    /// What an operator graph takes, each tensor by its name; nil for a model that takes rows of features.
    package var tensorInputs: [TensorSpecification]? { loaded.model.tensorInputs }

    /// Whether the model's library calls the label its prediction.
    var predictsLabels: Bool { loaded.model.output.predictsLabels }

    /// Bytes of its file.
    package var fileSize: Int { loaded.fileSize }

    /// Class names as text, one a class; nil for a model without labels.
    package var labelTexts: [String]? {
        switch loaded.model.output.labels {
        case .strings(let names): names
        case .integers(let numbers): numbers.map { String($0) }
        case nil: nil
        }
    }

    /// Whether the column holds category names.
    package func isCategorical(_ column: Int) -> Bool { schema.features[column].kind != .numeric }

    /// The class label at `index`, in the type that the training data had.
    func label(at index: Int) -> OutputValue {
        switch loaded.model.output.labels {
        case .strings(let names): .text(names[index])
        case .integers(let numbers): .integer(numbers[index])
        case nil: .integer(Int64(index))
        }
    }
}
