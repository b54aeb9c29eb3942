// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Which input feature each column behind the stages comes from; nil when a column comes from several.
func columnSources(_ stages: [PreprocessingStage], featureCount: Int) -> [Int32]? {
    var sources = (0..<Int32(featureCount)).map { $0 }
    for stage in stages {
        switch stage {
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
