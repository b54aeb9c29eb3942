// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Testing

/// Damage that no reader may let through: a file that was cut off, a bit that flipped.
@Suite struct DamageTests {
    @Test func everyTruncation_isRefused() throws {
        let whole = try NativeModel.write(Graphs.trees)
        var accepted: [Int] = []
        for length in 0..<whole.count {
            let part = Array(whole[..<length])
            if (try? ModelFile.load(part.span, fileName: "model")) != nil { accepted.append(length) }
        }
        #expect(accepted.isEmpty)
        print("truncations refused: \(whole.count - accepted.count) of \(whole.count)")
    }

    @Test func everySingleFlippedBit_isRefused() throws {
        let whole = try NativeModel.write(Graphs.trees)
        var bytes = whole
        var accepted: [Int] = []
        for bit in 0..<(whole.count * 8) {
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            if (try? NativeModel.read(bytes.span)) != nil { accepted.append(bit) }
            bytes[bit / 8] = whole[bit / 8]
        }
        #expect(accepted.isEmpty)
        #expect(whole.count * 8 >= 10_000)
        print("bit flips refused: \(whole.count * 8 - accepted.count) of \(whole.count * 8)")
    }

    /// A forger's digest fits; what is behind it must still be refused or read, never trap.
    @Test func flippedBitsUnderAFittingDigest_neverTrap_andGiveSoundModels() throws {
        let whole = try NativeModel.write(Graphs.page)
        for bit in stride(from: 106 * 8, to: whole.count * 8, by: 3) {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let forged = RawFile.redigested(bytes)
            if let graph = try? NativeModel.read(forged.span) { try graph.validate() }
        }
    }
}
