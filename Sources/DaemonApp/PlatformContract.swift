// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dialects
internal import HTTP

/// What the platform that started the container expects of it, as its environment says; see
/// `docs/protocols/vertex.md` and `docs/protocols/sagemaker.md`.
package struct PlatformContract: Sendable, Equatable {
    /// SageMaker's, for `POST /invocations`; else MLflow's.
    package var isSageMaker = false
    /// `SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT`.
    package var defaultAccept: String?
    /// Paths that Vertex AI chose; nil elsewhere.
    package var healthRoute: String?
    package var predictRoute: String?

    /// No platform.
    package init() {}

    /// What stands in for settings that nobody gave, by key, with the variable that it comes from, if
    /// one was set.
    private(set) var defaults: [(key: String, text: String, variable: String?)] = []

    /// - Parameter servesByArgument: the command line was `modeld serve`, as SageMaker's is.
    init(_ environment: [String: String], servesByArgument: Bool) {
        let hasSageMaker = environment.keys.contains { $0.hasPrefix("SAGEMAKER_") }
        if servesByArgument || hasSageMaker {
            isSageMaker = true
            defaultAccept = environment["SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"]
            let port = environment["SAGEMAKER_BIND_TO_PORT"]
            defaults.append(
                ("listen", "0.0.0.0:\(port ?? "8080")", port == nil ? nil : "SAGEMAKER_BIND_TO_PORT"))
            defaults.append(("registry", "/opt/ml/model", nil))
        } else if environment["AIP_MODE"] == "PREDICTION" || environment["AIP_HTTP_PORT"] != nil {
            healthRoute = Self.route(environment["AIP_HEALTH_ROUTE"])
            predictRoute = Self.route(environment["AIP_PREDICT_ROUTE"])
            let port = environment["AIP_HTTP_PORT"]
            defaults.append(("listen", "0.0.0.0:\(port ?? "8080")", port == nil ? nil : "AIP_HTTP_PORT"))
            if let storage = environment["AIP_STORAGE_URI"], storage.hasPrefix("/") {
                defaults.append(("registry", storage, "AIP_STORAGE_URI"))
            }
        }
    }

    /// A path that can be a route: braces would make a pattern of it.
    private static func route(_ text: String?) -> String? {
        guard let text, text.hasPrefix("/"), text.count > 1, !text.contains("{"), !text.contains("}") else {
            return nil
        }
        return text
    }

    /// The routes that the platform chose and that no dialect has: the default model's.
    var routes: [Route<Endpoint>] {
        var routes: [Route<Endpoint>] = []
        if let healthRoute { routes.append(Route(.get, healthRoute, .openInference(.ready))) }
        if let predictRoute { routes.append(Route(.post, predictRoute, .instances(.predict))) }
        return routes.filter { route in
            !Endpoint.routes.contains { $0.method == route.method && $0.pattern == route.pattern }
        }
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.isSageMaker == right.isSageMaker && left.defaultAccept == right.defaultAccept
            && left.healthRoute == right.healthRoute && left.predictRoute == right.predictRoute
            && left.defaults.elementsEqual(right.defaults) { $0 == $1 }
    }
}
