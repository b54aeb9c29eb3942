// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import Registry

/// `modelctl policy MODEL`
struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Show which versions of a model answer, and who decided it.")

    @Argument(help: ArgumentHelp("The model.", valueName: "model"))
    var model: String

    @OptionGroup var options: RegistryOptions

    func run() throws {
        try report { () throws(ControlError) in
            let document: JSONValue
            switch try options.place() {
            case .server(let client): document = try client.policy(model)
            case .directory(let path):
                do throws(RegistryError) {
                    document = try PolicyStore(model: model, registryPath: path).document()
                } catch {
                    throw ControlError(error)
                }
            }
            Console.output(options.output == .json ? document.line + "\n" : Self.table(of: document))
        }
    }

    static func table(of document: JSONValue) -> String {
        func list(_ key: String) -> String {
            (document[key]?.array ?? []).map(\.cell).joined(separator: " ")
        }
        var text = "versions   \(list("versions"))\n"
        text += "default    \(TextTable.printable(document["default"]?.cell ?? ""))\n"
        for (key, title) in [("aliases", "alias    "), ("split", "share    ")] {
            for member in document[key]?.object?.members ?? [] {
                text += "\(title)  \(TextTable.printable(member.key)) = \(member.value.cell)\n"
            }
        }
        if let shadow = document["shadow"]?.object {
            text += "shadow     \(shadow["to"]?.cell ?? ""), \(shadow["percent"]?.cell ?? "") %\n"
        }
        if document["retired"]?.array?.isEmpty == false { text += "retired    \(list("retired"))\n" }
        let history = document["history"]?.array ?? []
        if history.isEmpty { return text + "nobody has decided anything\n" }
        var table = TextTable(["REVISION", "TIME", "ACTOR", "ACTION", "REASON"])
        for entry in history {
            table.append(
                ["revision", "time", "actor", "action", "reason"].map { entry[$0]?.cell ?? "" })
        }
        return text + table.takeAll()
    }
}
