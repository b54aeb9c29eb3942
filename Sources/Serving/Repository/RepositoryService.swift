// SPDX-License-Identifier: Apache-2.0
package import Base
internal import Dispatch
package import Registry
package import Telemetry

/// Changes of the registry, for those protocols that offer them; each is written to the log with who made it.
///
/// Knows no credentials: whoever calls has decided that the actor may. Everything here waits for the disk,
/// and publishing loads a model, so it is not called on an event loop.
///
/// State: immutable; any thread may call it.
package final class RepositoryService: Sendable {
    /// Who makes a change, for the log and the history.
    package struct Actor: Sendable, Equatable {
        package var name: String
        package var address: String

        package init(name: String, address: String) {
            self.name = name
            self.address = address
        }
    }

    private let registry: Registry
    private let path: String
    private let logger: Logger

    /// - Parameter path: the registry's directory.
    package init(registry: Registry, path: String, logger: Logger) {
        self.registry = registry
        self.path = path
        self.logger = logger
    }

    // MARK: Versions

    /// A place for the files of a new version.
    package func upload(_ model: String, _ form: VersionUpload.Form) -> VersionUpload {
        VersionUpload(model: model, registryPath: path, form: form)
    }

    /// Publishes what `upload` has taken in, if it can be served.
    ///
    /// - Returns: the version, for the answer.
    package func publish(_ upload: VersionUpload, actor: Actor) throws(RepositoryError) -> JSONValue {
        do {
            let staging = try upload.finish()
            try refusing { () throws(RegistryError) in try staging.check(trust: registry.trust) }
            let facts = [
                (name: "published_by", value: actor.name),
                (name: "published_at", value: CalendarTime.text(CalendarTime.nanoseconds)),
            ]
            let published = try refusing { () throws(RegistryError) in try staging.commit(facts: facts) }
            record("publish", upload.model, actor, version: published.version)
            return published.document
        } catch {
            record("publish", upload.model, actor, error: error)
            throw error
        }
    }

    package func delete(_ model: String, version: String, actor: Actor) throws(RepositoryError) {
        do {
            let version = try number(version, of: model)
            try refusing { () throws(RegistryError) in
                try VersionRemoval.delete(model: model, version: version, registryPath: path)
            }
            record("delete", model, actor, version: version)
        } catch {
            record("delete", model, actor, error: error)
            throw error
        }
    }

    /// - Parameter body: `keep`, `older_than_days`, `dry_run` and `model`, each with its default.
    /// - Returns: what went, for the answer.
    package func collect(_ body: JSONValue, actor: Actor) throws(RepositoryError) -> JSONValue {
        let known = ["keep", "older_than_days", "dry_run", "model"]
        guard let members = body.object, members.members.allSatisfy({ known.contains($0.key) }) else {
            throw RepositoryError(
                .invalid, code: "invalid_change", "an object of \(known.joined(separator: ", ")) is wanted")
        }
        var retention = VersionRemoval.Retention()
        retention.keep = try count(members["keep"], "keep", 1...1_000_000) ?? retention.keep
        let days = try count(members["older_than_days"], "older_than_days", 0...36_500) ?? 0
        retention.age = Int64(days) * 86_400_000_000_000
        let isRehearsal = members["dry_run"]?.bool ?? false
        var collected: [JSONValue] = []
        let model = members["model"]?.string
        do {
            try refusing { () throws(RegistryError) in
                try VersionRemoval.collect(
                    registryPath: path, model: model, retention: retention,
                    wallClock: CalendarTime.nanoseconds, isRehearsal: isRehearsal
                ) { found in
                    collected.append(found.document)
                    if !isRehearsal { record("collect", found.model, actor, version: found.version) }
                }
            }
        } catch {
            record("collect", model ?? "", actor, error: error)
            throw error
        }
        return .object(["collected": .array(collected), "dry_run": .bool(isRehearsal)])
    }

    // MARK: Loading

    /// How long a request waits for a model to be loaded.
    private static let loadPatience = DispatchTimeInterval.seconds(50)

    /// Loads a model whatever its policy says about loading, and waits for it.
    ///
    /// - Throws: when it is not there, or no version of it can be loaded, with the reason.
    package func load(_ model: String, actor: Actor) throws(RepositoryError) {
        do throws(RepositoryError) {
            try refusing { () throws(RegistryError) in try registry.look(at: model) }
            try known(model)
            let loaded = DispatchSemaphore(value: 0)
            guard registry.whenLoaded(model, isExplicit: true, { loaded.signal() }) else {
                throw RepositoryError(.fault, code: "busy", "too many requests wait for models; try again")
            }
            let isLate = loaded.wait(timeout: .now() + Self.loadPatience) == .timedOut
            guard registry.view.models[model]?.newest != nil else {
                let reason =
                    isLate ? "it is still being loaded" : registry.unavailabilityReason(of: model)
                throw RepositoryError(.refused, code: "not_loaded", "failed to load '\(model)': \(reason)")
            }
            record("load", model, actor)
        } catch {
            record("load", model, actor, error: error)
            throw error
        }
    }

    /// Unloads a model until somebody loads it; requests that have begun are finished.
    package func unload(_ model: String, actor: Actor) throws(RepositoryError) {
        try known(model)
        registry.unload(model)
        record("unload", model, actor)
    }

    private func known(_ model: String) throws(RepositoryError) {
        guard registry.view.models[model] == nil else { return }
        throw RepositoryError(
            .notFound, code: "unknown_model", "there is no model '\(model)' in the registry")
    }

    // MARK: Policies

    /// Which versions of the model answer, and who decided it.
    package func policy(_ model: String) throws(RepositoryError) -> JSONValue {
        try refusing { () throws(RegistryError) in
            try PolicyStore(model: model, registryPath: path).document()
        }
    }

    /// - Parameter body: the change, docs/protocols/admin.md.
    /// - Returns: what became of it, for the answer.
    package func change(
        _ model: String, _ body: JSONValue, actor: Actor
    ) throws(RepositoryError) -> JSONValue {
        do {
            let (change, reason) = try reading { () throws(RegistryError) in
                try PolicyChange.read(body, model: model)
            }
            let outcome = try refusing { () throws(RegistryError) in
                try PolicyStore(model: model, registryPath: path).apply(
                    change, actor: actor.name, reason: reason,
                    time: CalendarTime.text(CalendarTime.nanoseconds))
            }
            record(change.name, model, actor, revision: outcome.revision)
            return outcome.document(model: model, action: change.name)
        } catch {
            record(body["action"]?.string ?? "change", model, actor, error: error)
            throw error
        }
    }

    // MARK: Helpers

    private func number(_ text: String, of model: String) throws(RepositoryError) -> ModelVersion {
        guard let version = ModelVersion(text) else {
            throw RepositoryError(
                .notFound, code: "unknown_version", "'\(text)' is no version of model '\(model)'")
        }
        return version
    }

    private func count(
        _ value: JSONValue?, _ key: String, _ range: ClosedRange<Int>
    ) throws(RepositoryError) -> Int? {
        guard let value else { return nil }
        guard let number = value.integer, let count = Int(exactly: number), range.contains(count) else {
            throw RepositoryError(
                .invalid, code: "invalid_change",
                "'\(key)' must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return count
    }

    private func refusing<Result>(
        _ body: () throws(RegistryError) -> Result
    ) throws(RepositoryError) -> Result {
        do {
            return try body()
        } catch {
            throw RepositoryError(error, below: path)
        }
    }

    /// What a body says wrongly is the client's fault, not a conflict.
    private func reading<Result>(
        _ body: () throws(RegistryError) -> Result
    ) throws(RepositoryError) -> Result {
        do {
            return try body()
        } catch {
            throw RepositoryError(.invalid, code: error.code, error.description(below: path))
        }
    }

    private func record(
        _ action: String, _ model: String, _ actor: Actor, version: ModelVersion? = nil,
        revision: Int64? = nil, error: RepositoryError? = nil
    ) {
        // Whatever level is logged: who has changed what must be known.
        logger.record(
            error == nil ? .notice : .warning,
            error == nil ? "registry was changed" : "a change of the registry was refused"
        ) { line in
            line.append("action", LogValue(action))
            line.append("model", LogValue(model))
            if let version { line.append("version", LogValue(version.number)) }
            if let revision { line.append("revision", LogValue(revision)) }
            line.append("actor", LogValue(actor.name))
            line.append("client", LogValue(actor.address))
            if let error {
                line.append("code", LogValue(error.code))
                line.append("reason", LogValue(error.description))
            }
        }
    }
}
