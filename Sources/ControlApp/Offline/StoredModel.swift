// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography
import Inference
import ModelFormat
import Registry
import Tabular

/// A model file on this machine, read without a server.
struct StoredModel {
    let name: String
    let version: String
    let path: String
    let format: ModelFileFormat
    let size: Int
    /// SHA-256 of the file.
    let digest: String
    let graph: ModelGraph
    let outputs: [OutputSpecification]
    /// The model's policy leaves out the trees after the best iteration.
    private var usesBestIteration = false

    /// Larger files are not read; the daemon's limit.
    private static let fileBytesMax = 16 << 30

    /// - Parameters:
    ///   - place: a registry, a version's directory or a model file.
    ///   - model: which one; nil: the only one, in its newest version.
    static func find(in place: String, _ model: ModelReference?) throws(ControlError) -> StoredModel {
        let scan: RegistryScan
        do { scan = try RegistryScanner(path: place).scan() } catch { throw .unreadable(error) }
        guard let name = model?.name ?? (scan.models.count == 1 ? scan.models.keys.first : nil),
            let versions = scan.models[name]
        else {
            let found = scan.models.keys.sorted().joined(separator: ", ")
            throw .unknownModel(name: model?.description ?? "(name it)", place: "\(place) (there: \(found))")
        }
        let wanted = model?.version.flatMap { ModelVersion($0) } ?? versions.keys.max()
        guard let wanted, let listing = versions[wanted],
            model?.version == nil || "\(wanted)" == model?.version
        else { throw .unknownModel(name: model?.description ?? name, place: place) }
        var stored = try load(listing)
        if let policy = scan.policies[name]?.file { stored.usesBestIteration = try bestIteration(policy) }
        return stored
    }

    /// What a server answers by: the graph, less what the model's policy leaves out.
    var servedGraph: ModelGraph { usesBestIteration ? graph.upToBestIteration ?? graph : graph }

    private static func bestIteration(_ policy: VersionListing.File) throws(ControlError) -> Bool {
        let text: [UInt8]
        do {
            text = try File.read(policy.path, limit: PolicyFile.sizeLimit)
        } catch {
            throw .unreadable(error)
        }
        do {
            return try PolicyFile.parse(text.span).usesBestIteration
        } catch {
            throw ControlError(RegistryError.malformedPolicy(file: policy.path, error))
        }
    }

    /// The layers of a network whose weights are a safetensors file; nil when there is no such file.
    private static func architecture(_ listing: VersionListing) throws -> [UInt8] {
        try File.read("\(listing.path)/architecture.json", limit: 1 << 20)
    }

    /// The first file that is recognised as a model.
    private static func load(_ listing: VersionListing) throws(ControlError) -> StoredModel {
        var failure = ControlError.notAModel(path: listing.path, reason: "there is no model file")
        for file in listing.files where !isCompanion(file.name) {
            let bytes: [UInt8]
            do { bytes = try File.read(file.path, limit: fileBytesMax) } catch { throw .unreadable(error) }
            do {
                let graph = try ModelFile.load(
                    bytes.span, fileName: file.name, external: ExternalTensorFiles(besides: file.path),
                    architecture: try? architecture(listing))
                return StoredModel(
                    name: listing.model, version: "\(listing.version)", path: file.path,
                    format: try ModelFile.recognise(bytes.span, fileName: file.name), size: bytes.count,
                    digest: SHA256.digest(of: bytes.span).hexadecimal, graph: graph,
                    outputs: try CompiledModel(graph).outputs)
            } catch {
                failure = .notAModel(path: file.path, reason: "\(error)")
            }
        }
        throw failure
    }

    private static func isCompanion(_ name: String) -> Bool {
        ["manifest.json", "samples.jsonl", "model.sig", "model.yaml"].contains(name) || name.hasSuffix(".md")
    }
}

extension StoredModel {
    /// What it computes, in a few words.
    var estimator: String {
        switch graph.estimator {
        case .linear(let model):
            "linear, \(model.coefficients.count) coefficients"
        case .treeEnsemble(let ensemble):
            "trees, \(ensemble.treeCount) with \(ensemble.nodeCount) nodes"
        case .multilayerPerceptron(let network):
            "multilayer perceptron, \(network.layers.count) layers"
        case .rowProgram(let program):
            "row program, \(program.steps.count) steps"
        case .operatorGraph(let graph):
            "operator graph, \(graph.nodes.count) nodes"
        }
    }

    /// The same members as a server's answer where both know a thing.
    var document: JSONValue {
        let features = graph.schema.features.map { feature in
            var pairs: [(String, JSONValue?)] = [("name", .string(feature.name))]
            switch feature.kind {
            case .numeric, .date, .text: pairs.append(("kind", .string(feature.kind.name)))
            case .categorical(let categories):
                pairs.append(("kind", .string("categorical")))
                pairs.append(("categories", .array(categories.map { .string($0) })))
            }
            return JSONValue.object(JSONObject(pairs: pairs))
        }
        let outputs = outputs.map { output in
            JSONValue.object(
                JSONObject(pairs: [
                    ("name", .string(output.name)), ("datatype", .string(output.datatype.rawValue)),
                    ("shape", .array([.integer(-1)] + (output.width.map { [.integer(Int64($0))] } ?? []))),
                ]))
        }
        let facts = graph.lineage.facts.sorted { $0.key < $1.key }
        return .object(
            JSONObject(pairs: [
                ("name", .string(name)), ("version", .string(version)), ("path", .string(path)),
                ("format", .string(format.rawValue)), ("size", .integer(Int64(size))),
                ("digest", .string(digest)), ("estimator", .string(estimator)),
                ("stages", .integer(Int64(graph.stages.count))),
                ("input_type", .string(graph.inputType.rawValue)), ("features", .array(features)),
                ("outputs", .array(outputs)), ("labels", labels),
                ("golden_samples", .integer(Int64(graph.goldenSamples.count))),
                ("training_rows", graph.statistics.map { .integer(Int64($0.rowCount)) }),
                ("lineage", .object(JSONObject(pairs: facts.map { ($0.key, .string($0.value)) }))),
            ]))
    }

    private var labels: JSONValue? {
        switch graph.output.labels {
        case .strings(let names): .array(names.map { .string($0) })
        case .integers(let numbers): .array(numbers.map { .integer($0) })
        case nil: nil
        }
    }
}
