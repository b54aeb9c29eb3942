// SPDX-License-Identifier: Apache-2.0
import Base
import Serving
import Tabular
import Testing

@testable import Dialects

/// ONNX files in a registry, asked in both dialects; the answers are ONNX Runtime's.
struct OperatorGraphTests {
    static let names = [
        "sk_ct_logreg", "sk_logreg_string_labels", "sk_logreg_binary_zipmap", "torch_cnn_digits", "sk_ridge",
        "torch_lstm_bidir",
    ]

    private let datatypes = ["float32": "FP32", "int64": "INT64", "string": "BYTES"]

    private func record(_ name: String) throws -> JSONValue {
        let text = try File.read(Exchange.fixtures + "\(name)/case.json", limit: 1 << 24)
        return try JSONValue.parse(text.span)
    }

    private func text(_ value: JSONValue) -> String {
        var buffer = ByteBuffer()
        value.write(into: &buffer)
        return String(copying: buffer.bytes)
    }

    private func flat(_ value: JSONValue) -> [JSONValue] {
        if case .array(let elements) = value { elements.flatMap(flat) } else { [value] }
    }

    /// What ONNX Runtime answered, output by output, one after the other; of a ZipMap the probabilities.
    private func expected(_ record: JSONValue, _ output: String) -> [JSONValue] {
        let value = record["onnxruntime_outputs"]?[output] ?? .null
        if let rows = value["zipmap"]?.array { return rows.flatMap { flat($0.array?.last ?? .null) } }
        return flat(value["data"] ?? .null)
    }

    private func compare(_ got: [JSONValue], _ expected: [JSONValue], _ what: String) {
        #expect(got.count == expected.count, "\(what)")
        for (answer, value) in zip(got, expected) {
            if let number = value.double {
                #expect(abs((answer.double ?? .nan) - number) <= 1e-5 + 1e-5 * abs(number), "\(what)")
            } else {
                #expect(answer == value, "\(what)")
            }
        }
    }

    /// A tensor's elements nested by its shape.
    private func nested(_ data: ArraySlice<JSONValue>, _ shape: ArraySlice<Int>) -> JSONValue {
        guard let count = shape.first else { return data.first ?? .null }
        let step = data.count / max(count, 1)
        return .array(
            (0..<count).map {
                nested(
                    data[(data.startIndex + $0 * step)..<(data.startIndex + ($0 + 1) * step)],
                    shape.dropFirst())
            })
    }

    @Test(arguments: names, [false, true])
    func aV2Request_isAnsweredWithTheGraphsOwnNamesAndShapes(name: String, isNested: Bool) throws {
        let record = try record(name)
        let inputs = try #require(record["input"]?["inputs"]?.object)
        let sent = try inputs.members.map { member in
            let shape = try #require(member.value["shape"]?.array?.compactMap { $0.integer.map { Int($0) } })
            let data = flat(member.value["data"] ?? .null)
            let datatype = try #require(datatypes[member.value["dtype"]?.string ?? ""])
            let elements = isNested ? nested(data[...], shape[...]) : .array(data)
            return
                #"{"name":"\#(member.key)","datatype":"\#(datatype)","shape":\#(shape),"data":\#(text(elements))}"#
        }
        let exchange = try Exchange(name)
        let answer = exchange.infer(#"{"inputs":[\#(sent.joined(separator: ","))]}"#)
        let body = try JSONValue.parse(Array(try #require(answer.text, "\(answer)").utf8).span)
        let outputs = try #require(body["outputs"]?.array)
        #expect(outputs.map { $0["name"]?.string } == exchange.model.outputs.map(\.name))
        for output in outputs {
            let values = flat(output["data"] ?? .null)
            let shape = output["shape"]?.array?.compactMap { $0.integer } ?? []
            #expect(shape.reduce(1, *) == Int64(values.count))
            compare(values, expected(record, output["name"]?.string ?? ""), name)
        }
    }

    @Test(arguments: names) func instances_areAnsweredRowByRow(name: String) throws {
        let record = try record(name)
        let inputs = try #require(record["input"]?["inputs"]?.object)
        let shapes = try inputs.members.map { member in
            try #require(member.value["shape"]?.array?.compactMap { $0.integer.map { Int($0) } })
        }
        let rows = shapes[0][0]
        let columns = zip(inputs.members, shapes).map { member, shape in
            (member.key, nested(flat(member.value["data"] ?? .null)[...], shape[...]).array ?? [])
        }
        let instances = (0..<rows).map { row in
            columns.count == 1
                ? text(columns[0].1[row])
                : "{" + columns.map { #""\#($0.0)":\#(text($0.1[row]))"# }.joined(separator: ",") + "}"
        }
        let exchange = try Exchange(name)
        let answer = exchange.predict(#"{"instances":[\#(instances.joined(separator: ","))]}"#)
        let body = try JSONValue.parse(Array(try #require(answer.text, "\(answer)").utf8).span)
        let predictions = try #require(body["predictions"]?.array)
        #expect(predictions.count == rows)
        let outputs = exchange.model.outputs.map(\.name)
        for output in outputs {
            let values = predictions.flatMap { flat(outputs.count == 1 ? $0 : $0[output] ?? .null) }
            compare(values, expected(record, output), "\(name) \(output)")
        }
    }

    @Test func columns_areAnsweredAsColumns() throws {
        let exchange = try Exchange("sk_ct_logreg")
        let answer = exchange.predict(
            #"{"inputs":{"age_band":["old"],"sex":["F"],"bmi":[0.1],"bp":[[0.1]],"s1":[0],"s5":[0]}}"#)
        let body = try JSONValue.parse(Array(try #require(answer.text, "\(answer)").utf8).span)
        #expect(body["outputs"]?["label"]?.array?.count == 1)
        #expect(body["outputs"]?["probabilities"]?.array?.first?.array?.count == 2)
    }

    @Test func textsInBase64_areTexts() throws {
        let exchange = try Exchange("sk_ct_logreg")
        func ask(_ sex: String) -> Outcome {
            exchange.predict(
                #"{"inputs":{"age_band":["old"],"sex":[\#(sex)],"bmi":[0.1],"bp":[0.1],"s1":[0],"s5":[0]}}"#)
        }
        #expect(ask(#"{"b64":"Rg=="}"#) == ask(#""F""#))
        #expect(ask(#"{"b64":"Rg=="}"#).text != nil)
        for wrong in [#"{"b64":"Rg="}"#, #"{"b64":"/w=="}"#, #"{"b64":1}"#, #"{"b":"Rg=="}"#, #"{}"#] {
            #expect(ask(wrong).code == "wrong_value", "\(wrong)")
        }
    }

    @Test func metadata_listsTheGraphsTensors() throws {
        let exchange = try Exchange("torch_cnn_digits")
        var body = ByteBuffer()
        ModelMetadataWriter(model: exchange.model, versions: ["1"]).write(into: &body)
        let document = try JSONValue.parse(body.bytes)
        #expect(document["inputs"]?.array?.first?["name"]?.string == "x")
        let sizes = document["inputs"]?.array?.first?["shape"]?.array?.compactMap(\.integer)
        #expect(sizes == [-1, 1, 8, 8])
        let answered = document["outputs"]?.array?.first?["shape"]?.array?.compactMap(\.integer)
        #expect(answered == [-1, 10])
    }

    @Test func binaryTensors_comeAndGo() throws {
        let exchange = try Exchange("sk_ridge")
        let row = [UInt8](repeating: 0, count: 40)
        let answer = exchange.infer(
            #"""
            {"inputs":[{"name":"X","datatype":"FP32","shape":[1,10],"parameters":{"binary_data_size":40}}],
            "outputs":[{"name":"variable","parameters":{"binary_data":true}}]}
            """#, binary: row)
        guard case .answer(let text, let binary) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(text.contains(#""shape":[1,1],"parameters":{"binary_data_size":4}"#))
        #expect(binary.count == 4)
    }

    @Test(arguments: [
        (#"{"name":"Y","datatype":"FP32","shape":[1,10],"data":[0,0,0,0,0,0,0,0,0,0]}"#, "unexpected_input"),
        (#"{"name":"X","datatype":"BYTES","shape":[1,10],"data":["a"]}"#, "wrong_datatype"),
        (#"{"name":"X","datatype":"FP32","shape":[1,9],"data":[0,0,0,0,0,0,0,0,0]}"#, "wrong_shape"),
        (#"{"name":"X","datatype":"FP32","shape":[10],"data":[0,0,0,0,0,0,0,0,0,0]}"#, "wrong_shape"),
        (#"{"name":"X","datatype":"FP32","shape":[1000000000,10],"data":[0]}"#, "rows_exceed_body"),
        (#"{"name":"X","datatype":"FP32","shape":[1,10],"data":[0]}"#, "wrong_element_count"),
        (#"{"name":"X","datatype":"FP32","shape":[1,10],"data":[[0,0],[0]]}"#, "wrong_value"),
        (#"{"name":"X","datatype":"FP32","shape":[1,10],"data":["a"]}"#, "wrong_value"),
        (#"{"name":"X","datatype":"FP32","shape":[1,10],"data":[1e300,0,0,0,0,0,0,0,0,0]}"#, "wrong_value"),
        (#"{"name":"X","datatype":"INT8","shape":[1,10],"data":[300,0,0,0,0,0,0,0,0,0]}"#, "wrong_value"),
    ])
    func aHostileTensor_isRefused(input: String, code: String) throws {
        let outcome = try Exchange("sk_ridge").infer(#"{"inputs":[\#(input)]}"#)
        #expect(outcome.code == code, "\(outcome)")
    }

    @Test func missingAndRepeatedTensors_areRefused() throws {
        let exchange = try Exchange("sk_ct_logreg")
        let one = #"{"name":"sex","datatype":"BYTES","shape":[1,1],"data":["F"]}"#
        #expect(exchange.infer(#"{"inputs":[\#(one)]}"#).code == "missing_inputs")
        #expect(exchange.infer(#"{"inputs":[\#(one),\#(one)]}"#).code == "repeated_input")
        #expect(exchange.predict(#"{"instances":[{"sex":"F"}]}"#).code == "missing_inputs")
        #expect(exchange.predict(#"{"instances":[1]}"#).code == "invalid_field")
    }
}
