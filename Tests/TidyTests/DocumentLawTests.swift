// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite struct DocumentLawTests {
    let repository = Repository.current

    private func pages() -> [String] { repository.paths.filter { $0.hasSuffix(".md") } }

    @Test func pages_haveOneHeadingOfTheFirstLevel() throws {
        #expect(!pages().isEmpty)
        let violations = try pages().flatMap {
            DocumentLaw.headingViolations($0, text: try repository.text($0))
        }
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func linksBetweenPages_resolve() throws {
        let violations = try pages().flatMap {
            DocumentLaw.linkViolations($0, text: try repository.text($0), exists: repository.exists)
        }
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func theReadme_namesTheTwoCommands() throws {
        let violations = DocumentLaw.commandViolations(readme: try repository.text("README.md"))
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func continuousIntegration_callsMakeTest() throws {
        let path = repository.root.appendingPathComponent(".ci/run").path
        let violations = DocumentLaw.entryViolations(
            ci: try repository.text(".ci/run"),
            isExecutable: FileManager.default.isExecutableFile(atPath: path))
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test(arguments: ["no heading", "# One\n# Two\n", "```\n# fenced\n```\n"])
    func aPageWithoutItsOneHeading_isFound(text: String) {
        #expect(DocumentLaw.headingViolations("a.md", text: text).count == 1)
    }

    @Test func aPageWithOneHeading_passes() {
        let text = "# One\n```sh\n# comment\n```\n## Two\n"
        #expect(DocumentLaw.headingViolations("a.md", text: text) == [])
    }

    @Test(arguments: ["[a](gone.md)", "see [a](../gone.md#part) now", "![a](/img/gone.png \"title\")"])
    func aDeadLink_isFound(text: String) {
        let found = DocumentLaw.linkViolations("docs/a.md", text: text) { $0 == "docs/b.md" }
        #expect(found.count == 1)
    }

    @Test(arguments: [
        "[a](b.md)", "[a](./b.md#part)", "[a](../docs/b.md)", "[a](/docs/b.md)", "[a](#part)",
        "[a](https://example.org/b)", "`[a](gone.md)`", "```\n[a](gone.md)\n```",
    ])
    func aLiveLink_passes(text: String) {
        #expect(DocumentLaw.linkViolations("docs/a.md", text: text) { $0 == "docs/b.md" } == [])
    }

    @Test func aReadmeWithoutACommand_isFound() {
        #expect(DocumentLaw.commandViolations(readme: "Run make demo.").count == 1)
        #expect(DocumentLaw.commandViolations(readme: "").count == 2)
    }

    @Test func aScriptThatSkipsTheTests_isFound() {
        #expect(DocumentLaw.entryViolations(ci: "# make test\nmake lint", isExecutable: true).count == 1)
        #expect(DocumentLaw.entryViolations(ci: "exec make tests", isExecutable: true).count == 1)
        #expect(DocumentLaw.entryViolations(ci: "exec make test", isExecutable: false).count == 1)
    }
}
