// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Inference
internal import ModelFormat
internal import Synchronization
internal import Telemetry

/// What the registry says of itself: log lines and metrics.
extension Registry {
    func report(
        _ load: RegistryCore.Load, _ verdict: RegistryCore.Verdict,
        _ result: Result<LoadedModel, RegistryError>
    ) {
        let key = load.key
        switch (verdict, result) {
        case (.ready, .success(let loaded)):
            metrics.histogram(.modelLoadDuration).observe(nanoseconds: loaded.loadNanoseconds)
            let fields: KeyValuePairs<StaticString, LogValue> = [
                "model": LogValue(key.model), "version": LogValue(key.version.number),
                "format": LogValue(loaded.format.rawValue), "engine": LogValue(loaded.model.engine),
                "bytes": LogValue(loaded.fileSize), "golden_samples": LogValue(loaded.goldenSampleCount),
                "warm_up_rows": LogValue(loaded.warmUpCount), "memory": LogValue(loaded.memoryBytes),
                "seconds": .number(Double(loaded.loadNanoseconds / 1000) / 1e6),
                "digest": LogValue(loaded.digest),
            ]
            // Models that come and go with their users are no news.
            logger.log(load.isUrgent ? .info : .notice, "model version is ready", fields)
        case (.refused, .failure(let error)): reportRefusal(key, error)
        default:
            logger.debug(
                "model version changed while it was loaded",
                ["model": LogValue(key.model), "version": LogValue(key.version.number)])
        }
    }

    func reportTrust(_ key: RegistryCore.Key, _ warning: TrustDefect) {
        logger.warning(
            "model version is not signed as it should be",
            [
                "model": LogValue(key.model), "version": LogValue(key.version.number),
                "code": LogValue(warning.code), "reason": LogValue(warning.description),
            ])
    }

    func report(_ key: RegistryCore.Key, _ state: String) {
        logger.debug(
            "model version changed its state",
            [
                "model": LogValue(key.model), "version": LogValue(key.version.number),
                "state": LogValue(state),
            ])
    }

    func report(_ changes: [RegistryCore.Change]) {
        for change in changes {
            switch change {
            case .unloaded(let loaded):
                logger.notice(
                    "model version takes no more requests",
                    ["model": LogValue(loaded.name), "version": LogValue(loaded.version.number)])
            case .evicted(let loaded):
                metrics.counter(.modelEvictions).add()
                logger.debug(
                    "model version makes room for others",
                    ["model": LogValue(loaded.name), "version": LogValue(loaded.version.number)])
            case .released(let key): report(key, "unloaded")
            case .gone(let key): report(key, "gone")
            case .refused(let key, let error): reportRefusal(key, error)
            case .policyInForce(let model):
                logger.notice("policy is in force", ["model": LogValue(model)])
            case .policyWaits(let model, let versions):
                let names = versions.map(\.description).joined(separator: ", ")
                logger.notice(
                    "policy waits for versions", ["model": LogValue(model), "versions": LogValue(names)])
            }
        }
    }

    func reportRefusal(_ key: RegistryCore.Key, _ error: RegistryError) {
        metrics.countLoadFailure(model: key.model)
        logger.warning(
            "model version was refused",
            [
                "model": LogValue(key.model), "version": LogValue(key.version.number),
                "code": LogValue(error.code), "reason": LogValue(error.description),
            ])
    }

    func report(_ readings: [String: PolicyReader.Reading]) {
        for (model, reading) in readings.sorted(by: { $0.key < $1.key }) {
            let isNews = state.withLock { state in
                defer { state.policyDefects[model] = reading.defect }
                return state.policyDefects[model] != reading.defect
            }
            if let defect = reading.defect {
                guard isNews else { continue }
                metrics.counter(.policyFailures).add()
                logger.error(
                    "policy was refused, the former one goes on",
                    ["model": LogValue(model), "reason": LogValue(defect.description)])
                continue
            }
            logger.notice(
                "policy was read",
                [
                    "model": LogValue(model), "revision": LogValue(reading.revision ?? -1),
                    "covered": LogValue(reading.covered.joined(separator: ", ")),
                ])
        }
    }

    /// Reports what was not there at the last look.
    func report(_ found: RegistryLookout.News) {
        let (news, failures, isBack) = state.withLock { state in
            let news = found.problems.filter { !state.problems.contains($0) }
            let failures = found.unreadableModels.filter { state.unreadable[$0.key] != $0.value }
            defer {
                state.problems = found.problems
                state.unreadable = found.unreadableModels
                state.isFailing = false
            }
            return (news, failures, state.isFailing)
        }
        if isBack { logger.notice("registry can be read again") }
        for problem in news {
            logger.warning(
                "not served", ["path": LogValue(problem.path), "reason": LogValue(problem.reason)])
        }
        for (model, error) in failures.sorted(by: { $0.key < $1.key }) {
            logger.error(
                "model directory cannot be read",
                ["model": LogValue(model), "reason": LogValue(error.description)])
        }
    }

    func samples() -> [MetricSample] {
        let (counts, bytes) = state.withLock { ($0.core.models.countsByState, $0.core.liveBytes) }
        return [MetricSample(.modelsMemory, Double(bytes))]
            + zip(VersionState.names, counts).map { name, count in
                MetricSample(.modelVersions, labels: [name], Double(count))
            }
    }
}
