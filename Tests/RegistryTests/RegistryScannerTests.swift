// SPDX-License-Identifier: Apache-2.0
import Base
import Foundation
import Glibc
import Testing

@testable import Registry

struct RegistryScannerTests {
    /// Files made, the path served, and what is found: model/version:candidates.
    @Test(arguments: [
        (["a/1/m.bin", "a/2/m.bin", "b/10/x.json"], "", ["a/1:m.bin", "a/2:m.bin", "b/10:x.json"]),
        (["a/1/m", "a/1/manifest.json", "a/1/samples.jsonl", "a/1/README.md", "a/1/.m"], "", ["a/1:m"]),
        (["a/.publish-1/m", ".trash/1/m", "a/1/m"], "", ["a/1:m"]),
        (["a/01/m", "a/v1/m", "a/1/m", "a/-1/m"], "", ["a/1:m"]),
        (["a/1/model.txt"], "", ["a/1:model.txt"]),
        (["a/1/m1", "a/1/m2"], "", ["a/1:m1,m2"]),
        (["a/1/manifest.json"], "", ["a/1:"]),
        (["churn.json"], "churn.json", ["churn/1:churn.json"]),
        (["models/model.json"], "models", ["models/1:model.json"]),
        (["churn/1/m", "churn/2/m"], "churn", ["churn/1:m", "churn/2:m"]),
        (["2024/1/m", "2025/7/m"], "", ["2024/1:m", "2025/7:m"]),
        (["README.md", "a/1/m"], "", ["a/1:m"]),
        (["README.md"], "", []),
        ([], "", []),
    ])
    func layouts_areRecognised(_ files: [String], _ served: String, _ expected: [String]) throws {
        let store = try TestStore(serving: served)
        for file in files { try store.write([1], to: file) }
        let scan = try RegistryScanner(path: served.isEmpty ? store.root : store.path(served)).scan()
        #expect(found(scan) == expected)
    }

    private func found(_ scan: RegistryScan) -> [String] {
        scan.models.flatMap { model, versions in
            versions.map { "\(model)/\($0):\($1.candidates.map(\.name).joined(separator: ","))" }
        }.sorted()
    }

    @Test func theConfiguredName_isThatOfASingleModel() throws {
        let store = try TestStore()
        try store.write([1], to: "mnt/models/model.json")
        let scan = try RegistryScanner(path: store.path("mnt/models/"), singleName: "churn").scan()
        #expect(found(scan) == ["churn/1:model.json"])
    }

    @Test func namesThatCannotBeServed_areReported() throws {
        let store = try TestStore()
        try store.write([1], to: "a/1/m")
        for file in ["no spaces/1/m", "a/latest/m", "a/stray.json", "stray.json", "-x/1/m"] {
            try store.write([1], to: file)
        }
        try store.link("circle", to: "circle")
        try FileManager.default.createDirectory(
            atPath: store.path("a\nb"), withIntermediateDirectories: false)
        let scan = try RegistryScanner(path: store.root).scan()
        #expect(found(scan) == ["a/1:m"])
        #expect(
            Set(scan.problems.map { String($0.path.dropFirst(store.root.count + 1)) })
                == ["no spaces", "a/latest", "a/stray.json", "stray.json", "-x", "circle", "a\nb"])
    }

    @Test func namesThatAreNoUTF8_areReported() throws {
        let store = try TestStore()
        try store.write([1], to: "a/1/m")
        let name: [CChar] =
            Array(store.root.utf8CString.dropLast()) + [0x2F, CChar(bitPattern: 0xFF), 0x61, 0]
        // Safe because the array ends in a zero and lives for the calls.
        let made = unsafe mkdir(name, 0o755)
        #expect(made == 0)
        let scan = try RegistryScanner(path: store.root).scan()
        #expect(scan.problems.count == 1 && scan.problems[0].reason.contains("UTF-8"))
        _ = unsafe rmdir(name)
    }

    @Test func symbolicLinks_areFollowedAsMountsNeed() throws {
        let store = try TestStore()
        try store.write([1], to: "a/1/..2026_01/model.json")
        try store.link("a/1/..data", to: "..2026_01")
        try store.link("a/1/model.json", to: "..data/model.json")
        try store.write([1], to: "elsewhere/b/3/m")
        try store.link("b", to: "elsewhere/b")
        let scan = try RegistryScanner(path: store.root).scan()
        #expect(found(scan).filter { !$0.hasPrefix("elsewhere") } == ["a/1:model.json", "b/3:m"])
    }

    @Test func aMissingRegistry_isAnError() throws {
        let store = try TestStore()
        #expect(throws: SystemError.self) { try RegistryScanner(path: store.path("nowhere")).scan() }
    }

    @Test func pipesAndDirectories_areNoCandidates() throws {
        let store = try TestStore()
        try store.write([1], to: "a/1/sub/m")
        try store.makePipe("a/1/pipe")
        let scan = try RegistryScanner(path: store.root).scan()
        #expect(found(scan) == ["a/1:"])
    }
}
