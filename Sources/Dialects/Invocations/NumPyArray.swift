// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Serving
internal import Tabular

/// The file format of `numpy.save`: a magic number, a version, a header that is a Python dictionary, and the
/// elements.
///
///     93 'N' 'U' 'M' 'P' 'Y'  major minor  header length (2 bytes, from version 2 on 4)  header  elements
enum NumPyArray {
    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// Reads an array of rows, or one row, as the model's only input.
    ///
    /// - Throws: `malformedBody`, `unsupported`, and what the tensor's reader throws.
    static func read(_ file: Span<UInt8>, _ model: ServedModel, into workspace: Workspace)
        throws(PredictError)
    {
        guard file.count >= 10, magic.indices.allSatisfy({ file[$0] == magic[$0] }), file[6] >= 1,
            file[6] <= 3
        else { throw malformed("it does not begin like a NumPy file", at: 0) }
        let lengthBytes = file[6] == 1 ? 2 : 4
        guard file.count >= 8 + lengthBytes else { throw malformed("its header is cut off", at: 8) }
        var length = 0
        for index in 0..<lengthBytes { length |= Int(file[8 + index]) << (8 * index) }
        let start = 8 + lengthBytes
        guard length <= file.count - start else { throw malformed("its header is cut off", at: 8) }
        let header = String(copying: file.extracting(start..<start + length))
        let (datatype, shape) = try describe(header)
        let data = file.extracting(start + length..<file.count)
        var reader = InferRequestReader(model: model)
        try reader.readOnly(data, datatype: datatype, shape: shape, into: workspace)
    }

    private static func describe(_ header: String) throws(PredictError) -> (Datatype, [Int]) {
        guard let description = text(of: "descr", in: header) else {
            throw malformed("its header has no plain 'descr'", at: 10)
        }
        guard let datatype = types[description] else {
            throw .unsupported(
                "a NumPy array of '\(description)' is not read; convert it to one of "
                    + types.keys.sorted().joined(separator: ", "))
        }
        guard header.contains("'fortran_order': False") else {
            throw .unsupported("a NumPy array in Fortran order is not read; use numpy.ascontiguousarray")
        }
        guard let open = header.firstRange(of: "'shape': (")?.upperBound,
            let close = header[open...].firstIndex(of: ")")
        else { throw malformed("its header has no 'shape'", at: 10) }
        var shape: [Int] = []
        for part in header[open..<close].split(separator: ",") {
            let digits = part.drop { $0 == " " }
            if digits.isEmpty { continue }
            guard let size = Int(digits), size >= 0, shape.count < TensorShape.maximumRank else {
                throw malformed("its shape has '\(part)'", at: 10)
            }
            shape.append(size)
        }
        return (datatype, shape)
    }

    private static let types: [String: Datatype] = [
        "|b1": .bool, "|u1": .uint8, "|i1": .int8, "<u2": .uint16, "<i2": .int16, "<u4": .uint32,
        "<i4": .int32, "<u8": .uint64, "<i8": .int64, "<f2": .float16, "<f4": .float32, "<f8": .float64,
    ]

    /// The value of a key whose value is a text in single quotes.
    private static func text(of key: String, in header: String) -> String? {
        guard let open = header.firstRange(of: "'\(key)': '")?.upperBound,
            let close = header[open...].firstIndex(of: "'")
        else { return nil }
        return String(header[open..<close])
    }

    private static func malformed(_ detail: String, at offset: Int) -> PredictError {
        .malformedBody(detail: detail, line: 1, column: offset + 1)
    }

    // MARK: Writing

    /// Appends an output as a file of version 1.
    ///
    /// - Throws: `unsupported` for texts.
    static func write(
        output: Int, of model: ServedModel, _ workspace: Workspace, to body: inout ByteBuffer
    ) throws(PredictError) {
        let datatype = model.outputs[output].datatype
        guard let description = types.first(where: { $0.value == datatype })?.key else {
            throw .unsupported("the model answers texts, which a NumPy array does not hold here; accept JSON")
        }
        let extent = workspace.extent(of: output, model)
        let sizes =
            model.tensorInputs != nil
            ? workspace.dimensions(of: output)
            : [extent.rows] + (model.outputs[output].width.map { [$0] } ?? [])
        let shape = sizes.map { "\($0)" }.joined(separator: ", ") + (sizes.count == 1 ? "," : "")
        var header = "{'descr': '\(description)', 'fortran_order': False, 'shape': (\(shape)), }"
        // The elements begin on 64 bytes.
        let padding = 63 - (10 + header.utf8.count) % 64
        header += String(repeating: " ", count: padding) + "\n"
        for byte in magic { body.append(byte) }
        body.append(1)
        body.append(0)
        body.append(UInt8(truncatingIfNeeded: header.utf8.count))
        body.append(UInt8(truncatingIfNeeded: header.utf8.count >> 8))
        body.append(header)
        workspace.appendBinary(output: output, of: model, to: &body)
    }
}
