// SPDX-License-Identifier: Apache-2.0
import Base

/// The names of the categories of each feature, which XGBoost keeps from 3.1 on (`cats`).
struct XGBoostCategories {
    /// One a feature; empty for a numeric one. No feature at all when the model has no names.
    private(set) var names: [[String]] = []

    /// `{"enc":[{} | {"offsets":[…],"values":[bytes]} | {"type":…,"values":[integers]}, …], …}`; the rest of
    /// it repeats what `enc` says in other words.
    mutating func read(_ document: inout DocumentReader, part: String) throws(FormatError) {
        var members = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&members, of: part) {
            guard name == "enc" else {
                try document.skipValue()
                continue
            }
            try document.beginArray()
            while try document.nextElement() {
                names.append(try readFeature(&document, part: "\(part).enc[\(names.count)]"))
            }
        }
    }

    private func readFeature(
        _ document: inout DocumentReader, part: String
    ) throws(FormatError) -> [String] {
        var offsets: [Int]?
        var values: [Int64] = []
        var members = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&members, of: part) {
            switch name {
            case "offsets":
                offsets = try document.readIntegers(limit: .max, of: "\(part).offsets")
            case "values":
                try document.beginArray()
                while try document.nextElement() { values.append(try document.readInt64()) }
            default: try document.skipValue()
            }
        }
        guard let offsets else { return values.map(String.init) }
        return try XGBoostCategories.strings(values, offsets: offsets, part: part)
    }

    /// Strings one behind the other, as signed bytes, and where each begins and the last ends.
    private static func strings(
        _ values: [Int64], offsets: [Int], part: String
    ) throws(FormatError) -> [String] {
        var strings: [String] = []
        for index in 0..<max(0, offsets.count - 1) {
            let (start, end) = (offsets[index], offsets[index + 1])
            guard start >= 0, start <= end, end <= values.count else {
                throw .invalidValue(
                    part: "\(part).offsets[\(index)]", reason: "\(start)..<\(end) is no part of the bytes")
            }
            let bytes = values[start..<end].map { UInt8(truncatingIfNeeded: $0) }
            guard let text = String(validating: bytes.span) else {
                // XGBoost 3.2's Python package counts characters where the format counts bytes, which cuts
                // names apart and loses the end of the last.
                throw .unsupported(
                    part: "\(part).values: category \(index), which is cut inside a character,",
                    advice: "name categories in ASCII, or train on their codes")
            }
            strings.append(text)
        }
        return strings
    }
}
