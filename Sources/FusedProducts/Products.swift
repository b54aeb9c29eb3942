// SPDX-License-Identifier: Apache-2.0

/// Matrix products and convolutions of Float32 by fused multiplications and additions.
///
/// These sources are built twice: as `FusedProducts` for CPUs with AVX2 and FMA, and as `WideProducts` for
/// those with AVX-512. Both give the same bits. Nothing in them may run, or be inlined elsewhere, before
/// `LinearAlgebra` has asked the CPU; so they use no collection but those without code of their own.
package enum Products {
    /// Outputs that stand side by side in a panel of weights.
    package static let panelWidth = 16

    /// output[r, o] = Σ input[r, i] · weights[o / 16, i, o % 16] + bias[o] for `rowCount` rows, and zero
    /// where that is negative, if `cutsNegatives`.
    ///
    /// Each element is one sum in the order of the inputs, fused step by step, whatever tile it is part of:
    /// it does not depend on the rows around it. (No structure holds the arguments: with one would come
    /// functions that the linker shares with code for other CPUs.)
    ///
    /// - Parameters:
    ///   - weights: ⌈outputs / 16⌉ panels of a line of 16 numbers for each input.
    ///   - bias: whole panels of 16; nil for none.
    ///   - runs: where each run of `runLength` inputs begins in a row; nil for one, at the row's start.
    ///   - inputTable: where rows begin; nil: each `inputStep` numbers. The same for outputs.
    package static func multiply(
        weights: UnsafePointer<Float>, outputs: Int, bias: UnsafePointer<Float>?, cutsNegatives: Bool,
        runs: UnsafePointer<Int>?, runCount: Int, runLength: Int, input: UnsafePointer<Float>, inputStep: Int,
        inputTable: UnsafePointer<Int>?, output: UnsafeMutablePointer<Float>, outputStep: Int,
        outputTable: UnsafePointer<Int>?, rowCount: Int
    ) {
        // Safe because the caller's memory has the sizes that the arguments say.
        let work = unsafe TileWork(
            weights: weights, lineStep: 16, panelStep: runCount &* runLength &* 16, outputs: outputs,
            runs: runs, runCount: runCount, runLength: runLength, bias: bias, cutsNegatives: cutsNegatives,
            input: input, inputPlaces: RowPlaces(step: inputStep, table: inputTable), output: output,
            outputPlaces: RowPlaces(step: outputStep, table: outputTable))
        unsafe multiply(work, (outputs &+ panelWidth &- 1) / panelWidth, rowCount)
    }

    #if WIDE
        /// Tiles that fill the 32 registers, or keep both multipliers busy where rows are few: at least eight
        /// sums at a time.
        @inline(__always) static func multiply(_ work: TileWork, _ panels: Int, _ rowCount: Int) {
            let whole = rowCount & ~7
            var panel = 0
            // Safe because all rows and panels are the work's; so in all that follows.
            while panel &+ 2 <= panels {
                var row = 0
                while row < whole {
                    unsafe work.tile(TileSums<8, 2>.self, row: row, panel: panel)
                    row &+= 8
                }
                panel &+= 2
            }
            if panel < panels {
                var row = 0
                while row < whole {
                    unsafe work.tile(TileSums<8, 1>.self, row: row, panel: panel)
                    row &+= 8
                }
            }
            var row = whole
            if rowCount & 4 != 0 {
                unsafe fourRows(work, panels, row)
                row &+= 4
            }
            if rowCount & 2 != 0 {
                unsafe twoRows(work, panels, row)
                row &+= 2
            }
            if rowCount & 1 != 0 { unsafe oneRow(work, panels, row) }
        }

        private static func fourRows(_ work: TileWork, _ panels: Int, _ row: Int) {
            var panel = 0
            // Safe because the four rows and all panels are the work's.
            while panel &+ 4 <= panels {
                unsafe work.tile(TileSums<4, 4>.self, row: row, panel: panel)
                panel &+= 4
            }
            if panel &+ 2 <= panels {
                unsafe work.tile(TileSums<4, 2>.self, row: row, panel: panel)
                panel &+= 2
            }
            if panel < panels { unsafe work.tile(TileSums<4, 1>.self, row: row, panel: panel) }
        }
    #else
        /// Tiles that fill the 16 registers: two for each sixteen sums.
        @inline(__always) static func multiply(_ work: TileWork, _ panels: Int, _ rowCount: Int) {
            // Six rows at a time; eight as four and four.
            let sixes = rowCount == 8 ? 0 : rowCount / 6 &* 6
            let fours = sixes &+ (rowCount &- sixes) & ~3
            for panel in 0..<panels {
                var row = 0
                // Safe because all rows and panels are the work's; so in all that follows.
                while row < sixes {
                    unsafe work.tile(TileSums<6, 1>.self, row: row, panel: panel)
                    row &+= 6
                }
                while row < fours {
                    unsafe work.tile(TileSums<4, 1>.self, row: row, panel: panel)
                    row &+= 4
                }
            }
            var row = fours
            if (rowCount &- row) & 2 != 0 {
                unsafe twoRows(work, panels, row)
                row &+= 2
            }
            if row < rowCount { unsafe oneRow(work, panels, row) }
        }
    #endif

    private static func twoRows(_ work: TileWork, _ panels: Int, _ row: Int) {
        var panel = 0
        // Safe because both rows and all panels are the work's; so in all that follows.
        #if WIDE
            while panel &+ 4 <= panels {
                unsafe work.tile(TileSums<2, 4>.self, row: row, panel: panel)
                panel &+= 4
            }
        #endif
        while panel &+ 2 <= panels {
            unsafe work.tile(TileSums<2, 2>.self, row: row, panel: panel)
            panel &+= 2
        }
        if panel < panels { unsafe work.tile(TileSums<2, 1>.self, row: row, panel: panel) }
    }

    private static func oneRow(_ work: TileWork, _ panels: Int, _ row: Int) {
        var panel = 0
        // Safe because the row and all panels are the work's; so in all that follows.
        #if WIDE
            while panel &+ 8 <= panels {
                unsafe work.tile(TileSums<1, 8>.self, row: row, panel: panel)
                panel &+= 8
            }
        #endif
        while panel &+ 4 <= panels {
            unsafe work.tile(TileSums<1, 4>.self, row: row, panel: panel)
            panel &+= 4
        }
        if panel &+ 2 <= panels {
            unsafe work.tile(TileSums<1, 2>.self, row: row, panel: panel)
            panel &+= 2
        }
        if panel < panels { unsafe work.tile(TileSums<1, 1>.self, row: row, panel: panel) }
    }
}
