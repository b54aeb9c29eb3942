// SPDX-License-Identifier: Apache-2.0
import Serving
import Testing

@testable import Dialects

/// Tensors that come as bytes behind the JSON.
struct BinaryTensorTests {
    @Test(
        arguments: [
            ("INT8", [0x80], -128.0), ("UINT8", [0xff], 255), ("INT16", [0x00, 0x80], -32768),
            ("UINT16", [0xfe, 0xff], 65534), ("INT32", [0xff, 0xff, 0xff, 0xff], -1),
            ("UINT32", [0xff, 0xff, 0xff, 0xff], 4_294_967_295),
            ("INT64", [0, 0, 0, 0, 0, 0, 0, 0x80], -0x1p63),
            ("UINT64", [0, 0, 0, 0, 0, 0, 0, 0x80], 0x1p63), ("BOOL", [1], 1), ("BOOL", [0], 0),
            ("FP32", [0, 0, 0xc0, 0x3f], 1.5), ("FP64", [0, 0, 0, 0, 0, 0, 0xf8, 0xbf], -1.5),
            ("FP32", [0, 0, 0x80, 0x7f], .infinity),
        ] as [(String, [UInt8], Double)])
    func elements_areLittleEndian(_ datatype: String, _ bytes: [UInt8], _ value: Double) throws {
        let exchange = try Exchange("identity")
        _ = exchange.infer("x", datatype, shape: "[1]", bytes: bytes)
        #expect(exchange.cells == [[value]])
    }

    @Test func notANumber_isMissing() throws {
        let exchange = try Exchange("identity")
        let answer = exchange.infer("x", "FP32", shape: "[1,1]", bytes: [0, 0, 0xc0, 0x7f])
        #expect(answer.text?.hasSuffix(#""data":[null]}]}"#) == true)
    }

    @Test func names_haveTheirLengthBefore() throws {
        let exchange = try Exchange("mixed")
        let names: [UInt8] =
            [3, 0, 0, 0] + Array("red".utf8) + [5, 0, 0, 0] + Array("grün".utf8) + [0, 0, 0, 0]
        let answer = exchange.infer(
            #"""
            {"inputs":[
            {"name":"c","shape":[3],"datatype":"BYTES","parameters":{"binary_data_size":\#(names.count)}},
            {"name":"n","shape":[3],"datatype":"UINT8","data":[1,2,3]}]}
            """#, binary: names)
        #expect(answer.text?.contains(#""data":[101.0,202.0,3.0]"#) == true)
        #expect(exchange.cells == [[1, 0], [2, 1], [3, -1]])
    }

    @Test func severalTensors_followInTheOrderOfTheInputs() throws {
        let exchange = try Exchange("pair")
        _ = exchange.infer(
            #"""
            {"inputs":[{"name":"b","shape":[2],"datatype":"INT8","parameters":{"binary_data_size":2}},
            {"parameters":{"binary_data_size":4},"datatype":"UINT16","shape":[2,1],"name":"a"}]}
            """#, binary: [2, 4, 1, 0, 3, 0])
        #expect(exchange.cells == [[1, 2], [3, 4]])
    }

    /// 1, -2.5, the smallest half above 0, infinity, and not a number; then 1 and -2.5 in BF16.
    @Test func sixteenBitFloats_areRead() throws {
        let exchange = try Exchange("identity")
        let halves: [UInt8] = [0x00, 0x3c, 0x00, 0xc1, 0x01, 0x00, 0x00, 0x7c, 0x01, 0x7e]
        _ = exchange.infer("x", "FP16", shape: "[5]", bytes: halves)
        #expect(exchange.cells.dropLast() == [[1], [-2.5], [0x1p-24], [.infinity]])
        #expect(exchange.cells.last?.first?.isNaN == true)
        _ = exchange.infer("x", "BF16", shape: "[2]", bytes: [0x80, 0x3f, 0x20, 0xc0])
        #expect(exchange.cells == [[1], [-2.5]])
    }

    @Test(arguments: ["FP16", "BF16"])
    func sixteenBitFloats_haveNoJSON(_ datatype: String) throws {
        let error = try Exchange("identity").infer("x", datatype, shape: "[1]", data: "[1]").error
        #expect(error?.description.hasPrefix("receiving \(datatype) data via JSON is not supported") == true)
    }

    // MARK: One tensor alone

    @Test func bytesAlone_areTheOnlyInput() throws {
        let exchange = try Exchange("pair")
        let numbers: [Double] = [1, 2, 3, 4]
        let bytes = numbers.flatMap { number in
            (0..<8).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) }
        }
        var reader = InferRequestReader(model: exchange.model)
        try reader.readRaw(bytes.span, into: exchange.workspace)
        #expect(exchange.cells == [[1, 2], [3, 4]])
        for count in [8, 15, 31] {
            var reader = InferRequestReader(model: exchange.model)
            #expect(throws: PredictError.self) {
                try reader.readRaw(bytes.span.extracting(0..<count), into: exchange.workspace)
            }
        }
    }

    @Test func bytesAlone_needAModelOfOneInput() throws {
        let exchange = try Exchange("mixed")
        var reader = InferRequestReader(model: exchange.model)
        let bytes: [UInt8] = [0, 0, 0, 0]
        #expect(throws: PredictError.self) { try reader.readRaw(bytes.span, into: exchange.workspace) }
    }

    @Test(
        arguments: [
            ("INT8", "[2,2]", [1, 2, 3], "wrong_element_count"),
            ("INT8", "[1,2]", [1, 2, 3], "wrong_element_count"),
            ("FP64", "[1,2]", [1, 2], "wrong_element_count"),
            ("FP16", "[1,2]", [1, 2, 3], "wrong_element_count"),
            ("FP8", "[1,2]", [1, 2], "invalid_field"),
            ("INT8", "[9223372036854775807,2]", [1], "rows_exceed_body"),
            ("FP64", "[1152921504606846976,2]", [], "rows_exceed_body"),
        ] as [(String, String, [UInt8], String)])
    func bytesThatDoNotFitTheShape_areRefused(
        _ datatype: String, _ shape: String, _ bytes: [UInt8], _ code: String
    ) throws {
        #expect(try Exchange("pair").infer("input", datatype, shape: shape, bytes: bytes).code == code)
    }

    @Test(
        arguments: [
            [], [1], [1, 0, 0, 0], [4, 0, 0, 0, 0x72, 0x65, 0x64], [0xff, 0xff, 0xff, 0xff, 0x72],
            [1, 0, 0, 0, 0xff], [1, 0, 0, 0, 0x72, 0], [0, 0, 0, 0x80],
        ] as [[UInt8]])
    func brokenNames_areRefused(_ bytes: [UInt8]) throws {
        #expect(try Exchange("mixed").infer("c", "BYTES", shape: "[1]", bytes: bytes).isClientError)
    }

    @Test func bytesThatNobodyClaims_areRefused() throws {
        let exchange = try Exchange("identity")
        let input = #"{"name":"x","shape":[1],"datatype":"INT8","parameters":{"binary_data_size":1}}"#
        #expect(exchange.infer(#"{"inputs":[\#(input)]}"#, binary: [1, 2]).code == "invalid_field")
        #expect(exchange.infer(#"{"inputs":[\#(input)]}"#).code == "wrong_element_count")
    }

    @Test(arguments: ["-1", "9223372036854775807", "9223372036854775808", "1.5", "null", "\"1\""])
    func absurdSizes_areRefused(_ size: String) throws {
        let input = #"{"name":"x","shape":[1],"datatype":"INT8","parameters":{"binary_data_size":\#(size)}}"#
        #expect(try Exchange("identity").infer(#"{"inputs":[\#(input)]}"#, binary: [1]).isClientError)
    }

    @Test func dataAndBytesTogether_areRefused() throws {
        let parameters = #""parameters":{"binary_data_size":1}"#
        let head = #""name":"x","shape":[1],"datatype":"INT8""#
        for input in [#"{\#(head),\#(parameters),"data":[1]}"#, #"{\#(head),"data":[1],\#(parameters)}"#] {
            let answer = try Exchange("identity").infer(#"{"inputs":[\#(input)]}"#, binary: [1])
            #expect(answer.code == "invalid_field")
        }
    }
}
