// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite struct SizeLawTests {
    @Test func files_areShort() throws {
        let long = try Repository.swiftSources().flatMap(SizeLaw.fileViolations(in:))
        let unlisted = long.filter { !SizeLaw.longFiles.contains($0.path) }
        #expect(unlisted.isEmpty, "\(unlisted.report)")
        let stale = SizeLaw.longFiles.subtracting(long.map(\.path))
        #expect(stale.isEmpty, "short by now, take off the list: \(stale.sorted())")
    }

    @Test func functions_areShort() throws {
        let long = try Repository.swiftSources().flatMap(SizeLaw.functionViolations(in:))
        let unlisted = long.filter { !SizeLaw.longFunctions.contains($0.key) }.map(\.violation)
        #expect(unlisted.isEmpty, "\(unlisted.report)")
        let stale = SizeLaw.longFunctions.subtracting(long.map(\.key))
        #expect(stale.isEmpty, "short by now, take off the list: \(stale.sorted())")
    }

    @Test func lines_areShort() throws {
        let repository = Repository.current
        // C's comments and strings look like ours.
        let doors = try (repository.paths(withExtension: "c") + repository.paths(withExtension: "h"))
            .map { SwiftSource(path: $0, text: try repository.text($0)) }
        let violations = try (Repository.swiftSources() + doors).flatMap(SizeLaw.columnViolations(in:))
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func aLongFile_isFound() {
        let text = String(repeating: "let a = 1\n", count: SizeLaw.fileLinesMax)
        #expect(SizeLaw.fileViolations(in: SwiftSource(path: "A.swift", text: text)) == [])
        let longer = SwiftSource(path: "A.swift", text: text + "let b = 1\n")
        #expect(SizeLaw.fileViolations(in: longer).count == 1)
    }

    @Test(arguments: [
        "func f() {", "init(a: Int) {", "deinit {", "var a: Int {", "subscript(i: Int) -> Int {",
        "func f(\n    a: () -> Void = { _ = 1 },\n    b: Int\n) -> Int where T: Equatable {",
    ])
    func aLongFunction_isFoundWhateverItsKind(header: String) {
        let headerLines = header.split(separator: "\n").count
        let body = String(repeating: "        _ = 1\n", count: SizeLaw.functionLinesMax - headerLines - 1)
        let fits = SwiftSource(path: "A.swift", text: "struct A {\n\(header)\n\(body)}\n}\n")
        #expect(SizeLaw.functionViolations(in: fits).isEmpty)
        let tooLong = SwiftSource(path: "A.swift", text: "struct A {\n\(header)\n\(body)_ = 2\n}\n}\n")
        let found = SizeLaw.functionViolations(in: tooLong)
        #expect(found.map(\.violation.line) == [2])
    }

    @Test(arguments: [
        (String(repeating: "a", count: SizeLaw.columnsMax), false),
        (String(repeating: "a", count: SizeLaw.columnsMax + 1), true),
        ("// " + String(repeating: "é", count: SizeLaw.columnsMax - 3), false),
        ("// " + String(repeating: "é", count: SizeLaw.columnsMax - 2), true),
        ("throws(\"" + String(repeating: "é ", count: SizeLaw.columnsMax) + "\"),", false),
        ("throws(\"" + String(repeating: "é ", count: SizeLaw.columnsMax) + "\", a)", true),
        ("throws(\"" + String(repeating: "é ", count: SizeLaw.columnsMax) + "\")  // why", true),
    ])
    func aLongLine_isFoundUnlessItIsText(line: String, isTooLong: Bool) {
        let source = SwiftSource(path: "A.swift", text: "\n" + line)
        #expect(SizeLaw.columnViolations(in: source).map(\.line) == (isTooLong ? [2] : []))
    }
}
