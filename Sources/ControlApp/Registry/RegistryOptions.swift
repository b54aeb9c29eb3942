// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import Glibc
import Registry

/// Where a registry is changed, and by whom: a directory of this machine, or a server that has the key.
struct RegistryOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Change this registry directory instead of asking a server.", valueName: "dir"))
    var registry: String?

    @OptionGroup var connection: ServerOptions

    @Option(
        help: ArgumentHelp(
            "The file with the admin key; without it, what MODELCTL_KEY_FILE names.", valueName: "file"))
    var keyFile: String?

    @Option(help: ArgumentHelp("Why, for those who read the history.", valueName: "text"))
    var reason: String = ""

    @Option(help: "How to print: table, or json as one object.")
    var output: OutputFormat = .table

    /// The place of the change; nothing is opened or sent yet.
    func place() throws(ControlError) -> RegistryPlace {
        if let registry { return .directory(registry) }
        let client = try connection.client()
        client.authorization = try adminKey().map { "Bearer \($0)" }
        return .server(client)
    }

    /// Makes `change` of the policy of `model`, and prints what became of it.
    func apply(_ change: PolicyChange, to model: String) throws(ControlError) {
        let outcome = try place().apply(change, model: model, reason: reason)
        Console.output(ChangePrinter.text(outcome, output))
    }

    private func adminKey() throws(ControlError) -> String? {
        guard let path = keyFile ?? ServerOptions.variable("MODELCTL_KEY_FILE") else { return nil }
        let text = try KeyFile.text(of: path)
        let key = text.split(whereSeparator: \.isNewline).first.map { String($0) } ?? ""
        guard !key.isEmpty, key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .notAKey(path: path, reason: "an admin key is one line of printable ASCII without spaces")
        }
        return key
    }

    /// Who changes a registry on this machine.
    static var actor: String {
        // Safe because the entry is copied at once, and this program has one thread.
        guard let entry = unsafe getpwuid(getuid()), let name = unsafe entry.pointee.pw_name else {
            return "uid \(getuid())"
        }
        // Safe because it ends with a zero and is copied.
        return unsafe String(cString: name)
    }
}

enum RegistryPlace {
    case directory(String)
    case server(ServerClient)
}

extension RegistryPlace {
    /// Makes `change` and returns what became of it, in the form of the server's answer.
    func apply(
        _ change: PolicyChange, model: String, reason: String
    ) throws(ControlError) -> JSONValue {
        switch self {
        case .server(let client):
            return try client.change(model, change.document(reason: reason))
        case .directory(let path):
            do throws(RegistryError) {
                let outcome = try PolicyStore(model: model, registryPath: path).apply(
                    change, actor: RegistryOptions.actor, reason: reason,
                    time: CalendarTime.text(CalendarTime.nanoseconds))
                return outcome.document(model: model, action: change.name)
            } catch {
                throw ControlError(error)
            }
        }
    }
}
