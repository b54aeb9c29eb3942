// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite struct SafetyLawTests {
    @Test func everyEscape_saysWhyItIsSafe() throws {
        let violations = try Repository.swiftSources(under: "Sources/")
            .flatMap(SafetyLaw.violations(in:))
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func noLibrary_endsTheProcessOrPrints() throws {
        let violations = try Repository.swiftSources(under: "Sources/")
            .flatMap(SafetyLaw.forbiddenCalls(inLibrary:))
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test(arguments: [
        "func f() {\n    unsafe g()\n}",
        "func f() {\n    let a = b[unsafe c]\n}",
        "func f() {\n    use(unsafe base)\n}",
        "final class A: @unchecked Sendable {}",
        "nonisolated(unsafe) var a = 1",
        "func f(_ a: Any) -> Int { a as! Int }",
        "func f() { try! g() }",
        // The comment of another function does not count.
        """
        func f() {
            // Safe because f owns it.
            unsafe g()
        }

        func h() {

            unsafe g()
        }
        """,
        // Nor does one that stands too far above a declaration, below the use, or in a string.
        "// Safe because it is.\n\n\n\nfinal class A: @unchecked Sendable {}",
        "func f() {\n    unsafe g()\n    // Safe because it is.\n}",
        "func f() {\n    log(\"// Safe because it is.\")\n    unsafe g()\n}",
        "func f() {\n    log(\"\\(unsafe g())\")\n}",
        // A word on a cover note is no reason.
        "func f() {\n    // Safe.\n    unsafe g()\n}",
    ])
    func anUnexplainedEscape_isFound(text: String) {
        #expect(SafetyLaw.violations(in: SwiftSource(path: "Sources/Base/A.swift", text: text)).count == 1)
    }

    @Test(arguments: [
        "func f() {\n    // Safe because f owns it.\n    _ = b()\n\n\n\n    unsafe g()\n    unsafe h()\n}",
        "// Safe because the lock guards it.\nfinal class A: @unchecked Sendable {}",
        "final class A: @unchecked Sendable {\n    // Safe because the lock guards it.\n}",
        "var start: Pointer { unsafe base + 1 }  // Safe because count is checked.",
        "@unsafe func f() {}\nlet a = \"unsafe g()\"  // unsafe in prose",
        "let span = Span(_unsafeStart: base, count: 1)",
        """
        var bytes: Span<UInt8> {
            @_lifetime(borrow self)
            get {
                // Safe because the bytes are initialised.
                unsafe make()
            }
        }
        """,
    ])
    func anExplainedEscape_passes(text: String) {
        #expect(SafetyLaw.violations(in: SwiftSource(path: "Sources/Base/A.swift", text: text)) == [])
    }

    @Test(arguments: [
        "fatalError(\"no\")", "print(1)", "let a = try! f()", "debugPrint(1)", "if x { exit(1) }",
    ])
    func aForbiddenCall_isFoundInALibraryOnly(text: String) {
        let inLibrary = SwiftSource(path: "Sources/Base/A.swift", text: text)
        #expect(SafetyLaw.forbiddenCalls(inLibrary: inLibrary).count == 1)
        let inApp = SwiftSource(path: "Sources/ControlApp/A.swift", text: text)
        #expect(SafetyLaw.forbiddenCalls(inLibrary: inApp) == [])
    }

    @Test func aMethodCalledPrint_isNoPrint() {
        let source = SwiftSource(path: "Sources/Base/A.swift", text: "out.print(1)\nblueprint(2)")
        #expect(SafetyLaw.forbiddenCalls(inLibrary: source) == [])
    }
}
