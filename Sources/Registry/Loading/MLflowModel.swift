// SPDX-License-Identifier: Apache-2.0
internal import YAML

/// What `MLmodel` says: which file of an MLflow directory is the model.
///
/// A directory that MLflow saved holds environments and examples beside the model of one library, its
/// flavour. The file counts by its content as any other does; this only says where to look.
package enum MLflowModel {
    static let fileName = "MLmodel"
    static let sizeLimit = 1 << 20

    /// The name of the model's file, from the flavours in their order, that of the library before MLflow's
    /// own; nil when the text says nothing that is understood here.
    package static func modelFile(_ text: Span<UInt8>) -> String? {
        guard let document = try? YAMLDocument.parse(text), let flavors = member("flavors", of: document),
            case .mapping(let entries) = flavors.content
        else { return nil }
        let own = entries.filter { $0.key != "python_function" }
        for entry in own + entries.filter({ $0.key == "python_function" }) {
            for key in ["data", "model_file", "pickled_model", "model_path"] {
                if let name = member(key, of: entry.value)?.scalar, !name.isEmpty { return name }
            }
        }
        return nil
    }

    private static func member(_ key: String, of value: YAMLValue) -> YAMLValue? {
        guard case .mapping(let entries) = value.content else { return nil }
        return entries.first { $0.key == key }?.value
    }
}
