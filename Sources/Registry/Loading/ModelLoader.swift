// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Cryptography
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
    var cost: ModelCost
}

/// Turns the files of a version into a model that may answer, or into the reason why it may not.
///
/// Each file is read once, through one descriptor, into memory; what is checked is what is served.
struct ModelLoader: Sendable {
    /// Larger files are refused.
    var fileSizeLimit = 16 << 30

    /// - Parameter parsed: called when only the golden samples are left to be verified.
    func load(_ listing: VersionListing, parsed: () -> Void = {}) throws(RegistryError) -> LoadedFile {
        let manifest = try readManifest(listing)
        let found = try readModel(listing)
        let (file, bytes) = (found.file, found.bytes)
        let digest = SHA256.digest(of: bytes.span).hexadecimal
        if let manifest { try check(manifest, listing, modelFile: file, digest: digest) }
        let compiled = try compile(bytes.span, file, architecture: try architecture(listing))
        parsed()
        let sampleCount = try verify(compiled, listing, file)
        let cost = ModelCost.measure(compiled)
        return LoadedFile(
            model: compiled, format: found.format, digest: digest, size: bytes.count,
            goldenSampleCount: sampleCount, cost: cost)
    }

    private func compile(
        _ bytes: Span<UInt8>, _ file: VersionListing.File, architecture: [UInt8]?
    ) throws(RegistryError) -> CompiledModel {
        let graph: ModelGraph
        do {
            graph = try ModelFile.load(
                bytes, fileName: file.name, external: ExternalTensorFiles(besides: file.path),
                architecture: architecture)
        } catch {
            throw .format(file: file.path, error)
        }
        do {
            return try CompiledModel(graph)
        } catch {
            throw .inference(file: file.path, error)
        }
    }

    private func read(_ path: String, limit: Int) throws(RegistryError) -> [UInt8] {
        do {
            return try File.read(path, limit: limit)
        } catch {
            throw .system(error)
        }
    }

    // MARK: The model file

    private struct ReadFile {
        var file: VersionListing.File
        var bytes: [UInt8]
        var format: ModelFileFormat
    }

    /// The one candidate that is a model; when none is, why the first is not.
    private func readModel(_ listing: VersionListing) throws(RegistryError) -> ReadFile {
        var found: [ReadFile] = []
        var defects: [RegistryError] = []
        for file in try mlflowModel(listing).map({ [$0] }) ?? listing.candidates {
            let bytes = try read(file.path, limit: fileSizeLimit)
            switch recognise(bytes.span, file) {
            case .success(let format): found.append(ReadFile(file: file, bytes: bytes, format: format))
            case .failure(let defect): defects.append(defect)
            }
        }
        guard found.count <= 1 else {
            throw .severalModelFiles(directory: listing.path, names: found.map(\.file.name))
        }
        if let model = found.first { return model }
        if let defect = defects.first { throw defect }
        throw .noModelFile(directory: listing.path)
    }

    /// The file that an MLflow directory names as its model.
    private func mlflowModel(_ listing: VersionListing) throws(RegistryError) -> VersionListing.File? {
        guard let file = listing.file(named: MLflowModel.fileName), file.facts.kind == .regular else {
            return nil
        }
        let bytes = try read(file.path, limit: MLflowModel.sizeLimit)
        guard let name = MLflowModel.modelFile(bytes.span), let model = listing.file(named: name),
            model.facts.kind == .regular
        else { return nil }
        return model
    }

    private func architecture(_ listing: VersionListing) throws(RegistryError) -> [UInt8]? {
        guard let file = listing.file(named: Companion.architecture) else { return nil }
        return try read(file.path, limit: Manifest.sizeLimit)
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

    private func readManifest(_ listing: VersionListing) throws(RegistryError) -> Manifest? {
        guard let file = listing.file(named: Companion.manifest) else { return nil }
        // A span of a temporary that a throwing call returns makes Swift 6.3.1 emit a broken module: name it.
        let bytes = try read(file.path, limit: Manifest.sizeLimit)
        return try Manifest(bytes.span, path: file.path)
    }

    private func check(
        _ manifest: Manifest, _ listing: VersionListing, modelFile: VersionListing.File, digest: String
    ) throws(RegistryError) {
        let path = "\(listing.path)/\(Companion.manifest)"
        guard manifest.files.contains(where: { $0.name == modelFile.name }) else {
            throw .manifestMismatch(file: path, reason: "does not list the model file \(modelFile.name)")
        }
        for stated in manifest.files {
            guard let file = listing.file(named: stated.name), file.facts.kind == .regular else {
                throw .manifestMismatch(file: path, reason: "lists \(stated.name), which is not there")
            }
            let actual = file.name == modelFile.name ? digest : try self.digest(of: file)
            guard actual == stated.sha256 else {
                throw .digestMismatch(file: file.path, stated: stated.sha256, actual: actual)
            }
        }
    }

    private func digest(of file: VersionListing.File) throws(RegistryError) -> String {
        let bytes = try read(file.path, limit: fileSizeLimit)
        return SHA256.digest(of: bytes.span).hexadecimal
    }

    // MARK: Golden samples

    private func verify(
        _ model: CompiledModel, _ listing: VersionListing, _ file: VersionListing.File
    ) throws(RegistryError) -> Int {
        try verify(model, model.goldenSamples, of: file.path)
        guard let samplesFile = listing.file(named: Companion.samples) else {
            return model.goldenSamples.count
        }
        let bytes = try read(samplesFile.path, limit: GoldenSamplesFile.sizeLimit)
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
