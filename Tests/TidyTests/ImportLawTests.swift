// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite struct ImportLawTests {
    @Test func everyImport_isAllowedByTheLaw() throws {
        let sources = try Repository.swiftSources(under: "Sources/")
        #expect(!sources.isEmpty)
        let violations = sources.flatMap(ImportLaw.violations(in:))
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func everyDeclaredDependency_isAllowedByTheLaw() throws {
        let text = try Repository.current.text("Package.swift")
        let violations = ImportLaw.violations(inManifest: text)
        #expect(violations.isEmpty, "\(violations.report)")
    }

    /// A line for a target that is not there, or a right that nobody has asked for, would be found out late.
    @Test func theTable_namesTheTargetsThatThereAre() throws {
        let folders = Set(
            Repository.current.paths(under: "Sources/", withExtension: "swift").map {
                String($0.split(separator: "/")[1])
            })
        #expect(Set(ImportLaw.table.keys) == folders.union(["TestKit"]))
        let known = Set(ImportLaw.table.keys).union(ImportLaw.doors).union(["ArgumentParser"])
        for (target, entry) in ImportLaw.table {
            #expect(entry.imports.isSubset(of: known), "\(target)")
        }
        for door in ImportLaw.doors {
            let users = ImportLaw.table.filter { $0.value.imports.contains(door) }
            #expect(!users.isEmpty, "\(door)")
            #expect(
                !Repository.current.paths(under: "Sources/\(door)/", withExtension: "h").isEmpty, "\(door)")
        }
    }

    /// The table itself: an entry may only name targets of its own level or below, and no cycle follows.
    @Test func theTable_neverPointsUpwards() {
        for (target, entry) in ImportLaw.table {
            for module in entry.imports {
                guard let imported = ImportLaw.table[module] else { continue }
                #expect(imported.level <= entry.level, "\(target) -> \(module)")
                #expect(
                    !(ImportLaw.table[module]?.imports.contains(target) ?? false), "\(target) <-> \(module)")
            }
        }
    }

    @Test(arguments: [
        ("Sources/Base/A.swift", "import Tabular"),
        ("Sources/Base/A.swift", "public import Tabular"),
        ("Sources/Base/A.swift", "@testable import Serving"),
        ("Sources/Base/A.swift", "@_implementationOnly import COpenSSL"),
        ("Sources/Base/A.swift", "package import struct Tabular.RowBlock"),
        ("Sources/Base/A.swift", "import Glibc; import Registry"),
        ("Sources/Base/A.swift", "#if canImport(Foundation)\nimport Foundation\n#endif"),
        ("Sources/Dialects/A.swift", "import Registry"),
        ("Sources/Dialects/A.swift", "import Net"),
        ("Sources/HTTP/A.swift", "import FoundationEssentials"),
        ("Sources/HTTP/A.swift", "import NIOCore"),
        ("Sources/Tabular/A.swift", "import CPosix"),
        ("Sources/Inference/A.swift", "import Telemetry"),
        ("Sources/DaemonApp/A.swift", "import Training"),
        ("Sources/DaemonApp/A.swift", "import ArgumentParser"),
        ("Sources/modeld/main.swift", "import Serving"),
        ("Sources/Unheard/A.swift", "let a = 1"),
    ])
    func aForbiddenImport_isFound(path: String, text: String) {
        #expect(ImportLaw.violations(in: SwiftSource(path: path, text: text)).count == 1)
    }

    @Test(arguments: [
        (
            "Sources/Base/A.swift",
            "import CPosix\nimport Glibc\ninternal import Synchronization\nimport Dispatch"
        ),
        ("Sources/Base/A.swift", "// import Tabular\nlet important = \"import Tabular\""),
        ("Sources/DaemonApp/A.swift", "import Foundation\nimport Serving"),
        ("Sources/TrainerApp/A.swift", "import ArgumentParser\nimport Training"),
        ("Tests/BaseTests/A.swift", "import Foundation"),
    ])
    func anAllowedImport_passes(path: String, text: String) {
        #expect(ImportLaw.violations(in: SwiftSource(path: path, text: text)) == [])
    }

    @Test(arguments: [
        "library(\"Base\", imports: [\"CPosix\", \"Tabular\"]),",
        "library(\n    \"Dialects\",\n    imports: [\n        \"Base\", \"HTTP\",\n        \"Registry\",\n    ]),",
        "executable(\"modeld\", app: \"ControlApp\"),",
        "library(\"Unheard\", imports: [\"Base\"]),",
    ])
    func aForbiddenDependency_isFound(manifest: String) {
        #expect(ImportLaw.violations(inManifest: manifest).count == 1)
    }
}
