// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Registry

struct RegistryVerifierTests {
    @Test func aRegistry_isVerifiedWhole() throws {
        let store = try TestStore()
        for version in 1...3 {
            try store.write(TestModel.native(Double(version)), to: "a/\(version)/model")
        }
        try store.write([1, 2, 3], to: "a/4/model")
        try store.write(TestModel.native(1, golden: 2), to: "b/1/model")
        try store.write([1], to: "b/first/model")
        let report = RegistryVerifier.verify(store.root)
        #expect(
            report.verified.map { "\($0.model)/\($0.version) \($0.format)" } == [
                "a/1 native", "a/2 native", "a/3 native",
            ])
        #expect(Set(report.problems.map(\.code)) == ["unrecognised", "not_reproduced", "not_served"])
    }

    @Test func aFile_isVerified() throws {
        let store = try TestStore()
        try store.write(TestModel.xgboost(), to: "model.json")
        let report = RegistryVerifier.verify(store.path("model.json"))
        #expect(report.problems.isEmpty && report.verified.map(\.format) == ["xgboost-json"])
    }

    @Test func whatIsNotThere_isAProblem() throws {
        let store = try TestStore()
        #expect(RegistryVerifier.verify(store.path("nowhere")).problems.map(\.code) == ["system"])
        #expect(RegistryVerifier.verify(store.root).problems.map(\.code) == ["no_models"])
    }

    @Test func aFileThatIsNotWhatTheManifestSays_isAProblem() throws {
        let store = try TestStore()
        _ = try Publisher.publish(
            [.init(name: "model", bytes: try TestModel.native(1)), .init(name: "report.json", bytes: [1])],
            model: "a", registryPath: store.root)
        #expect(RegistryVerifier.verify(store.root).problems.isEmpty)
        try store.write([2], to: "a/1/report.json")
        #expect(RegistryVerifier.verify(store.root).problems.map(\.code) == ["digest_mismatch"])
        try store.remove("a/1/report.json")
        #expect(RegistryVerifier.verify(store.root).problems.map(\.code) == ["manifest_mismatch"])
    }
}
