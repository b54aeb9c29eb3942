// SPDX-License-Identifier: Apache-2.0
import Base
import Serving
import Testing

@testable import Dialects

/// What MLflow's and SageMaker's clients send.
struct InvocationsTests {
    private func mlflow(_ model: String, _ json: String) throws -> Outcome {
        try Exchange(model).answer(MLflowForm(), Array(json.utf8))
    }

    // MARK: Data frames

    @Test(arguments: [
        #"{"dataframe_split":{"columns":["c","x","n"],"data":[["red",0,1],[null,[],2],["blue",0,null]]}}"#,
        #"{"dataframe_split":{"data":[["red",1,"?"],[null,2,1],["blue",null,{}]],"columns":["c","n","y"]}}"#,
        #"{"dataframe_records":[{"c":"red","n":1},{"n":2,"z":1},{"c":"blue","n":NaN}]}"#,
        #"{"dataframe_split":{"columns":[0,1],"data":[[1,"red"],[2,null],[null,"blue"]]}}"#,
        #"{"dataframe_split":{"data":[[1,"red"],[2,null],[null,"blue"]],"index":[1,2,3]},"params":null}"#,
    ])
    func columns_goByNameInAnyOrder(_ json: String) throws {
        let exchange = try Exchange("mixed")
        let outcome = exchange.answer(MLflowForm(), Array(json.utf8))
        #expect(outcome.text == #"{"predictions":[101.0,2.0,NaN]}"#)
        #expect(exchange.cells[0] == [1, 0])
        #expect(exchange.cells[1][1].isNaN && exchange.cells[2][0].isNaN)
        #expect(exchange.cells[2][1] == -1, "a category that was never seen")
    }

    @Test(
        arguments: [
            (#"{"dataframe_split":{"columns":["n"],"data":[[1]]}}"#, "missing_inputs"),
            (#"{"dataframe_split":{"columns":["n","c","n"],"data":[]}}"#, "repeated_input"),
            (#"{"dataframe_split":{"columns":["n","c"],"data":[[1]]}}"#, "wrong_element_count"),
            (#"{"dataframe_split":{"columns":["n","c"],"data":[[1,"a",2]]}}"#, "wrong_element_count"),
            (#"{"dataframe_split":{"columns":["n","c"],"data":[[true,"a"],["x","a"]]}}"#, "wrong_value"),
            (#"{"dataframe_split":{"columns":["n","c"],"data":[]}}"#, "invalid_field"),
            (#"{"dataframe_split":{"columns":["n","c"]}}"#, "missing_field"),
            (#"{"dataframe_split":{"data":[[1,2,3]]}}"#, "wrong_element_count"),
            (#"{"dataframe_split":{"rows":[]}}"#, "invalid_field"),
            (#"{"dataframe_split":{"data":[],"data":[]}}"#, "repeated_field"),
            (#"{"dataframe_records":[{"n":1}]}"#, "missing_inputs"),
            (#"{"dataframe_records":[{"n":1,"n":2,"c":"a"}]}"#, "repeated_input"),
            (#"{"dataframe_records":[]}"#, "invalid_field"),
            (#"{"dataframe_records":[[1]]}"#, "malformed_body"),
            (#"{"instances":[[1,"a"]],"inputs":[]}"#, "unsupported"), (#"{}"#, "unsupported"),
            (#"{"signature_name":"x","instances":[[1,"a"]]}"#, "unsupported"),
            (#"{"instances":[[1,"a"]]}x"#, "malformed_body"), (#"[1]"#, "malformed_body"),
        ])
    func wrongFrames_areRefused(_ json: String, _ code: String) throws {
        #expect(try mlflow("mixed", json).code == code)
    }

    // MARK: Tables

    private func table(_ model: String, _ text: String, hasHeader: Bool) throws -> Outcome {
        let exchange = try Exchange(model)
        let bytes = Array(text.utf8)
        exchange.workspace.begin(exchange.model, bodySize: bytes.count)
        do {
            try TableReader(model: exchange.model, hasHeader: hasHeader)
                .read(bytes.span, into: exchange.workspace)
            return .answer("\(exchange.cells)")
        } catch {
            return .refused(PredictError(error, in: bytes.span))
        }
    }

    @Test func tables_mayHaveNames() throws {
        #expect(
            try table("mixed", "c,z,n\nred,?,1\n\"grün\",,+2.50\n", hasHeader: true).text
                == "[[1.0, 0.0], [2.5, 1.0]]")
        #expect(try table("mixed", "1,red\r\n2.5,grün", hasHeader: false).text == "[[1.0, 0.0], [2.5, 1.0]]")
        #expect(try table("identity", "1\n2\n", hasHeader: false).text == "[[1.0], [2.0]]")
    }

    @Test(
        arguments: [
            ("n,c\n1", true, "wrong_element_count"), ("n\n1", true, "missing_inputs"),
            ("", true, "malformed_body"),
            ("n,n\n1,2", true, "malformed_body"), ("x,red", false, "wrong_value"),
            ("1,\"red", false, "malformed_body"),
            ("", false, "invalid_field"), ("1,red\n2", false, "wrong_element_count"),
        ])
    func wrongTables_areRefused(_ text: String, _ hasHeader: Bool, _ code: String) throws {
        #expect(try table("mixed", text, hasHeader: hasHeader).code == code)
    }

    // MARK: Records

    private func records(_ model: String, _ text: String, lines: Bool = false) throws -> Outcome {
        let exchange = try Exchange(model)
        let bytes = Array(text.utf8)
        exchange.workspace.begin(exchange.model, bodySize: bytes.count)
        do {
            let reader = RecordReader(model: exchange.model)
            if lines {
                try reader.readLines(bytes.span, into: exchange.workspace)
            } else {
                try reader.readDocument(bytes.span, into: exchange.workspace)
            }
            return .answer("\(exchange.cells)")
        } catch {
            return .refused(PredictError(error, in: bytes.span))
        }
    }

    @Test(arguments: [
        "[[1,2],[3,4]]", #"{"instances":[{"features":[1,2]},{"b":4,"a":3}]}"#, #"{"inputs":[[1,2],[3,4]]}"#,
        #"{"inputs":{"b":[2,4],"a":[1,3]},"other":1}"#,
    ])
    func documents_haveManyForms(_ json: String) throws {
        #expect(try records("pair", json).text == "[[1.0, 2.0], [3.0, 4.0]]")
    }

    @Test func aRow_mayStandAlone() throws {
        #expect(try records("pair", "[1,2]").text == "[[1.0, 2.0]]")
        #expect(try records("identity", "[1,2]").text == "[[1.0], [2.0]]")
        #expect(
            try records("pair", "[1,2]\n{\"features\":[3,4]}\n\n", lines: true).text
                == "[[1.0, 2.0], [3.0, 4.0]]")
    }

    @Test(
        arguments: [
            ("[[1],[3,4]]", "wrong_element_count"), ("[[1,2],[3]]", "wrong_element_count"),
            (#"[{"a":1}]"#, "missing_inputs"), (#"[{"a":1,"b":2,"c":3}]"#, "unexpected_input"),
            (#"[{"a":1,"a":2,"b":3}]"#, "repeated_input"), (#"[{"a":1,"features":[1,2]}]"#, "invalid_field"),
            ("[]", "invalid_field"), ("{}", "missing_field"),
            (#"{"instances":[],"inputs":[]}"#, "invalid_field"),
            (#"[["x",1]]"#, "wrong_value"), ("[[1,2]]]", "malformed_body"), ("1", "malformed_body"),
            ("[{}]", "invalid_field"),
        ])
    func wrongRecords_areRefused(_ json: String, _ code: String) throws {
        #expect(try records("pair", json).code == code)
    }

    // MARK: NumPy

    private static func file(_ description: String, _ shape: String, _ data: [UInt8], order: String = "False")
        -> [UInt8]
    {
        let header = "{'descr': '\(description)', 'fortran_order': \(order), 'shape': \(shape), }\n"
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + data
    }

    @Test func arrays_areRead() throws {
        let exchange = try Exchange("pair")
        exchange.workspace.begin(exchange.model, bodySize: 1000)
        try NumPyArray.read(
            Self.file("<i2", "(2, 2)", [1, 0, 2, 0, 255, 255, 4, 0]).span, exchange.model,
            into: exchange.workspace)
        #expect(exchange.cells == [[1, 2], [-1, 4]])
        exchange.workspace.begin(exchange.model, bodySize: 1000)
        try NumPyArray.read(Self.file("|b1", "(2,)", [1, 0]).span, exchange.model, into: exchange.workspace)
        #expect(exchange.cells == [[1, 0]])
    }

    @Test(
        arguments: [
            (file(">i2", "(1, 2)", [1, 0, 2, 0]), "unsupported"),
            (file("<i2", "(1, 2)", [1, 0, 2]), "wrong_element_count"),
            (file("<i2", "(1, 3)", [1, 0, 2, 0, 3, 0]), "wrong_shape"),
            (file("<i2", "(-1, 2)", [1]), "malformed_body"),
            (file("<i2", "(1, 2)", [1, 0, 2, 0], order: "True"), "unsupported"), ([0x93], "malformed_body"),
            (file("<i2", "(1, 99999999999999999999)", []), "malformed_body"),
            (Array(file("<i2", "(1, 2)", [1, 0, 2, 0]).prefix(30)), "malformed_body"),
            (file("<i2", "(9223372036854775807, 2)", [1, 0]), "rows_exceed_body"),
        ] as [([UInt8], String)])
    func wrongArrays_areRefused(_ bytes: [UInt8], _ code: String) throws {
        let exchange = try Exchange("pair")
        exchange.workspace.begin(exchange.model, bodySize: bytes.count)
        #expect {
            try NumPyArray.read(bytes.span, exchange.model, into: exchange.workspace)
        } throws: { ($0 as? PredictError)?.code == code }
    }
}
