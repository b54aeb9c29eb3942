// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Training

/// At least as good as scikit-learn and XGBoost on the same rows, measured with the serving kernels.
@Suite struct QualityTests {
    private func value(_ name: String, _ metrics: [Metric]) throws -> Double {
        try #require(metrics.first { $0.name == name }?.value)
    }

    @Test(arguments: ["breast_cancer", "wine", "iris"])
    func logisticRegression_isAsGoodAsScikitLearns(data: String) throws {
        let metrics = try Baselines.trainer(data).train(.logistic).testMetrics
        for name in ["accuracy", "log_loss", "roc_auc"] {
            let expected = try Baselines.metric(data, "logreg", name)
            // scikit-learn stops at a looser tolerance, and its binary classifier with it.
            #expect(abs(try value(name, metrics) - expected) < 1e-3, "\(name)")
        }
    }

    @Test func ridgeRegression_isAsGoodAsScikitLearns() throws {
        let metrics = try Baselines.trainer("diabetes").train(.linear).testMetrics
        for name in ["rmse", "mae", "r2"] {
            #expect(
                abs(try value(name, metrics) - Baselines.metric("diabetes", "ridge", name)) < 1e-9, "\(name)")
        }
    }

    @Test func trees_areAsGoodAsTheBestOfScikitLearnAndXGBoost() throws {
        let cancer = try Baselines.trainer("breast_cancer").train(.gbdt).testMetrics
        let diabetes = try Baselines.trainer("diabetes").train(.gbdt).testMetrics
        for peer in ["hgb", "xgb_default"] {
            #expect(try value("accuracy", cancer) >= Baselines.metric("breast_cancer", peer, "accuracy"))
            #expect(try value("roc_auc", cancer) >= Baselines.metric("breast_cancer", peer, "roc_auc"))
            #expect(try value("log_loss", cancer) <= Baselines.metric("breast_cancer", peer, "log_loss"))
            #expect(try value("rmse", diabetes) <= Baselines.metric("diabetes", peer, "rmse"))
            #expect(try value("r2", diabetes) >= Baselines.metric("diabetes", peer, "r2"))
        }
    }
}

extension QualityTests {
    /// The best of the gradient-boosting baselines, less one test row.
    @Test(arguments: [("wine", 45.0), ("iris", 38)])
    func treesOfSeveralClasses_areWithinARowOfTheBest(data: String, testRows: Double) throws {
        let metrics = try Baselines.trainer(data).train(.gbdt).testMetrics
        let accuracy = try #require(metrics.first { $0.name == "accuracy" }?.value)
        for peer in ["hgb", "xgb_default", "lgb_default"] {
            let expected = try Baselines.metric(data, peer, "accuracy")
            #expect(accuracy >= expected - 1.01 / testRows, "\(peer): \(accuracy), \(expected)")
        }
    }

    /// A forest of 100 trees is a draw of chance: two test rows, or three hundredths, are within it.
    @Test(arguments: ["random_forest", "extra_trees"])
    func forests_areAsGoodAsScikitLearns(name: String) throws {
        let algorithm = try #require(Algorithm.named(name))
        let cancer = try Baselines.trainer("breast_cancer").train(algorithm).testMetrics
        let accuracy = try #require(cancer.first { $0.name == "accuracy" }?.value)
        let expected = try Baselines.metric("breast_cancer", "rf100", "accuracy")
        #expect(accuracy >= expected - 2.01 / 143, "\(accuracy)")
        let diabetes = try Baselines.trainer("diabetes").train(algorithm).testMetrics
        let error = try #require(diabetes.first { $0.name == "rmse" }?.value)
        #expect(error <= 1.03 * (try Baselines.metric("diabetes", "rf100", "rmse")), "\(error)")
    }
}
