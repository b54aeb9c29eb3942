// SPDX-License-Identifier: Apache-2.0
package import Base
package import Inference
package import ModelFormat

/// What can be wrong with a registry, with a version in it, or with publishing one.
package enum RegistryError: Error, Equatable {
    case invalidModelName(String)
    case invalidFileName(String)
    /// The system would not do it; may be gone next time.
    case system(SystemError)
    case noModelFile(directory: String)
    case severalModelFiles(directory: String, names: [String])
    case format(file: String, FormatError)
    case inference(file: String, InferenceError)
    /// The model needs ONNX Runtime for `reason`, and `library` says why there is none.
    case runtimeMissing(file: String, reason: String, library: String)
    /// ONNX Runtime does not take the model.
    case runtimeFailed(file: String, reason: String)
    /// `count` golden samples are not reproduced; the first is shown.
    case notReproduced(file: String, first: SampleMismatch, count: Int)
    case malformedSamples(file: String, line: Int, reason: String)
    case malformedManifest(file: String, reason: String)
    /// The manifest names a file that is not there, or does not name the model file.
    case manifestMismatch(file: String, reason: String)
    case digestMismatch(file: String, stated: String, actual: String)
    /// The manifest was made for another model or version; `published` is the one, `churn@3`.
    case wrongBinding(directory: String, published: String)
    /// The version is not what a trusted person signed.
    case untrusted(directory: String, TrustDefect)
    /// The trusted keys cannot be read.
    case malformedTrust(file: String, reason: String)
    /// A link leads out of the registry.
    case leavesRegistry(file: String)
    /// A directory, a FIFO, a socket or a device where a file is wanted.
    case notRegular(file: String)
    case changedWhileLoading(directory: String)
    /// The path does not end in a model's name and a version's number.
    case notAVersion(path: String)
    /// A policy that cannot be applied; `file` is `model.yaml` or a revision.
    case malformedPolicy(file: String, PolicyDefect)
    /// More than `limits.memory` of the model's policy.
    case exceedsMemoryLimit(directory: String, bytes: Int, limit: Int)
    /// What is loaded and may not leave takes up the daemon's memory budget.
    case exceedsMemoryBudget(directory: String, bytes: Int, budget: Int)
    /// Somebody else has the number that a version was signed for.
    case versionTaken(model: String, version: ModelVersion)
    /// What was sent is no archive of plain files.
    case malformedArchive(reason: String)
    case unknownModel(String)
    case unknownVersion(model: String, version: ModelVersion)
    /// The policy names the version; `use` says as what.
    case versionInUse(model: String, version: ModelVersion, use: String)
    /// A change of a policy that the policy cannot take.
    case invalidChange(model: String, reason: String)
    /// Others changed the policy each time.
    case contended(model: String)
    /// One model or one version, which is served as it is: nothing is published into it.
    case notARegistry(path: String)
    case versionsExhausted(model: String)
    case nothingToPublish
}

extension RegistryError {
    /// A stable name for logs, states and clients that branch on it.
    package var code: String {
        switch self {
        case .invalidModelName: "invalid_model_name"
        case .invalidFileName: "invalid_file_name"
        case .system: "system"
        case .noModelFile: "no_model_file"
        case .severalModelFiles: "several_model_files"
        case .format(_, let error): error.code
        case .inference(_, let error): error.code
        case .runtimeMissing: "onnx_runtime_missing"
        case .runtimeFailed: "onnx_runtime_failed"
        case .notReproduced: "not_reproduced"
        case .malformedSamples: "malformed_samples"
        case .malformedManifest: "malformed_manifest"
        case .manifestMismatch: "manifest_mismatch"
        case .digestMismatch: "digest_mismatch"
        case .wrongBinding: "wrong_binding"
        case .untrusted(_, let defect): defect.code
        case .malformedTrust: "malformed_trust"
        case .leavesRegistry: "leaves_registry"
        case .notRegular: "not_regular"
        case .changedWhileLoading: "changed_while_loading"
        case .notAVersion: "not_a_version"
        case .malformedPolicy: "malformed_policy"
        case .exceedsMemoryLimit: "exceeds_memory_limit"
        case .exceedsMemoryBudget: "exceeds_memory_budget"
        case .versionTaken: "version_taken"
        case .malformedArchive: "malformed_archive"
        case .unknownModel: "unknown_model"
        case .unknownVersion: "unknown_version"
        case .versionInUse: "version_in_use"
        case .invalidChange: "invalid_change"
        case .contended: "contended"
        case .notARegistry: "not_a_registry"
        case .versionsExhausted: "versions_exhausted"
        case .nothingToPublish: "nothing_to_publish"
        }
    }

    /// Whether the same files may do better later, though they do not change.
    var isTransient: Bool {
        switch self {
        case .system, .changedWhileLoading, .exceedsMemoryBudget: true
        default: false
        }
    }
}

extension RegistryError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidModelName(let name):
            "'\(name)' is no name for a model: use 1 to 64 of A-Z a-z 0-9 . _ -, "
                + "the first a letter or a digit"
        case .invalidFileName(let name):
            "'\(name)' is no name for a file of a version: no '/', no dot in front, at most 255 bytes, "
                + "not manifest.json"
        case .system(let error): error.description
        case .noModelFile(let directory): "\(directory) holds no model file"
        case .severalModelFiles(let directory, let names):
            "\(directory) holds \(names.count) model files (\(names.prefix(4).joined(separator: ", "))) "
                + "where one is allowed; keep one"
        case .format(let file, let error):
            "\(file): \(error.description)"
        case .inference(let file, let error):
            "\(file): \(error.description)"
        case .runtimeMissing(let file, let reason, let library):
            "\(file): \(reason); ONNX Runtime runs such models, and cannot be opened (\(library)): unpack "
                + "libonnxruntime.so of 1.17 or later, which the Python package onnxruntime holds in its folder "
                + "capi, and name it by onnx.runtime_library"
        case .runtimeFailed(let file, let reason):
            "\(file): \(reason)"
        case .notReproduced(let file, let first, let count):
            "\(file): \(count) golden sample(s) not reproduced; \(first.description)"
        case .malformedSamples(let file, let line, let reason):
            "\(file), line \(line): \(reason)"
        case .malformedManifest(let file, let reason), .manifestMismatch(let file, let reason),
            .malformedTrust(let file, let reason):
            "\(file): \(reason)"
        case .wrongBinding(let directory, let published):
            "\(directory) was published as \(published) and counts only there; publish it under the new name"
        case .untrusted(let directory, let defect):
            "\(directory): \(defect.description)"
        case .leavesRegistry(let file):
            "\(file) leads out of the registry by a link; only relative links within it are followed"
        case .notRegular(let file):
            "\(file) is no regular file but a directory, a FIFO, a socket or a device"
        case .digestMismatch(let file, let stated, let actual):
            "\(file) has SHA-256 \(actual), but the manifest says \(stated): it was changed or damaged; "
                + "publish it again"
        case .changedWhileLoading(let directory):
            "\(directory) was changed while it was loaded"
        case .notAVersion(let path):
            "\(path) is no version of a registry; write REGISTRY/MODEL/VERSION"
        case .malformedPolicy(let file, let defect):
            "\(file): \(defect)"
        case .exceedsMemoryLimit(let directory, let bytes, let limit):
            "\(directory) takes \(bytes) bytes of memory, but limits.memory of its model.yaml is \(limit)"
        case .exceedsMemoryBudget(let directory, let bytes, let budget):
            "\(directory) takes about \(bytes) bytes of memory, which the budget of \(budget) (models.memory) "
                + "does not have beside what may not be unloaded; unpin models or raise it"
        case .versionTaken(let model, let version):
            "\(model)@\(version) is there already; sign the version for the next number"
        case .malformedArchive(let reason): "the archive cannot be read: \(reason)"
        case .unknownModel(let model): "there is no model '\(model)' in the registry"
        case .unknownVersion(let model, let version):
            "there is no version \(version) of model '\(model)' in the registry"
        case .versionInUse(let model, let version, let use):
            "\(model)@\(version) is \(use); let another version be that first"
        case .invalidChange(let model, let reason):
            "the policy of model '\(model)' cannot be changed so: \(reason)"
        case .contended(let model):
            "the policy of model '\(model)' was changed by others each time; try again"
        case .notARegistry(let path): "\(path) is a single model; publish into a registry of models"
        case .versionsExhausted(let model):
            "model '\(model)' has no version number left"
        case .nothingToPublish: "there is no file to publish"
        }
    }
}

extension RegistryError {
    /// The error with the place where a staged version will stand instead of where it stands now.
    func moved(from path: String, to place: String) -> RegistryError {
        func move(_ text: String) -> String {
            text.hasPrefix(path) ? place + text.dropFirst(path.count) : text
        }
        switch self {
        case .noModelFile(let directory): return .noModelFile(directory: move(directory))
        case .severalModelFiles(let directory, let names):
            return .severalModelFiles(directory: move(directory), names: names)
        case .format(let file, let error): return .format(file: move(file), error)
        case .inference(let file, let error): return .inference(file: move(file), error)
        case .notReproduced(let file, let first, let count):
            return .notReproduced(file: move(file), first: first, count: count)
        case .malformedSamples(let file, let line, let reason):
            return .malformedSamples(file: move(file), line: line, reason: reason)
        case .malformedManifest(let file, let reason):
            return .malformedManifest(file: move(file), reason: reason)
        case .manifestMismatch(let file, let reason):
            return .manifestMismatch(file: move(file), reason: reason)
        case .digestMismatch(let file, let stated, let actual):
            return .digestMismatch(file: move(file), stated: stated, actual: actual)
        case .untrusted(let directory, let defect): return .untrusted(directory: move(directory), defect)
        default: return self
        }
    }
}
