// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dispatch
internal import Glibc
internal import HTTP
internal import Net
internal import Registry
internal import Serving
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
                return serve(loaded)
            }
            return 0
        } catch {
            for problem in error.problems { write("modeld: \(problem)\n", to: STDERR_FILENO) }
            return configurationExitCode
        }
    }

    private static func serve(_ loaded: LoadedConfiguration) -> CInt {
        let configuration = loaded.configuration
        let logger = Logger(
            level: LogLevel(name: configuration.log.level.rawValue) ?? .notice,
            format: LogFormat(rawValue: configuration.log.format.rawValue) ?? .text)
        for warning in loaded.warnings { logger.warning("configuration", ["reason": LogValue(warning)]) }
        let signals = ShutdownSignals()
        do {
            let daemon = try RunningDaemon(configuration, logger: logger)
            signals.wait()
            signals.onRepeat { _exit(failureExitCode) }
            daemon.shutDown()
            return 0
        } catch {
            logger.error("start failed", ["reason": LogValue("\(error)")])
            return failureExitCode
        }
    }

    /// Writes all of `text`; what cannot be written is nobody's to read.
    static func write(_ text: String, to descriptor: CInt) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            // Safe because the bytes outlive the call, which reads no more than their count.
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}

/// A daemon that answers: everything that was started and has to be ended in order.
private final class RunningDaemon {
    private let configuration: Configuration
    private let logger: Logger
    private let registry: Registry
    private let service: PredictService
    private let server: HTTPServer
    private let workers: WorkerPool?

    init(_ configuration: Configuration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        let metrics = MetricRegistry(modelSeriesLimit: configuration.metrics.modelSeriesLimit)
        metrics.setBuildInfo(version: Daemon.version)
        ProcessMetrics.register(in: metrics)
        registry = Registry(
            Self.registryConfiguration(configuration), metrics: metrics, logger: logger)
        service = PredictService(registry: registry)
        let scheduling = Scheduling(configuration.scheduling)
        workers = scheduling.workerCount.map {
            WorkerPool(workers: $0, limits: scheduling.limits, metrics: metrics)
        }
        let (workers, costMax) = (workers, scheduling.costMax)
        server = HTTPServer(
            configuration: try Self.serverConfiguration(configuration),
            makeObserver: { [logger] _ in LoopObserver(metrics: metrics, logger: logger) },
            makeHandler: { [service] _ in
                RequestDispatcher(
                    service: service, metrics: metrics, rowLimit: configuration.limits.rows,
                    costMax: costMax, workers: workers)
            })
        try workers?.start { [service] in
            DialectAnswerer(service: service, rowLimit: configuration.limits.rows)
        }
        try registry.start()
        let addresses = try server.start()
        announce(addresses)
    }

    private static func registryConfiguration(_ configuration: Configuration) -> Registry.Configuration {
        var result = Registry.Configuration(path: configuration.registry)
        result.versionsPerModel = configuration.registryWatch.versionsPerModel
        result.pollNanoseconds = configuration.registryWatch.poll.wholeNanoseconds
        return result
    }

    private static func serverConfiguration(
        _ configuration: Configuration
    ) throws -> HTTPServer.Configuration {
        let addresses = try configuration.listen.map { try Address(parsing: $0.description) }
        var result = HTTPServer.Configuration(addresses: addresses)
        result.loopCount = configuration.loops > 0 ? configuration.loops : nil
        result.limits.headBytesMax = configuration.limits.headerBytes
        result.limits.bodyBytesMax = configuration.limits.bodyBytes
        result.timeouts.head = configuration.timeouts.header
        result.timeouts.body = configuration.timeouts.body
        result.timeouts.idle = configuration.timeouts.idle
        result.timeouts.write = configuration.timeouts.write
        return result
    }

    /// Prints one line as soon as the models of the start are loaded.
    private func announce(_ addresses: [Address]) {
        let urls = addresses.map { "http://\($0)" }.joined(separator: " ")
        let path = configuration.registry
        registry.whenReady { [registry, logger] in
            let count = registry.view.models.values.filter { $0.newest != nil }.count
            let models = count == 1 ? "1 model" : "\(count) models"
            Daemon.write(
                "modeld \(Daemon.version) is ready: \(urls) serves \(models) from \(path)\n",
                to: STDOUT_FILENO)
            logger.notice(
                "ready", ["address": LogValue(urls), "registry": LogValue(path), "models": LogValue(count)])
        }
    }

    /// Ends without losing a request: not ready any more, still answering for the grace, then no new
    /// connections.
    func shutDown() {
        logger.notice("shutting down", ["grace": LogValue("\(configuration.shutdown.grace)")])
        service.beginDraining()
        server.drain(
            grace: configuration.shutdown.grace,
            deadline: configuration.shutdown.grace + configuration.shutdown.timeout)
        server.waitUntilStopped()
        workers?.stop()
        registry.stop()
        logger.notice("stopped")
    }
}
