// SPDX-License-Identifier: Apache-2.0
import ModelFormat
import Testing

@testable import Training

@Suite struct TreePruningTests {
    /// One tree: at the root 0.5 of feature 0; on its right 1.5 of feature 1, which hardly matters.
    private var ensemble: TreeEnsemble {
        var ensemble = TreeEnsemble(
            roots: [0], groups: [0], features: [0, -1, 1, -1, -1], values: [0.5, -2, 1.5, 1, 1.25],
            lefts: [1, -1, 3, -1, -1], rights: [2, -1, 4, -1, -1],
            defaultsLeft: [true, false, true, false, false], baseMargins: [0])
        ensemble.covers = [40, 10, 30, 20, 10]
        return ensemble
    }

    @Test func aSplitSaves_whatItsLeavesDiffer() throws {
        let pruning = try #require(TreePruning(ensemble))
        // 20 · 10 / 30 · 0.25² for the lower one; the root saves 10 · 30 / 40 · (3 + 1/12)² more, for two
        // leaves.
        let lower = 20.0 * 10 / 30 * 0.0625
        let root = 10.0 * 30 / 40 * (3 + 1.0 / 12) * (3 + 1.0 / 12)
        let alphas = pruning.alphas
        #expect(abs(alphas[0] - lower) < 1e-9)
        #expect(abs(alphas[1] - (root + lower) / 2) < 1e-9)
    }

    @Test func whatIsNotWorthIt_becomesALeafOfTheMean() throws {
        let pruning = try #require(TreePruning(ensemble))
        #expect(pruning.pruned(0) == ensemble)
        let pruned = pruning.pruned(1)
        #expect(pruned.features == [0, -1, -1])
        #expect(pruned.lefts == [1, -1, -1] && pruned.rights == [2, -1, -1])
        #expect(pruned.values == [0.5, -2, Double(Float(1 + 0.25 / 3))])
        #expect(pruned.covers == [40, 10, 30])
        #expect(pruned.defaultsLeft == [true, false, false])
        let stump = pruning.pruned(1_000)
        #expect(stump.nodeCount == 1 && stump.features == [-1])
    }

    @Test func leafVectorsAndLaterTrees_moveUp() throws {
        var vectors = ensemble
        vectors.roots = [0, 5]
        vectors.groups = [0, 0]
        vectors.features += [0, -1, -1]
        vectors.values = [0.5, 0, 1.5, 0, 0, 7, 0, 0]
        vectors.lefts += [6, -1, -1]
        vectors.rights += [7, -1, -1]
        vectors.defaultsLeft += [false, false, false]
        vectors.covers += [40, 20, 20]
        vectors.baseMargins = [0, 0]
        vectors.leafVectors = [1, 0, 0.5, 0.5, 0.5, 0.5, 0, 1, 1, 0]
        let pruned = try #require(TreePruning(vectors)).pruned(1e-9)
        #expect(pruned.roots == [0, 3])
        #expect(pruned.features == [0, -1, -1, 0, -1, -1])
        #expect(pruned.lefts == [1, -1, -1, 4, -1, -1])
        #expect(pruned.leafVectors == [1, 0, 0.5, 0.5, 0, 1, 1, 0])
    }

    @Test func withoutCovers_nothingIsKnown() {
        var bare = ensemble
        bare.covers = []
        #expect(TreePruning(bare) == nil)
    }
}
