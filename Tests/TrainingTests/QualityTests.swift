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
