// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Inference
internal import ModelFormat
internal import Tabular

/// A version's model file, read, checked and compiled.
struct LoadedFile: Sendable {
    var model: CompiledModel
    var format: ModelFileFormat
    var digest: String
    var size: Int
    var goldenSampleCount: Int
    /// Rows of the policy's warm-up that fit the model.
    var warmUpCount: Int
    /// Trees after the best iteration were left out.
    var endsAtBestIteration: Bool
    var cost: ModelCost
    var trust: TrustPolicy.Verdict
    /// SHA-256 of every file that was read, by which a version can be revoked.
    var digests: [(name: String, sha256: String)]
    /// About the bytes of memory that the model takes.
    var memoryBytes: Int
}

/// Turns the files of a version into a model that may answer, or into the reason why it may not.
///
/// Each file is read once, through one descriptor, into memory; what is checked is what is served.
struct ModelLoader: Sendable {
    /// The directory or file that is served; no link leads out of it.
    var root: String
    var trust = TrustPolicy.off
    /// Larger files are refused.
    static let fileSizeLimit = 16 << 30
    /// What runs ONNX models.
    var engine = ONNXEngine()

    /// - Parameters:
    ///   - wallClock: the present, in nanoseconds since the epoch, for keys that are valid for a time.
    ///   - reached: called when a stage is over: `verified`, then `compiled`.
    func load(
        _ listing: VersionListing, options: LoadOptions = LoadOptions(),
        wallClock: Int64 = RegistryClock.system.wallClock(), reached: (VersionEvent) -> Void = { _ in }
    ) throws(RegistryError) -> LoadedFile {
        let files = VersionFiles(listing, root: root, sizeLimit: Self.fileSizeLimit)
        let manifest = try readManifest(files)
        try manifest?.checkBinding(of: listing)
        var found = try readModel(files)
        let (file, bytes) = (found.file, found.bytes)
        let size = found.native?.size ?? bytes.count
        if let manifest { try check(manifest, files, modelFile: file) }
        let verdict = try trust.check(files, wallClock: wallClock)
        reached(.verified)
        let external = VersionTensorFiles(files: files, model: file.path, isVouchedFor: manifest != nil)
        let architecture = try files.read(named: Companion.architecture, limit: Manifest.sizeLimit)
        var compiled: CompiledModel
        var best: ModelGraph?
        if let native = found.native {
            found.native = nil
            compiled = try compile(native, file)
        } else if found.format == .onnx {
            compiled = try engine.compile(bytes.span, path: file.path, external: external) {
                () throws(RegistryError) in
                try compile(try graph(bytes.span, file, external: external, architecture: nil), file)
            }
        } else {
            let whole = try graph(bytes.span, file, external: external, architecture: architecture)
            compiled = try compile(whole, file)
            if options.usesBestIteration { best = whole.upToBestIteration }
        }
        // What ONNX Runtime holds cannot be seen; it has at least what the file has.
        let memoryBytes = max(compiled.memoryBytes, found.format == .onnx ? bytes.count : 0)
        if let limit = options.memoryMax, memoryBytes > limit {
            throw .exceedsMemoryLimit(directory: listing.path, bytes: memoryBytes, limit: limit)
        }
        reached(.compiled)
        let sampleCount = try verify(compiled, files, file)
        // Golden samples are those of all trees: they prove the file, then some trees may be left out.
        let endsAtBestIteration = best != nil
        if let best { compiled = try compile(best, file) }
        var warmUpCount = 0
        if let warmUp = options.warmUp {
            warmUpCount = compiled.warmUp(warmUp.inputs, repetitions: warmUp.repetitions)
        }
        let cost = ModelCost.measure(compiled)
        return LoadedFile(
            model: compiled, format: found.format, digest: try files.digest(of: file), size: size,
            goldenSampleCount: sampleCount, warmUpCount: warmUpCount,
            endsAtBestIteration: endsAtBestIteration, cost: cost, trust: verdict,
            digests: files.knownDigests, memoryBytes: memoryBytes)
    }

    private func compile(
        _ native: consuming NativeModelFile, _ file: VersionListing.File
    ) throws(RegistryError) -> CompiledModel {
        let graph: ModelGraph
        do {
            graph = try native.graph()
        } catch {
            throw .format(file: file.path, error)
        }
        do {
            return try CompiledModel(consume graph)
        } catch {
            throw .inference(file: file.path, error)
        }
    }

    private func graph(
        _ bytes: Span<UInt8>, _ file: VersionListing.File, external: VersionTensorFiles,
        architecture: [UInt8]?
    ) throws(RegistryError) -> ModelGraph {
        do {
            return try ModelFile.load(
                bytes, fileName: file.name, external: external, architecture: architecture)
        } catch {
            throw .format(file: file.path, error)
        }
    }

    private func compile(
        _ graph: ModelGraph, _ file: VersionListing.File
    ) throws(RegistryError) -> CompiledModel {
        do {
            return try CompiledModel(graph)
        } catch {
            throw .inference(file: file.path, error)
        }
    }

    // MARK: The model file

    private struct ReadFile {
        var file: VersionListing.File
        /// Empty for a native file that was read straight into the model.
        var bytes: [UInt8]
        var format: ModelFileFormat
        var native: NativeModelFile?
    }

    /// The one candidate that is a model; when none is, why the first is not.
    private func readModel(_ files: VersionFiles) throws(RegistryError) -> ReadFile {
        var found: [ReadFile] = []
        var defects: [RegistryError] = []
        for file in try mlflowModel(files).map({ [$0] }) ?? files.listing.candidates {
            if let native = files.readNative(file) {
                found.append(ReadFile(file: file, bytes: [], format: .native, native: native))
                continue
            }
            let bytes = try files.read(file)
            switch recognise(bytes.span, file) {
            case .success(let format): found.append(ReadFile(file: file, bytes: bytes, format: format))
            case .failure(let defect): defects.append(defect)
            }
        }
        guard found.count <= 1 else {
            throw .severalModelFiles(directory: files.path, names: found.map(\.file.name))
        }
        if let model = found.first { return model }
        if let defect = defects.first { throw defect }
        if let odd = files.listing.files.first(where: { $0.facts.kind != .regular }) {
            throw .notRegular(file: odd.path)
        }
        throw .noModelFile(directory: files.path)
    }

    /// The file that an MLflow directory names as its model.
    private func mlflowModel(_ files: VersionFiles) throws(RegistryError) -> VersionListing.File? {
        guard let file = files.listing.file(named: MLflowModel.fileName), file.facts.kind == .regular else {
            return nil
        }
        let bytes = try files.read(file, limit: MLflowModel.sizeLimit)
        guard let name = MLflowModel.modelFile(bytes.span), let model = files.listing.file(named: name),
            model.facts.kind == .regular
        else { return nil }
        return model
    }

    private func recognise(
        _ bytes: Span<UInt8>, _ file: VersionListing.File
    ) -> Result<ModelFileFormat, RegistryError> {
        do {
            return .success(try ModelFile.recognise(bytes, fileName: file.name))
        } catch {
            return .failure(.format(file: file.path, error))
        }
    }

    // MARK: The manifest

    private func readManifest(_ files: VersionFiles) throws(RegistryError) -> Manifest? {
        guard let file = files.listing.file(named: Companion.manifest) else { return nil }
        // A span of a temporary that a throwing call returns makes Swift 6.3.1 emit a broken module: name it.
        let bytes = try files.read(file, limit: Manifest.sizeLimit)
        return try Manifest(bytes.span, path: file.path)
    }

    /// Exactly the files of the manifest are there, as they were published.
    private func check(
        _ manifest: Manifest, _ files: VersionFiles, modelFile: VersionListing.File
    ) throws(RegistryError) {
        let path = "\(files.path)/\(Companion.manifest)"
        guard manifest.files.contains(where: { $0.name == modelFile.name }) else {
            throw .manifestMismatch(file: path, reason: "does not list the model file \(modelFile.name)")
        }
        for stated in manifest.files {
            guard let file = files.listing.file(named: stated.name) else {
                throw .manifestMismatch(file: path, reason: "lists \(stated.name), which is not there")
            }
            let actual = try files.digest(of: file)
            guard actual == stated.sha256 else {
                throw .digestMismatch(file: file.path, stated: stated.sha256, actual: actual)
            }
        }
        let known = Set(manifest.files.map(\.name) + [Companion.manifest, Companion.signature])
        if let extra = files.listing.files.first(where: { !known.contains($0.name) }) {
            throw .manifestMismatch(
                file: path, reason: "does not list \(extra.name), which is there; publish it as a new version"
            )
        }
    }

    // MARK: Golden samples

    private func verify(
        _ model: CompiledModel, _ files: VersionFiles, _ file: VersionListing.File
    ) throws(RegistryError) -> Int {
        try verify(model, model.goldenSamples, of: file.path)
        guard let samplesFile = files.listing.file(named: Companion.samples) else {
            return model.goldenSamples.count
        }
        let bytes = try files.read(samplesFile, limit: GoldenSamplesFile.sizeLimit)
        let samples = try GoldenSamplesFile.read(bytes.span, path: samplesFile.path)
        try verify(model, samples, of: samplesFile.path)
        return model.goldenSamples.count + samples.count
    }

    private func verify(
        _ model: CompiledModel, _ samples: [GoldenSample], of path: String
    ) throws(RegistryError) {
        let mismatches = model.verify(samples)
        if let first = mismatches.first {
            throw .notReproduced(file: path, first: first, count: mismatches.count)
        }
    }
}
