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

/// A line of the daemon's routing table.
package struct Route: Sendable {
    package var method: Method
    /// `{model}` and `{version}` stand for one path segment each.
    package var pattern: String
    package var endpoint: Endpoint
    /// Open parts of the pattern that stand before the model's and mean nothing here.
    package var ignoredCaptures: Int

    package init(_ method: Method, _ pattern: String, _ endpoint: Endpoint, ignoredCaptures: Int = 0) {
        self.method = method
        self.pattern = pattern
        self.endpoint = endpoint
        self.ignoredCaptures = ignoredCaptures
    }

    /// All routes of all dialects.
    package static let all: [Route] = openInference + instances + invocations + documents
}

/// The parts of a path that a route's pattern leaves open.
package struct PathParameters {
    /// Empty where the path has no place for it: the default model is meant.
    package var model: String
    package var version: String?

    package init(model: String, version: String?) {
        self.model = model
        self.version = version
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
}
