// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc

/// Looks at a registry again and again, and opens only what has changed since: a model whose directories and
/// files are as they were costs one `stat` for each of them.
///
/// State: owned by `Registry`, one look at a time.
struct RegistryLookout {
    /// What differs from the look before.
    struct News {
        /// Models that were looked into; those that are not there have not changed.
        var scan = RegistryScan()
        var removed: [String] = []
        /// The first look, or one at something that is no registry of many models: `scan` is everything.
        var isWhole = false
        /// To be watched, by model; "" owns the registry itself. Of the models that were looked into or
        /// removed.
        var directories: [String: [WatchedDirectory]] = [:]
        /// Everything that cannot be served, whether it is new or not.
        var problems: [ScanProblem] = []
        var unreadableModels: [String: SystemError] = [:]
    }

    private struct Mark {
        var path: String
        var facts: FileFacts
    }

    private struct ModelMark {
        /// The model's directory first, then others, then files.
        var marks: [Mark]
        /// Something was written so shortly before the look that the next write may leave the same time.
        var isYoung: Bool
    }

    private let scanner: RegistryScanner
    private var models: [String: ModelMark] = [:]
    private var root: FileFacts?
    private var isRootYoung = false
    private var rootProblems: [ScanProblem] = []
    private var modelProblems: [String: [ScanProblem]] = [:]
    private var unreadable: [String: SystemError] = [:]

    /// Times of files are exact to a clock tick, and on some file systems to 2 s.
    private static let youth: Int64 = 2_500_000_000

    init(_ scanner: RegistryScanner) { self.scanner = scanner }

    /// - Parameters:
    ///   - dirty: directories that are known to have changed, and nothing else is looked at; nil: everything
    ///   is. - wallClock: nanoseconds since the epoch.
    mutating func look(dirty: Set<String>?, wallClock: Int64) throws(SystemError) -> News {
        guard let root else { return try lookAtAll(wallClock) }
        var news = News()
        let facts = try FileFacts(of: scanner.path)
        var isRootDirty = isRootYoung || facts != root
        if let dirty { isRootDirty = dirty.contains(scanner.path) }
        let candidates: [String]
        if isRootDirty {
            var scan = RegistryScan()
            let names = Set(try scanner.scanRoot(into: &scan))
            rootProblems = scan.problems
            note(facts, wallClock)
            for name in models.keys where !names.contains(name) { remove(name, &news) }
            for name in unreadable.keys where !names.contains(name) { remove(name, &news) }
            // Without any model it may have become something else.
            if models.isEmpty && unreadable.isEmpty { return try lookAtAll(wallClock, removed: news.removed) }
            let added = names.filter { models[$0] == nil }
            // A link to a model's directory may lead elsewhere now.
            let swapped = names.filter { name in
                models[name].map { !$0.marks.prefix(1).allSatisfy(Self.isUnchanged) } ?? false
            }
            candidates = Array(added.union(swapped).union(suspects(dirty)))
        } else {
            candidates = Array(suspects(dirty))
        }
        for name in candidates { lookInto(name, wallClock, &news) }
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
        news.scan = try scanner.scan()
        models = [:]
        modelProblems = [:]
        unreadable = news.scan.unreadableModels
        rootProblems = news.scan.problems
        guard news.scan.isRegistry else {
            root = nil
            news.directories[""] = news.scan.directories.compactMap(Self.watched)
            finish(&news)
            return news
        }
        note(facts, wallClock)
        news.directories[""] = [WatchedDirectory(path: scanner.path, inode: facts.inode)]
        rootProblems = news.scan.problems.filter { modelName(of: $0.path, isProblem: true) == nil }
        for problem in news.scan.problems {
            if let name = modelName(of: problem.path, isProblem: true) {
                modelProblems[name, default: []].append(problem)
            }
        }
        var directories: [String: [String]] = [:]
        for path in news.scan.directories {
            if let name = modelName(of: path) { directories[name, default: []].append(path) }
        }
        for name in news.scan.models.keys {
            mark(name, news.scan, directories: directories[name] ?? [], wallClock, &news)
        }
        finish(&news)
        return news
    }

    private static func watched(_ path: String) -> WatchedDirectory? {
        (try? FileFacts(of: path)).map { WatchedDirectory(path: path, inode: $0.inode) }
    }

    private mutating func note(_ facts: FileFacts, _ wallClock: Int64) {
        root = facts
        isRootYoung = wallClock &- facts.modified < Self.youth
    }

    private func suspects(_ dirty: Set<String>?) -> Set<String> {
        var names = Set(unreadable.keys)
        if let dirty {
            for path in dirty {
                if let name = modelName(of: path), models[name] != nil { names.insert(name) }
            }
        } else {
            for (name, mark) in models where mark.isYoung || !mark.marks.allSatisfy(Self.isUnchanged) {
                names.insert(name)
            }
        }
        return names
    }

    private static func isUnchanged(_ mark: Mark) -> Bool {
        (try? FileFacts(of: mark.path)) == mark.facts
    }

    private mutating func lookInto(_ name: String, _ wallClock: Int64, _ news: inout News) {
        var scan = RegistryScan()
        scanner.addModel(name, to: &scan)
        modelProblems[name] = scan.problems.isEmpty ? nil : scan.problems
        unreadable[name] = scan.unreadableModels[name]
        guard let versions = scan.models[name] else {
            if unreadable[name] == nil { remove(name, &news) } else { models[name] = nil }
            return
        }
        news.scan.models[name] = versions
        news.scan.policies[name] = scan.policies[name]
        if unreadable[name] == nil {
            mark(name, scan, directories: scan.directories, wallClock, &news)
        } else {
            models[name] = nil
        }
    }

    private mutating func remove(_ name: String, _ news: inout News) {
        models[name] = nil
        modelProblems[name] = nil
        unreadable[name] = nil
        news.removed.append(name)
        news.directories[name] = []
    }

    private mutating func mark(
        _ name: String, _ scan: RegistryScan, directories: [String], _ wallClock: Int64,
        _ news: inout News
    ) {
        var marks: [Mark] = []
        for path in directories {
            // Gone meanwhile: the next look finds out, since the directory above has changed.
            if let facts = try? FileFacts(of: path) { marks.append(Mark(path: path, facts: facts)) }
        }
        news.directories[name] = marks.map { WatchedDirectory(path: $0.path, inode: $0.facts.inode) }
        for listing in scan.models[name, default: [:]].values {
            marks += listing.files.map { Mark(path: $0.path, facts: $0.facts) }
        }
        if let file = scan.policies[name]?.file { marks.append(Mark(path: file.path, facts: file.facts)) }
        let isYoung = marks.contains { wallClock &- $0.facts.modified < Self.youth }
        models[name] = ModelMark(marks: marks, isYoung: isYoung)
    }

    private func finish(_ news: inout News) {
        news.problems = rootProblems + modelProblems.sorted { $0.key < $1.key }.flatMap(\.value)
        news.unreadableModels = unreadable
        news.scan.unreadableModels = unreadable
    }

    /// The model that a path below the registry belongs to; nil for the registry itself, and for problems of
    /// what stands directly in it.
    private func modelName(of path: String, isProblem: Bool = false) -> String? {
        guard path.hasPrefix("\(scanner.path)/") else { return nil }
        let rest = path.dropFirst(scanner.path.count + 1)
        guard let slash = rest.firstIndex(of: "/") else { return isProblem ? nil : String(rest) }
        return String(rest[..<slash])
    }
}
