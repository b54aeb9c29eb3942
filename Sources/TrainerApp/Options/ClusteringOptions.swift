// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Training

/// The settings of k-means.
struct ClusteringOptions: ParsableArguments {
    @Option(help: ArgumentHelp("kmeans: groups.", valueName: "count"))
    var clusters = KMeansLearner.Settings().clusters

    @Option(help: ArgumentHelp("kmeans: times it is begun anew; the best is kept.", valueName: "count"))
    var starts = KMeansLearner.Settings().starts

    var learner: any Learner {
        var settings = KMeansLearner.Settings()
        settings.clusters = clusters
        settings.starts = starts
        return KMeansLearner(settings)
    }
}
