// SPDX-License-Identifier: Apache-2.0
import Base
import Compression
import Cryptography
import Glibc
import ModelFormat
import Tabular
import TestKit
import Testing

@testable import Inference

/// Models of scikit-learn whose insides were changed and packed again: each is refused, or answers rows, and
/// nothing ever traps.
@Suite struct SkopsDamageTests {
    /// Changes a file; MODELD_FLIPS says how many for a long run.
    private var changes: Int {
        // Safe because the text is copied before anything could change the environment; no test does.
        unsafe getenv("MODELD_FLIPS").flatMap { unsafe Int(String(cString: $0)) } ?? 6
    }

    private func members(_ name: String) throws -> [(name: String, bytes: [UInt8])] {
        let bytes = try OriginalAnswers.file("\(name)/model.skops")
        let archive = try ZipArchive(bytes.span)
        return try archive.entries.map { entry in
            let contents = try archive.contents(of: entry, in: bytes.span, limit: 1 << 24)
            return (entry.name, contents.bytes.indices.map { contents.bytes[$0] })
        }
    }

    /// Whether the model was accepted; it answers two rows then.
    private func tries(_ members: [(name: String, bytes: [UInt8])]) -> Bool {
        let file = StoredZip.archive(members)
        guard let graph = try? ModelFile.load(file.span, fileName: "model.skops") else { return false }
        return answers(graph)
    }

    private func answers(_ graph: ModelGraph) -> Bool {
        guard let model = try? CompiledModel(graph) else { return false }
        var rows = RowBlock()
        rows.reset(columnCount: model.schema.count, numberType: model.inputType)
        rows.appendRows(2)
        for column in 0..<model.schema.count { rows.set(column % 3 == 2 ? .nan : 1, row: 1, column: column) }
        var predictions = Predictions()
        var scratch = InferenceScratch()
        model.predict(rows, into: &predictions, scratch: &scratch)
        return predictions.rowCount == 2
    }

    /// Digests are made to fit, but not those of the models inside: files without such are accepted at times.
    @Test(arguments: [
        ("skops/more_bagging", false), ("skops/more_stacking_classes", false), ("skops/more_svc", true),
        ("skops/more_power", true),
    ])
    func nativeFilesWithOtherBits_neverTrap(name: String, isAcceptedAtTimes: Bool) throws {
        let original = try OriginalAnswers.file("\(name)/model.skops")
        let whole = try NativeModel.write(try ModelFile.load(original.span, fileName: "model.skops"))
        var random = SeededGenerator(seed: 5)
        var accepted = 0
        for _ in 0..<10 * changes {
            var bytes = whole
            let place = Int.random(in: 106..<bytes.count, using: &random)
            bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            bytes.replaceSubrange(42..<106, with: repeatElement(48, count: 64))
            bytes.replaceSubrange(42..<106, with: SHA256.digest(of: bytes.span).hexadecimalBytes)
            guard let graph = try? NativeModel.read(bytes.span) else { continue }
            if answers(graph) { accepted += 1 }
        }
        #expect(accepted > 0 || !isAcceptedAtTimes)
    }

    /// Places of the digits of whole numbers in quotes, as the schema has its values.
    private func integers(_ text: [UInt8]) -> [Range<Int>] {
        var places: [Range<Int>] = []
        let quote = UInt8(ascii: "\"")
        var start = 0
        for (index, byte) in text.enumerated() where byte == quote {
            let digits = text[start..<index]
            if !digits.isEmpty && digits.allSatisfy({ (48...57).contains($0) || $0 == 45 }) {
                places.append(start..<index)
            }
            start = index + 1
        }
        return places
    }

    @Test(arguments: ImportParityTests.cases("skops"))
    func integersOfTheSchemaAtExtremes_neverTrap(name: String) throws {
        let members = try members(name)
        #expect(tries(members))
        let schema = try #require(members.firstIndex { $0.name == "schema.json" })
        let places = integers(members[schema].bytes)
        let extremes = ["-1", "0", "1", "4294967296", "9223372036854775807", "-9223372036854775808", "1e308"]
        var random = SeededGenerator(seed: 3)
        for change in 0..<min(changes, places.count * extremes.count) {
            let place = places[Int.random(in: 0..<places.count, using: &random)]
            var changed = members
            changed[schema].bytes.replaceSubrange(place, with: Array(extremes[change % extremes.count].utf8))
            _ = tries(changed)
        }
    }

    @Test(arguments: ImportParityTests.cases("skops"))
    func bitsOfArraysAndNames_neverTrap(name: String) throws {
        let members = try members(name)
        var random = SeededGenerator(seed: 4)
        for _ in 0..<changes {
            var changed = members
            let member = Int.random(in: 0..<members.count, using: &random)
            if members[member].bytes.isEmpty { continue }
            let place = Int.random(in: 0..<members[member].bytes.count, using: &random)
            changed[member].bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            _ = tries(changed)
        }
    }
}
