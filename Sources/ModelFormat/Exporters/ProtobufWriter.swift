// SPDX-License-Identifier: Apache-2.0
import Base

/// Writes messages in Protocol Buffers' wire format, field by field; the counterpart of `ProtobufReader`.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    private mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func append(tag field: Int, wire: UInt64) {
        append(varint: UInt64(field) << 3 | wire)
    }

    mutating func add(_ field: Int, _ value: Int) {
        append(tag: field, wire: 0)
        append(varint: UInt64(bitPattern: Int64(value)))
    }

    mutating func add(_ field: Int, _ value: Float) {
        append(tag: field, wire: 5)
        append(value)
    }

    mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }

    mutating func add(_ field: Int, _ content: [UInt8]) {
        append(tag: field, wire: 2)
        append(varint: UInt64(content.count))
        bytes += content
    }

    mutating func add(_ field: Int, _ write: (inout ProtobufWriter) -> Void) {
        var message = ProtobufWriter()
        write(&message)
        add(field, message.bytes)
    }

    /// Packed.
    mutating func add(_ field: Int, _ values: [Int]) {
        add(field) { (message: inout ProtobufWriter) in
            for value in values { message.append(varint: UInt64(bitPattern: Int64(value))) }
        }
    }

    /// Packed.
    mutating func add(_ field: Int, _ values: [Float]) {
        add(field) { (message: inout ProtobufWriter) in for value in values { message.append(value) } }
    }

    private mutating func append(_ value: Float) {
        for shift in [0, 8, 16, 24] as [UInt32] {
            bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
        }
    }
}
