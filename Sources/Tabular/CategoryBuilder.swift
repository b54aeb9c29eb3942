// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc

extension Column {
    /// Collects texts into a categorical column, numbering the distinct ones as they come.
    ///
    /// Texts are compared and hashed as bytes, so a cell that has been met before costs no allocation.
    package struct CategoryBuilder: Sendable {
        package private(set) var codes: [Int32] = []
        /// All distinct texts, one after the other.
        private var bytes: [UInt8] = []
        private var ends: [Int] = []
        private var hashes: [UInt64] = []
        /// Numbers of texts, one more each, 0 where there is none; a power of two of them.
        private var slots = [Int32](repeating: 0, count: 64)

        package init() {}

        package var categoryCount: Int { ends.count }

        package mutating func append(_ name: String) { _ = append(name.utf8Span.span) }

        /// False for what is not UTF-8, which is not added.
        package mutating func append(_ text: Span<UInt8>) -> Bool {
            let hash = Self.hash(text)
            var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
            while slots[slot] != 0 {
                let number = Int(slots[slot]) - 1
                if hashes[number] == hash, isEqual(number, text) {
                    codes.append(Int32(number))
                    return true
                }
                slot = (slot + 1) & (slots.count - 1)
            }
            guard Self.isASCII(text) || String(validating: text) != nil else { return false }
            codes.append(Int32(ends.count))
            for index in text.indices { bytes.append(text[index]) }
            ends.append(bytes.count)
            hashes.append(hash)
            slots[slot] = Int32(ends.count)
            if ends.count * 2 > slots.count { grow() }
            return true
        }

        /// Adds rows whose texts have been met before: every `step`th of `known`, which are codes of this
        /// column or `Column.missingCode`, from `first` on.
        package mutating func append(_ known: [Int32], from first: Int, step: Int, count: Int) {
            let start = codes.count
            codes.append(contentsOf: repeatElement(Column.missingCode, count: count))
            let source = known.span
            let codeCount = ends.count
            var target = codes.mutableSpan
            for row in 0..<count {
                let code = source[first + row * step]
                precondition(code < codeCount, "a category that is not there")
                target[start + row] = code
            }
        }

        /// About so many rows more are coming.
        package mutating func reserve(rows: Int) { codes.reserveCapacity(codes.count + rows) }

        package mutating func appendMissing() { codes.append(Column.missingCode) }

        /// Takes the last row back; a category that only it had is not part of the column.
        package mutating func removeLast() { codes.removeLast() }

        /// The column, its categories sorted by their bytes, so that the order of the rows does not matter.
        package consuming func build() -> Column {
            var isUsed = [Bool](repeating: false, count: ends.count)
            for code in codes where code >= 0 { isUsed[Int(code)] = true }
            let names = ends.indices.map { name($0) }
            let order = names.indices.filter { isUsed[$0] }
                .sorted { names[$0].utf8.lexicographicallyPrecedes(names[$1].utf8) }
            var rank = [Int32](repeating: 0, count: names.count)
            for (position, index) in order.enumerated() { rank[index] = Int32(position) }
            for row in codes.indices where codes[row] >= 0 { codes[row] = rank[Int(codes[row])] }
            return .categorical(codes: codes, categories: order.map { names[$0] })
        }

        private func name(_ number: Int) -> String {
            String(copying: bytes.span.extracting(start(number)..<ends[number]))
        }

        private func start(_ number: Int) -> Int { number == 0 ? 0 : ends[number - 1] }

        private func isEqual(_ number: Int, _ text: Span<UInt8>) -> Bool {
            let start = start(number)
            guard ends[number] - start == text.count else { return false }
            // Safe because both hold as many bytes as `text`, and are only read.
            return unsafe text.withUnsafeBytes { text in
                guard let other = text.baseAddress else { return true }
                return unsafe bytes.withUnsafeBytes { own in
                    guard let base = own.baseAddress else { return false }
                    return unsafe memcmp(base + start, other, text.count) == 0
                }
            }
        }

        private mutating func grow() {
            slots = [Int32](repeating: 0, count: slots.count * 4)
            for (number, hash) in hashes.enumerated() {
                var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
                while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
                slots[slot] = Int32(number + 1)
            }
        }

        private static func isASCII(_ text: Span<UInt8>) -> Bool {
            for index in text.indices where text[index] >= 0x80 { return false }
            return true
        }

        /// FNV-1a of words of eight bytes, with a stir after each, since only the low bits choose a slot.
        private static func hash(_ text: Span<UInt8>) -> UInt64 {
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            var index = 0
            // Safe because the view is only read below, by offsets compared with the count.
            let raw = unsafe text.bytes
            while text.count &- index >= 8 {
                // Safe because eight bytes were just seen to be there, and every bit pattern is a UInt64.
                stir(&hash, unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self))
                index &+= 8
            }
            // The count tells texts apart that end in zeros.
            var rest = UInt64(truncatingIfNeeded: text.count)
            while index < text.count {
                rest = rest &<< 8 | UInt64(text[index])
                index &+= 1
            }
            stir(&hash, rest)
            return hash
        }

        private static func stir(_ hash: inout UInt64, _ word: UInt64) {
            hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 32
        }
    }
}
