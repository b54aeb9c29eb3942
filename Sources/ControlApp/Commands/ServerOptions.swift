// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import Glibc

/// `--server`, for every command that asks a running daemon.
struct ServerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The server to ask.", valueName: "url"))
    var server: String?

    @Option(help: ArgumentHelp("How long to wait for an answer, in seconds.", valueName: "seconds"))
    var timeout: Int = 60

    func validate() throws {
        guard (1...86_400).contains(timeout) else {
            throw ValidationError("--timeout must be from 1 to 86400 seconds")
        }
    }

    func client() throws(ControlError) -> ServerClient {
        let address = try ServerAddress.choose(
            option: server, server: Self.variable("MODELCTL_SERVER"), listen: Self.variable("MODELD_LISTEN"))
        return ServerClient(address, timeoutSeconds: timeout)
    }

    static func variable(_ name: String) -> String? {
        // Safe because the text is copied at once and nothing in this program changes the environment.
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json
}

/// Runs the body of a command: what it throws becomes one line on standard error and the exit status.
func report(_ body: () throws(ControlError) -> Void) throws {
    do throws(ControlError) {
        try body()
    } catch {
        Console.error("modelctl: \(TextTable.printable(error.description))")
        throw ExitCode(error.exitStatus)
    }
}
