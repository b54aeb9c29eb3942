// SPDX-License-Identifier: Apache-2.0
import Base
import Serving
import Testing

@testable import Dialects

/// `:classify` and `:regress` of TensorFlow Serving.
struct ExamplesTests {
    private func ask(_ model: String, _ task: ExamplesForm.Task, _ json: String) throws -> Outcome {
        try Exchange(model).answer(ExamplesForm(task: task), Array(json.utf8))
    }

    @Test func classify_answersLabelsWithScores() throws {
        let answer = try ask("binary", .classify, #"{"examples":[{"x":0},{"x":[-800]}]}"#)
        #expect(answer.text == #"{"results":[[["no",0.5],["yes",0.5]],[["no",1.0],["yes",0.0]]]}"#)
    }

    @Test func regress_answersANumberEach() throws {
        let answer = try ask(
            "pair", .regress, #"{"signature_name":"","context":{"b":2},"examples":[{"a":1},{"a":3,"b":0}]}"#)
        #expect(answer.text == #"{"results":[21.0,3.0]}"#)
    }

    @Test func categories_goByName() throws {
        let answer = try ask("mixed", .regress, #"{"examples":[{"c":["red"],"n":1},{"n":2,"c":null}]}"#)
        #expect(answer.text == #"{"results":[101.0,2.0]}"#)
    }

    @Test(
        arguments: [
            ("pair", #"{"examples":[]}"#, "invalid_field"), ("pair", #"{}"#, "missing_field"),
            ("pair", #"{"examples":[{"a":1}]}"#, "missing_inputs"),
            ("pair", #"{"examples":[{"a":1,"b":2,"z":3}]}"#, "unexpected_input"),
            ("pair", #"{"examples":[{"a":1,"a":2,"b":3}]}"#, "repeated_input"),
            ("pair", #"{"examples":[{"a":[],"b":2}]}"#, "wrong_value"),
            ("pair", #"{"examples":[{"a":[1,2],"b":2}]}"#, "wrong_value"),
            ("pair", #"{"examples":[{"a":"x","b":2}]}"#, "wrong_value"),
            ("pair", #"{"examples":[1]}"#, "malformed_body"),
            ("pair", #"{"signature_name":"other","examples":[{"a":1,"b":2}]}"#, "unsupported"),
            ("binary", #"{"examples":[{"x":1}]}"#, "unsupported"),
        ] as [(String, String, String)])
    func wrongExamples_areRefused(_ model: String, _ json: String, _ code: String) throws {
        #expect(try ask(model, .regress, json).code == code)
    }

    @Test func aModelWithoutClasses_classifiesNothing() throws {
        #expect(try ask("pair", .classify, #"{"examples":[{"a":1,"b":2}]}"#).code == "unsupported")
    }

    @Test func anErrorBehindTheContext_isFoundAtItsPlace() throws {
        let error = try ask("pair", .regress, "{\"context\":{\"b\":2},\n\"examples\":[{\"a\":{}}]}").error
        #expect(error == .wrongValue(input: "a", row: 0, reason: "expected a number or null, got an object"))
    }
}
