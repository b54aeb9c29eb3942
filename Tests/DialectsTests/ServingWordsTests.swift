// SPDX-License-Identifier: Apache-2.0
import Base
import HTTP
import Serving
import Testing

@testable import Dialects

/// The words that clients of TensorFlow Serving look for.
struct ServingWordsTests {
    /// What `form` answers to a body that it refuses.
    private func refusal(_ form: some PredictionForm, _ json: String, of model: String) throws -> String {
        let exchange = try Exchange(model)
        let body = Array(json.utf8)
        var form = form
        var response = Response()
        do {
            try form.read(body.span, exchange.model, into: exchange.workspace)
            Issue.record("it was taken: \(json)")
        } catch {
            form.fail(PredictError(error, in: body.span), &response)
        }
        let text = Array(String(copying: response.body.bytes).utf8)
        return try JSONValue.parse(text.span)["error"]?.string ?? ""
    }

    @Test(
        arguments: [
            ("pair", "", "JSON Parse error: The document is empty; "),
            ("pair", "{\"instances\":[[1,x]]}", "JSON Parse error: Invalid value. at offset: 17; "),
            (
                "pair", "{\"instances\":[[1 2]]}",
                "JSON Parse error: Missing a comma or ] after an array element. at offset: 17; "
            ),
            ("pair", "[1]", "JSON Value: [1] Is not object; "),
            ("pair", "{\"instances\":5}", "JSON Value: 5 Excepting 'instances' to be an list/array; "),
            ("pair", "{\"instances\":[]}", "No values in 'instances' array; "),
            (
                "pair", "{\"instances\":[[1,2]],\"inputs\":[]}",
                "Not formatted correctly expecting only one of "
            ),
            (
                "pair", "{\"signature_name\":5}",
                "JSON Value: 5 not formatted correctly. 'signature_name' key must be a string value.; "
            ),
            (
                "pair", "{\"instances\":[[1,2],[3,\"x\"]]}",
                "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: \"x\" "
                    + "Type: String is not of expected type: double; input 'b', row 1: expected a number"
            ),
            (
                "pair", "{\"instances\":[[1,2],[3]]}",
                "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
                    + "Expecting tensor size: 2 but got: 1 elements; input 'instances[1]'"
            ),
            (
                "pair", "{\"instances\":[{\"a\":1}]}",
                "Failed to process element: 0 of 'instances' list. JSON object keys must be equal to: a,b; "
            ),
            (
                "pair", "{\"instances\":[{\"a\":1,\"z\":1}]}",
                "Failed to process element: 0 key: z of 'instances' list. Error: INVALID_ARGUMENT: "
                    + "JSON object: does not have named input: z; "
            ),
            ("pair", "{\"inputs\":{\"a\":[1]}}", "Missing named input: b in 'inputs' object.; "),
            ("pair", "{\"inputs\":{\"a\":[1],\"b\":[true,[]]}}", "unexpected shape for input 'b'"),
            (
                "pair", "{\"inputs\":{\"a\":[\"x\"]}}",
                "JSON Value: \"x\" Type: String is not of expected type: double; input 'a', row 0"
            ),
            (
                "mixed", "{\"instances\":[{\"n\":1,\"c\":{\"b64\":\"!\"}}]}",
                "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "
                    + "JSON Value not formatted correctly for base64 data; "
            ),
            (
                "mixed", "{\"instances\":[{\"n\":1,\"c\":[1]}]}",
                "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: [1] "
                    + "Type: Array is not of expected type: string; "
            ),
            (
                "sk_ct_logreg", "{\"instances\":[{\"sex\":5}]}",
                "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: 5 "
                    + "Type: Number is not of expected type: string; "
            ),
            ("pair", "{}", "Missing 'inputs' or 'instances' key"),
        ])
    func predictions_areRefusedInItsWords(_ model: String, _ json: String, _ words: String) throws {
        let message = try refusal(InstancesForm(explains: false), json, of: model)
        #expect(message.hasPrefix(words), "\(json): \(message)")
    }

    @Test(
        arguments: [
            ("{}", "When method is classify, key 'examples' is expected and was not found; "),
            ("{\"examples\":5}", "JSON Value: 5 Expecting 'examples' value to be an list/array; "),
            ("{\"examples\":[]}", "'examples' value is an empty array; "),
            ("{\"examples\":[5]}", "Example must be JSON object but got JSON Number; "),
        ])
    func examples_areRefusedInItsWords(_ json: String, _ words: String) throws {
        let message = try refusal(ExamplesForm(task: .regress), json, of: "pair")
        #expect(message.hasPrefix(words), "\(json): \(message)")
    }

    @Test func aLongValue_isCut() throws {
        let json = "{\"instances\":[[1,\"" + String(repeating: "x", count: 500) + "\"]]}"
        let message = try refusal(InstancesForm(explains: false), json, of: "pair")
        #expect(message.utf8.count < 400 && message.contains("…"))
    }

    @Test func whatIsNotThere_isSaidAsThere() {
        let words = ServingWords()
        #expect(words.message(.unknownModel("m")) == "Servable not found for request: Latest(m)")
        #expect(
            words.message(.unknownVersion(model: "m", version: "9"))
                == "Servable not found for request: Specific(m, 9)")
        #expect(
            words.message(.unknownAlias(model: "m", alias: "l")) == "Unrecognized servable version label: l")
        #expect(ServingWords.status(.unknownAlias(model: "m", alias: "l")) == .badRequest)
        #expect(ServingWords.statusMessage(.unknownModel("m")) == "Could not find any versions of model m")
        #expect(
            ServingWords.statusMessage(.unknownVersion(model: "m", version: "9"))
                == "Could not find version 9 of model m")
        #expect(
            words.message(.tooManyRequests(model: "m"))
                .hasPrefix("The batch scheduling queue to which this task was submitted is full; "))
        #expect(ServingWords.status(.tooManyRequests(model: "m")) == .serviceUnavailable)
    }
}
