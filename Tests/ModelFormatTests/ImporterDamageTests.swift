// SPDX-License-Identifier: Apache-2.0
import Glibc
import ModelFormat
import Testing

/// Files of other libraries, cut off at every place and with bits flipped: each is read as a sound graph or
/// refused, and nothing ever traps.
@Suite struct ImporterDamageTests {
    static let files = [
        "xgboost/xgb_binary_stump1/model.ubj", "xgboost/xgb17_categorical_partition/model.ubj",
        "xgboost/xgb34_categorical_strings/model.json", "xgboost/xgb_reg_vectorleaf/model.ubj",
        "lightgbm/lgb_categorical/model.txt", "lightgbm/lgb_binary_linear_tree/model.txt",
        "skops/more_columns/model.skops", "skops/more_histograms/model.skops",
        "catboost/cat_binary_nan/model.json", "catboost/cat_lossguide/model.json",
    ]

    /// Bits flipped a file; MODELD_FLIPS says how many for a long run.
    private var flips: Int {
        // Safe because the text is copied before anything could change the environment; no test does.
        unsafe getenv("MODELD_FLIPS").flatMap { unsafe Int(String(cString: $0)) } ?? 200
    }

    /// A cut-off file is refused. Only what LightGBM says behind its trees can be missing unnoticed.
    @Test(arguments: files) func everyTruncation_isAnswered(file: String) throws {
        let whole = try Repository.bytes("Tests/Fixtures/models/" + file)
        // Every length near the ends, and steps that are prime to the layout's between.
        var accepted = 0
        var length = 0
        while length < whole.count {
            let part = Array(whole[..<length])
            if (try? ModelFile.load(part.span, fileName: file)) != nil { accepted += 1 }
            length += length < 200 || whole.count - length < 100 ? 1 : 251
        }
        #expect(file.hasPrefix("lightgbm") || accepted == 0, "\(accepted) cut-off files were accepted")
    }

    @Test(arguments: files) func flippedBits_neverTrap(file: String) throws {
        var bytes = try Repository.bytes("Tests/Fixtures/models/" + file)
        // SplitMix64: the same bits in every run.
        var state: UInt64 = 4
        for _ in 0..<flips {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            let bit = Int((mixed ^ mixed >> 31) % UInt64(bytes.count * 8))
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            if let graph = try? ModelFile.load(bytes.span, fileName: file) {
                #expect(throws: Never.self) { try graph.validate() }
            }
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
    }
}
