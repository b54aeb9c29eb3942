// SPDX-License-Identifier: Apache-2.0

/// The bins of one feature: bin b of a numeric one holds the values x with cuts[b - 1] <= x < cuts[b], a
/// bin of a categorical one a code; one more holds the missing.
///
/// Cuts are Float32, like the model's thresholds, and a row goes left at `x < cuts[b]` exactly when its bin
/// is at most b: what was learned on bins is what is served on numbers.
struct FeatureBins: Equatable {
    /// Strictly ascending; none for categories.
    let cuts: [Float]
    /// The code of each bin, the most frequent first; nil for numbers. Codes that are not here share the bin
    /// behind these.
    let codes: [Int32]?
    /// The bin of each code.
    private let binOfCode: [UInt8]

    var isCategorical: Bool { codes != nil }
    /// Bins without the one for missing values.
    var valueCount: Int { codes.map { $0.count + 1 } ?? cuts.count + 1 }
    var missingBin: UInt8 { UInt8(valueCount) }
    /// Bins with the one for missing values.
    var count: Int { valueCount + 1 }

    /// Bins for numbers; NaN is missing.
    init(values: [Float], binsMax: Int) {
        var sorted = values.filter { !$0.isNaN }
        RadixSort.sort(&sorted)
        var distinct: [Float] = []
        var counts: [Int] = []
        for value in sorted {
            if value == distinct.last {
                counts[counts.count - 1] += 1
            } else {
                distinct.append(value)
                counts.append(1)
            }
        }
        let ends = FeatureBins.lastOfBins(counts, binsMax: binsMax)
        cuts = ends.dropLast().map { FeatureBins.cut(between: distinct[$0], and: distinct[$0 + 1]) }
        codes = nil
        binOfCode = []
    }

    /// Bins for the codes 0 up to `categoryCount`, of which `values` has a sample; NaN and anything else is
    /// missing. The rarest share a bin when there are too many.
    init(codes values: [Float], categoryCount: Int, binsMax: Int) {
        var counts = [Int](repeating: 0, count: categoryCount)
        for value in values where value >= 0 && value < Float(categoryCount) { counts[Int(value)] += 1 }
        let order = counts.indices.filter { counts[$0] > 0 }.sorted {
            (counts[$0], $1) > (counts[$1], $0)
        }
        let kept = order.prefix(binsMax - 1)
        var binOfCode = [UInt8](repeating: UInt8(kept.count), count: categoryCount)
        for (bin, code) in kept.enumerated() { binOfCode[code] = UInt8(bin) }
        cuts = []
        codes = kept.map { Int32($0) }
        self.binOfCode = binOfCode
    }

    /// The index of the last distinct value of each bin. Bins get about as many rows each; a value that alone
    /// has more than its share stays alone.
    private static func lastOfBins(_ counts: [Int], binsMax: Int) -> [Int] {
        if counts.count <= binsMax { return Array(counts.indices) }
        var ends: [Int] = []
        var rowsLeft = counts.reduce(0, +)
        var inBin = 0
        for (index, count) in counts.enumerated() {
            let share = Double(rowsLeft) / Double(binsMax - ends.count)
            if inBin > 0, ends.count < binsMax - 1, Double(inBin) + Double(count) / 2 > share {
                ends.append(index - 1)
                rowsLeft -= inBin
                inBin = 0
            }
            inBin += count
        }
        ends.append(counts.count - 1)
        return ends
    }

    /// A number t with a < t <= b, the middle where Float32 has it.
    static func cut(between a: Float, and b: Float) -> Float {
        let middle = a / 2 + b / 2
        return middle > a && middle <= b ? middle : b
    }

    /// The bin of `value`: how many cuts are not above it.
    func bin(of value: Float) -> UInt8 {
        if value.isNaN { return missingBin }
        if codes != nil {
            return value >= 0 && value < Float(binOfCode.count) ? binOfCode[Int(value)] : missingBin
        }
        var low = 0
        var high = cuts.count
        while low < high {
            let middle = (low + high) / 2
            if cuts[middle] <= value { low = middle + 1 } else { high = middle }
        }
        return UInt8(low)
    }

    /// The cuts filled up to 256 with infinity, for `bin(of:in:)`: no value of the data is there.
    var paddedCuts: [Float] { cuts + [Float](repeating: .infinity, count: 256 - cuts.count) }
}

/// Sorts numbers by their bits: three passes over 11 bits each, some ten times faster than comparing.
enum RadixSort {
    static func sort(_ values: inout [Float]) {
        if values.count < 256 { return values.sort() }
        var keys = values.map { value in
            let bits = value.bitPattern
            // Negative numbers backwards, below the others.
            return bits ^ (bits >> 31 == 1 ? 0xFFFF_FFFF : 0x8000_0000)
        }
        var other = keys
        for shift in [0, 11, 22] as [UInt32] {
            pass(keys, into: &other, shift)
            swap(&keys, &other)
        }
        for index in values.indices {
            let key = keys[index]
            values[index] = Float(bitPattern: key ^ (key >> 31 == 1 ? 0x8000_0000 : 0xFFFF_FFFF))
        }
    }

    private static func pass(_ keys: [UInt32], into other: inout [UInt32], _ shift: UInt32) {
        var starts = [Int](repeating: 0, count: 2_049)
        for key in keys { starts[Int(key >> shift & 2_047) + 1] += 1 }
        for index in 1..<starts.count { starts[index] += starts[index - 1] }
        for key in keys {
            let digit = Int(key >> shift & 2_047)
            other[starts[digit]] = key
            starts[digit] += 1
        }
    }
}
