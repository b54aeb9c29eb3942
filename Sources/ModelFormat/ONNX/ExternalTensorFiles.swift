// SPDX-License-Identifier: Apache-2.0
import Base

/// Tensors in other files, which must lie beneath the directory of the model.
public struct ExternalTensorFiles: ExternalTensorData {
    private let files: DirectoryFiles

    /// - Parameter model: the path of the model file.
    public init(besides model: String) {
        let end = model.lastIndex(of: "/")
        files = DirectoryFiles(end.map { $0 == model.startIndex ? "/" : String(model[..<$0]) } ?? ".")
    }

    /// - Throws: `unsupported` for a file that is not there, too short, or not beneath the directory.
    public func bytes(
        of location: String, offset: Int, count: Int, part: String
    ) throws(FormatError) -> [UInt8] {
        do {
            return try files.read(location, offset: offset, count: count)
        } catch {
            throw .unsupported(
                part: "\(part) in the file \"\(location)\"",
                advice: "it must lie beneath the model's own directory, whole: \(error.description)")
        }
    }
}
