// SPDX-License-Identifier: Apache-2.0
internal import Tabular

/// What Vertex AI's `instanceConfig` says about the fields of a record: which one names it, and which are
/// kept from the model.
package struct VertexFields: Sendable, Equatable {
    /// Not for the model; stands in each answer in the instance's place.
    package var key: String?
    /// Only these are for the model; empty: all.
    package var included: [String] = []
    /// These are not for the model.
    package var excluded: [String] = []

    package init() {}

    /// - Throws: `withheldFeature` when the model needs a field that it is not to see.
    func check(_ schema: FeatureSchema) throws(BatchError) {
        for feature in schema.features where !isForModel(feature.name) {
            throw .withheldFeature(feature.name)
        }
    }

    private func isForModel(_ name: String) -> Bool {
        name != key && !excluded.contains(name) && (included.isEmpty || included.contains(name))
    }

    /// The names of a CSV file's columns as the model's: those that stand in its header, or, when features
    /// are missing there and as many columns are for the model as it has features, these in their order,
    /// since Vertex AI makes an array of each row.
    func columns(_ names: [String], _ schema: FeatureSchema) -> [String] {
        let given = Set(names)
        if schema.features.allSatisfy({ given.contains($0.name) }) { return names }
        let places = names.indices.filter { isForModel(names[$0]) }
        guard places.count == schema.features.count else { return names }
        var names = names
        for (place, feature) in zip(places, schema.features) { names[place] = feature.name }
        return names
    }
}
