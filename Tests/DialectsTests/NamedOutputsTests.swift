// SPDX-License-Identifier: Apache-2.0
import Base
import HTTP
import Serving
import Testing

@testable import Dialects

/// Outputs that a request asks for by name, in the protocols whose answers have one output otherwise.
struct NamedOutputsTests {
    private static let wanted = #""outputs":["predictions","lower","upper"]"#

    @Test func boundsOfRows_standInAnObjectARow() throws {
        let exchange = try Exchange("sure")
        let rows =
            #"{"predictions":[{"predictions":5.0,"lower":3.0,"upper":7.0},"#
            + #"{"predictions":NaN,"lower":NaN,"upper":NaN}]}"#
        #expect(
            exchange.predict(#"{"parameters":{\#(Self.wanted)},"instances":[[5],[null]]}"#) == .answer(rows))
        #expect(
            exchange.predict(#"{"instances":[5,NaN],"parameters":{"a":1,\#(Self.wanted)}}"#) == .answer(rows))
        let frame = #"{"dataframe_split":{"columns":["x"],"data":[[5],[null]]},"params":{\#(Self.wanted)}}"#
        #expect(exchange.answer(MLflowForm(), Array(frame.utf8)) == .answer(rows))
    }

    @Test func boundsOfColumns_areAListEach() throws {
        let answer = try Exchange("sure").predict(
            #"{"inputs":{"x":[5,1]},"parameters":{"outputs":["upper","lower"]}}"#)
        #expect(answer == .answer(#"{"outputs":{"upper":[7.0,3.0],"lower":[3.0,-1.0]}}"#))
    }

    @Test func otherOutputs_goByNameToo_andExplanationsStandBehind() throws {
        #expect(
            try Exchange("binary").predict(
                #"{"instances":[0],"parameters":{"outputs":["labels","probabilities","margin"]}}"#)
                == .answer(#"{"predictions":[{"labels":"no","probabilities":[0.5,0.5],"margin":0.0}]}"#))
        #expect(
            try Exchange("sure").explain(#"{"instances":[5],"parameters":{"outputs":["lower"]}}"#)
                == .answer(#"{"predictions":[{"lower":3.0}],"explanations":[[5.0,0.0]]}"#))
    }

    @Test(arguments: [
        ("pair", #"["lower"]"#, "unknown_output"), ("sure", #"["nothing"]"#, "unknown_output"),
        ("sure", #"["contributions"]"#, "unknown_output"), ("sure", #"["lower","lower"]"#, "repeated_output"),
        ("sure", #""lower""#, "invalid_field"), ("sure", "[1]", "invalid_field"),
    ])
    func whatCannotBeAskedFor_isRefused(model: String, outputs: String, code: String) throws {
        let answer = try Exchange(model).predict(
            #"{"instances":[{"input":[1,2]}],"parameters":{"outputs":\#(outputs)}}"#)
        #expect(answer.code == code || model == "sure" && answer.code == "wrong_element_count")
        let alone = try Exchange(model).predict(#"{"parameters":{"outputs":\#(outputs)}}"#)
        #expect(alone.code == code)
    }

    @Test(arguments: ["{}", #"{"outputs":[]}"#, "null", "7", #"{"x":{"outputs":["lower"]}}"#])
    func otherParameters_areReadOver(parameters: String) throws {
        #expect(
            try Exchange("sure").predict(#"{"instances":[5],"parameters":\#(parameters)}"#)
                == .answer(#"{"predictions":[5.0]}"#))
    }

    @Test func sageMakersHeader_namesThem_inEveryForm() throws {
        let exchange = try Exchange("sure")
        func answer(_ form: InvocationAnswer, _ attributes: String) throws -> String {
            let outputs = try NamedOutputs.read(Array(attributes.utf8).span, exchange.model)
            _ = exchange.predict(#"{"instances":[5,1]}"#)
            var response = Response()
            try form.write(exchange.workspace, exchange.model, outputs, into: &response)
            return String(copying: response.body.bytes)
        }
        let header = "trace=7; outputs = predictions, lower,upper ;x=y"
        #expect(
            try answer(.json, header)
                == #"{"predictions":[{"predictions":5.0,"lower":3.0,"upper":7.0},"#
                + #"{"predictions":1.0,"lower":-1.0,"upper":3.0}]}"#
        )
        #expect(try answer(.table, header) == "5.0,3.0,7.0\n1.0,-1.0,3.0\n")
        #expect(try answer(.lines, "outputs=lower") == "{\"lower\":3.0}\n{\"lower\":-1.0}\n")
        #expect(try answer(.table, "trace=7;outputs=") == "5.0\n1.0\n")
        #expect(throws: PredictError.self) { try answer(.array, header) }
        #expect(throws: PredictError.self) { try answer(.json, "outputs=nothing") }
    }
}
