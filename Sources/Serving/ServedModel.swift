// SPDX-License-Identifier: Apache-2.0
internal import Inference
internal import ModelFormat
package import Registry
package import Tabular

/// One ready version of a model as the dialects see it.
package struct ServedModel: Sendable {
    /// What a policy has to say about the requests of a model.
    struct Traffic: Sendable {
        let slot: ModelSlot
        let entry: ModelEntry
    }

    let loaded: LoadedModel
    /// Nil for a model without limits and shadow.
    var traffic: Traffic?

    package var name: String { loaded.name }
    /// The version as it stands in paths and answers.
    package var version: String { loaded.versionText }
    /// `<library>_<format>`, informational.
    package var platform: String { loaded.platform }
    /// SHA-256 of the model file, in hexadecimal.
    package var digest: String { loaded.digest }
    /// Trees after the best iteration are left out.
    package var endsAtBestIteration: Bool { loaded.endsAtBestIteration }
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
    /// Whether it is an operator graph. For what every request asks: nothing is copied to answer it.
    package var takesTensors: Bool { loaded.model.tensorInputs != nil }

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

    // MARK: Limits

    /// The longest that a request may wait, in nanoseconds; nil: what the queue allows.
    package var deadline: UInt64? { traffic?.entry.policy.limits.deadline }

    /// Requests that may wait for a place of `limits.concurrency`; nil: it has no such places.
    package var queueSize: Int? {
        guard let limits = traffic?.entry.policy.limits, limits.concurrency != nil else { return nil }
        return limits.queue
    }

    /// How its requests are computed together where that was measured to be faster, by its policy and else by
    /// `defaults`; nil: never.
    package func joiningRules(_ defaults: JoiningRules) -> JoiningRules? {
        let rules = defaults.applying(traffic?.entry.policy.dynamicBatching)
        return tensorInputs == nil && rules.rows > 1 ? rules : nil
    }

    /// Takes one of the places that the policy's `limits.concurrency` gives, to be given back by `leave`.
    package func enter() -> Bool {
        guard let traffic, traffic.entry.policy.limits.concurrency != nil else { return true }
        return traffic.slot.gate.enter(traffic.entry.policy.limits)
    }

    /// Likewise, or waits for one: `start` is called with it.
    package func enter(start: @escaping @Sendable () -> Void) -> ModelGate.Admission {
        guard let traffic, traffic.entry.policy.limits.concurrency != nil else { return .entered }
        return traffic.slot.gate.enter(traffic.entry.policy.limits, start: start)
    }

    /// Gives the place back that `enter` took.
    package func leave() {
        guard let traffic, traffic.entry.policy.limits.concurrency != nil else { return }
        traffic.slot.gate.leave(traffic.entry.policy.limits)
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
