// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import ModelFormat

/// `samples.jsonl`: golden samples of a model file that carries none, one a line.
enum GoldenSamplesFile {
    static let sizeLimit = 64 << 20

    /// - Throws: `malformedSamples` with the line, counted from 1.
    static func read(_ bytes: Span<UInt8>, path: String) throws(RegistryError) -> [GoldenSample] {
        var samples: [GoldenSample] = []
        var start = 0
        var line = 0
        while start < bytes.count {
            var end = start
            while end < bytes.count && bytes[end] != UInt8(ascii: "\n") { end += 1 }
            line += 1
            let text = bytes.extracting(start..<end)
            if !isBlank(text) {
                do {
                    samples.append(try readSample(text))
                } catch let error as JSONError {
                    throw .malformedSamples(file: path, line: line, reason: error.description)
                } catch {
                    throw .malformedSamples(
                        file: path, line: line, reason: "'inputs', 'predictions' and 'tolerance' are needed")
                }
            }
            start = end + 1
        }
        return samples
    }

    private struct Incomplete: Error {}

    private static func isBlank(_ text: Span<UInt8>) -> Bool {
        for index in text.indices where text[index] != 0x20 && text[index] != 0x0D && text[index] != 0x09 {
            return false
        }
        return true
    }

    private static func readSample(_ text: Span<UInt8>) throws -> GoldenSample {
        var reader = JSONReader(text, options: .allowsNonFinite)
        var inputs: [SampleValue]?
        var predictions: [Double]?
        var tolerance: Double?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "inputs": inputs = try readInputs(&reader)
            case "predictions":
                var values: [Double] = []
                try reader.beginArray()
                while try reader.nextElement() { values.append(try reader.readDouble()) }
                predictions = values
            case "tolerance": tolerance = try reader.readDouble()
            default: _ = try reader.skipValue()
            }
        }
        try reader.expectEnd()
        guard let inputs, let predictions, let tolerance, tolerance >= 0 else { throw Incomplete() }
        return GoldenSample(inputs: inputs, predictions: predictions, tolerance: tolerance)
    }

    private static func readInputs(_ reader: inout JSONReader) throws -> [SampleValue] {
        var values: [SampleValue] = []
        try reader.beginArray()
        while try reader.nextElement() {
            switch try reader.peek() {
            case .null:
                try reader.readNull()
                values.append(.missing)
            case .string: values.append(.category(try reader.readString()))
            default: values.append(.number(try reader.readDouble()))
            }
        }
        return values
    }
}
