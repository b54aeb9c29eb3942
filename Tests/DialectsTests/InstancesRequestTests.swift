// SPDX-License-Identifier: Apache-2.0
import Serving
import Testing

/// What a V1 request may look like, and how it is answered.
struct InstancesRequestTests {
    // MARK: Rows

    @Test(arguments: [
        #"{"instances":[[1,2],[3,4]]}"#, #"{"instances":[{"b":2,"a":1},{"a":3,"b":4}]}"#,
        #"{"instances":[{"input":[1,2]},[3.0,4e0]]}"#,
        #"{"parameters":{"x":[1]},"signature_name":"serving_default","instances":[[1,2],[3,4]]}"#,
        #"{"signature_name":"","instances":[[1,2],[3,4]],"other":null}"#,
    ])
    func rows_areAnsweredByPredictions(_ body: String) throws {
        let exchange = try Exchange("pair")
        #expect(exchange.predict(body) == .answer(#"{"predictions":[21.0,43.0]}"#))
        #expect(exchange.cells == [[1, 2], [3, 4]])
    }

    @Test(arguments: [
        #"{"instances":[1,2]}"#, #"{"instances":[[1],[2]]}"#, #"{"instances":[{"x":1},{"input":2}]}"#,
        #"{"instances":[{"input":[1]},true]}"#,
    ])
    func aModelWithOneFeature_takesBareValues(_ body: String) throws {
        let exchange = try Exchange("identity")
        #expect(exchange.predict(body).text != nil)
        #expect(exchange.cells[0] == [1])
    }

    @Test func severalValuesARow_areAnArray() throws {
        let answer = try Exchange("classes").predict(#"{"instances":[[800,0],[0,800]]}"#)
        #expect(answer == .answer(#"{"predictions":[[1.0,0.0,0.0],[0.0,1.0,0.0]]}"#))
    }

    // MARK: Explanations

    @Test func explanations_standBehindThePredictions() throws {
        let exchange = try Exchange("pair")
        #expect(
            exchange.explain(#"{"instances":[[1,2],[3,4]]}"#)
                == .answer(
                    #"{"predictions":[21.0,43.0],"explanations":[[1.0,20.0,0.0],[3.0,40.0,0.0]]}"#))
        #expect(
            exchange.explain(#"{"inputs":[[1,2]]}"#)
                == .answer(#"{"outputs":[21.0],"explanations":[[1.0,20.0,0.0]]}"#))
        // Two columns of one category belong to one feature.
        #expect(
            try Exchange("mixed").explain(#"{"instances":[{"c":"grün","n":1}]}"#)
                == .answer(#"{"predictions":[201.0],"explanations":[[1.0,200.0,0.0]]}"#))
    }

    @Test func explanationsOfSeveralMargins_areAnArrayEach() throws {
        #expect(
            try Exchange("classes").explain(#"{"instances":[[800,0]]}"#)
                == .answer(
                    #"{"predictions":[[1.0,0.0,0.0]],"explanations":"#
                        + #"[[[800.0,0.0,0.0],[0.0,0.0,0.0],[0.0,0.0,0.0]]]}"#))
    }

    // MARK: Columns

    @Test(arguments: [
        #"{"inputs":[[1,2],[3,4]]}"#, #"{"inputs":{"input":[[1,2],[3,4]]}}"#,
        #"{"inputs":{"b":[2,4],"a":[[1],[3]]}}"#,
    ])
    func columns_areAnsweredByOutputs(_ body: String) throws {
        #expect(try Exchange("pair").predict(body) == .answer(#"{"outputs":[21.0,43.0]}"#))
    }

    @Test func columnsOfAModelWithOneFeature_mayBeBare() throws {
        #expect(
            try Exchange("identity").predict(#"{"inputs":[1,[2]]}"#) == .answer(#"{"outputs":[1.0,2.0]}"#))
    }

    @Test func categoriesInBase64_areStrings() throws {
        let exchange = try Exchange("mixed")
        let plain = exchange.predict(#"{"instances":[{"n":1,"c":"grün"},[2,"red"]]}"#)
        #expect(plain.text != nil)
        #expect(
            exchange.predict(#"{"instances":[{"n":1,"c":{"b64":"Z3LDvG4="}},[2,{"b64":"cmVk"}]]}"#) == plain)
        #expect(exchange.predict(#"{"instances":[[2,{"b64":"cmV"}]]}"#).code == "wrong_value")
        #expect(exchange.predict(#"{"instances":[[{"b64":"cmVk"},"red"]]}"#).code == "wrong_value")
    }

    @Test func categories_areStrings() throws {
        let exchange = try Exchange("mixed")
        #expect(
            exchange.predict(#"{"instances":[{"c":"red","n":1},[2,"grün"],[3,"?"],{"n":4,"c":null}]}"#)
                == .answer(#"{"predictions":[101.0,202.0,3.0,4.0]}"#))
        #expect(exchange.predict(#"{"inputs":{"c":["red"],"n":[1]}}"#) == .answer(#"{"outputs":[101.0]}"#))
        #expect(exchange.predict(#"{"instances":[[1,0]]}"#).code == "wrong_value")
        #expect(exchange.predict(#"{"instances":[["red",1]]}"#).code == "wrong_value")
        #expect(exchange.predict(#"{"instances":[[1,NaN]]}"#).code == "wrong_value")
        #expect(exchange.predict(#"{"inputs":[[1,"red"]]}"#).code == "invalid_field")
        #expect(exchange.predict(#"{"instances":[{"input":[1,"red"]}]}"#).code == "unexpected_input")
    }

    // MARK: Numbers

    @Test func nonFiniteNumbers_areTokensBothWays() throws {
        let exchange = try Exchange("identity")
        #expect(
            exchange.predict(#"{"instances":[NaN,Infinity,-Infinity,null,-1.5]}"#)
                == .answer(#"{"predictions":[NaN,Infinity,-Infinity,NaN,-1.5]}"#))
        #expect(
            try Exchange("huge").predict(#"{"instances":[10]}"#) == .answer(#"{"predictions":[Infinity]}"#))
    }

    @Test(arguments: [
        "nan", "+1", "01", "1.", ".5", "1e", "0x1", "-", "-NaN", "Inf", "1e999", "True", "\"1\"",
    ])
    func textThatIsNoNumber_isRefused(_ text: String) throws {
        #expect(try Exchange("identity").predict(#"{"instances":[\#(text)]}"#).isClientError)
    }

    // MARK: What is refused

    @Test(arguments: [
        (#"{}"#, "unsupported"), (#"[]"#, "malformed_body"), (#""#, "malformed_body"),
        (#"{"instances":[]}"#, "invalid_field"), (#"{"inputs":[]}"#, "invalid_field"),
        (#"{"inputs":{}}"#, "missing_inputs"), (#"{"instances":{}}"#, "malformed_body"),
        (#"{"instances":[[1,2]],"inputs":[[1,2]]}"#, "invalid_field"),
        (#"{"instances":[[1,2]],"instances":[[1,2]]}"#, "invalid_field"),
        (#"{"signature_name":"other","instances":[[1,2]]}"#, "unsupported"),
        (#"{"signature_name":"","signature_name":"","instances":[[1,2]]}"#, "repeated_field"),
        (#"{"signature_name":1,"instances":[[1,2]]}"#, "malformed_body"),
        (#"{"instances":[1]}"#, "wrong_element_count"), (#"{"instances":[[1]]}"#, "wrong_element_count"),
        (#"{"instances":[[1,2,3]]}"#, "wrong_element_count"), (#"{"instances":[[[1],2]]}"#, "wrong_value"),
        (#"{"instances":[{"a":1}]}"#, "missing_inputs"), (#"{"instances":[{}]}"#, "missing_inputs"),
        (#"{"instances":[{"a":1,"a":1}]}"#, "repeated_input"),
        (#"{"instances":[{"z":1}]}"#, "unexpected_input"),
        (#"{"instances":[{"a":[1],"b":1}]}"#, "wrong_value"),
        (#"{"instances":[{"input":1}]}"#, "wrong_value"), (#"{"inputs":5}"#, "malformed_body"),
        (#"{"inputs":{"a":[1,2],"b":[1]}}"#, "wrong_shape"),
        (#"{"inputs":{"a":[1],"b":[1,2]}}"#, "wrong_shape"),
        (#"{"inputs":{"a":[],"b":[]}}"#, "invalid_field"), (#"{"inputs":{"a":[1],"b":[]}}"#, "invalid_field"),
        (#"{"inputs":{"a":[[]],"b":[1]}}"#, "wrong_value"),
        (#"{"inputs":{"a":[[1,2]],"b":[1]}}"#, "wrong_value"),
        (#"{"inputs":{"a":1,"b":[1]}}"#, "malformed_body"),
        (#"{"inputs":{"a":[1],"a":[1]}}"#, "repeated_input"),
    ])
    func requestsThatAreWrong_areRefused(_ body: String, _ code: String) throws {
        #expect(try Exchange("pair").predict(body).code == code)
    }

    @Test func aRowOfTheWrongWidth_isNamed() throws {
        let exchange = try Exchange("pair")
        let rows = exchange.predict(#"{"instances":[[1,2],[1]]}"#)
        #expect(rows == .refused(.wrongElementCount(input: "instances[1]", expected: 2, given: "1 elements")))
        let columns = exchange.predict(#"{"inputs":[[1,2],[1,2,3]]}"#)
        #expect(
            columns
                == .refused(
                    .wrongElementCount(input: "inputs[1]", expected: 2, given: "more than 2 elements")))
    }
}
