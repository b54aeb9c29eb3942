// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc

/// Takes versions out of a registry: docs/reference/model-store.md, "Deleting".
package enum VersionRemoval {
    static let prefix = ".delete-"

    /// Deletes a version for good: it is renamed to a dot-name, so that it is gone in one step, and then
    /// removed. When only the last fails, the version is gone, and `collect` removes what is left of it.
    ///
    /// - Throws: `unknownModel`, `unknownVersion`, `versionInUse` for one that the policy names, `system`.
    package static func delete(
        model: String, version: ModelVersion, registryPath: String
    ) throws(RegistryError) {
        let store = try PolicyStore(model: model, registryPath: registryPath)
        let state = try store.state()
        guard state.versions.contains(version) else { throw .unknownVersion(model: model, version: version) }
        if let use = use(of: version, in: state.policy) {
            throw .versionInUse(model: model, version: version, use: use)
        }
        let hidden = try hide("\(store.directory)/\(version)", in: store.directory)
        do {
            try DirectoryTree.remove(hidden)
        } catch {
            throw .system(error)
        }
    }

    /// As what the policy names a version; nil when it does not.
    static func use(of version: ModelVersion, in policy: ModelPolicy) -> String? {
        if policy.version(of: policy.defaultTarget) == version { return "the default" }
        if let alias = policy.aliases.filter({ $0.value == version }).keys.min() {
            return "the alias '\(alias)'"
        }
        if policy.split.contains(where: { policy.version(of: $0.target) == version }) {
            return "a part of the split"
        }
        if let shadow = policy.shadow, policy.version(of: shadow.target) == version { return "the shadow" }
        if case .listed(let listed) = policy.versions, listed.contains(version) { return "among 'versions'" }
        return nil
    }

    private static func hide(_ path: String, in directory: String) throws(RegistryError) -> String {
        let hidden = "\(directory)/\(prefix)\(String(UInt64.random(in: .min ... .max), radix: 36))"
        // Safe because both strings are passed as C strings that live for the call.
        if unsafe rename(path, hidden) != 0 { throw .system(SystemError("rename", on: path)) }
        do {
            try AtomicFile.syncDirectory(directory)
        } catch {
            throw .system(error)
        }
        return hidden
    }

    // MARK: Collecting

    /// What may go.
    package struct Retention: Sendable {
        /// So many of a model's newest versions stay, retired ones not counted.
        package var keep = 5
        /// Younger versions stay, by when their files were written; in nanoseconds.
        package var age: Int64 = 0
        /// What an interrupted program left counts as left when it is older; in nanoseconds.
        package var leftoverAge: Int64 = 86_400_000_000_000

        package init() {}
    }

    /// What was collected, or would be.
    package struct Collected: Sendable, Equatable {
        package var model: String
        /// Nil: what an interrupted publication or deletion left.
        package var version: ModelVersion?
        package var path: String
    }

    /// Deletes old versions of every model, or of one, that no policy names and that are not among the
    /// newest, and what interrupted programs left behind.
    ///
    /// - Parameters:
    ///   - wallClock: the present, in nanoseconds since the epoch.
    ///   - isRehearsal: only says what would go.
    ///   - collected: told of each when it is gone.
    package static func collect(
        registryPath: String, model: String?, retention: Retention, wallClock: Int64, isRehearsal: Bool,
        _ collected: (Collected) -> Void
    ) throws(RegistryError) {
        var names = [model].compactMap { $0 }
        if model == nil {
            do {
                names = try Directory.names(in: registryPath).compactMap { $0 }
            } catch {
                throw .system(error)
            }
        }
        for name in names where model != nil || ModelName.isValid(name) {
            if model == nil, (try? FileFacts(of: "\(registryPath)/\(name)"))?.kind != .directory { continue }
            let store = try PolicyStore(model: name, registryPath: registryPath)
            for found in try candidates(store, retention, wallClock) {
                if !isRehearsal { try remove(found, in: store.directory) }
                collected(found)
            }
        }
    }

    private static func remove(_ found: Collected, in directory: String) throws(RegistryError) {
        let path = found.version == nil ? found.path : try hide(found.path, in: directory)
        do {
            try DirectoryTree.remove(path)
        } catch {
            throw .system(error)
        }
    }

    private static func candidates(
        _ store: PolicyStore, _ retention: Retention, _ wallClock: Int64
    ) throws(RegistryError) -> [Collected] {
        let state = try store.state()
        let kept = Set(
            state.versions.filter { !state.policy.retired.contains($0) }.suffix(keep(state, retention)))
        var found: [Collected] = []
        for version in state.versions where !kept.contains(version) {
            let path = "\(store.directory)/\(version)"
            guard use(of: version, in: state.policy) == nil, try isOlder(path, than: retention.age, wallClock)
            else {
                continue
            }
            found.append(Collected(model: store.model, version: version, path: path))
        }
        let names: [String?]
        do {
            names = try Directory.names(in: store.directory)
        } catch {
            throw .system(error)
        }
        for case let name? in names where [prefix, VersionStaging.prefix].contains(where: name.hasPrefix) {
            let path = "\(store.directory)/\(name)"
            guard try isOlder(path, than: retention.leftoverAge, wallClock) else { continue }
            found.append(Collected(model: store.model, version: nil, path: path))
        }
        return found
    }

    /// What `versions` serves stays as well.
    private static func keep(_ state: PolicyStore.State, _ retention: Retention) -> Int {
        switch state.policy.versions {
        case .latest(let count): max(retention.keep, count, 1)
        case .all: .max
        case .listed, nil: max(retention.keep, 1)
        }
    }

    /// By the youngest of the directory and what is directly in it; false when it is gone.
    private static func isOlder(
        _ path: String, than age: Int64, _ wallClock: Int64
    ) throws(RegistryError) -> Bool {
        do {
            var youngest = try FileFacts(of: path).modified
            for case let name? in try Directory.names(in: path) {
                // A link that leads nowhere is as old as its directory.
                guard let facts = try? FileFacts(of: "\(path)/\(name)") else { continue }
                youngest = max(youngest, facts.modified)
            }
            return wallClock &- youngest >= age
        } catch {
            if error.code == ENOENT { return false }
            throw .system(error)
        }
    }
}
