// SPDX-License-Identifier: Apache-2.0
import Glibc

/// LightGBM through its C interface, one thread; single rows by its fast path.
@safe final class LightGBMEngine: Engine {
    let name = "lightgbm"
    private typealias Handle = UnsafeMutableRawPointer
    private typealias Load =
        @convention(c) (UnsafePointer<CChar>, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Handle?>) ->
        Int32
    private typealias PredictMatrix =
        @convention(c) (
            Handle, UnsafeRawPointer, Int32, Int32, Int32, Int32, Int32, Int32, Int32, UnsafePointer<CChar>,
            UnsafeMutablePointer<Int64>, UnsafeMutablePointer<Double>
        ) -> Int32
    private typealias FastInit =
        @convention(c) (
            Handle, Int32, Int32, Int32, Int32, Int32, UnsafePointer<CChar>, UnsafeMutablePointer<Handle?>
        ) -> Int32
    private typealias FastPredict =
        @convention(c) (
            Handle, UnsafeRawPointer, UnsafeMutablePointer<Int64>, UnsafeMutablePointer<Double>
        ) -> Int32

    private let rows: RowMemory
    private let booster: Handle
    private let fast: Handle
    private let matrix: PredictMatrix
    private let single: FastPredict
    private let output: UnsafeMutablePointer<Double>
    private var count = 0
    private static let parameters = "num_threads=1 verbose=-1"
    private static let normal: Int32 = 0
    private static let contributions: Int32 = 3

    init(_ library: String, model: String, _ rows: RowMemory) {
        self.rows = rows
        let library = SharedLibrary(library)
        let load = unsafe library.function("LGBM_BoosterCreateFromModelfile", as: Load.self)
        let begin = unsafe library.function(
            "LGBM_BoosterPredictForMatSingleRowFastInit", as: FastInit.self)
        unsafe matrix = library.function("LGBM_BoosterPredictForMat", as: PredictMatrix.self)
        unsafe single = library.function("LGBM_BoosterPredictForMatSingleRowFast", as: FastPredict.self)
        var iterations: Int32 = 0
        var booster: Handle?
        var fast: Handle?
        // Safe because all pointers live for the calls; 0 is Float32, and what is said of the rows is true.
        guard unsafe load(model, &iterations, &booster) == 0, let booster = unsafe booster,
            unsafe begin(
                booster, Self.normal, 0, -1, 0, Int32(rows.columnCount), Self.parameters, &fast) == 0,
            let fast = unsafe fast
        else {
            print("LightGBM does not load \(model)")
            exit(66)
        }
        (unsafe self.booster, unsafe self.fast) = unsafe (booster, fast)
        let cells = max(rows.rowCount, explainedRowCount * (rows.columnCount + 1))
        unsafe output = .allocate(capacity: cells)
    }

    func predictOne(_ row: Int) {
        var length: Int64 = 0
        // Safe because the row is one of the memory's, and the output has a place for it.
        unsafe check(single(fast, rows.base + row * rows.columnCount, &length, output + row))
    }

    func predict(_ count: Int) { predict(count, Self.normal) }

    func explain() -> Bool {
        predict(explainedRowCount, Self.contributions)
        return true
    }

    private func predict(_ count: Int, _ type: Int32) {
        var length: Int64 = 0
        // Safe because there are so many rows, and the output is large enough for both types.
        unsafe check(
            matrix(
                booster, rows.base, 0, Int32(count), Int32(rows.columnCount), 1, type, 0, -1,
                Self.parameters, &length, output))
        self.count = count
    }

    private func check(_ status: Int32) { precondition(status == 0, "LightGBM failed") }
    var predictions: [Double] { (0..<count).map { unsafe output[$0] } }
}

/// XGBoost through its C interface, one thread, predicting in place.
@safe final class XGBoostEngine: Engine {
    let name = "xgboost"
    private typealias Handle = UnsafeMutableRawPointer
    private typealias Create =
        @convention(c) (UnsafeRawPointer?, UInt64, UnsafeMutablePointer<Handle?>) -> Int32
    private typealias Load = @convention(c) (Handle, UnsafePointer<CChar>) -> Int32
    private typealias SetParameter =
        @convention(c) (Handle, UnsafePointer<CChar>, UnsafePointer<CChar>) -> Int32
    private typealias Predict =
        @convention(c) (
            Handle, UnsafePointer<CChar>, UnsafePointer<CChar>, Handle?,
            UnsafeMutablePointer<UnsafePointer<UInt64>?>, UnsafeMutablePointer<UInt64>,
            UnsafeMutablePointer<UnsafePointer<Float>?>
        ) -> Int32

    private let rows: RowMemory
    private let booster: Handle
    private let function: Predict
    private var result: UnsafePointer<Float>?
    private var count = 0
    private static let configuration =
        #"{"type":0,"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":false,"#
        + #""cache_id":0,"missing":NaN}"#

    init(_ library: String, model: String, _ rows: RowMemory) {
        self.rows = rows
        let library = SharedLibrary(library)
        let create = unsafe library.function("XGBoosterCreate", as: Create.self)
        let load = unsafe library.function("XGBoosterLoadModel", as: Load.self)
        let set = unsafe library.function("XGBoosterSetParam", as: SetParameter.self)
        unsafe function = library.function("XGBoosterPredictFromDense", as: Predict.self)
        var booster: Handle?
        // Safe because all pointers live for the calls.
        guard unsafe create(nil, 0, &booster) == 0, let booster = unsafe booster,
            unsafe load(booster, model) == 0, unsafe set(booster, "nthread", "1") == 0
        else {
            print("XGBoost does not load \(model)")
            exit(66)
        }
        unsafe self.booster = booster
    }

    func predictOne(_ row: Int) { predict(row..<row + 1) }
    func predict(_ count: Int) { predict(0..<count) }

    private func predict(_ range: Range<Int>) {
        let address = unsafe Int(bitPattern: rows.base + range.lowerBound * rows.columnCount)
        let array =
            #"{"data":[\#(address),true],"shape":[\#(range.count),\#(rows.columnCount)],"#
            + #""typestr":"<f4","version":3}"#
        var shape: UnsafePointer<UInt64>?
        var dimensions: UInt64 = 0
        // Safe because the rows are where the array interface says, and the result lives until the next call.
        let status = unsafe function(
            booster, array, Self.configuration, nil, &shape, &dimensions, &result)
        precondition(status == 0, "XGBoost failed")
        count = range.count
    }

    func explain() -> Bool { false }

    var predictions: [Double] {
        guard let result = unsafe result else { return [] }
        return (0..<count).map { Double(unsafe result[$0]) }
    }
}
