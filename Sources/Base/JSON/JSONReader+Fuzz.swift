// SPDX-License-Identifier: Apache-2.0

/// Holds the JSON reader to its promises on any bytes: it never traps, and reading a document and skipping it
/// agree on where it ends and whether it is one. Traps when a promise is broken; for the fuzz target and its
/// replay test.
package func fuzzJSON(_ bytes: Span<UInt8>) {
    for options in [JSONReader.Options.strict, .allowsNonFinite] {
        let end = skippedEnd(bytes, options)
        var reader = JSONReader(bytes, options: options)
        do {
            _ = try JSONValue(from: &reader)
            precondition(end == reader.position, "reading and skipping end at different places")
        } catch {
            // A document that is skipped may have what only reading can find: a key that stands twice, a
            // number that is too large.
            if error.reason == .duplicateKey || error.reason == .numberOutOfRange { continue }
            precondition(end == nil, "what was skipped cannot be read: \(error)")
        }
    }
}

private func skippedEnd(_ bytes: Span<UInt8>, _ options: JSONReader.Options) -> Int? {
    var reader = JSONReader(bytes, options: options)
    do {
        try reader.skipValue()
        return reader.position
    } catch {
        return nil
    }
}
