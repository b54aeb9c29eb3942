// SPDX-License-Identifier: Apache-2.0
internal import Inference
package import Registry
internal import Synchronization
internal import Tabular

/// What the dialects ask: which model answers, its answer, what is known of the others. Knows no protocol.
///
/// State: immutable but for the draining flag; any loop may call it.
package final class PredictService: Sendable {
    let registry: Registry
    /// What copies of requests are sent to.
    let shadows: ShadowRunner
    /// How requests are computed together where a model's policy says nothing of it.
    package let joining: JoiningRules
    private let defaultModel: String?
    private let splitter: RowSplitter
    private let isDraining = Atomic<Bool>(false)

    /// - Parameter defaultModel: what answers where a request has no place for a model's name; without it the
    ///   only model that there is.
    /// - Parameter splitter: answers large blocks of rows.
    /// - Parameter joining: what the queue for the workers does, for those who ask.
    package init(
        registry: Registry, defaultModel: String? = nil, splitter: RowSplitter = RowSplitter(threads: 1),
        joining: JoiningRules = JoiningRules()
    ) {
        self.joining = joining
        self.registry = registry
        self.splitter = splitter
        shadows = ShadowRunner(registry.metrics)
        self.defaultModel = defaultModel
    }

    // MARK: Predictions

    /// Answers the rows of the workspace.
    ///
    /// - Throws: `notAnswerable`, for operator graphs only.
    package func predict(_ model: ServedModel, _ workspace: Workspace) throws(PredictError) {
        if model.takesTensors { return try workspace.answerTensors(model, splitter) }
        guard workspace.rowMargins.rowCount == 0 else {
            return model.loaded.model.predict(
                workspace.rows, startingFrom: workspace.rowMargins, into: &workspace.predictions,
                scratch: &workspace.scratch)
        }
        let cost = model.loaded.cost.nanoseconds(rows: workspace.rowCount)
        splitter.predict(model.loaded.model, workspace, cost: cost)
    }

    /// The name of the model that answers a request without one: the default, else the only one.
    ///
    /// - Throws: `noDefaultModel`, which names the choices.
    package func defaultModelName() throws(PredictError) -> String {
        if let defaultModel { return defaultModel }
        let models = registry.view.models
        guard models.count == 1, let only = models.keys.first else {
            throw .noDefaultModel(models.keys.sorted())
        }
        return only
    }

    // MARK: What is there

    /// True once the models of the start are loaded, until draining begins.
    package var isReady: Bool { registry.isReady && !isDraining.load(ordering: .relaxed) }

    /// From now on `isReady` is false, so that balancers send new work elsewhere; requests are still
    /// answered.
    package func beginDraining() { isDraining.store(true, ordering: .relaxed) }

    /// All models that the registry knows, sorted.
    package var modelNames: [String] { registry.view.models.keys.sorted() }

    /// The versions of `model` that answer, the oldest first.
    package func readyVersions(of model: String) -> [String] {
        registry.view.models[model]?.ready.map(\.versionText).reversed() ?? []
    }

    /// Every version of every model, or of one.
    ///
    /// - Throws: `unknownModel`.
    package func statuses(of model: String? = nil) throws(PredictError) -> [VersionStatus] {
        guard let model else { return registry.reports.map(VersionStatus.init) }
        let reports = registry.reports(of: model)
        guard !reports.isEmpty || registry.view.models[model] != nil else { throw .unknownModel(model) }
        return reports.map(VersionStatus.init)
    }
}
