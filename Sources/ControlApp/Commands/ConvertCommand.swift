// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import ModelFormat

/// `modelctl convert`: any model file that is read here, as a native one; models of this format also as other
/// libraries' files.
struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Write a model of another library in the native format, or a model for other libraries.",
        discussion: """
            The native file answers with the same numbers, carries a digest and loads faster. The file is \
            written beside its place and renamed: a reader sees the old one or the new one, whole. With \
            --to, models go the other way: trees into a file that XGBoost or LightGBM opens, and trees, linear \
            models and networks with their preprocessing into one for ONNX Runtime.
            """)

    @Argument(help: ArgumentHelp("A model file, a version's directory or a registry.", valueName: "path"))
    var path: String

    @Option(name: [.customShort("o"), .customLong("out")], help: "Where the file goes.")
    var out: String

    @Option(help: ArgumentHelp("What is written.", valueName: "native|xgboost|lightgbm|onnx"))
    var to = Target.native

    enum Target: String, CaseIterable, ExpressibleByArgument {
        case native, xgboost, lightgbm, onnx
    }

    func run() throws {
        try report { () throws(ControlError) in
            let model = try StoredModel.find(in: path, nil)
            do {
                try write(model.graph)
            } catch {
                throw .notAModel(path: model.path, reason: "it was not converted: \(error)")
            }
            Console.output(
                "\(TextTable.printable(out))  from \(model.format.rawValue), \(model.size) bytes, "
                    + "sha256 \(model.digest.prefix(12))\n")
        }
    }

    private func write(_ graph: ModelGraph) throws(FormatError) {
        let bytes: [UInt8]
        switch to {
        case .native: return try NativeModel.writeFile(graph, to: out)
        case .xgboost: bytes = try XGBoostExporter.write(graph)
        case .lightgbm: bytes = try LightGBMExporter.write(graph)
        case .onnx: bytes = try ONNXExporter.write(graph)
        }
        try write(bytes)
    }

    private func write(_ bytes: [UInt8]) throws(FormatError) {
        do {
            try AtomicFile.write(bytes.span, to: out)
        } catch {
            throw .notWritten(path: out, reason: error.description)
        }
    }
}
