// SPDX-License-Identifier: Apache-2.0
import Glibc
import Inference
import ModelFormat
import Tabular
import Testing

@testable import Registry

/// Large models are given back on a thread of their own.
struct LeavingModelTests {
    private final class Former {
        weak var model: CompiledModel?
        init(model: CompiledModel?) { self.model = model }
    }

    @Test func aLargeModelThatIsReplaced_leavesMemory() throws {
        let store = try TestStore()
        try store.write(TestModel.wide(200_000), to: "m/1/model")
        try store.look()
        let former = Former(model: store.registry.view.models["m"]?.newest?.model)
        let bytes = try #require(store.registry.view.models["m"]?.newest?.memoryBytes)
        #expect(former.model != nil && bytes >= LeavingModel.largeBytes)
        try store.remove("m/1")
        try store.look()
        #expect(store.registry.view.models["m"]?.newest == nil)
        // The thread that has it ends by itself.
        while former.model != nil { sched_yield() }
    }

    /// Somebody else holds it for long: the thread does not wait for that.
    @Test func aModelThatIsStillUsed_stays() throws {
        let store = try TestStore()
        try store.write(TestModel.wide(200_000), to: "m/1/model")
        try store.look()
        let kept = try #require(store.registry.view.models["m"]?.newest?.model)
        try store.remove("m/1")
        try store.look()
        #expect(kept.schema.count == 200_000)
    }
}
