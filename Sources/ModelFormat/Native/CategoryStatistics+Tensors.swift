// SPDX-License-Identifier: Apache-2.0
import Base

/// The stage `category_statistics` in a file: all of it is numbers, so all of it is tensors.
extension CategoryStatistics {
    private enum Kind {
        static let category: Int32 = 0
        static let above: Int32 = 1
        static let equal: Int32 = 2
    }

    /// The tensors of the stage, whose names begin with `prefix`.
    func tensors(_ prefix: String) -> [(name: String, tensor: Tensor)] {
        var (partStarts, keyStarts): ([Int32], [Int32]) = ([0], [0])
        var (kinds, columns): ([Int32], [Int32]) = ([], [])
        var (borders, wanted): ([Float], [Int64]) = ([], [])
        for table in tables {
            for part in table.parts {
                columns.append(Int32(truncatingIfNeeded: part.column))
                switch part {
                case .category:
                    kinds.append(Kind.category)
                    borders.append(0)
                    wanted.append(0)
                case .above(_, let border):
                    kinds.append(Kind.above)
                    borders.append(border)
                    wanted.append(0)
                case .equal(_, let hash):
                    kinds.append(Kind.equal)
                    borders.append(0)
                    wanted.append(Int64(bitPattern: hash))
                }
            }
            partStarts.append(Int32(truncatingIfNeeded: kinds.count))
            keyStarts.append((keyStarts.last ?? 0) + Int32(truncatingIfNeeded: table.keys.count))
        }
        return [
            ("\(prefix).hashes", Tensor(hashes.map { Int64(bitPattern: $0) })),
            ("\(prefix).part_starts", Tensor(partStarts)), ("\(prefix).part_kinds", Tensor(kinds)),
            ("\(prefix).part_columns", Tensor(columns)), ("\(prefix).part_borders", Tensor(borders)),
            ("\(prefix).part_hashes", Tensor(wanted)), ("\(prefix).key_starts", Tensor(keyStarts)),
            ("\(prefix).keys", Tensor(tables.flatMap(\.keys).map { Int64(bitPattern: $0) })),
            ("\(prefix).values", Tensor(tables.flatMap(\.values))),
            ("\(prefix).unknowns", Tensor(tables.map(\.unknown))),
        ]
    }

    init(from reader: inout GraphReader, prefix: String) throws(FormatError) {
        let hashes: [Int64] = try reader.vector("\(prefix).hashes", .int64)
        let partStarts: [Int32] = try reader.vector("\(prefix).part_starts", .int32)
        let kinds: [Int32] = try reader.vector("\(prefix).part_kinds", .int32)
        let columns: [Int32] = try reader.vector("\(prefix).part_columns", .int32, count: kinds.count)
        let borders: [Float] = try reader.vector("\(prefix).part_borders", .float32, count: kinds.count)
        let wanted: [Int64] = try reader.vector("\(prefix).part_hashes", .int64, count: kinds.count)
        let keyStarts: [Int32] = try reader.vector("\(prefix).key_starts", .int32, count: partStarts.count)
        let keys: [Int64] = try reader.vector("\(prefix).keys", .int64)
        let values: [Float] = try reader.vector("\(prefix).values", .float32, count: keys.count)
        let unknowns: [Float] = try reader.vector(
            "\(prefix).unknowns", .float32, count: max(partStarts.count - 1, 0))
        self.init(hashes: hashes.map { UInt64(bitPattern: $0) }, tables: [])
        for index in unknowns.indices {
            let partRange = try CategoryStatistics.range(
                partStarts, index, end: kinds.count, "\(prefix).part_starts")
            let keyRange = try CategoryStatistics.range(
                keyStarts, index, end: keys.count, "\(prefix).key_starts")
            var parts: [Part] = []
            for part in partRange {
                let column = Int(columns[part])
                switch kinds[part] {
                case Kind.category: parts.append(.category(column: column))
                case Kind.above: parts.append(.above(column: column, border: borders[part]))
                case Kind.equal:
                    parts.append(.equal(column: column, hash: UInt64(bitPattern: wanted[part])))
                default: throw .unknownPart("\(prefix).part_kinds[\(part)] = \(kinds[part])")
                }
            }
            tables.append(
                Table(
                    parts: parts, keys: keys[keyRange].map { UInt64(bitPattern: $0) },
                    values: Array(values[keyRange]), unknown: unknowns[index]))
        }
    }

    /// The `index`th range of `starts`, which must cover 0 to `end` without a gap.
    private static func range(
        _ starts: [Int32], _ index: Int, end: Int, _ part: String
    ) throws(FormatError) -> Range<Int> {
        let (start, next) = (Int(starts[index]), Int(starts[index + 1]))
        let isFirst = index > 0 || start == 0
        let isLast = index + 2 < starts.count || next == end
        guard start >= 0, start <= next, next <= end, isFirst, isLast else {
            throw .invalidValue(
                part: "\(part)[\(index)]", reason: "\(start)..<\(next) is no part of 0..<\(end)")
        }
        return start..<next
    }
}
