// SPDX-License-Identifier: Apache-2.0
import Base

/// The answer to an Open Inference Protocol request, row by row.
struct InferAnswer {
    struct Output {
        var name: String
        /// Values a row; nil: one bare value.
        var width: Int?
        var data: [JSONValue]
    }

    let outputs: [Output]
    let rowCount: Int

    /// - Throws: what is wrong with the answer, in words.
    init(_ answer: JSONValue, rowCount: Int) throws(Defect) {
        guard let elements = answer["outputs"]?.array, !elements.isEmpty else { throw Defect("no outputs") }
        var outputs: [Output] = []
        for element in elements {
            guard let name = element["name"]?.string, let data = element["data"]?.array,
                let shape = element["shape"]?.array?.compactMap(\.integer), shape.first == Int64(rowCount),
                shape.count <= 2
            else { throw Defect("an output without name, data or the shape of \(rowCount) rows") }
            let width = shape.count == 2 ? Int(clamping: shape[1]) : nil
            let flat = Self.flattened(data)
            let (expected, overflow) = rowCount.multipliedReportingOverflow(by: width ?? 1)
            guard !overflow, flat.count == expected else {
                throw Defect("output \(name) has \(flat.count) values, its shape \(shape) says otherwise")
            }
            outputs.append(Output(name: name, width: width, data: flat))
        }
        self.outputs = outputs
        self.rowCount = rowCount
    }

    struct Defect: Error, Equatable {
        var reason: String
        init(_ reason: String) { self.reason = reason }
    }

    /// The value of `output` for a row: bare, or an array where the output has a width.
    func value(of output: Output, row: Int) -> JSONValue {
        guard let width = output.width else { return output.data[row] }
        return .array(Array(output.data[row * width..<(row + 1) * width]))
    }

    /// `{"predictions": …, "labels": …}`
    func object(row: Int) -> JSONValue {
        .object(JSONObject(pairs: outputs.map { ($0.name, value(of: $0, row: row)) }))
    }

    /// One level of nesting is allowed: the protocol takes data flat or as the shape says.
    private static func flattened(_ data: [JSONValue]) -> [JSONValue] {
        data.contains { $0.array != nil } ? data.flatMap { $0.array ?? [$0] } : data
    }
}
