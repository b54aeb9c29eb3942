// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A library that tl2cgen made of a model: C source with a branch a node. It takes rows as unions, which it
/// writes into, so that a row is copied for each call.
@safe final class Tl2cgenEngine<Number: BinaryFloatingPoint>: Engine {
    let name = "tl2cgen"
    private typealias Predict =
        @convention(c) (UnsafeMutableRawPointer, Int32, UnsafeMutableRawPointer) -> Void
    private let rows: RowMemory
    private let function: Predict
    private let entries: UnsafeMutablePointer<Number>
    private let output: UnsafeMutablePointer<Number>
    private var count = 0

    init(_ library: String, _ rows: RowMemory) {
        self.rows = rows
        unsafe function = SharedLibrary(library).function("predict", as: Predict.self)
        // Safe because a union of an int and a `Number` is as large as the number; never freed.
        unsafe entries = .allocate(capacity: rows.columnCount)
        unsafe output = .allocate(capacity: rows.rowCount)
    }

    func predictOne(_ row: Int) {
        // Safe because the row is one of the memory's, and the entries have room for its columns.
        for column in 0..<(rows.columnCount) {
            unsafe entries[column] = Number(rows.base[row * rows.columnCount + column])
        }
        unsafe output[row] = 0
        unsafe function(entries, 0, output + row)
    }

    func predict(_ count: Int) {
        for row in 0..<count { predictOne(row) }
        self.count = count
    }

    func explain() -> Bool { false }
    var predictions: [Double] { (0..<count).map { Double(unsafe output[$0]) } }
}

/// A library that lleaves made of a LightGBM model: LLVM code with a branch a node. It takes Float64 rows,
/// which were made before.
@safe final class LleavesEngine: Engine {
    let name = "lleaves"
    private typealias Predict =
        @convention(c) (UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>, Int32, Int32) -> Void
    private let rows: RowMemory
    private let function: Predict
    private let output: UnsafeMutablePointer<Double>
    private var count = 0

    init(_ library: String, _ rows: RowMemory) {
        self.rows = rows
        unsafe function = SharedLibrary(library).function("forest_root", as: Predict.self)
        // Safe because it has room for a prediction a row; never freed.
        unsafe output = .allocate(capacity: rows.rowCount)
    }

    func predictOne(_ row: Int) {
        // Safe because the row is one of the memory's.
        unsafe function(rows.wide, output, Int32(row), Int32(row + 1))
    }

    func predict(_ count: Int) {
        // Safe because there are so many rows.
        unsafe function(rows.wide, output, 0, Int32(count))
        self.count = count
    }

    func explain() -> Bool { false }
    var predictions: [Double] { (0..<count).map { unsafe output[$0] } }
}
