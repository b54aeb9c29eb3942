// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base

/// `modelctl show`: what a model reads, what it answers, and where it comes from.
struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a model's inputs, outputs, digest and lineage.",
        discussion: """
            Asks a running server, or reads a registry (--registry) or a model file (--file) without one.
            """)

    @Argument(
        help: ArgumentHelp(
            "The model, in its newest version unless one is given.", valueName: "model[@version]"))
    var model: String?

    @OptionGroup var connection: ServerOptions

    @Option(help: ArgumentHelp("Look into this registry instead of asking a server.", valueName: "dir"))
    var registry: String?

    @Option(help: ArgumentHelp("Read this model file instead of asking a server.", valueName: "path"))
    var file: String?

    @Option(help: "How to print: table, or json as one object.")
    var output: OutputFormat = .table

    func validate() throws {
        if file != nil && (model != nil || registry != nil) {
            throw ValidationError("--file stands alone: a file holds one model")
        }
        if file == nil && registry == nil && model == nil {
            throw ValidationError("which model? modelctl list shows what there is")
        }
    }

    func run() throws {
        try report { () throws(ControlError) in
            let document = try document()
            Console.output(output == .json ? document.line + "\n" : Self.table(of: document))
        }
    }

    private func document() throws(ControlError) -> JSONValue {
        var reference: ModelReference?
        if let model { reference = try ModelReference(parsing: model) }
        if let place = file ?? registry { return try StoredModel.find(in: place, reference).document }
        guard let reference else { throw .invalidModelReference("") }
        return Self.document(try connection.client().metadata(of: reference))
    }

    /// A server's metadata with the properties beside the rest and the features' names beside the inputs.
    static func document(_ metadata: ModelMetadata) -> JSONValue {
        func tensors(_ list: [ModelMetadata.TensorDescription]) -> JSONValue {
            .array(
                list.map { tensor in
                    .object(
                        JSONObject(pairs: [
                            ("name", .string(tensor.name)), ("datatype", .string(tensor.datatype)),
                            ("shape", .array(tensor.shape.map { .integer($0) })),
                        ]))
                })
        }
        let features = metadata.features.map { feature in
            JSONValue.object(
                JSONObject(pairs: [
                    ("name", .string(feature.name)),
                    ("kind", .string(feature.isText ? "categorical" : "numeric")),
                ]))
        }
        var pairs: [(String, JSONValue?)] = [
            ("name", .string(metadata.name)), ("versions", .array(metadata.versions.map { .string($0) })),
            ("format", .string(metadata.platform)), ("features", .array(features)),
            ("inputs", tensors(metadata.inputs)), ("outputs", tensors(metadata.outputs)),
        ]
        for property in metadata.properties where property.name != "features" {
            pairs.append((property.name, .string(property.value)))
        }
        return .object(JSONObject(pairs: pairs))
    }

    /// Facts first, one a line, then the features and the outputs.
    static func table(of document: JSONValue) -> String {
        var facts = TextTable(["", ""])
        var lists = ""
        for member in document.object?.members ?? [] {
            switch member.value {
            case .array(let elements) where elements.contains { $0.object != nil }:
                if member.key != "inputs" { lists += list(member.key, elements) }
            case .object(let object):
                for entry in object.members {
                    facts.append(["\(member.key).\(entry.key)", entry.value.cell])
                }
            default: facts.append([member.key, text(member.value)])
            }
        }
        return facts.takeRows() + lists
    }

    private static func text(_ value: JSONValue) -> String {
        value.array.map { $0.map(\.cell).joined(separator: ", ") } ?? value.cell
    }

    private static func list(_ title: String, _ elements: [JSONValue]) -> String {
        let keys = elements.compactMap { $0.object?.members.map(\.key) }.max { $0.count < $1.count } ?? []
        var table = TextTable(keys.map { $0.uppercased() })
        for element in elements { table.append(keys.map { element[$0].map(text) ?? "" }) }
        return "\n\(title) (\(elements.count))\n" + table.takeAll()
    }
}
