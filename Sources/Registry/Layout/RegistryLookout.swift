// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc

/// Looks at a registry again and again, and tells what has changed since.
///
/// Of each model it keeps a fingerprint and no names, since thousands stand side by side: whether a model has
/// changed is found out by listing its directories again. State: owned by `Registry`, one look at a time.
struct RegistryLookout {
    /// What differs from the look before.
    struct News {
        /// Models that have changed; those that are not there have not, or were not looked at.
        var scan = RegistryScan()
        var removed: [String] = []
        /// The first look, or one at something that is no registry of many models: `scan` is everything.
        var isWhole = false
        /// To be watched, by owner: of models that were looked into or removed, and of the registry.
        var directories: [String: [String]] = [:]
        /// Everything that cannot be served, whether it is new or not.
        var problems: [ScanProblem] = []
        var unreadableModels: [String: SystemError] = [:]
    }

    private let scanner: RegistryScanner
    /// Of each model that can be read.
    private var fingerprints: [String: Int] = [:]
    /// Models that nobody tells of reliably: behind a link, or on a file system that does not tell.
    private var untold: Set<String> = []
    /// Whether a file system tells of changes, by device.
    private var tellingDevices: [UInt64: Bool] = [:]
    private var root: FileFacts?
    private var isRootYoung = false
    private var rootProblems: [ScanProblem] = []
    private var modelProblems: [String: [ScanProblem]] = [:]
    private var unreadable: [String: SystemError] = [:]

    /// Times of files are exact to a clock tick, and on some file systems to 2 s.
    private static let youth: Int64 = 2_500_000_000

    init(_ scanner: RegistryScanner) { self.scanner = scanner }

    /// It looks at a directory of models, and so need not look at all of them to find out what has changed.
    var isSelective: Bool { root != nil }

    /// - Parameters:
    ///   - waiting: models that a poll looks at, because time decides about them.
    ///   - wallClock: nanoseconds since the epoch.
    mutating func look(
        _ scope: LookScope, waiting: Set<String> = [], wallClock: Int64
    ) throws(SystemError) -> News {
        guard let root else { return try lookAtAll(wallClock) }
        var news = News()
        let facts = try FileFacts(of: scanner.path)
        let isAnother = facts.inode != root.inode || facts.device != root.device
        let isWhole = scope.isWhole || isAnother
        if isWhole { news.directories[LookScope.registry] = [scanner.path] }
        var names = isWhole ? Set(fingerprints.keys) : scope.owners
        names.formUnion(unreadable.keys)
        if scope.isPoll { names.formUnion(untold.union(waiting)) }
        let isRootDirty =
            isAnother || scope.owners.contains(LookScope.registry)
            || (scope.isPoll && (isRootYoung || facts != root))
        if isRootDirty {
            var scan = RegistryScan()
            let found = try scanner.scanRoot(into: &scan)
            let there = Set(found.names)
            rootProblems = scan.problems
            note(facts, wallClock)
            for name in fingerprints.keys where !there.contains(name) { remove(name, &news) }
            for name in unreadable.keys where !there.contains(name) { remove(name, &news) }
            // Without any model it may have become something else.
            if fingerprints.isEmpty && unreadable.isEmpty {
                return try lookAtAll(wallClock, removed: news.removed)
            }
            names.formUnion(found.names.filter { fingerprints[$0] == nil })
            // A link to a model's directory may lead elsewhere now.
            names.formUnion(found.links)
            names.formIntersection(there)
        }
        names.remove(LookScope.registry)
        for name in names { lookInto(name, isWatchWanted: scope.owners.contains(name), &news) }
        finish(&news)
        return news
    }

    // MARK: One look

    private mutating func lookAtAll(
        _ wallClock: Int64, removed: [String] = []
    ) throws(SystemError) -> News {
        let facts = try FileFacts(of: scanner.path)
        var news = News()
        news.removed = removed
        news.isWhole = true
        fingerprints = [:]
        modelProblems = [:]
        unreadable = [:]
        untold = []
        if facts.kind == .directory, try RegistryScanner.isRegistry(scanner.path) {
            news.scan.isRegistry = true
            let names = try scanner.scanRoot(into: &news.scan).names
            rootProblems = news.scan.problems
            note(facts, wallClock)
            news.directories[LookScope.registry] = [scanner.path]
            for name in names { lookInto(name, isWatchWanted: true, &news) }
        } else {
            root = nil
            news.scan = try scanner.scan()
            rootProblems = news.scan.problems
            unreadable = news.scan.unreadableModels
            news.directories[LookScope.registry] = news.scan.directories
        }
        finish(&news)
        return news
    }

    private mutating func note(_ facts: FileFacts, _ wallClock: Int64) {
        root = facts
        isRootYoung = wallClock &- facts.modified < Self.youth
    }

    /// - Parameter isWatchWanted: its directories are told even when nothing has changed.
    private mutating func lookInto(_ name: String, isWatchWanted: Bool, _ news: inout News) {
        guard ModelName.isValid(name) else { return }
        var scan = RegistryScan()
        scanner.addModel(name, to: &scan)
        let defect = scan.unreadableModels[name]
        guard let versions = scan.models[name] else {
            unreadable[name] = defect
            modelProblems[name] = scan.problems.isEmpty ? nil : scan.problems
            if defect == nil {
                remove(name, &news)
            } else {
                fingerprints[name] = nil
            }
            return
        }
        let found = fingerprint(of: name, scan)
        let isNews = defect != nil || unreadable[name] != nil || fingerprints[name] != found
        unreadable[name] = defect
        if isNews || isWatchWanted { news.directories[name] = scan.directories }
        guard isNews else { return }
        fingerprints[name] = defect == nil ? found : nil
        modelProblems[name] = scan.problems.isEmpty ? nil : scan.problems
        if scan.linkedModels.contains(name) || !scan.directories.allSatisfy({ isTold($0) }) {
            untold.insert(name)
        } else {
            untold.remove(name)
        }
        news.scan.models[name] = versions
        news.scan.policies[name] = scan.policies[name]
    }

    private mutating func remove(_ name: String, _ news: inout News) {
        fingerprints[name] = nil
        modelProblems[name] = nil
        unreadable[name] = nil
        untold.remove(name)
        news.removed.append(name)
        news.directories[name] = []
    }

    /// Of everything that a look at one model finds, its directories' identities included.
    private func fingerprint(of name: String, _ scan: RegistryScan) -> Int {
        var hasher = Hasher()
        for path in scan.directories {
            // Gone meanwhile: the next look finds another fingerprint.
            let facts = try? FileFacts(of: path)
            hasher.combine(facts?.inode)
            hasher.combine(facts?.device)
        }
        for (version, listing) in scan.models[name, default: [:]].sorted(by: { $0.key < $1.key }) {
            hasher.combine(version)
            listing.hashFiles(into: &hasher)
        }
        hasher.combine(scan.policies[name])
        hasher.combine(scan.problems)
        return hasher.finalize()
    }

    /// Whether changes in the directory are told to who watches it.
    private mutating func isTold(_ path: String) -> Bool {
        guard let device = (try? FileFacts(of: path))?.device else { return false }
        if let known = tellingDevices[device] { return known }
        let isTelling = FileSystem.tellsOfChanges(at: path)
        tellingDevices[device] = isTelling
        return isTelling
    }

    private func finish(_ news: inout News) {
        news.problems = rootProblems + modelProblems.sorted { $0.key < $1.key }.flatMap(\.value)
        news.unreadableModels = unreadable
        news.scan.unreadableModels = unreadable
    }
}
