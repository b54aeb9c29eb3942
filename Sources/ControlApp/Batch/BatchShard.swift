// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Tabular

/// A part of a file: those records that begin in one of so many equal stretches of its bytes.
struct BatchShard: Equatable, Sendable {
    /// From 0.
    var index: Int
    var count: Int

    static let countMax = 100_000

    /// - Parameter text: `I/N`.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let index = Int(parts[0]), let count = Int(parts[1]) else { return nil }
        self.init(index: index, count: count)
    }

    init?(index: Int, count: Int) {
        guard (1...Self.countMax).contains(count), (0..<count).contains(index) else { return nil }
        self.index = index
        self.count = count
    }

    /// The bytes of a file of `size` bytes that the shard's records begin in.
    func bytes(of size: Int) -> Range<Int> { Self.cut(index, count, size)..<Self.cut(index + 1, count, size) }

    private static func cut(_ index: Int, _ count: Int, _ size: Int) -> Int {
        let (high, low) = size.multipliedFullWidth(by: index)
        return count.dividingFullWidth((high, low)).quotient
    }

    /// `predictions.csv` becomes `predictions-00002-of-00010.csv`.
    func path(of path: String) -> String {
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return path + suffix }
        let length = name.utf8.distance(from: dot, to: name.endIndex)
        return path.dropLast(length) + suffix + path.suffix(length)
    }

    /// What tells the shard's file from the others.
    var suffix: String { "-\(Self.padded(index))-of-\(Self.padded(count))" }

    private static func padded(_ number: Int) -> String {
        let digits = "\(number)"
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }
}
