// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

@Suite struct RouterTests {
    private static let router: Router = {
        var router = Router()
        router.add(.get, "/v2")
        router.add(.get, "/v2/health/live")
        router.add(.get, "/v2/models/{model}")
        router.add(.post, "/v2/models/{model}/infer")
        router.add(.post, "/v2/models/{model}/versions/{version}/infer")
        router.add(.post, "/v1/models/{model}:predict")
        router.add(.get, "/v1/models/{model}")
        router.add(.get, "/")
        return router
    }()

    private func match(_ method: HTTP.Method, _ path: String) -> (RouteMatch, [String]) {
        var captures = ["left over"]
        let result = Self.router.match(method, Array(path.utf8).span, &captures)
        return (result, captures)
    }

    @Test(arguments: [
        (HTTP.Method.get, "/v2", 0, []), (.get, "/v2/", 0, []), (.head, "/v2", 0, []),
        (.get, "/v2/health/live", 1, []),
        (.get, "/v2/he%61lth/live", 1, []), (.get, "/v2/models/iris", 2, ["iris"]),
        (.post, "/v2/models/iris/infer/", 3, ["iris"]),
        (.post, "/v2/models/m/versions/7/infer", 4, ["m", "7"]),
        (.post, "/v1/models/iris:predict", 5, ["iris"]), (.get, "/v1/models/iris", 6, ["iris"]),
        (.get, "/v1/models/iris:predict", 6, ["iris:predict"]), (.post, "/v1/models/a:b:predict", 5, ["a:b"]),
        (.get, "/", 7, []),
    ])
    func path_leadsToItsRoute(method: HTTP.Method, path: String, route: Int, captures: [String]) {
        let found = match(method, path)
        #expect(found.0 == .route(route))
        #expect(found.1 == captures)
    }

    @Test(arguments: [
        "/v3", "/v2/models", "/v2/models//infer", "//v2", "/v2//health/live", "/v1/models/:predict/x",
        "/v2/health", "*",
        "", "v2", "/V2",
    ])
    func unknownPath_isNotFound(path: String) {
        #expect(match(.get, path).0 == .notFound)
    }

    @Test func wrongMethod_namesTheAllowedOnes() {
        #expect(match(.delete, "/v2/models/m/infer").0 == .methodNotAllowed([.init(.post), .init(.options)]))
        guard case .methodNotAllowed(let allowed) = match(.post, "/v2").0 else {
            Issue.record("POST /v2 was not refused")
            return
        }
        #expect(allowed.allowValue == "GET, HEAD, OPTIONS")
    }

    @Test func capture_isDecodedOnceAndKeptAsText() {
        #expect(match(.get, "/v2/models/a%2Fb").1 == ["a/b"])
        #expect(match(.get, "/v2/models/a%252Fb").1 == ["a%2Fb"])
        #expect(match(.get, "/v2/models/%2e%2e").1 == [".."])
        #expect(match(.get, "/v2/models/a%00b").1 == ["a\0b"])
        #expect(match(.get, "/v2/models/%C3%A4").1 == ["ä"])
        #expect(match(.get, "/v2/models/a+b").1 == ["a+b"])
    }

    @Test func captureThatIsNotUTF8_isMalformed() {
        #expect(match(.get, "/v2/models/%FF").0 == .malformed)
    }

    @Test func templates_areKeptForLabels() {
        #expect(Self.router.templates[5] == "/v1/models/{model}:predict")
    }
}
