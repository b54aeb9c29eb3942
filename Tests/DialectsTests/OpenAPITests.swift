// SPDX-License-Identifier: Apache-2.0
import Base
import HTTP
import Serving
import Testing

@testable import Dialects

/// The document that describes the server.
struct OpenAPITests {
    private func document(_ model: String? = nil) throws -> JSONValue {
        let served = try model.map { try Exchange($0).model }
        var body = ByteBuffer()
        OpenAPIDocument(serverVersion: "1.2.3", model: served).write(into: &body)
        return try JSONValue.parse(body.bytes)
    }

    @Test func everyRoute_isInTheDocument() throws {
        let paths = try #require(try document()["paths"])
        for route in Endpoint.routes {
            let method = "\(route.method.name)".lowercased()
            let operation = try #require(paths[route.pattern]?[method], "\(method) \(route.pattern)")
            #expect(operation["summary"]?.string?.isEmpty == false)
            #expect(operation["responses"]?.object?.members.isEmpty == false)
        }
    }

    @Test func operations_haveNamesOfTheirOwn() throws {
        let paths = try #require(try document()["paths"]?.object)
        let names = paths.members.flatMap {
            $0.value.object?.members.compactMap { $0.value["operationId"]?.string } ?? []
        }
        #expect(Set(names).count == names.count)
        #expect(names.count == Endpoint.routes.count + BatchEndpoint.routes.count)
    }

    @Test(arguments: [nil, "mixed", "classes", "torch_cnn_digits"])
    func everyReference_leadsSomewhere(_ model: String?) throws {
        let document = try document(model)
        let schemas = try #require(document["components"]?["schemas"]?.object)
        var references: Set<String> = []
        func visit(_ value: JSONValue) {
            switch value {
            case .object(let object):
                if let text = object["$ref"]?.string { references.insert(text) }
                for member in object.members { visit(member.value) }
            case .array(let elements): for element in elements { visit(element) }
            default: break
            }
        }
        visit(document)
        #expect(!references.isEmpty)
        let known = Set(schemas.members.map { "#/components/schemas/\($0.key)" })
        #expect(references.subtracting(known).isEmpty)
    }

    @Test func aModelsDocument_namesItsFeatures() throws {
        let document = try document("mixed")
        #expect(document["paths"]?["/v2/models/mixed/infer"] != nil)
        #expect(document["paths"]?["/v2/models/{model}/infer"] == nil)
        let schemas = document["components"]?["schemas"]
        let features = schemas?["ExamplesRequest"]?["properties"]?["examples"]?["items"]
        #expect(features?["required"] == .array(["n", "c"]))
        #expect(features?["properties"]?["c"]?["examples"] == .array(["red", "grün"]))
        #expect(schemas?["Row"]?["anyOf"]?.array?.first?["prefixItems"]?.array?.count == 2)
    }

    @Test func thePage_loadsNothingFromElsewhere() {
        let page = "\(DocumentPage.html)"
        #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("src="))
        #expect(page.contains("</html>"))
    }
}
