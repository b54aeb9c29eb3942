// SPDX-License-Identifier: Apache-2.0
internal import Registry
internal import Tabular

/// Which version of a model a request goes to: docs/reference/model-policy.md, "Which version answers".
extension PredictService {
    /// A model that a request names, and what is left to decide.
    package struct Destination {
        let slot: ModelSlot
        let entry: ModelEntry
        /// The version that the request names, or the default; nil when the split decides.
        let fixed: LoadedModel?

        /// Where the request's point on the line of a split comes from.
        package enum Key: Sendable {
            /// It is assigned anew, or nothing is left to decide.
            case none
            /// The value of the header with this name.
            case header(String)
            case body
        }

        package var key: Key {
            guard fixed == nil else { return .none }
            return switch entry.policy.stickiness {
            case nil: .none
            case .header(let name): .header(name)
            case .body: .body
            }
        }
    }

    /// Finds what a request names: a model, or `model@alias`, and perhaps a version or an alias.
    ///
    /// - Parameter splits: false for who asks about the model instead of asking it: the default answers.
    /// - Throws: `unknownModel`, `unknownVersion`, `unknownAlias`, `notReady`, `notLoaded`.
    package func locate(
        _ model: String, version: String?, label: String? = nil, splits: Bool = true
    ) throws(PredictError) -> Destination {
        guard let slot = registry.view.models[model] else {
            // Names of models have no @.
            guard version == nil, label == nil, let at = model.utf8.lastIndex(of: UInt8(ascii: "@")) else {
                throw .unknownModel(model)
            }
            let alias = String(model[model.index(after: at)...])
            return try locate(String(model[..<at]), version: nil, label: alias, splits: splits)
        }
        let entry = slot.entry
        registry.noteUse(of: slot, entry)
        let fixed: LoadedModel
        if let version {
            guard let loaded = entry.version(named: version) else {
                throw unavailable(slot, entry, version: version)
            }
            fixed = loaded
        } else if let label {
            guard let loaded = entry.alias(label) else { throw unavailable(slot, entry, alias: label) }
            fixed = loaded
        } else if splits && !entry.plan.shares.isEmpty && !entry.ready.isEmpty {
            return Destination(slot: slot, entry: entry, fixed: nil)
        } else {
            guard let loaded = entry.defaultModel else { throw unavailable(slot, entry) }
            fixed = loaded
        }
        return Destination(slot: slot, entry: entry, fixed: fixed)
    }

    /// The version that answers, where `key` is what the request's stickiness asks for, if it has that.
    package func resolve(
        _ destination: Destination, key: Span<UInt8>? = nil
    ) throws(PredictError) -> ServedModel {
        let (slot, entry) = (destination.slot, destination.entry)
        if let fixed = destination.fixed { return served(fixed, slot, entry) }
        let point: UInt64
        if let key {
            point = SplitPoint.ofKey(key, model: slot.name)
        } else {
            point = slot.nextSplitPoint()
        }
        guard let loaded = entry.share(at: point) else { throw unavailable(slot, entry) }
        return served(loaded, slot, entry)
    }

    /// The version that a request names, else the default.
    ///
    /// - Throws: as `locate`.
    package func resolve(
        _ model: String, version: String?, label: String? = nil
    ) throws(PredictError) -> ServedModel {
        try resolve(try locate(model, version: version, label: label, splits: false))
    }

    private func served(_ loaded: LoadedModel, _ slot: ModelSlot, _ entry: ModelEntry) -> ServedModel {
        entry.hasTraffic
            ? ServedModel(loaded: loaded, traffic: ServedModel.Traffic(slot: slot, entry: entry))
            : ServedModel(loaded: loaded)
    }

    private func unavailable(
        _ slot: ModelSlot, _ entry: ModelEntry, version: String? = nil, alias: String? = nil
    ) -> PredictError {
        let name = slot.name
        // What was not loaded when the entry was read may be by now, or may have left again: whoever waits
        // for it is called at once, and answered by what there is then. The entry is looked at last: when
        // nothing is to be waited for any more, what was loaded stands there.
        if entry.isLoadedOnUse || registry.isAwaitable(name) || slot.entry !== entry {
            return .notLoaded(model: name)
        }
        if let alias, alias != "latest" {
            guard let number = entry.policy.aliases[alias] else {
                return .unknownAlias(model: name, alias: alias)
            }
            return unavailable(slot, entry, version: number.description)
        }
        guard let version else {
            return .notReady(model: name, version: nil, reason: registry.unavailabilityReason(of: name))
        }
        guard let report = registry.reports(of: name).first(where: { $0.version.description == version })
        else { return .unknownVersion(model: name, version: version) }
        return .notReady(
            model: name, version: version, reason: report.reason ?? "it is \(report.state.name)")
    }

    // MARK: Models that their first use loads

    /// Calls `action` once, on any thread, when the model answers or cannot.
    package func whenLoaded(_ model: String, _ action: @escaping @Sendable () -> Void) {
        if !registry.whenLoaded(model, action) { action() }
    }

    // MARK: Shadow

    /// Has the shadow of `model` asked what the workspace was just asked, later and elsewhere.
    package func copyToShadow(_ model: ServedModel, _ workspace: Workspace) {
        guard let traffic = model.traffic, traffic.entry.plan.shadow != nil, !model.takesTensors,
            workspace.rowMargins.rowCount == 0,
            let shadow = traffic.entry.shadow(
                at: traffic.slot.nextShadowPoint(), answering: model.loaded.version)
        else { return }
        shadows.submit(shadow, answering: model.loaded, workspace)
    }
}
