// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// An ensemble in the forms that it is run in: nodes with offsets always, for they explain and find leaves
/// too; levels where they are faster.
///
/// A class: the tables have a dozen reference counts, and whoever takes it out of the kernel's enumeration
/// would touch each of them.
final class CompiledTrees<Node: TreeNode, Sum: MarginNumber>: Sendable {
    let forest: TreeForest<Node, Sum>
    let levels: LevelForest<Node.Value, Sum>?

    /// Nil when a number of the model does not fit into `Node`.
    init?(_ builder: TreeForestBuilder, nodes: Node.Type, sums: Sum.Type) {
        guard let forest = builder.forest(of: nodes, sums: sums) else { return nil }
        self.forest = forest
        levels = builder.levelForest(of: Node.Value.self, sums: sums)
    }

    /// One row takes half of the time by levels; blocks of Float64 rows 0.93 of it, of Float32 rows 1.07.
    private static func levelsWin(_ rowCount: Int) -> Bool {
        rowCount <= 6 || MemoryLayout<Node.Value>.size > 4
    }

    /// As `TreeForest.run`; the bits are the same in either form.
    func run(
        _ rows: Span<Node.Value>, rowCount: Int, rowMargins: Span<Sum>,
        into margins: inout MutableSpan<Sum>, gathered: inout [Node.Value], sums: inout [Sum]
    ) {
        if let levels, Self.levelsWin(rowCount) {
            levels.run(
                rows, rowCount: rowCount, rowMargins: rowMargins, into: &margins, gathered: &gathered,
                sums: &sums)
        } else {
            forest.run(
                rows, rowCount: rowCount, rowMargins: rowMargins, into: &margins, gathered: &gathered,
                sums: &sums)
        }
    }
}
