// SPDX-License-Identifier: Apache-2.0
import Base
import Registry

/// Prints what became of a change.
enum ChangePrinter {
    static func text(_ document: JSONValue, _ output: OutputFormat) -> String {
        if output == .json { return document.line + "\n" }
        let model = TextTable.printable(document["model"]?.string ?? "")
        let target = TextTable.printable(document["default"]?.string ?? "")
        let revision = document["revision"]?.integer ?? -1
        var answers = target == "latest" ? "the newest version answers" : "\(target) answers"
        if let version = document["version"]?.integer, "\(version)" != target {
            answers = "\(target) (\(version)) answers"
        }
        if document["changed"]?.bool == false { return "\(model): nothing to change; \(answers)\n" }
        return "\(model): revision \(revision); \(answers)\n"
    }
}

/// A version that a command names, `MODEL@VERSION`.
struct VersionReference {
    var model: String
    var version: ModelVersion

    init(parsing text: String) throws(ControlError) {
        let reference = try ModelReference(parsing: text)
        guard let version = reference.version.flatMap({ ModelVersion($0) }) else {
            throw .invalidModelReference(text)
        }
        model = reference.name
        self.version = version
    }
}
