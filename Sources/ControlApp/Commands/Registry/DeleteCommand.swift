// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import Registry

/// `modelctl delete MODEL@VERSION`
struct DeleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a version for good.",
        discussion: "A version that the policy names is not deleted.")

    @OptionGroup var target: VersionArguments

    func run() throws {
        let options = target.options
        try report { () throws(ControlError) in
            let reference = try VersionReference(parsing: target.version)
            switch try options.place() {
            case .server(let client): try client.delete(reference)
            case .directory(let path):
                do throws(RegistryError) {
                    try VersionRemoval.delete(
                        model: reference.model, version: reference.version, registryPath: path)
                } catch {
                    throw ControlError(error)
                }
            }
            let document: JSONValue = .object([
                "model": .string(reference.model), "version": .integer(reference.version.number),
                "deleted": .bool(true),
            ])
            let line = "\(reference.model)@\(reference.version): deleted\n"
            Console.output(options.output == .json ? document.line + "\n" : line)
        }
    }
}
