// SPDX-License-Identifier: Apache-2.0
package import Tabular

/// An optional input beside the features: margins for rows to start from, such as XGBoost's `base_margin`.
package struct RowMargins: Sendable {
    /// What the library calls it, and so requests do.
    package let name: String
    /// Margins a row.
    package let width: Int
    package let numberType: NumberType

    /// The margins as columns, for what reads the cells of a block.
    package var index: SchemaIndex {
        SchemaIndex(
            FeatureSchema(
                features: (0..<width).map {
                    Feature(name: width == 1 ? name : "\(name)[\($0)]", kind: .numeric)
                }))
    }

    /// All of a row's margins, as an input fills them.
    package var target: InputBinder.Target {
        InputBinder.Target(firstColumn: 0, columnCount: width, isCategorical: false)
    }
}
