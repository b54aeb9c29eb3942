// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dispatch
internal import Glibc
internal import Inference
internal import ModelFormat
internal import Synchronization
package import Telemetry

/// The models that are served: looks at a directory, loads what is new beside what answers, and swaps.
///
/// Readers take `view`, one snapshot, and never wait for a look or a load. State: what is known and decided
/// stands behind a lock (`RegistryCore`); looks run on one serial queue, loads on a few background threads.
package final class Registry: Sendable {
    package struct Configuration: Sendable {
        package var path: String
        /// The name of the model when `path` is a bare file, version or model; nil: derived from the path.
        package var singleName: String?
        /// Versions of a model that are ready at the same time.
        package var versionsPerModel = 2
        package var pollNanoseconds: UInt64 = 2_000_000_000
        /// How long files of a hand-made copy must be unchanged.
        package var settleNanoseconds: UInt64 = 1_000_000_000
        /// Whose signatures count.
        package var trust = TrustPolicy.off
        /// What runs ONNX models.
        package var engine = ONNXEngine()
        /// Loads at the same time.
        package var loadLimit = max(Int(sysconf(CInt(_SC_NPROCESSORS_ONLN))), 1)

        package init(path: String) { self.path = path }
    }

    /// How long the start waits for files that are being written.
    private static let startPatience: UInt64 = 5_000_000_000

    private let configuration: Configuration
    private let scanner: RegistryScanner
    private let clock: RegistryClock
    private let logger: Logger
    private let metrics: MetricRegistry
    private let state: Mutex<State>
    private let snapshot = Snapshot(RegistryView())
    private let loads = DispatchQueue(label: "registry.load", qos: .utility, attributes: .concurrent)
    private let loadsInFlight = DispatchGroup()
    private let watcher: RegistryWatcher

    private struct State {
        var core: RegistryCore
        var loadCount = 0
        var problems: [ScanProblem] = []
        var unreadable: [String: SystemError] = [:]
        var hasScanned = false
        var isReady = false
        var isFailing = false
        var whenReady: [@Sendable () -> Void] = []
        var trust: TrustPolicy
    }

    package init(
        _ configuration: Configuration, metrics: MetricRegistry, logger: Logger,
        clock: RegistryClock = .system
    ) {
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        self.metrics = metrics
        scanner = RegistryScanner(path: configuration.path, singleName: configuration.singleName)
        var policy = RegistryCore.Policy()
        policy.versionsPerModel = configuration.versionsPerModel
        policy.settleNanoseconds = configuration.settleNanoseconds
        state = Mutex(State(core: RegistryCore(policy: policy), trust: configuration.trust))
        watcher = RegistryWatcher(pollNanoseconds: configuration.pollNanoseconds)
        metrics.collect { [weak self] in self?.samples() ?? [] }
    }

    // MARK: Reading

    /// What answers now. One snapshot a request: it does not change while the request holds it.
    package var view: RegistryView { snapshot.load() }

    /// The first look is done, and every version that it found is ready, refused or not needed.
    package var isReady: Bool { state.withLock { $0.isReady } }

    /// Every version of every model, sorted.
    package var reports: [VersionReport] {
        state.withLock { state in
            state.core.models.keys.sorted().flatMap { state.core.reports(of: $0) }
        }
    }

    /// Every version of one model, the oldest first; empty for a model that is not known.
    package func reports(of model: String) -> [VersionReport] {
        state.withLock { $0.core.reports(of: model) }
    }

    /// What stands in the registry and cannot be served.
    package var problems: [ScanProblem] { state.withLock { $0.problems } }

    /// Runs `action` once, as soon as `isReady`; at once when it is.
    package func whenReady(_ action: @escaping @Sendable () -> Void) {
        let isReady = state.withLock { state in
            if !state.isReady { state.whenReady.append(action) }
            return state.isReady
        }
        if isReady { action() }
    }

    // MARK: Running

    /// Looks for the first time, begins to load, and watches from now on.
    ///
    /// - Throws: `system` when the registry cannot be read.
    package func start() throws(RegistryError) {
        let directories = try look()
        watcher.start(directories) { [weak self] in
            guard let self else { return nil }
            let directories = try? self.look()
            return (directories, self.state.withLock { $0.core.hasUnsettled })
        }
    }

    /// Ends watching and waits until nothing of the registry runs any more. What is ready goes on to answer.
    package func stop() {
        watcher.stop()
        waitForLoads()
    }

    /// Looks at the directory now, on the calling thread; loads go on in the background.
    ///
    /// - Returns: the directories whose changes matter.
    /// - Throws: `system` when the registry cannot be read; everything goes on as it was.
    @discardableResult
    package func look() throws(RegistryError) -> [String] {
        metrics.counter(.registryScans).add()
        let scan: RegistryScan
        do {
            scan = try scanner.scan()
        } catch {
            metrics.counter(.registryScanFailures).add()
            let isNews = state.withLock { state in
                defer { state.isFailing = true }
                return !state.isFailing
            }
            if isNews { logger.error("registry cannot be read", ["reason": LogValue(error.description)]) }
            throw .system(error)
        }
        let changes = state.withLock { state in
            let changes = state.core.observe(scan, now: clock.now(), wallClock: clock.wallClock())
            state.hasScanned = true
            snapshot.store(state.core.view)
            return changes
        }
        metrics.gauge(.registryLastScan).set(clock.wallClock() / 1_000_000_000)
        report(scan)
        report(changes)
        beginLoads()
        noteReadiness()
        return scan.directories
    }

    /// From now on versions are loaded under `trust`. Those that answer and may not go on under it take no
    /// more requests; those that were refused for their signatures are tried again.
    package func setTrust(_ trust: TrustPolicy) {
        let changes = state.withLock { state in
            state.trust = trust
            let changes = state.core.reconsider { loaded in
                trust.objection(to: loaded.signer, digests: loaded.digests).map {
                    RegistryError.untrusted(directory: "\(loaded.name)@\(loaded.version)", $0)
                }
            }
            snapshot.store(state.core.view)
            return changes
        }
        report(changes)
        beginLoads()
    }

    /// Waits until no load is under way.
    package func waitForLoads() { loadsInFlight.wait() }

    // MARK: Loading

    private func beginLoads() {
        while true {
            let next = state.withLock { state -> (key: RegistryCore.Key, listing: VersionListing)? in
                guard state.loadCount < configuration.loadLimit, let next = state.core.nextLoad() else {
                    return nil
                }
                state.loadCount += 1
                return next
            }
            guard let next else { return }
            loads.async(group: loadsInFlight) { self.load(next.key, next.listing) }
        }
    }

    private func load(_ key: RegistryCore.Key, _ listing: VersionListing) {
        let start = MonotonicInstant.now
        let result: Result<LoadedModel, RegistryError>
        do throws(RegistryError) {
            let loader = ModelLoader(
                root: scanner.path, trust: state.withLock { $0.trust }, engine: configuration.engine)
            let file = try loader.load(listing, wallClock: clock.wallClock()) {
                state.withLock { $0.core.parsed(key) }
            }
            if let warning = file.trust.warning { report(key, warning) }
            guard listing.isUnchanged else { throw .changedWhileLoading(directory: listing.path) }
            let nanoseconds = MonotonicInstant.now.nanoseconds(since: start)
            result = .success(LoadedModel(file, listing: listing, nanoseconds: nanoseconds, metrics: metrics))
        } catch {
            result = .failure(error)
        }
        let (verdict, changes) = state.withLock { state in
            state.loadCount -= 1
            let outcome = state.core.finish(key, listing, result, now: clock.now())
            snapshot.store(state.core.view)
            return outcome
        }
        report(key, listing, verdict, result)
        report(changes)
        beginLoads()
        noteReadiness()
    }

    private func noteReadiness() {
        let actions = state.withLock { state -> [@Sendable () -> Void] in
            guard !state.isReady, state.hasScanned,
                state.core.isQuiet(now: clock.now(), patience: Self.startPatience)
            else { return [] }
            state.isReady = true
            defer { state.whenReady = [] }
            return state.whenReady
        }
        for action in actions { action() }
    }

    // MARK: Telling

    private func report(
        _ key: RegistryCore.Key, _ listing: VersionListing, _ verdict: RegistryCore.Verdict,
        _ result: Result<LoadedModel, RegistryError>
    ) {
        switch (verdict, result) {
        case (.ready, .success(let loaded)):
            metrics.histogram(.modelLoadDuration).observe(nanoseconds: loaded.loadNanoseconds)
            logger.notice(
                "model version is ready",
                [
                    "model": LogValue(key.model), "version": LogValue(key.version.number),
                    "format": LogValue(loaded.format.rawValue), "engine": LogValue(loaded.model.engine),
                    "bytes": LogValue(loaded.fileSize),
                    "golden_samples": LogValue(loaded.goldenSampleCount),
                    "seconds": .number(Double(loaded.loadNanoseconds / 1000) / 1e6),
                    "digest": LogValue(loaded.digest),
                ])
        case (.refused, .failure(let error)):
            metrics.countLoadFailure(model: key.model)
            logger.warning(
                "model version was refused",
                [
                    "model": LogValue(key.model), "version": LogValue(key.version.number),
                    "code": LogValue(error.code), "reason": LogValue(error.description),
                ])
        default:
            logger.debug(
                "model version changed while it was loaded",
                ["model": LogValue(key.model), "version": LogValue(key.version.number)])
        }
    }

    private func report(_ key: RegistryCore.Key, _ warning: TrustDefect) {
        logger.warning(
            "model version is not signed as it should be",
            [
                "model": LogValue(key.model), "version": LogValue(key.version.number),
                "code": LogValue(warning.code), "reason": LogValue(warning.description),
            ])
    }

    private func report(_ changes: [RegistryCore.Change]) {
        for change in changes {
            guard case .unloaded(let loaded) = change else { continue }
            logger.notice(
                "model version takes no more requests",
                ["model": LogValue(loaded.name), "version": LogValue(loaded.version.number)])
        }
    }

    /// Reports what was not there at the last look.
    private func report(_ scan: RegistryScan) {
        let (news, failures, isBack) = state.withLock { state in
            let news = scan.problems.filter { !state.problems.contains($0) }
            let failures = scan.unreadableModels.filter { state.unreadable[$0.key] != $0.value }
            defer {
                state.problems = scan.problems
                state.unreadable = scan.unreadableModels
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

    private func samples() -> [MetricSample] {
        let counts = state.withLock { $0.core.countsByState }
        return VersionState.names.map {
            MetricSample(.modelVersions, labels: [$0], Double(counts[$0] ?? 0))
        }
    }
}

extension VersionListing {
    /// The files are still those that were listed.
    fileprivate var isUnchanged: Bool {
        files.allSatisfy { (try? FileFacts(of: $0.path)) == $0.facts }
    }
}
