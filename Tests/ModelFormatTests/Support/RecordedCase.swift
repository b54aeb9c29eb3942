// SPDX-License-Identifier: Apache-2.0
import Base

/// Rows and the original library's answers to them, as `case.json` has them.
struct RecordedCase {
    var rows: [[Float]] = []
    /// One after the other, row by row.
    var margins: [Double] = []
    var predictions: [Double] = []
    var relativeTolerance = 0.0
    var absoluteTolerance = 0.0

    init(_ path: String) throws {
        let bytes = try Repository.bytes(path)
        var reader = JSONReader(bytes.span)
        try reader.beginObject()
        while let name = try reader.nextKey() {
            switch name {
            case "input": try readInput(&reader)
            case "expected": try readExpected(&reader)
            case "tolerance": try readTolerance(&reader)
            default: _ = try reader.skipValue()
            }
        }
    }

    private mutating func readInput(_ reader: inout JSONReader) throws {
        try reader.beginObject()
        while let name = try reader.nextKey() {
            guard name == "rows" else {
                _ = try reader.skipValue()
                continue
            }
            try reader.beginArray()
            while try reader.nextElement() {
                var numbers: [Double] = []
                try RecordedCase.flatten(&reader, into: &numbers)
                rows.append(numbers.map { Float($0) })
            }
        }
    }

    private mutating func readExpected(_ reader: inout JSONReader) throws {
        try reader.beginObject()
        while let name = try reader.nextKey() {
            switch name {
            case "margin": try RecordedCase.flatten(&reader, into: &margins)
            case "predict": try RecordedCase.flatten(&reader, into: &predictions)
            default: _ = try reader.skipValue()
            }
        }
    }

    private mutating func readTolerance(_ reader: inout JSONReader) throws {
        try reader.beginObject()
        while let name = try reader.nextKey() {
            let value = try reader.readDouble()
            if name == "rtol" { relativeTolerance = value } else { absoluteTolerance = value }
        }
    }

    /// Numbers in arrays of any shape; `null` is NaN.
    private static func flatten(_ reader: inout JSONReader, into numbers: inout [Double]) throws {
        switch try reader.peek() {
        case .array:
            try reader.beginArray()
            while try reader.nextElement() { try flatten(&reader, into: &numbers) }
        case .null:
            try reader.readNull()
            numbers.append(.nan)
        case .string:
            numbers.append(try reader.readString().hasPrefix("-") ? -.infinity : .infinity)
        default: numbers.append(try reader.readDouble())
        }
    }
}
