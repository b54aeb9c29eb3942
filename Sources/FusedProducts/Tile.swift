// SPDX-License-Identifier: Apache-2.0

/// Where rows begin in memory: at equal distances, or where a table says.
@unsafe struct RowPlaces {
    var step: Int
    var table: UnsafePointer<Int>?

    @inline(__always) func place(_ row: Int) -> Int {
        // Safe because callers have a table of all rows, or none.
        if let table = unsafe table { return unsafe table[row] }
        return unsafe row &* step
    }
}

/// `rows` rows times `panels` panels, in registers.
typealias TileSums<let rows: Int, let panels: Int> = InlineArray<rows, InlineArray<panels, Lanes>>

/// Everything that the tiles of one product share.
@unsafe struct TileWork {
    /// Panels of sixteen outputs: for each input of each run a line of sixteen numbers.
    var weights: UnsafePointer<Float>
    /// Numbers from one line to the next, and from one panel to the next.
    var lineStep: Int
    var panelStep: Int
    var outputs: Int
    /// One sum runs over `runCount` runs of `runLength` inputs; nil: there is one run, from the row's start.
    var runs: UnsafePointer<Int>?
    var runCount: Int
    var runLength: Int
    /// Added to the sums, in whole panels.
    var bias: UnsafePointer<Float>?
    /// Sums below zero become zero; NaN stays.
    var cutsNegatives: Bool
    var input: UnsafePointer<Float>
    var inputPlaces: RowPlaces
    var output: UnsafeMutablePointer<Float>
    var outputPlaces: RowPlaces

    /// The sums of the rows from `row` on and the panels from `panel` on. Each is fused step by step, in the
    /// order of the runs and of their inputs, whatever tile it is part of.
    @inline(__always) func tile<let rows: Int, let panels: Int>(
        _: TileSums<rows, panels>.Type, row: Int, panel: Int
    ) {
        var sums = TileSums<rows, panels>(repeating: InlineArray(repeating: .zero))
        // Safe because the owner of the memory has the rows, runs and panels that the fields speak of, and
        // the tile's indices are below `rows` and `panels`; so in all that follows.
        let first = unsafe InlineArray<rows, UnsafePointer<Float>> {
            unsafe input + inputPlaces.place(row &+ $0)
        }
        let (lineStep, panelStep, length) = unsafe (lineStep, panelStep, runLength)
        var line = unsafe weights + panel &* panelStep
        for run in 0..<(unsafe runCount) {
            let start = unsafe runs.map { unsafe $0[run] } ?? 0
            for index in start..<start &+ length {
                var factors = InlineArray<panels, Lanes>(repeating: .zero)
                for place in 0..<panels {
                    unsafe factors[unchecked: place] = load(line + place &* panelStep)
                }
                for place in 0..<rows {
                    let value = unsafe Lanes(repeating: first[unchecked: place][index])
                    for side in 0..<panels {
                        unsafe sums[unchecked: place][unchecked: side].addProduct(
                            factors[unchecked: side], value)
                    }
                }
                unsafe line += lineStep
            }
        }
        // In loops as small as these everything stays in registers; with more in them, the compiler kept the
        // sums in memory, which took three times as long.
        let column = panel &* 16
        var terms = InlineArray<panels, Lanes>(repeating: .zero)
        if let bias = unsafe bias {
            // Safe because the bias has whole panels.
            for side in 0..<panels { unsafe terms[unchecked: side] = load(bias + (column &+ side &* 16)) }
        }
        var results = TileSums<rows, panels>(repeating: InlineArray(repeating: .zero))
        for place in 0..<rows {
            for side in 0..<panels {
                // A sum that began with +0 is never -0, so that adding +0 changes nothing.
                unsafe results[unchecked: place][unchecked: side] =
                    sums[unchecked: place][unchecked: side] + terms[unchecked: side]
            }
        }
        unsafe write(results, row: row, column: column)
    }

    /// Cuts what is negative, where asked, and writes the numbers of the outputs that there are.
    @inline(__always) private func write<let rows: Int, let panels: Int>(
        _ results: TileSums<rows, panels>, row: Int, column: Int
    ) {
        // Safe because the output has room for each row's outputs; so in all that follows.
        let width = unsafe outputs &- column
        let floor = unsafe Lanes(repeating: cutsNegatives ? 0 : -.infinity)
        for place in 0..<rows {
            let target = unsafe output + (outputPlaces.place(row &+ place) &+ column)
            for side in 0..<panels {
                var result = unsafe results[unchecked: place][unchecked: side]
                result.replace(with: floor, where: result .< floor)
                unsafe store(result, target + side &* 16, width &- side &* 16)
            }
        }
    }
}
