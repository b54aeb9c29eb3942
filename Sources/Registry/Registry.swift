// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dispatch
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
        package var loadLimit = Processors.count
        /// When models are loaded, unless their policy says.
        package var load = ModelPolicy.Load.start
        /// Models that are loaded at the start whatever else is said.
        package var preload: Set<String> = []
        /// Bytes of memory for all models together; 0: no bound.
        package var memoryBudget = 0

        package init(path: String) { self.path = path }
    }

    /// How long the start waits for files that are being written.
    private static let startPatience: UInt64 = 5_000_000_000

    /// Requests that may wait for models at once.
    static let waitersMax = 10_000
    /// Whatever else runs goes before what loads models and gives them back.
    static let backgroundNiceness: CInt = 10

    let configuration: Configuration
    let root: String
    let scanner: RegistryScanner
    let clock: RegistryClock
    let logger: Logger
    package let metrics: MetricRegistry
    private let looks: Mutex<Looks>
    let state: Mutex<State>
    private let snapshot = Snapshot(RegistryView())
    /// Counts loads; what was used since the last one is the last to leave.
    let useStamp = Atomic<UInt64>(1)
    let loadsInFlight = DispatchGroup()
    let idleLoaders = IdleLoaders()
    let heap: HeapKeeper
    private let watcher: RegistryWatcher

    /// One look at a time.
    private struct Looks {
        var lookout: RegistryLookout
        var policies: PolicyReader
        /// What the watcher has to hear of looks that others had done.
        var untold = RegistryWatcher.Findings()
    }

    struct State {
        var core: RegistryCore
        var loadThreads = LoadThreads()
        var problems: [ScanProblem] = []
        var unreadable: [String: SystemError] = [:]
        var policyDefects: [String: RegistryError] = [:]
        var hasScanned = false
        var isReady = false
        var isFailing = false
        var whenReady: [@Sendable () -> Void] = []
        var trust: TrustPolicy
        /// By model.
        var waiters: [String: [@Sendable () -> Void]] = [:]
        var waiterCount = 0
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
        root = scanner.path
        var settings = RegistryCore.Settings()
        settings.root = root
        settings.versionsPerModel = configuration.versionsPerModel
        settings.settleNanoseconds = configuration.settleNanoseconds
        settings.load = configuration.load
        settings.preload = configuration.preload
        settings.memoryBudget = configuration.memoryBudget
        state = Mutex(State(core: RegistryCore(settings), trust: configuration.trust))
        looks = Mutex(
            Looks(
                lookout: RegistryLookout(scanner),
                policies: PolicyReader(settleNanoseconds: configuration.settleNanoseconds)))
        heap = HeapKeeper(memoryBudget: configuration.memoryBudget)
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
        let reports = state.withLock { state in
            state.core.models.keys.flatMap { state.core.reports(of: $0) }
        }
        // Loads wait for the lock; with thousands of models most of the time goes into the order.
        return reports.sorted { ($0.model, $0.version) < ($1.model, $1.version) }
    }

    /// Every version of one model, the oldest first; empty for a model that is not known.
    package func reports(of model: String) -> [VersionReport] {
        state.withLock { $0.core.reports(of: model) }
    }

    /// Why no version of a model answers.
    package func unavailabilityReason(of model: String) -> String {
        state.withLock { $0.core.unavailabilityReason(of: model) }
    }

    /// Whether a request for the model is worth waiting for: it is loaded on use, or being loaded for
    /// somebody.
    package func isAwaitable(_ model: String) -> Bool { state.withLock { $0.core.isAwaitable(model) } }

    /// Notes that a request uses the model, so that others leave before it when room is needed.
    package func noteUse(of slot: ModelSlot, _ entry: ModelEntry) {
        if entry.isEvictable { slot.touch(useStamp.load(ordering: .relaxed)) }
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
        try look(.whole)
        watcher.start(takeFindings()) { [weak self] scope in
            guard let self else { return nil }
            do {
                try self.look(scope)
                return self.takeFindings()
            } catch {
                return RegistryWatcher.Findings(hasUnsettled: self.state.withLock { $0.core.hasUnsettled })
            }
        }
    }

    /// Ends watching and waits until nothing of the registry runs any more. What is ready goes on to answer.
    package func stop() {
        watcher.stop()
        waitForLoads()
    }

    /// Looks at the directory now, on the calling thread; loads go on in the background.
    ///
    /// - Throws: `system` when the registry cannot be read; everything goes on as it was.
    package func look() throws(RegistryError) { try look(.whole) }

    /// Looks at one model now, whether it is known or not, as `look` does at all of them.
    package func look(at model: String) throws(RegistryError) {
        try look(LookScope(isPoll: true, owners: [model]))
    }

    private func look(_ scope: LookScope) throws(RegistryError) {
        metrics.counter(.registryScans).add()
        let error = looks.withLock { looks -> SystemError? in
            do throws(SystemError) {
                let waiting = looks.policies.unsettled.union(state.withLock { $0.core.restless })
                let news = try looks.lookout.look(scope, waiting: waiting, wallClock: clock.wallClock())
                looks.untold.add(news, isSelective: looks.lookout.isSelective)
                looks.untold.hasUnsettled = take(news, &looks.policies, isPoll: scope.isPoll)
                return nil
            } catch {
                return error
            }
        }
        if let error {
            metrics.counter(.registryScanFailures).add()
            let isNews = state.withLock { state in
                defer { state.isFailing = true }
                return !state.isFailing
            }
            if isNews { logger.error("registry cannot be read", ["reason": LogValue(error.description)]) }
            throw .system(error)
        }
        metrics.gauge(.registryLastScan).set(clock.wallClock() / 1_000_000_000)
        beginLoads()
        noteReadiness()
    }

    private func takeFindings() -> RegistryWatcher.Findings {
        looks.withLock { looks in
            defer { looks.untold = RegistryWatcher.Findings() }
            return looks.untold
        }
    }

    /// Decides what follows from a look, while no other look runs.
    ///
    /// - Returns: whether something has to be at rest for a while yet.
    private func take(_ news: RegistryLookout.News, _ policies: inout PolicyReader, isPoll: Bool) -> Bool {
        let (now, wallClock) = (clock.now(), clock.wallClock())
        let readings = policies.read(news, isPoll: isPoll, now: now, wallClock: wallClock)
        let (changes, hasUnsettled) = state.withLock { state in
            let changes = state.core.observe(
                news, policies: readings, isPoll: isPoll, now: now, wallClock: wallClock)
            state.hasScanned = true
            return (changes, state.core.hasUnsettled)
        }
        publishView()
        report(news)
        report(readings)
        report(changes)
        return hasUnsettled || !policies.unsettled.isEmpty
    }

    /// The view has the models that there are; what answers for them is swapped by itself.
    private func publishView() {
        let view = state.withLock { $0.core.takeChangedView() }
        if let view { snapshot.store(view) }
    }

    /// Whose signatures count.
    package var trust: TrustPolicy { state.withLock { $0.trust } }

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
            return changes
        }
        report(changes)
        beginLoads()
    }

    /// Waits until no load is under way.
    package func waitForLoads() { loadsInFlight.wait() }

    /// Tells those who wait for `isReady`, once it is.
    func noteReadiness() {
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
}
