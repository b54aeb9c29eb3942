// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Which input feature each column behind the stages comes from.
func columnSources(_ stages: [PreprocessingStage], featureCount: Int) -> [Int32] {
    var sources = (0..<Int32(featureCount)).map { $0 }
    for stage in stages {
        guard case .encode(let encodings) = stage else { continue }
        sources = zip(sources, encodings).flatMap { source, encoding in
            repeatElement(source, count: encoding.width)
        }
    }
    return sources
}
