// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat
internal import Tabular

/// Which input feature each column behind the stages comes from; nil when a column comes from several.
func columnSources(_ stages: [PreprocessingStage], _ schema: FeatureSchema) -> [Int32]? {
    let namedCount = stages.prefix { $0.isNamed }.count
    guard var sources = namedSources(stages.prefix(namedCount), schema) else { return nil }
    for stage in stages.dropFirst(namedCount) {
        switch stage {
        case .columns: return nil
        case .impute, .scale, .affine, .recode: break
        case .select(let columns): sources = columns.map { sources[$0] }
        case .encode(let encodings):
            sources = zip(sources, encodings).flatMap { source, encoding in
                repeatElement(source, count: encoding.width)
            }
        case .categoryStatistics(let statistics):
            let width = sources.count
            for table in statistics.tables {
                let parts = Set(table.parts.map { $0.column })
                guard parts.count == 1, let column = parts.first, column < width else { return nil }
                sources.append(sources[column])
            }
        }
    }
    return sources
}

/// Likewise behind the stages of named columns: an output comes from the feature that all inputs of its stage
/// come from.
private func namedSources(_ stages: ArraySlice<PreprocessingStage>, _ schema: FeatureSchema) -> [Int32]? {
    var frame = ColumnFrame(schema)
    var sources: [String: Int32?] = [:]
    for (index, feature) in schema.features.enumerated() { sources[feature.name] = Int32(index) }
    for stage in stages {
        guard case .columns(let columnStage) = stage else { continue }
        let inputs = columnStage.inputs.map { sources[$0] ?? nil }
        var found: [Int32?] = []
        for index in columnStage.outputs.indices {
            if columnStage.operation.isColumnwise {
                found.append(inputs[index])
            } else {
                found.append(Set(inputs).count == 1 ? inputs.first ?? nil : nil)
            }
        }
        do { try frame.apply(columnStage, part: "stages") } catch { return nil }
        for (name, source) in zip(columnStage.outputs, found) { sources[name] = .some(source) }
    }
    var result: [Int32] = []
    for column in frame.columns {
        guard let source = sources[column.name] ?? nil else { return nil }
        result.append(source)
    }
    return result
}
