// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import Registry

/// `modelctl gc [MODEL]`
struct CollectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc", abstract: "Delete old versions that no policy names, and what was left half-done.")

    @Argument(help: ArgumentHelp("Only this model; otherwise all of them.", valueName: "model"))
    var model: String?

    @Option(help: ArgumentHelp("So many of a model's newest versions stay.", valueName: "n"))
    var keep: Int = 5

    @Option(help: ArgumentHelp("Younger versions stay.", valueName: "days"))
    var olderThan: Int = 0

    @Flag(help: "Only print what would go.")
    var dryRun = false

    @OptionGroup var options: RegistryOptions

    func validate() throws {
        guard (1...1_000_000).contains(keep) else {
            throw ValidationError("--keep must be from 1 to 1000000")
        }
        guard (0...36_500).contains(olderThan) else {
            throw ValidationError("--older-than must be from 0 to 36500 days")
        }
    }

    func run() throws {
        try report { () throws(ControlError) in
            let collected: [JSONValue]
            switch try options.place() {
            case .server(let client):
                collected = try client.collect(
                    model, keep: keep, olderThanDays: olderThan, isRehearsal: dryRun)
            case .directory(let path): collected = try collect(path)
            }
            for entry in collected { Console.output(line(entry)) }
            if options.output == .table {
                Console.output("\(collected.count) \(dryRun ? "would go" : "gone")\n")
            }
        }
    }

    private func collect(_ path: String) throws(ControlError) -> [JSONValue] {
        var retention = VersionRemoval.Retention()
        retention.keep = keep
        retention.age = Int64(olderThan) * 86_400_000_000_000
        var collected: [JSONValue] = []
        do throws(RegistryError) {
            try VersionRemoval.collect(
                registryPath: path, model: model, retention: retention, wallClock: CalendarTime.nanoseconds,
                isRehearsal: dryRun
            ) { collected.append($0.document) }
        } catch {
            // What is gone is gone, also when the rest stays.
            for entry in collected { Console.output(line(entry)) }
            throw ControlError(error)
        }
        return collected
    }

    private func line(_ entry: JSONValue) -> String {
        if options.output == .json { return entry.line + "\n" }
        let model = TextTable.printable(entry["model"]?.string ?? "")
        guard let version = entry["version"]?.integer else { return "\(model): a leftover\n" }
        return "\(model)@\(version)\n"
    }
}
