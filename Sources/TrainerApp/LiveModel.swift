// SPDX-License-Identifier: Apache-2.0
import Base
import ModelFormat
import Registry
import Training

/// The version of a model that answers requests which name none, to compare a new one with.
struct LiveModel {
    var name: String
    /// Nil when it cannot be read; `obstacle` then says why.
    var graph: ModelGraph?
    var obstacle: String?

    /// Larger files are not read.
    private static let fileBytesMax = 4 << 30

    /// Nil when the registry has no version of the model.
    static func find(_ model: String, registry: String) throws(AppError) -> LiveModel? {
        let state: PolicyStore.State
        do {
            state = try PolicyStore(model: model, registryPath: registry).state()
        } catch .unknownModel {
            return nil
        } catch {
            throw AppError(.cannotCreate, "the live version is not known: \(error.description)")
        }
        let retired = state.policy.retired
        let version =
            state.policy.version(of: state.policy.defaultTarget)
            ?? state.versions.last { !retired.contains($0) }
        guard let version else { return nil }
        var live = LiveModel(name: "\(model)/\(version)")
        do {
            let scan = try RegistryScanner(path: registry).scan()
            guard let listing = scan.models[model]?[version] else { return nil }
            live.read(listing)
        } catch {
            throw AppError(.noInput, error.description)
        }
        return live
    }

    private mutating func read(_ listing: VersionListing) {
        obstacle = "there is no model file in \(listing.path)"
        let others: Set<String> = ["manifest.json", "samples.jsonl", "model.sig", "card.md"]
        for file in listing.files where !others.contains(file.name) {
            do {
                let bytes = try File.read(file.path, limit: LiveModel.fileBytesMax)
                graph = try ModelFile.load(
                    bytes.span, fileName: file.name, external: ExternalTensorFiles(besides: file.path))
                obstacle = nil
                return
            } catch {
                obstacle = "\(file.path): \(error)"
            }
        }
    }

    /// Measures it on the trainer's test rows, beside the new model.
    func compare(
        _ trainer: ModelTrainer, new: ModelGraph, _ settings: Evaluation.Settings
    ) -> ModelComparison {
        guard let graph else { return ModelComparison(live: name, obstacle: obstacle) }
        do {
            return try trainer.compare(new, withLive: graph, named: name, settings)
        } catch {
            return ModelComparison(live: name, obstacle: error.description)
        }
    }
}
