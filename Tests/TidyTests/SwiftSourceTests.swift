// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite struct SwiftSourceTests {
    @Test(arguments: [
        ("let a = 1 // b", "let a = 1", "// b"),
        ("let a = \"// b\"", "let a =", ""),
        ("let a = \"x\\\"// b\" + c", "let a = + c", ""),
        ("let a = \"\\(f(\"{\", b))\"", "let a = (f( , b))", ""),
        ("let a = #\"\\(b) \" { \"# + c", "let a = + c", ""),
        ("a /* b /* c */ d */ e", "a e", "b c d"),
        ("let a = \"\" + b", "let a = + b", ""),
    ])
    func codeAndComments_areToldApart(line: String, code: String, comment: String) {
        let source = SwiftSource(path: "A.swift", text: line)
        #expect(trimmed(source.code[0]) == code)
        #expect(trimmed(source.comments[0]) == comment)
    }

    @Test func aStringOverSeveralLines_isNoCode() {
        let source = SwiftSource(
            path: "A.swift", text: "let a = \"\"\"\n    { \" // b\n    \"\"\"\nlet c = 1")
        #expect(source.code.map(trimmed) == ["let a =", "", "", "let c = 1"])
        #expect(source.comments.allSatisfy { trimmed($0).isEmpty })
    }

    @Test func functions_areFoundInnermostFirst() {
        let text = """
            struct A {
                let a = [1].map { $0 }
                var b: Int { 1 }

                mutating func c<T>(_ d: T) throws(E) -> Int where T: Hashable {
                    if let e = f(d) { return e }
                    func g() {
                        _ = A.init(1)
                    }
                    return 1
                }

                init?(x: Int = { 3 }()) {
                    self.init()
                }

                var h: Int {
                    get { 1 }
                    _modify { yield &x }
                }
            }
            """
        let source = SwiftSource(path: "A.swift", text: text)
        let names = source.functions.sorted {
            ($0.lines.lowerBound, $0.name) < ($1.lines.lowerBound, $1.name)
        }
        #expect(names.map(\.name) == ["b", "c", "g", "init", "h", "get", "_modify"])
        #expect(source.function(around: 8)?.name == "g")
        #expect(source.function(around: 10)?.name == "c")
        #expect(source.function(around: 10)?.lines == 5...11)
        #expect(source.function(around: 2) == nil)
    }

    /// Without the spaces that stand for what was left out.
    private func trimmed(_ line: String) -> String {
        line.split(separator: " ").joined(separator: " ")
    }
}
