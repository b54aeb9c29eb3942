// SPDX-License-Identifier: Apache-2.0
import Base
import Serving
import Tabular
import Testing

@testable import Dialects

/// `base_margin` in every form of a request, against XGBoost's answers.
struct RowMarginRequestTests {
    static let names = ["xgb_binary_logistic", "xgb_reg_vectorleaf"]

    private struct Recorded {
        let rows: [JSONValue]
        let margins: [JSONValue]
        let predictions: [Double]

        init(_ name: String) throws {
            let margins = try File.read(Exchange.fixtures + "../row_margins.json", limit: 1 << 20)
            let record = try #require(try JSONValue.parse(margins.span)["xgboost/\(name)"])
            let text = try File.read(Exchange.fixtures + "../xgboost/\(name)/case.json", limit: 1 << 20)
            self.margins = record["row_margins"]?.array ?? []
            let rows = try JSONValue.parse(text.span)["input"]?["rows"]?.array ?? []
            self.rows = Array(rows.prefix(self.margins.count))
            predictions = RowMarginRequestTests.numbers(record["predict"] ?? .null)
        }
    }

    static func numbers(_ value: JSONValue) -> [Double] {
        if case .array(let elements) = value { elements.flatMap(numbers) } else { [value.double ?? .nan] }
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .array(let elements): "[\(elements.map(text).joined(separator: ","))]"
        case .null: "null"
        default: "\(value.double ?? 0)"
        }
    }

    private func shape(_ values: [JSONValue]) -> String {
        let width = values[0].array?.count
        return width.map { "[\(values.count),\($0)]" } ?? "[\(values.count)]"
    }

    private func expect(_ outcome: Outcome, _ recorded: Recorded, key: String) throws {
        let answer = try #require(outcome.text, "\(outcome)")
        let body = try JSONValue.parse(Array(answer.utf8).span, options: .allowsNonFinite)
        let data = key == "outputs[0]" ? body["outputs"]?.array?.first?["data"] : body[key]
        let found = Self.numbers(data ?? .null)
        #expect(found.map { Float($0) } == recorded.predictions.map { Float($0) })
    }

    @Test(arguments: names, [true, false]) func openInference(name: String, marginsFirst: Bool) throws {
        let exchange = try Exchange(name)
        let recorded = try Recorded(name)
        let input =
            #"{"name":"input","datatype":"FP32","shape":\#(shape(recorded.rows)),"data":"#
            + "\(Self.text(.array(recorded.rows)))}"
        let margins =
            #"{"name":"base_margin","datatype":"FP32","shape":\#(shape(recorded.margins)),"data":"#
            + "\(Self.text(.array(recorded.margins)))}"
        let inputs = marginsFirst ? "\(margins),\(input)" : "\(input),\(margins)"
        try expect(exchange.infer("{\"inputs\":[\(inputs)]}"), recorded, key: "outputs[0]")
        // The next request of the same loop starts from the model's own margins again.
        let plain = exchange.infer("{\"inputs\":[\(input)]}")
        #expect(plain.text != nil && plain != exchange.infer("{\"inputs\":[\(inputs)]}"))
        #expect(plain == exchange.infer("{\"inputs\":[\(input)]}"))
    }

    @Test(arguments: names) func openInference_inBinary(name: String) throws {
        let exchange = try Exchange(name)
        let recorded = try Recorded(name)
        func bytes(_ values: [JSONValue]) -> [UInt8] {
            values.flatMap(Self.numbers).flatMap { number in
                let bits = Float(number).bitPattern
                return [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: bits >> UInt32($0)) }
            }
        }
        func input(_ name: String, _ values: [JSONValue]) -> String {
            #"{"name":"\#(name)","datatype":"FP32","shape":\#(shape(values)),"#
                + #""parameters":{"binary_data_size":\#(bytes(values).count)}}"#
        }
        let outcome = exchange.infer(
            #"{"inputs":[\#(input("input", recorded.rows)),\#(input("base_margin", recorded.margins))]}"#,
            binary: bytes(recorded.rows) + bytes(recorded.margins))
        try expect(outcome, recorded, key: "outputs[0]")
    }

    @Test(arguments: names) func instances(name: String) throws {
        let exchange = try Exchange(name)
        let recorded = try Recorded(name)
        let rows = zip(recorded.rows, recorded.margins).map {
            #"{"input":\#(Self.text($0)),"base_margin":\#(Self.text($1))}"#
        }
        let outcome = exchange.predict(#"{"instances":[\#(rows.joined(separator: ","))]}"#)
        try expect(outcome, recorded, key: "predictions")
        let columns =
            #"{"input":\#(Self.text(.array(recorded.rows))),"#
            + #""base_margin":\#(Self.text(.array(recorded.margins)))}"#
        try expect(exchange.predict(#"{"inputs":\#(columns)}"#), recorded, key: "outputs")
    }

    @Test(arguments: [
        (#""shape":[2],"data":[1,2]"#, "wrong_shape"), (#""shape":[1],"data":[1,2]"#, "wrong_element_count"),
        (#""shape":[1],"data":[null]"#, "wrong_value"), (#""shape":[1],"data":["x"]"#, "wrong_value"),
        (#""shape":[1,2],"data":[1,2]"#, "wrong_shape"),
        (#""shape":[0],"data":[]"#, "wrong_shape"),
    ])
    func wrongMargins_areTheClientsFault(margins: String, code: String) throws {
        let exchange = try Exchange("xgb_binary_logistic")
        let row = Self.text(.array(Array(try Recorded("xgb_binary_logistic").rows.prefix(1))))
        let input = #"{"name":"input","datatype":"FP32","shape":[1,30],"data":\#(row)}"#
        let outcome = exchange.infer(
            #"{"inputs":[\#(input),{"name":"base_margin","datatype":"FP32",\#(margins)}]}"#)
        #expect(outcome.code == code, "\(outcome)")
        #expect(outcome.isClientError)
    }

    @Test func marginsTwice_orOfTexts_areRefused() throws {
        let exchange = try Exchange("xgb_binary_logistic")
        let margin = #"{"name":"base_margin","datatype":"FP32","shape":[1],"data":[1]}"#
        #expect(exchange.infer("{\"inputs\":[\(margin),\(margin)]}").code == "repeated_input")
        #expect(
            exchange.infer(
                #"{"inputs":[{"name":"base_margin","datatype":"BYTES","shape":[1],"data":["x"]}]}"#
            ).code == "wrong_datatype")
        #expect(exchange.infer("{\"inputs\":[\(margin)]}").code == "missing_inputs")
        #expect(
            exchange.predict(#"{"instances":[{"base_margin":1,"base_margin":2}]}"#).code == "repeated_input")
    }

    @Test func aModelWithoutThem_doesNotKnowTheName() throws {
        let exchange = try Exchange("pair")
        #expect(
            exchange.infer("base_margin", "FP64", shape: "[1]", data: "[1]").code == "unexpected_input")
    }
}
