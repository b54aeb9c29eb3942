// SPDX-License-Identifier: Apache-2.0
internal import Base
package import HTTP
package import Serving

package enum DocumentEndpoint: Sendable, Equatable { case server, model, page }

extension Endpoint {
    static let documentRoutes: [Route<Endpoint>] = [
        Route(.get, "/openapi.json", .document(.server)),
        Route(.get, "/openapi/{model}", .document(.model)),
        Route(.get, "/docs", .document(.page)),
    ]
}

/// Describes the server to programs (OpenAPI 3.1) and to people (a page): `docs/protocols/openapi.md`.
package struct DocumentDialect {
    private let service: PredictService
    private let serverVersion: String

    package init(service: PredictService, serverVersion: String) {
        self.service = service
        self.serverVersion = serverVersion
    }

    package func answer(
        _ endpoint: DocumentEndpoint, _ path: PathParameters, _ response: inout Response
    ) {
        switch endpoint {
        case .server: OpenAPIDocument(serverVersion: serverVersion, model: nil).write(into: &response.body)
        case .model:
            do {
                let model = try service.resolve(path.model, version: nil)
                OpenAPIDocument(serverVersion: serverVersion, model: model).write(into: &response.body)
            } catch {
                response.fail(error)
            }
        case .page:
            response.contentType = ContentType("text/html; charset=utf-8")
            response.addHeader(
                "Content-Security-Policy",
                "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
            )
            response.body.append(DocumentPage.html)
        }
    }
}
