// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Testing

/// One change that breaks a sound text, and the code it must be refused with.
struct Defect: Sendable, CustomTestStringConvertible {
    var name: String
    var code: String
    var old: String
    var new: String
    /// A second change that the defect needs.
    var also: (old: String, new: String)?
    var testDescription: String { name }

    init(
        _ name: String, _ code: String, _ old: String, _ new: String, also: (old: String, new: String)? = nil
    ) {
        (self.name, self.code, self.old, self.new, self.also) = (name, code, old, new, also)
    }

    /// Loads `sound` with the defect in it, and expects to be told its code.
    func expectRefusal(in sound: String, at location: SourceLocation = #_sourceLocation) {
        #expect(sound.contains(old), "what the defect replaces is not there", sourceLocation: location)
        var text = sound.replacing(old, with: new, maxReplacements: 1)
        if let also { text = text.replacing(also.old, with: also.new, maxReplacements: 1) }
        let bytes = Array(text.utf8)
        let error = #expect(throws: FormatError.self, sourceLocation: location) {
            try ModelFile.load(bytes.span, fileName: name)
        }
        #expect(
            error?.code == code, "\(name): \(error.map(\.description) ?? "accepted")",
            sourceLocation: location)
    }
}
