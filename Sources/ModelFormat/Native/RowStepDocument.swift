// SPDX-License-Identifier: Apache-2.0
import Base

/// A step of a row program as it is written: words and counts, no numbers of tensors.
struct RowStepDocument {
    var operation = ""
    var inputs: [Int] = []
    var function: String?
    var count: Int?
    var outputs: Int?
    var isWeighted = false
    var stages: [GraphDocument.Stage] = []

    init(_ document: inout DocumentReader, part: String) throws(FormatError) {
        var names = MemberNames()
        try document.beginObject()
        while let name = try document.nextMember(&names, of: part) {
            switch name {
            case "operation": operation = try document.readString()
            case "inputs":
                try document.beginArray()
                while try document.nextElement() { inputs.append(Int(try document.readInt64())) }
            case "function": function = try document.readString()
            case "count": count = Int(try document.readInt64())
            case "outputs": outputs = Int(try document.readInt64())
            case "weighted": isWeighted = try document.readBool()
            case "stages": stages = try GraphDocument.readStages(&document, of: part)
            default: try document.skipValue()
            }
        }
        if operation.isEmpty { throw .missingPart("\(part).operation") }
    }

    /// The function by its word.
    func knownFunction<Function: RawRepresentable<String>>(
        _: Function.Type, part: String
    ) throws(FormatError) -> Function {
        guard let function else { throw .missingPart("\(part).function") }
        guard let known = Function(rawValue: function) else {
            throw .unknownPart("function \"\(function)\" of \(part)")
        }
        return known
    }

    func requiredCount(part: String) throws(FormatError) -> Int {
        guard let count else { throw .missingPart("\(part).count") }
        return count
    }
}
