// SPDX-License-Identifier: Apache-2.0
import Base
import ModelFormat
import Tabular

/// One JSON object on one line, written key by key.
struct JSONLine: ~Copyable {
    private var buffer = ByteBuffer()

    /// Starts with `"event": event`.
    init(event: String) {
        self.init()
        add("event", event)
    }

    init() { buffer.append(UInt8(ascii: "{")) }

    mutating func add(_ key: String, _ value: String) {
        start(key)
        buffer.append(quoted: value)
    }

    mutating func add(_ key: String, _ value: Int) {
        start(key)
        buffer.append(decimal: Int64(value))
    }

    mutating func add(_ key: String, _ value: Bool) {
        start(key)
        buffer.append(value ? "true" as StaticString : "false")
    }

    /// JSON has no word for what is not finite: null.
    mutating func add(_ key: String, _ value: Double) {
        start(key)
        append(value, .float64)
    }

    /// Numbers of `type` in their shortest form, one alone without brackets.
    mutating func add(_ key: String, _ values: [Double], as type: NumberType) {
        start(key)
        if values.count == 1 { return append(values[0], type) }
        buffer.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { buffer.append(UInt8(ascii: ",")) }
            append(value, type)
        }
        buffer.append(UInt8(ascii: "]"))
    }

    mutating func add(_ key: String, _ values: [String]) {
        start(key)
        buffer.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { buffer.append(UInt8(ascii: ",")) }
            buffer.append(quoted: value)
        }
        buffer.append(UInt8(ascii: "]"))
    }

    /// `"instances": [row]`: an array when all features are numbers, else an object by name.
    mutating func add(instance inputs: [SampleValue], _ schema: FeatureSchema) {
        start("instances")
        buffer.append(schema.isNumeric ? "[[" as StaticString : "[{")
        for (index, value) in inputs.enumerated() {
            if index > 0 { buffer.append(UInt8(ascii: ",")) }
            if !schema.isNumeric {
                buffer.append(quoted: schema.features[index].name)
                buffer.append(UInt8(ascii: ":"))
            }
            switch value {
            case .missing: buffer.append("null" as StaticString)
            case .number(let number): append(number, .float64)
            case .category(let name): buffer.append(quoted: name)
            }
        }
        buffer.append(schema.isNumeric ? "]]" as StaticString : "}]")
    }

    /// The line without its end.
    consuming func finish() -> String {
        buffer.append(UInt8(ascii: "}"))
        return String(copying: buffer.bytes)
    }

    private mutating func start(_ key: String) {
        if buffer.count > 1 { buffer.append(UInt8(ascii: ",")) }
        buffer.append(quoted: key)
        buffer.append(UInt8(ascii: ":"))
    }

    private mutating func append(_ value: Double, _ type: NumberType) {
        guard value.isFinite else { return buffer.append("null" as StaticString) }
        switch type {
        case .float32: buffer.append(shortest: Float(value))
        case .float64: buffer.append(shortest: value)
        }
    }
}
