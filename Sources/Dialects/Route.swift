// SPDX-License-Identifier: Apache-2.0
package import HTTP
package import Serving

/// One thing that can be asked over HTTP, and the dialect that answers it.
package enum Endpoint: Sendable, Equatable {
    case openInference(OpenInferenceEndpoint)
    case instances(InstancesEndpoint)
    case invocations(InvocationsEndpoint)
    case document(DocumentEndpoint)
}

extension Endpoint {
    /// All routes of all dialects.
    package static let routes = openInferenceRoutes + instancesRoutes + invocationsRoutes + documentRoutes
}

/// A line of a routing table, and what it leads to.
package struct Route<Destination: Sendable>: Sendable {
    package var method: Method
    /// `{model}`, `{version}`, `{label}` and `{job}` stand for one path segment each.
    package var pattern: String
    package var endpoint: Destination
    /// Open parts of the pattern that stand before the model's and mean nothing here.
    package var ignoredCaptures: Int

    package init(
        _ method: Method, _ pattern: String, _ endpoint: Destination, ignoredCaptures: Int = 0
    ) {
        self.method = method
        self.pattern = pattern
        self.endpoint = endpoint
        self.ignoredCaptures = ignoredCaptures
    }

    /// What stands behind the model is an alias, not a version.
    package var namesLabel: Bool { pattern.contains("/labels/{label}") }

    /// The same line in a table of other things.
    package func leading<Other>(to other: (Destination) -> Other) -> Route<Other> {
        Route<Other>(method, pattern, other(endpoint), ignoredCaptures: ignoredCaptures)
    }
}

/// The parts of a path that a route's pattern leaves open.
package struct PathParameters {
    /// Empty where the path has no place for it: the default model is meant.
    package var model: String
    package var version: String?
    /// An alias of a version.
    package var label: String?
    /// The version that was chosen before the request came here, by a loop for a worker.
    package var resolved: ServedModel?
    /// It has one of the places that its model's policy allows.
    package var isAdmitted = false
    /// It has waited for its model to be loaded already.
    package var hasWaited = false

    package init(model: String, version: String?, label: String? = nil) {
        self.model = model
        self.version = version
        self.label = label
    }
}

/// What became of a request that a dialect was asked to answer.
package enum Outcome: Sendable, Equatable {
    /// The response is filled in, with an answer or with an error.
    case answered
    /// It is expected to take more than the dialect may spend here; nothing of it was read.
    case tooCostly(WorkDemand)
    /// It was read and waits in its company to be computed.
    case joined
    /// Its model is loaded by its first use, and this is it; nothing of it was read.
    case needsLoading(model: String)
}

extension Endpoint {
    /// Answers that a request may not wait, in the dialect's own form.
    package func refuse(
        _ error: PredictError, _ style: InvocationsStyle, _ response: inout Response
    ) {
        switch self {
        case .openInference: InferForm().fail(error, &response)
        case .instances: response.fail(error, ServingWords())
        case .invocations(.invocations) where style == .mlflow: MLflowForm().fail(error, &response)
        case .invocations, .document: response.fail(error)
        }
    }
}
