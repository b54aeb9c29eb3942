// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Testing

/// Every file that a fuzzer ever stopped at must be answered, by a graph or by an error.
@Suite struct FailCaseTests {
    static let files = [
        "NativeModel", "XGBoost", "XGBoostUBJSON", "LightGBM", "CatBoost", "Skops", "Safetensors", "ONNX",
    ].flatMap { target in
        Repository.names(in: "Fuzz/FailCases/\(target)").map { "Fuzz/FailCases/\(target)/\($0)" }
    }

    @Test(arguments: files)
    func aFindingOfTheFuzzer_isAnswered(file: String) throws {
        let bytes = try Repository.bytes(file)
        for input in bytes.count >= 106 ? [bytes, RawFile.redigested(bytes)] : [bytes] {
            do throws(FormatError) {
                let graph = try ModelFile.load(input.span, fileName: file)
                _ = try NativeModel.write(graph)
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }
}
