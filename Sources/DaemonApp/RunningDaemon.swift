// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dialects
internal import Glibc
internal import HTTP
internal import Net
internal import Registry
internal import Serving
internal import Telemetry

/// A daemon that answers: everything that was started and has to be ended in order.
final class RunningDaemon: Sendable {
    private let configuration: Configuration
    private let logger: Logger
    private let registry: Registry
    private let service: PredictService
    private let server: HTTPServer
    private let workers: WorkerPool?
    private let batch: BatchService
    private let accessLog: AccessLogPolicy
    private let authorizer: AdminAuthorizer
    private let limiter: ConnectionLimiter
    /// Nil without TLS listeners.
    private let certificates: CertificateKeeper?
    private let descriptorCount: Int

    /// - Parameter inherited: the sockets that the service manager passed.
    init(_ configuration: Configuration, inherited: InheritedSockets, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        let metrics = MetricRegistry(modelSeriesLimit: configuration.metrics.modelSeriesLimit)
        metrics.setBuildInfo(version: Daemon.version)
        ProcessMetrics.register(in: metrics)
        var registryConfiguration = Self.registryConfiguration(configuration)
        registryConfiguration.trust = try Self.trustPolicy(configuration)
        registry = Registry(registryConfiguration, metrics: metrics, logger: logger)
        let scheduling = Scheduling(configuration.scheduling)
        let service = PredictService(
            registry: registry,
            defaultModel: configuration.defaultModel.isEmpty ? nil : configuration.defaultModel,
            splitter: RowSplitter(threads: scheduling.workerCount ?? 1),
            joining: scheduling.joining)
        authorizer = AdminAuthorizer(try Self.adminKeys(configuration))
        let admin = AdminDesk(
            authorizer: authorizer,
            dialect: AdminDialect(
                repository: RepositoryService(
                    registry: registry, path: configuration.registry, logger: logger)),
            uploadBytesMax: configuration.admin.uploadBytes)
        self.service = service
        let options = Self.invocationsOptions(configuration, workerCount: scheduling.workerCount)
        workers = scheduling.workerCount.map {
            WorkerPool(
                workers: $0, niceness: scheduling.niceness, limits: scheduling.limits, metrics: metrics,
                invocations: options.style)
        }
        let (workers, costMax) = (workers, scheduling.costMax)
        let batch = BatchService(
            configuration.batch, service: service, jobs: Self.jobs(configuration, authorizer, logger: logger))
        self.batch = batch
        let accessLog = AccessLogPolicy(configuration.log)
        self.accessLog = accessLog
        descriptorCount = DescriptorLimit.raise()
        limiter = ConnectionLimiter(Self.connectionLimits(configuration, descriptorCount: descriptorCount))
        let plan = try ListenerPlan(configuration, inherited: inherited)
        for name in plan.unclaimed {
            logger.warning("nothing listens on a socket that was passed", ["name": LogValue(name)])
        }
        certificates = plan.tls.map {
            CertificateKeeper($0, poll: configuration.tls.poll, metrics: metrics, logger: logger)
        }
        var serverConfiguration = Self.serverConfiguration(configuration)
        serverConfiguration.listeners = plan.listeners
        serverConfiguration.limiter = limiter
        let (scrapes, table) = (MetricsDesk(metrics), DaemonRoutes(platform: configuration.platform.routes))
        server = HTTPServer(
            configuration: serverConfiguration,
            makeObserver: { [logger] _ in
                LoopObserver(
                    metrics: metrics, logger: logger, accessLog: accessLog,
                    routes: table.router.templates)
            },
            makeHandler: { _ in
                RequestDispatcher(
                    service: service, metrics: metrics, scrapes: scrapes,
                    rowLimit: configuration.limits.rows, routes: plan.routes, table: table,
                    invocations: options, costMax: costMax, workers: workers, admin: admin, batch: batch)
            })
        try batch.start()
        try workers?.start {
            WorkerAnswerer(
                service: service, rowLimit: configuration.limits.rows, invocations: options)
        }
        try registry.start()
        let addresses = try server.start()
        announce(zip(addresses, plan.listeners).map { Self.url($0, isTLS: $1.tls != nil) })
    }

    /// Prints one line as soon as the models of the start are loaded.
    private func announce(_ addresses: [String]) {
        let urls = addresses.joined(separator: " ")
        let path = configuration.registry
        registry.whenReady { [registry, logger] in
            let count = registry.view.models.values.filter { !$0.ready.isEmpty }.count
            let models = count == 1 ? "1 model" : "\(count) models"
            Daemon.write(
                "modeld \(Daemon.version) is ready: \(urls) serves \(models) from \(path)\n",
                to: STDOUT_FILENO)
            logger.notice(
                "ready", ["address": LogValue(urls), "registry": LogValue(path), "models": LogValue(count)])
        }
    }

    private static func url(_ address: Address, isTLS: Bool) -> String {
        if case .unix = address { return isTLS ? "tls:\(address)" : "\(address)" }
        return isTLS ? "https://\(address)" : "http://\(address)"
    }

    /// Reads the configuration and the certificate again. What is wrong changes nothing.
    func reload(arguments: [String], environment: [String: String]) {
        certificates?.reloadNow()
        reloadTrust()
        let invocation: Invocation
        do {
            invocation = try ConfigurationLoader.load(arguments: arguments, environment: environment)
        } catch {
            for problem in error.problems {
                logger.error("configuration was refused", ["reason": LogValue("\(problem)")])
            }
            return
        }
        guard case .serve(let loaded) = invocation else { return }
        let new = loaded.configuration
        let differences = Configuration.settings.filter { $0.render(new) != $0.render(configuration) }
        for setting in differences where !setting.isReloadable {
            logger.warning("a changed setting waits for a restart", ["key": LogValue(setting.key)])
        }
        logger.level = LogLevel(new.log.level)
        accessLog.change(to: new.log)
        limiter.limits = Self.connectionLimits(new, descriptorCount: descriptorCount)
        logger.notice("configuration was read again")
    }

    private func reloadTrust() {
        do {
            authorizer.replace(try Self.adminKeys(configuration))
        } catch {
            logger.error("admin keys were refused", ["reason": LogValue(error.description)])
        }
        do {
            registry.setTrust(try Self.trustPolicy(configuration))
        } catch {
            logger.error("trusted keys were refused", ["reason": LogValue(error.description)])
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
        batch.stop()
        registry.stop()
        logger.notice("stopped")
    }
}

extension LogLevel {
    init(_ level: Configuration.LogLevel) { self = LogLevel(name: level.rawValue) ?? .notice }
}
