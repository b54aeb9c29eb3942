// SPDX-License-Identifier: Apache-2.0
import Telemetry
import Testing

struct ModelMetricsTests {
    @Test func seriesOfAVersion_existUntilItIsGone() {
        let registry = MetricRegistry()
        do {
            let metrics = ModelMetrics(registry, model: "churn", version: "3")
            metrics.record(rows: 5, isError: false, nanoseconds: 1000)
            metrics.record(rows: 0, isError: true, nanoseconds: 1000)
            let text = rendered(registry)
            #expect(text.contains("modeld_model_inferences_total{model=\"churn\",version=\"3\"} 5\n"))
            #expect(text.contains("{model=\"churn\",version=\"3\",outcome=\"success\"} 1\n"))
            #expect(text.contains("{model=\"churn\",version=\"3\",outcome=\"error\"} 1\n"))
            #expect(text.contains("modeld_model_ready{model=\"churn\",version=\"3\"} 1\n"))
            let samples = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
            #expect(samples.count == ModelMetrics.seriesCount, "\(text)")
        }
        #expect(rendered(registry) == "")
    }

    @Test func beyondTheLimit_modelsAreCountedAsOther() {
        let registry = MetricRegistry(modelSeriesLimit: 2 * ModelMetrics.seriesCount + 1)
        let kept = (1...5).map { ModelMetrics(registry, model: "m\($0)", version: "1") }
        for metrics in kept { metrics.record(rows: 1, isError: false, nanoseconds: 1) }
        let text = rendered(registry)
        #expect(text.contains("modeld_model_inferences_total{model=\"m2\",version=\"1\"} 1\n"))
        #expect(!text.contains("m3"))
        #expect(text.contains("modeld_model_inferences_total{model=\"other\",version=\"other\"} 3\n"))
    }

    @Test func unloadedModels_makeRoomForOthers() {
        let registry = MetricRegistry(modelSeriesLimit: ModelMetrics.seriesCount)
        for index in 1...10 {
            let metrics = ModelMetrics(registry, model: "m\(index)", version: "1")
            metrics.record(rows: 1, isError: false, nanoseconds: 1)
            #expect(rendered(registry).contains("m\(index)"))
        }
        #expect(rendered(registry) == "")
    }

    @Test func aVersionLoadedAgain_keepsItsSeriesWhenTheFormerSelfGoes() {
        let registry = MetricRegistry()
        var former: ModelMetrics? = ModelMetrics(registry, model: "churn", version: "3")
        former?.record(rows: 1, isError: false, nanoseconds: 1)
        let successor = ModelMetrics(registry, model: "churn", version: "3")
        former = nil
        successor.record(rows: 1, isError: false, nanoseconds: 1)
        #expect(
            rendered(registry).contains("modeld_model_inferences_total{model=\"churn\",version=\"3\"} 2\n"))
    }
}
