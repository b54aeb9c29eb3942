// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `modelctl health`: one bit, for a container's HEALTHCHECK and for scripts.
struct HealthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Ask whether a server is ready: exits with 0 if so, 1 if not.",
        discussion: """
            Inside a container this finds the server by itself: MODELD_LISTEN says where it listens. A \
            server that cannot be reached is not ready.
            """)

    @OptionGroup var connection: ServerOptions

    @Flag(help: "Ask only whether the process answers, not whether its models are loaded.")
    var live = false

    func run() throws {
        try report { () throws(ControlError) in
            let client = try connection.client()
            let word = live ? "live" : "ready"
            do throws(ControlError) {
                if try client.isHealthy(word) {
                    Console.output("\(word)\n")
                    return
                }
            } catch {
                guard case .unreachable = error else { throw error }
                throw .unhealthy(error.description)
            }
            throw .unhealthy("\(client.address) is not \(word)")
        }
    }
}
