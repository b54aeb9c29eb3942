// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite struct TreeLawTests {
    let repository = Repository.current

    @Test func paths_haveNoSpaces() {
        let violations = TreeLaw.nameViolations(repository.paths)
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func files_areSmall() {
        let violations = repository.paths.flatMap {
            TreeLaw.sizeViolations($0, byteCount: repository.byteCount($0))
        }
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func sources_carryTheirLicence() throws {
        let paths = ["swift", "c", "h", "sh", "py"].flatMap { repository.paths(withExtension: $0) }
            .filter { $0 != "Package.swift" }
        let scripts = repository.paths.filter { $0.hasPrefix("scripts/") && !$0.contains(".") }
        #expect(!paths.isEmpty)
        let violations = try (paths + scripts).flatMap {
            TreeLaw.licenceViolations($0, text: try repository.text($0))
        }
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func noMarkers_areLeftBehind() throws {
        let violations = try Repository.swiftSources().flatMap(TreeLaw.markerViolations(in:))
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func everyTarget_hasTests() {
        let violations = TreeLaw.untestedTargets(repository.paths)
        #expect(violations.isEmpty, "\(violations.report)")
    }

    /// The manifest, what it resolved to, and the checkouts themselves, where SwiftPM has written them.
    @Test(arguments: ["Package.swift", "Package.resolved", ".build/workspace-state.json"])
    func theDependencyGraph_hasNoSwiftNIO(path: String) throws {
        guard repository.exists(path) else { return }
        let violations = TreeLaw.networkingPackages(path, text: try repository.text(path))
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func aPathWithASpace_isFound() {
        #expect(TreeLaw.nameViolations(["a/b c.txt", "a/b.txt"]).map(\.path) == ["a/b c.txt"])
    }

    @Test func aBigFile_isFound() {
        #expect(TreeLaw.sizeViolations("a", byteCount: TreeLaw.byteCountMax) == [])
        #expect(TreeLaw.sizeViolations("a", byteCount: TreeLaw.byteCountMax + 1).count == 1)
    }

    @Test(arguments: [
        "", "import Glibc\n", "// Apache\n// SPDX-License-Identifier: MIT", "#!/bin/sh\nset -e\n",
    ])
    func aMissingLicenceLine_isFound(text: String) {
        #expect(TreeLaw.licenceViolations("a", text: text).count == 1)
    }

    @Test(arguments: [
        "// SPDX-License-Identifier: Apache-2.0\nimport Glibc",
        "#!/usr/bin/env bash\n# SPDX-License-Identifier: Apache-2.0\n",
        "/* SPDX-License-Identifier: Apache-2.0 */\n",
    ])
    func aLicenceLine_passes(text: String) {
        #expect(TreeLaw.licenceViolations("a", text: text) == [])
    }

    @Test func aMarker_isFoundInCommentsOnly() {
        let text = "// TODO later\nlet a = \"FIXME\"\n/* XXX */\n"
        let source = SwiftSource(path: "A.swift", text: text)
        #expect(TreeLaw.markerViolations(in: source).map(\.line) == [1, 3])
    }

    @Test func aTargetWithoutTests_isFound() {
        let paths = ["Sources/Base/A.swift", "Sources/HTTP/Codec/B.swift", "Sources/CPosix/CPosix.c"]
        let executable = ["Sources/modeld/main.swift"]
        let tests = ["Tests/HTTPTests/BTests.swift", "Tests/BaseTests/README.md"]
        #expect(TreeLaw.untestedTargets(paths + executable + tests).map(\.path) == ["Sources/Base"])
    }

    @Test func swiftNIO_isFoundWhereverItHides() {
        let manifest = ".package(url: \"https://example.org/apple/swift-nio-ssl.git\", from: \"2.0.0\")"
        #expect(
            TreeLaw.networkingPackages("Package.swift", text: "let a = 1\n" + manifest).map(\.line) == [2])
        let resolved = "{ \"identity\" : \"swift-nio\" }"
        #expect(TreeLaw.networkingPackages("Package.resolved", text: resolved).count == 1)
    }
}
