// SPDX-License-Identifier: Apache-2.0
import Dialects
import HTTP
import Testing

@testable import DaemonApp

/// What is made of the variables that a platform sets.
struct PlatformContractTests {
    private func load(_ arguments: [String], _ environment: [String: String]) throws -> Configuration? {
        let invocation = try ConfigurationLoader.load(arguments: arguments, environment: environment)
        guard case .serve(let loaded) = invocation else { return nil }
        return loaded.configuration
    }

    @Test func serve_isSageMakers() throws {
        let configuration = try load(["serve"], [:])
        #expect(configuration?.registry == "/opt/ml/model")
        #expect(configuration?.listen.map { "\($0)" } == ["0.0.0.0:8080"])
        #expect(configuration?.platform.isSageMaker == true)
    }

    @Test func sageMakersPort_isTaken() throws {
        let variables = [
            "SAGEMAKER_BIND_TO_PORT": "7000", "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv",
        ]
        let configuration = try load([], variables)
        #expect(configuration?.listen.map { "\($0)" } == ["0.0.0.0:7000"])
        #expect(configuration?.platform.defaultAccept == "text/csv")
    }

    @Test func whatIsConfigured_wins() throws {
        let configuration = try load(
            ["serve", "--registry", "models", "--listen", "127.0.0.1:0"], ["SAGEMAKER_BIND_TO_PORT": "7000"])
        #expect(configuration?.registry == "models")
        #expect(configuration?.listen.map { "\($0)" } == ["127.0.0.1:0"])
    }

    @Test func serve_standsFirst() {
        #expect(throws: ConfigurationError.self) { try load(["--registry", "models", "serve"], [:]) }
    }

    @Test func vertexRoutes_areAdded() throws {
        let variables = [
            "AIP_MODE": "PREDICTION", "AIP_HTTP_PORT": "8081", "AIP_HEALTH_ROUTE": "/v1/endpoints/7",
            "AIP_PREDICT_ROUTE": "/v1/endpoints/7/deployedModels/8:predict",
            "AIP_STORAGE_URI": "gs://bucket/x",
        ]
        let configuration = try load(["--registry", "models"], variables)
        #expect(configuration?.listen.map { "\($0)" } == ["0.0.0.0:8081"])
        let routes = configuration?.platform.routes ?? []
        #expect(routes.map(\.pattern) == ["/v1/endpoints/7", "/v1/endpoints/7/deployedModels/8:predict"])
        #expect(DaemonRoutes(platform: routes).router.templates.contains("/v1/endpoints/7"))
        #expect(throws: ConfigurationError.self, "nothing is fetched") { try load([], variables) }
    }

    @Test func routesThatAreThere_areNotAddedAgain() throws {
        let variables = [
            "AIP_HTTP_PORT": "8080", "AIP_HEALTH_ROUTE": "/v2/health/ready", "AIP_PREDICT_ROUTE": "/a/{b}",
            "AIP_STORAGE_URI": "/models",
        ]
        let configuration = try load([], variables)
        #expect(configuration?.registry == "/models")
        #expect(configuration?.platform.routes.isEmpty == true)
    }

    @Test func withoutAPlatform_nothingChanges() throws {
        #expect(try load(["--registry", "models"], [:])?.platform == PlatformContract())
    }
}
