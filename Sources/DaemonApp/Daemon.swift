// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc
internal import Net
internal import Telemetry

/// The daemon as a whole: reads its configuration, wires the parts, serves until it is told to end.
package enum Daemon {
    package static let version = "0.1.0"

    /// `sysexits.h`: what the configuration says cannot be done.
    private static let configurationExitCode: CInt = 78
    private static let failureExitCode: CInt = 1

    /// Runs until a signal ends it.
    ///
    /// - Parameter arguments: the command line without the program's name.
    /// - Returns: the exit code.
    package static func run(arguments: [String]) -> CInt {
        do {
            let environment = ConfigurationLoader.processEnvironment()
            switch try ConfigurationLoader.load(arguments: arguments, environment: environment) {
            case .help:
                write(ConfigurationReport.help(), to: STDOUT_FILENO)
            case .version:
                write("modeld \(version)\n", to: STDOUT_FILENO)
            case .checkConfiguration(let loaded):
                for warning in loaded.warnings { write("modeld: warning: \(warning)\n", to: STDERR_FILENO) }
                write(ConfigurationReport.effectiveValues(loaded), to: STDOUT_FILENO)
            case .serve(let loaded):
                return serve(loaded, arguments: arguments, environment: environment)
            }
            return 0
        } catch {
            for problem in error.problems { write("modeld: \(problem)\n", to: STDERR_FILENO) }
            return configurationExitCode
        }
    }

    private static func serve(
        _ loaded: LoadedConfiguration, arguments: [String], environment: [String: String]
    ) -> CInt {
        let configuration = loaded.configuration
        let logger = Logger(
            level: LogLevel(configuration.log.level),
            format: LogFormat(rawValue: configuration.log.format.rawValue) ?? .text)
        for warning in loaded.warnings { logger.warning("configuration", ["reason": LogValue(warning)]) }
        if configuration.models.memory > 0 { HeapMemory.share() }
        let signals = ProcessSignals()
        do {
            let daemon = try RunningDaemon(
                configuration, inherited: InheritedSockets(environment: environment), logger: logger)
            while signals.next() == .reload {
                daemon.reload(arguments: arguments, environment: environment)
            }
            daemon.shutDown()
            return 0
        } catch {
            logger.error("start failed", ["reason": LogValue("\(error)")])
            return failureExitCode
        }
    }

    /// Writes all of `text`; what cannot be written is nobody's to read.
    static func write(_ text: String, to descriptor: CInt) {
        let bytes = Array(text.utf8)
        try? FileDescriptor.write(bytes.span, to: descriptor, path: "")
    }
}
