// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc

/// The policy of one model on disk: reads it, and adds revisions. docs/reference/model-policy.md.
package struct PolicyStore: Sendable {
    package let model: String
    /// Of the model.
    let directory: String

    /// - Throws: `invalidModelName`, `unknownModel`.
    package init(model: String, registryPath: String) throws(RegistryError) {
        guard ModelName.isValid(model) else { throw .invalidModelName(model) }
        self.model = model
        directory = "\(registryPath)/\(model)"
        guard (try? FileFacts(of: directory))?.kind == .directory else { throw .unknownModel(model) }
    }

    /// What is decided at one moment.
    package struct State: Sendable {
        /// What `model.yaml` says.
        package var people: ModelPolicy
        /// The newest revision; number -1 and no decisions when there is none.
        package var revision: PolicyRevision
        /// The two together.
        package var policy: ModelPolicy
        /// The versions that are there, the oldest first.
        package var versions: [ModelVersion]
    }

    /// - Throws: `invalidChange` when what stands there is wrong already, `system`.
    package func state() throws(RegistryError) -> State {
        let people = try readPeople()
        let numbers = try revisionNumbers()
        let revision =
            try numbers.last.map { number throws(RegistryError) in try read(number) }
            ?? PolicyRevision(model: model, number: -1)
        return State(
            people: people, revision: revision, policy: try combine(people, revision),
            versions: try versions())
    }

    /// Revisions from the oldest to the newest.
    package func history() throws(RegistryError) -> [PolicyRevision] {
        var revisions: [PolicyRevision] = []
        for number in try revisionNumbers() { revisions.append(try read(number)) }
        return revisions
    }

    /// What became of a change.
    package struct Outcome: Sendable, Equatable {
        package var revision: Int64
        /// False: everything was decided so already, and nothing was written.
        package var isNew: Bool
        /// What answers requests that name no version.
        package var defaultTarget: VersionTarget
        package var defaultVersion: ModelVersion?
    }

    /// Makes `change` the next revision. Whoever comes first wins; the others decide again on top of that.
    /// When this returns, it is on disk for good; when it throws, the old revision counts (but for a failing
    /// sync after it stands: then the new one does, and a power failure may take it). Doing it again is safe.
    package func apply(
        _ change: PolicyChange, actor: String, reason: String, time: String
    ) throws(RegistryError) -> Outcome {
        for _ in 0..<16 {
            let state = try state()
            for version in change.versions where !state.versions.contains(version) {
                throw .unknownVersion(model: model, version: version)
            }
            var next = try decide(change, state)
            let policy = try combine(state.people, next)
            var outcome = Outcome(
                revision: state.revision.number, isNew: false, defaultTarget: policy.defaultTarget,
                defaultVersion: policy.version(of: policy.defaultTarget))
            if next.decidesTheSame(as: state.revision) { return outcome }
            guard state.revision.number < PolicyRevision.numberMax else {
                throw .invalidChange(model: model, reason: "there is no number left for a revision")
            }
            next.number = state.revision.number + 1
            (next.time, next.actor, next.action, next.reason) = (time, actor, change.name, reason)
            if try write(next) {
                outcome.revision = next.number
                outcome.isNew = true
                return outcome
            }
        }
        throw .contended(model: model)
    }

    // MARK: Deciding

    private func decide(_ change: PolicyChange, _ state: State) throws(RegistryError) -> PolicyRevision {
        if case .rollBack(let number) = change { return try earlier(number, state) }
        var next = state.revision
        next.apply(change, people: state.people)
        return next
    }

    /// The revision to go back to. Going back again goes further back, not forth.
    private func earlier(_ number: Int64?, _ state: State) throws(RegistryError) -> PolicyRevision {
        let revisions = try history()
        if let number {
            guard let found = revisions.first(where: { $0.number == number }) else {
                throw .invalidChange(model: model, reason: "there is no revision \(number)")
            }
            return found
        }
        guard let last = revisions.last else { return try beforeTheNewest(state) }
        let none = PolicyRevision(model: model, number: -1)
        guard last.action != PolicyChange.rollBackName || !none.decidesTheSame(as: last) else {
            throw .invalidChange(model: model, reason: "there is nothing before revision \(last.number)")
        }
        var position = revisions.count - 1
        if last.action == PolicyChange.rollBackName {
            position = revisions.firstIndex { $0.decidesTheSame(as: last) } ?? position
        }
        return position > 0 ? revisions[position - 1] : none
    }

    /// Nobody has decided anything, so the newest version answers: back to the one before.
    private func beforeTheNewest(_ state: State) throws(RegistryError) -> PolicyRevision {
        guard state.policy.defaultTarget == .latest, let before = state.versions.dropLast().last else {
            throw .invalidChange(model: model, reason: "there is nothing to go back to")
        }
        var next = state.revision
        next.defaultTarget = .some(.version(before))
        return next
    }

    private func combine(
        _ people: ModelPolicy, _ revision: PolicyRevision
    ) throws(RegistryError) -> ModelPolicy {
        do {
            return try people.applying(revision)
        } catch {
            throw .invalidChange(model: model, reason: error.description)
        }
    }

    // MARK: Files

    private func readPeople() throws(RegistryError) -> ModelPolicy {
        let path = "\(directory)/\(PolicyFile.name)"
        let bytes: [UInt8]
        do {
            bytes = try File.read(path, limit: PolicyFile.sizeLimit)
        } catch {
            if error.code == ENOENT { return ModelPolicy() }
            throw .system(error)
        }
        do {
            return try PolicyFile.parse(bytes.span)
        } catch {
            throw .invalidChange(model: model, reason: "\(path): \(error.description)")
        }
    }

    private func revisionNumbers() throws(RegistryError) -> [Int64] {
        do {
            return try Directory.names(in: "\(directory)/\(PolicyRevision.directory)").compactMap { name in
                name.flatMap { PolicyRevision.number(ofFile: $0) }
            }.sorted()
        } catch {
            if error.code == ENOENT { return [] }
            throw .system(error)
        }
    }

    private func read(_ number: Int64) throws(RegistryError) -> PolicyRevision {
        let path = "\(directory)/\(PolicyRevision.directory)/\(PolicyRevision.fileName(number))"
        let bytes: [UInt8]
        do {
            bytes = try File.read(path, limit: PolicyRevision.sizeLimit)
        } catch {
            throw .system(error)
        }
        do {
            return try PolicyRevision.parse(bytes.span, model: model, number: number)
        } catch {
            throw .invalidChange(model: model, reason: "\(path): \(error.description)")
        }
    }

    private func versions() throws(RegistryError) -> [ModelVersion] {
        do {
            return try Directory.names(in: directory).compactMap { name in
                guard let name, let version = ModelVersion(name) else { return nil }
                return (try? FileFacts(of: "\(directory)/\(name)"))?.kind == .directory ? version : nil
            }.sorted()
        } catch {
            throw .system(error)
        }
    }

    /// False when the number is taken.
    private func write(_ revision: PolicyRevision) throws(RegistryError) -> Bool {
        let folder = "\(directory)/\(PolicyRevision.directory)"
        var text = ByteBuffer()
        revision.write(into: &text)
        do throws(SystemError) {
            try Directory.make(folder)
            try AtomicFile.syncDirectory(directory)
            return try AtomicFile.create(
                text.bytes, at: "\(folder)/\(PolicyRevision.fileName(revision.number))")
        } catch {
            throw .system(error)
        }
    }
}
