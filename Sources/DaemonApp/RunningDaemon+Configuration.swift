// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dialects
internal import HTTP
internal import Net
internal import Registry
internal import Serving
internal import Telemetry

/// What the settings mean to the daemon's parts.
extension RunningDaemon {
    static func jobs(
        _ configuration: Configuration, _ authorizer: AdminAuthorizer, logger: Logger
    ) -> JobService? {
        let settings = configuration.jobs
        guard !settings.directory.isEmpty else { return nil }
        let store = JobStore(
            path: settings.directory, registry: configuration.registry, rangeBytes: settings.rangeBytes)
        let runner = JobRunner(
            store, engine: registryConfiguration(configuration).engine, threads: settings.threads,
            processorPercent: settings.processorPercent,
            retentionSeconds: Int(settings.retention.components.seconds), logger: logger)
        return JobService(
            store, runner: runner, inputDirectory: settings.input.isEmpty ? nil : settings.input,
            authorizer: authorizer)
    }

    /// Files, the registry and what the process has open anyway need descriptors, too.
    static func connectionLimits(
        _ configuration: Configuration, descriptorCount: Int
    ) -> ConnectionLimiter.Limits {
        let reserve = min(max(descriptorCount / 8, 32), 256)
        var limits = ConnectionLimiter.Limits()
        limits.total = max(descriptorCount - reserve, descriptorCount / 4, 1)
        if configuration.limits.connections > 0 {
            limits.total = min(limits.total, configuration.limits.connections)
        }
        if configuration.limits.connectionsPerClient > 0 {
            limits.perClient = configuration.limits.connectionsPerClient
        }
        return limits
    }

    static func registryConfiguration(_ configuration: Configuration) -> Registry.Configuration {
        var result = Registry.Configuration(path: configuration.registry)
        result.versionsPerModel = configuration.registryWatch.versionsPerModel
        result.pollNanoseconds = configuration.registryWatch.poll.wholeNanoseconds
        result.load = ModelPolicy.Load(rawValue: configuration.models.load.rawValue) ?? .start
        result.preload = Set(configuration.models.preload)
        result.memoryBudget = configuration.models.memory
        let library = configuration.onnx.runtimeLibrary
        result.engine = ONNXEngine(
            choice: ONNXEngine.Choice(rawValue: configuration.onnx.engine.rawValue) ?? .auto,
            libraryPath: library.isEmpty ? nil : library)
        return result
    }

    static func adminKeys(_ configuration: Configuration) throws(AdminKeysError) -> AdminKeys {
        configuration.admin.keys.isEmpty ? .none : try AdminKeys(readingFrom: configuration.admin.keys)
    }

    /// - Throws: `RegistryError`, when the trusted keys cannot be read.
    static func trustPolicy(_ configuration: Configuration) throws(RegistryError) -> TrustPolicy {
        guard let mode = TrustPolicy.Mode(rawValue: configuration.trust.policy.rawValue), mode != .off else {
            return .off
        }
        return TrustPolicy(mode: mode, trusted: try TrustedKeys(readingFrom: configuration.trust.keys))
    }

    static func invocationsOptions(
        _ configuration: Configuration, workerCount: Int?
    ) -> InvocationsOptions {
        var options = InvocationsOptions()
        options.style = configuration.platform.isSageMaker ? .sageMaker : .mlflow
        options.defaultAccept = configuration.platform.defaultAccept
        options.concurrentTransforms = workerCount ?? 1
        options.bodyBytesMax = configuration.limits.bodyBytes
        options.registryPath = configuration.registry
        return options
    }

    static func serverConfiguration(_ configuration: Configuration) -> HTTPServer.Configuration {
        var result = HTTPServer.Configuration(listeners: [])
        result.sendsRequestIdentifiers = true
        result.loopCount = configuration.loops > 0 ? configuration.loops : nil
        result.limits.headBytesMax = configuration.limits.headerBytes
        result.limits.bodyBytesMax = configuration.limits.bodyBytes
        result.timeouts.head = configuration.timeouts.header
        result.timeouts.body = configuration.timeouts.body
        result.timeouts.idle = configuration.timeouts.idle
        result.timeouts.write = configuration.timeouts.write
        result.timeouts.handler = configuration.timeouts.handler
        result.compression.isEnabled = configuration.compression.answers == .accepted
        result.compression.bodyBytesMin = configuration.compression.bodyBytes
        return result
    }
}
