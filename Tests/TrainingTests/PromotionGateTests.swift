// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Training

@Suite struct PromotionGateTests {
    private let metrics = [Metric("roc_auc", 0.9), Metric("log_loss", 0.3)]

    private func holds(_ text: String, live: [Metric]?) throws -> [Bool] {
        let comparison = live.map { ModelComparison(live: "m/1", metrics: $0) }
        return try PromotionGate(text)
            .verdicts(metrics, task: .classification, comparison: comparison).map(\.holds)
    }

    @Test(arguments: [
        ("roc_auc>=0.9", true), ("roc_auc > 0.9", false), ("log_loss<0.31", true), ("log_loss <= live", true),
        ("log_loss<live", false), ("roc_auc>=live-0.05", true), ("roc_auc>=live+0.01", false),
        ("better", true),
    ])
    func aCondition(text: String, expected: Bool) throws {
        #expect(try holds(text, live: metrics) == [expected])
    }

    @Test func allConditionsAreJudged() throws {
        #expect(try holds("roc_auc>=0.5, log_loss<=0.1", live: nil) == [true, false])
    }

    @Test func withoutALiveModel_whatComparesWithItHolds() throws {
        #expect(try holds("better,roc_auc>live+0.5", live: nil) == [true, true])
    }

    @Test func aLiveModelThatCannotAnswer_isNotBeaten() throws {
        let comparison = ModelComparison(live: "m/1", obstacle: "it wants the column \"x\"")
        let verdicts = try PromotionGate("better")
            .verdicts(metrics, task: .classification, comparison: comparison)
        #expect(verdicts.map(\.holds) == [false])
        #expect(verdicts[0].reason.contains("\"x\""))
    }

    @Test func aMetricThatIsNotThere_holdsNothing() throws {
        #expect(try holds("rmse<=1", live: nil) == [false])
    }

    @Test(arguments: [
        "", "roc_auc", "roc_auc>=", ">=0.9", "roc_auc=>0.9", "roc_auc>=live*2", "a b>=nan", "x>=live0.1",
    ])
    func whatCannotBeRead_isRefused(text: String) {
        let error = #expect(throws: TrainingError.self) { try PromotionGate(text) }
        #expect(error?.code == "setting")
    }
}
