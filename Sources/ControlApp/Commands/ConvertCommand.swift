// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import ModelFormat

/// `modelctl convert`: any model file that is read here, as a native one.
struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Write a model of another library in the native format.",
        discussion: """
            The native file answers with the same numbers, carries a digest and loads faster. The file is \
            written beside its place and renamed: a reader sees the old one or the new one, whole.
            """)

    @Argument(help: ArgumentHelp("A model file, a version's directory or a registry.", valueName: "path"))
    var path: String

    @Option(name: [.customShort("o"), .customLong("out")], help: "Where the native file goes.")
    var out: String

    func run() throws {
        try report { () throws(ControlError) in
            let model = try StoredModel.find(in: path, nil)
            do {
                try NativeModel.writeFile(model.graph, to: out)
            } catch {
                throw .notAModel(path: model.path, reason: "it was not converted: \(error)")
            }
            Console.output(
                "\(TextTable.printable(out))  from \(model.format.rawValue), \(model.size) bytes, "
                    + "sha256 \(model.digest.prefix(12))\n")
        }
    }
}
