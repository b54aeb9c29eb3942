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

    @Test func linksToHeadings_resolve() throws {
        let violations = try pages().flatMap {
            try DocumentLaw.anchorViolations($0, text: try repository.text($0), page: repository.text)
        }
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func everyPage_isInTheReadingList() throws {
        let violations = DocumentLaw.unlistedPages(
            pages(), readingList: try repository.text("docs/README.md"))
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

    @Test(arguments: ["[a](b.md#gone)", "[a](#two)", "# One\n[a](../docs/b.md#one)"])
    func aLinkToNoHeading_isFound(text: String) {
        let found = DocumentLaw.anchorViolations("docs/a.md", text: text) { _ in "# Other\n```\n# gone\n```\n"
        }
        #expect(found.count == 1)
    }

    @Test(arguments: [
        "[a](b.md#other-things-of-modelctl-2)", "# One\n[a](#one)", "[a](https://example.org/b#gone)",
        "[a](b.md)",
        "`[a](b.md#gone)`",
    ])
    func aLinkToAHeading_passes(text: String) {
        let found = DocumentLaw.anchorViolations("docs/a.md", text: text) { _ in
            "# Other things, of `modelctl` 2\n"
        }
        #expect(found == [])
    }

    @Test func aPageThatIsNotListed_isFound() {
        let list = "[a](reference/a.md), `[b](reference/b.md)`"
        let paths = ["README.md", "docs/README.md", "docs/reference/a.md", "docs/reference/b.md"]
        let found = DocumentLaw.unlistedPages(paths, readingList: list)
        #expect(found.map(\.path) == ["docs/reference/b.md"])
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
