// SPDX-License-Identifier: Apache-2.0
package import Inference
internal import ModelFormat
internal import Registry
internal import Tabular

/// A model as a run over records uses it.
package struct BatchModel: Sendable {
    let model: CompiledModel
    let index: SchemaIndex

    package init(_ model: CompiledModel) {
        self.model = model
        index = SchemaIndex(model.schema)
    }

    package init(_ served: ServedModel) {
        model = served.loaded.model
        index = served.index
    }

    /// The classes' names as text; empty for a model without classes.
    var labels: [String] {
        switch model.output.labels {
        case .strings(let names): names
        case .integers(let numbers): numbers.map { "\($0)" }
        case nil: []
        }
    }

    var labelsAreText: Bool { if case .strings? = model.output.labels { true } else { false } }
}
