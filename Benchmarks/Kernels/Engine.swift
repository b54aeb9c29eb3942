// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Something that predicts rows which it was given at the start: this library, or another one.
protocol Engine: AnyObject {
    var name: String { get }
    var threads: Int { get }
    /// Predicts the row `row`.
    func predictOne(_ row: Int)
    /// Predicts the first `count` rows.
    func predict(_ count: Int)
    /// Says what each feature of the first `explainedRowCount` rows contributed; false when the engine
    /// cannot.
    func explain() -> Bool
    /// The first of the predictions of each of the rows that were predicted last.
    var predictions: [Double] { get }
}

/// Rows that are explained in one go.
let explainedRowCount = 200

/// Rows of Float32 numbers, in memory that stays where it is: what the libraries' interfaces take.
@safe final class RowMemory {
    let base: UnsafeMutablePointer<Float>
    let wide: UnsafeMutablePointer<Double>
    let rowCount: Int
    let columnCount: Int

    init(_ numbers: [Float], columnCount: Int) {
        self.columnCount = columnCount
        rowCount = numbers.count / columnCount
        // Safe because both are sized for all numbers, and freed never: they live as long as the program.
        unsafe base = .allocate(capacity: numbers.count)
        unsafe wide = .allocate(capacity: numbers.count)
        for (index, number) in numbers.enumerated() {
            unsafe base[index] = number
            unsafe wide[index] = Double(number)
        }
    }
}

/// A shared library opened for the rest of the program.
@safe struct SharedLibrary {
    private let handle: UnsafeMutableRawPointer

    init(_ path: String) {
        // Safe because the string is passed as a C string that lives for the call.
        guard let handle = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            print("cannot open \(path)")
            exit(66)
        }
        unsafe self.handle = handle
    }

    func function<Function>(_ name: String, as: Function.Type) -> Function {
        // Safe because the caller names the type that the library documents for `name`.
        guard let symbol = unsafe dlsym(handle, name) else {
            print("no function \(name)")
            exit(66)
        }
        return unsafe unsafeBitCast(symbol, to: Function.self)
    }
}

extension Engine {
    var threads: Int { 1 }
}
