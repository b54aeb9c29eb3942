// SPDX-License-Identifier: Apache-2.0
import Serving
import Testing

@testable import Dialects

/// What a V2 request may look like, and what is read from it.
struct InferRequestTests {
    // MARK: Forms

    @Test(arguments: [
        #"{"name":"input","shape":[2,2],"datatype":"FP64","data":[1,2,3,4]}"#,
        #"{"data":[1,2,3,4],"name":"input","shape":[2,2],"datatype":"FP64"}"#,
        #"{"name":"input","data":[[1,2],[3,4]],"datatype":"FP64","shape":[2,2]}"#,
        #"{"shape":[2,2],"datatype":"FP64","data":[[1,2],[3,4]],"name":"input","unknown":[{"deep":[1]}]}"#,
    ])
    func membersOfAnInput_comeInAnyOrder(_ input: String) throws {
        let exchange = try Exchange("pair")
        let answer = exchange.infer(#" { "inputs" : [ \#(input) ] } "#)
        #expect(
            answer.text
                == #"{"model_name":"pair","model_version":"1","outputs":[{"name":"predictions","#
                + #""datatype":"FP64","shape":[2],"data":[21.0,43.0]}]}"#
        )
        #expect(exchange.cells == [[1, 2], [3, 4]])
    }

    @Test func columns_comeInAnyOrderAndShape() throws {
        let exchange = try Exchange("pair")
        _ = exchange.infer(
            #"""
            {"inputs":[{"name":"b","shape":[2,1],"datatype":"INT8","data":[[2],[4]]},
            {"name":"a","shape":[2],"datatype":"FP32","data":[1,3]}]}
            """#)
        #expect(exchange.cells == [[1, 2], [3, 4]])
    }

    @Test func nulls_standForWhatIsNotSent() throws {
        let exchange = try Exchange("identity")
        let input = #"{"name":"x","shape":[1],"datatype":"FP64","parameters":null,"data":[1]}"#
        let answer = exchange.infer(#"{"id":null,"parameters":null,"outputs":null,"inputs":[\#(input)]}"#)
        #expect(answer.text?.hasPrefix(#"{"model_name":"identity""#) == true)
        #expect(exchange.infer(#"{"inputs":null}"#).isClientError)
    }

    @Test func parameters_areNumbersTextsAndBooleans() throws {
        let exchange = try Exchange("identity")
        let input = #"{"name":"x","shape":[1],"datatype":"FP64","data":[1]}"#
        func ask(_ parameters: String) -> Outcome {
            exchange.infer(#"{"parameters":{\#(parameters)},"inputs":[\#(input)]}"#)
        }
        #expect(ask(#""a":1,"b":"c","d":true,"sequence_id":7,"priority":2,"timeout":5000000"#).text != nil)
        #expect(ask(#""a":[1]"#).code == "invalid_field")
        #expect(ask(#""a":null"#).code == "invalid_field")
        #expect(ask(#""triton_x":1"#).code == "invalid_field")
        #expect(ask(#""a":1,"a":2"#).code == "repeated_field")
        #expect(ask(#""priority":-1"#).isClientError)
    }

    @Test func schedulingParameters_areFoundAhead() {
        let text = #"{"inputs":[{"data":[1,[2]]}],"parameters":{"x":"y","timeout":70,"priority":3},"id":"1"}"#
        let parameters = SchedulingParameters(lookingInto: Array(text.utf8).span)
        #expect(parameters.timeout == 70)
        #expect(parameters.priority == 3)
        #expect(SchedulingParameters(lookingInto: Array(#"{"parameters":[]}"#.utf8).span).timeout == 0)
        #expect(
            SchedulingParameters(lookingInto: Array(#"{"parameters":{"timeout":"#.utf8).span).timeout == 0)
    }

    @Test(arguments: ["\"parameters\"", "\"par\\u0061meters\"", "\"\\u0070arameters\"", "\n\"parameters\" "])
    func schedulingParameters_areFoundWhereverTheyStand(key: String) {
        for padding in 0..<40 {
            let numbers = String(repeating: "1", count: padding + 1)
            for text in [
                #"{"a":\#(numbers),\#(key):{"timeout":7}}"#,
                #"{\#(key):{"timeout":7},"a":[\#(numbers),"x"]}"#,
            ] {
                #expect(SchedulingParameters(lookingInto: Array(text.utf8).span).timeout == 7, "\(text)")
            }
            let none = #"{"a":[\#(numbers),"p"],"b":{\#(key):{"timeout":7}}}"#
            #expect(SchedulingParameters(lookingInto: Array(none.utf8).span).timeout == 0, "\(none)")
        }
    }

    @Test func theIdentifier_comesBack() throws {
        let exchange = try Exchange("identity")
        let input = #"{"name":"x","shape":[1],"datatype":"FP64","data":[1]}"#
        let answer = exchange.infer(#"{"inputs":[\#(input)],"id":"a\"\u00e9"}"#)
        #expect(answer.text?.hasPrefix(#"{"id":"a\"é","model_name""#) == true)
    }

    // MARK: Datatypes

    @Test(arguments: [
        ("INT8", "-128", -128.0), ("INT8", "127", 127), ("UINT8", "255", 255), ("INT16", "-32768", -32768),
        ("UINT16", "65535", 65535), ("INT32", "-2147483648", -2_147_483_648),
        ("UINT32", "4294967295", 4_294_967_295), ("INT64", "-9223372036854775808", -0x1p63),
        ("UINT64", "18446744073709551615", 0x1p64), ("BOOL", "true", 1), ("BOOL", "false", 0),
        ("FP64", "0.1", 0.1), ("FP32", "0.1", Double(Float(0.1))), ("FP32", "7", 7), ("FP64", "-0.0", 0),
    ])
    func numbersInRange_areRead(_ datatype: String, _ text: String, _ value: Double) throws {
        let exchange = try Exchange("identity")
        #expect(exchange.infer("x", datatype, shape: "[1]", data: "[\(text)]").text != nil)
        #expect(exchange.cells == [[value]])
    }

    @Test(arguments: [
        ("INT8", "128"), ("INT8", "-129"), ("UINT8", "-1"), ("UINT8", "256"), ("INT16", "32768"),
        ("UINT16", "65536"), ("INT32", "2147483648"), ("UINT32", "4294967296"),
        ("INT64", "9223372036854775808"), ("UINT64", "18446744073709551616"), ("UINT64", "-1"),
        ("INT32", "1.0"), ("INT32", "1e2"), ("INT32", "true"), ("BOOL", "1"), ("FP32", "true"),
        ("FP64", "\"1\""), ("FP32", "1e39"), ("FP64", "1e400"), ("FP64", "NaN"), ("FP64", "Infinity"),
        ("FP64", "-Infinity"), ("FP64", "{}"), ("BYTES", "\"a\""), ("FP16", "1"), ("BF16", "1"), ("", "1"),
        ("fp64", "1"),
    ])
    func valuesThatTheTypeDoesNotHold_areRefused(_ datatype: String, _ text: String) throws {
        #expect(try Exchange("identity").infer("x", datatype, shape: "[1]", data: "[\(text)]").isClientError)
    }

    @Test(arguments: [
        "BOOL", "INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64", "FP32", "FP64",
    ])
    func null_isMissingInEveryType(_ datatype: String) throws {
        let exchange = try Exchange("identity")
        let answer = exchange.infer("x", datatype, shape: "[1]", data: "[null]")
        #expect(answer.text?.hasSuffix(#""shape":[1],"data":[null]}]}"#) == true)
        #expect(exchange.cells[0][0].isNaN)
    }

    @Test func categories_travelByName() throws {
        let exchange = try Exchange("mixed")
        let answer = exchange.infer(
            #"""
            {"inputs":[{"name":"c","shape":[4],"datatype":"BYTES","data":["grün","red","blue",null]},
            {"name":"n","shape":[4],"datatype":"FP64","data":[1,2,3,4]}]}
            """#)
        #expect(answer.text?.contains(#""data":[201.0,102.0,3.0,4.0]"#) == true)
        #expect(exchange.cells[0] == [1, 1] && exchange.cells[1] == [2, 0] && exchange.cells[2] == [3, -1])
        #expect(exchange.cells[3][1].isNaN)
    }

    @Test func typesOfCategoriesAndNumbers_areNotMixedUp() throws {
        let exchange = try Exchange("mixed")
        #expect(exchange.infer("c", "INT64", shape: "[1]", data: "[0]").code == "wrong_datatype")
        #expect(exchange.infer("n", "BYTES", shape: "[1]", data: "[\"1\"]").code == "wrong_datatype")
        #expect(exchange.infer("c", "BYTES", shape: "[1]", data: "[0]").code == "wrong_value")
    }

    // MARK: Shapes and counts

    @Test(arguments: [
        ("[2]", "[1,2]", "wrong_shape"), ("[1,3]", "[1,2,3]", "wrong_shape"),
        ("[1,1,2]", "[1,2]", "wrong_shape"), ("[0,2]", "[]", "wrong_shape"),
        ("[1,2]", "[1]", "wrong_element_count"), ("[1,2]", "[1,2,3]", "wrong_element_count"),
        ("[1,2]", "[]", "wrong_element_count"), ("[2,2]", "[[1,2]]", "wrong_element_count"),
        ("[1,2]", "[[1,2],[3,4]]", "wrong_element_count"), ("[1,2]", "[[1]]", "wrong_element_count"),
        ("[1,2]", "[[1,2,3]]", "wrong_element_count"), ("[1,2]", "[[[1],[2]]]", "wrong_value"),
        ("[1,2]", "[[1,2],3]", "wrong_element_count"), ("[2,2]", "[[1,2],3]", "malformed_body"),
        ("[1,2]", "[1,[2]]", "wrong_value"),
        ("[1,2]", "1", "malformed_body"), ("[]", "[1,2]", "invalid_field"), ("[-1,2]", "[]", "invalid_field"),
        ("[1,1,1,1,1,1,1,1,1]", "[1]", "invalid_field"), ("[1.0,2]", "[1,2]", "malformed_body"),
        ("[1099511627776,2]", "[1,2]", "rows_exceed_body"),
        ("[9223372036854775807,2]", "[1,2]", "rows_exceed_body"),
        ("[9223372036854775808,2]", "[1,2]", "malformed_body"),
        ("[9223372036854775807,9223372036854775807]", "[1]", "wrong_shape"),
    ])
    func shapesThatDoNotFit_areRefused(_ shape: String, _ data: String, _ code: String) throws {
        #expect(try Exchange("pair").infer("input", "FP64", shape: shape, data: data).code == code)
    }

    @Test func columnsOfDifferentLengths_areRefused() throws {
        let answer = try Exchange("pair").infer(
            #"""
            {"inputs":[{"name":"a","shape":[2],"datatype":"FP64","data":[1,3]},
            {"name":"b","shape":[1],"datatype":"FP64","data":[2]}]}
            """#)
        #expect(
            answer
                == .refused(.wrongShape(input: "b", given: [1], expected: "2 rows as in the inputs before")))
    }

    // MARK: Fields

    @Test(arguments: [
        #"{"id":"1","id":"1","inputs":[I]}"#, #"{"inputs":[I],"inputs":[I]}"#,
        #"{"inputs":[I],"outputs":[],"outputs":[]}"#, #"{"parameters":{},"parameters":{},"inputs":[I]}"#,
        #"{"parameters":{"binary_data_output":true,"binary_data_output":true},"inputs":[I]}"#,
        #"{"inputs":[{"name":"x","name":"x","shape":[1],"datatype":"FP64","data":[1]}]}"#,
        #"{"inputs":[{"name":"x","shape":[1],"shape":[1],"datatype":"FP64","data":[1]}]}"#,
        #"{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","datatype":"FP64","data":[1]}]}"#,
        #"{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1],"data":[1]}]}"#,
        #"{"inputs":[{"data":[1],"data":[1],"name":"x","shape":[1],"datatype":"FP64"}]}"#,
        #"{"inputs":[{"name":"x","parameters":{},"parameters":{},"shape":[1],"datatype":"FP64"}]}"#,
        #"{"inputs":[I],"outputs":[{"name":"margin","name":"margin"}]}"#,
        #"{"inputs":[I],"outputs":[{"name":"margin","parameters":{},"parameters":{}}]}"#,
        #"{"inputs":[I],"outputs":[{"name":"margin","parameters":{"binary_data":true,"binary_data":true}}]}"#,
    ])
    func knownFields_standOnce(_ body: String) throws {
        let input = #"{"name":"x","shape":[1],"datatype":"FP64","data":[1]}"#
        let answer = try Exchange("identity").infer(
            body.split(separator: "I]", maxSplits: 9).joined(separator: "\(input)]"))
        #expect(answer.code == "repeated_field")
    }

    @Test(arguments: [
        (#"{}"#, "missing_field"), (#"{"inputs":[]}"#, "missing_inputs"), (#"[]"#, "malformed_body"),
        (#""#, "malformed_body"), (#"{"inputs":{}}"#, "malformed_body"),
        (#"{"inputs":[1]}"#, "malformed_body"),
        (#"{"inputs":[{}]}"#, "missing_field"), (#"{"inputs":[{"name":"x"}]}"#, "missing_field"),
        (#"{"inputs":[{"name":"x","datatype":"FP64"}]}"#, "missing_field"),
        (#"{"inputs":[{"name":"x","datatype":"FP64","shape":[1]}]}"#, "missing_field"),
        (#"{"inputs":[{"data":[1]}]}"#, "missing_field"),
        (#"{"inputs":[{"name":"z","datatype":"FP64","shape":[1],"data":[1]}]}"#, "unexpected_input"),
        (#"{"id":7,"inputs":[]}"#, "malformed_body"), (#"{"inputs":[]} x"#, "malformed_body"),
    ])
    func bodiesThatLackSomething_areRefused(_ body: String, _ code: String) throws {
        #expect(try Exchange("identity").infer(body).code == code)
    }

    @Test func anErrorInDataThatCameFirst_isWhereItStands() throws {
        let answer = try Exchange("identity").infer(
            #"{"inputs":[{"data":[1e999],"name":"x","shape":[1],"datatype":"FP64"}]}"#)
        guard case .malformedBody(_, 1, 21, 20, "inputs[0].data[0]") = answer.error else {
            Issue.record("\(answer)")
            return
        }
    }

    @Test func anInputThatComesTwice_isRefused() throws {
        let input = #"{"name":"x","shape":[1],"datatype":"FP64","data":[1]}"#
        #expect(
            try Exchange("identity").infer(#"{"inputs":[\#(input),\#(input)]}"#)
                == .refused(.repeatedInput("x")))
    }

    @Test func sharedMemory_isNotSupported() throws {
        let answer = try Exchange("identity").infer(
            #"{"inputs":[{"name":"x","parameters":{"shared_memory_region":"r"}}]}"#)
        #expect(answer.code == "unsupported")
    }
}
