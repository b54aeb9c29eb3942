// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Inference

/// Patterns of words; what ONNX Runtime answers to many of them is among the cases of the operators.
struct TokenPatternTests {
    @Test func theLongestMatchFromTheLeftIsAWord() throws {
        let pattern = try TokenPattern("a|ab|(?:cd){2}|[x-z]{1,2}")
        #expect(try pattern.words("abacdcdcdxyz", shortest: 1) == ["ab", "a", "cdcd", "xy", "z"])
        #expect(try pattern.words("abacdcdcdxyz", shortest: 2) == ["ab", "cdcd", "xy"])
    }

    @Test(arguments: [
        "^a", "a$", "(?i)a", "(?P<n>a)", "[[:alpha:]]", "\\pL", "\\1", "(a", "a)", "[a", "a**", "*a",
        "a{2,1}",
        "a{1001}", "a{,2}", "[z-a]", "[\\.-z]", "\\", "a\\é",
    ])
    func whatIsNotRead_isLeftToAnotherEngine(pattern: String) {
        let error = #expect(throws: OperatorError.self) { try TokenPattern(pattern) }
        #expect(error?.isUnsupported == true)
    }

    @Test(arguments: [
        "((((a{1000}){1000}){1000}){1000})", "((((){1000}){1000}){1000}){1000}",
        String(repeating: "(", count: 400) + "a" + String(repeating: ")", count: 400),
        String(repeating: "a", count: 2_000),
    ])
    func patternsThatWouldGrow_areRefused(pattern: String) {
        #expect(throws: OperatorError.self) { try TokenPattern(pattern) }
    }

    @Test func aTextThatTakesTooLong_isRefused() throws {
        let pattern = try TokenPattern("(a?a?a?a?a?a?a?a?)*b")
        #expect(try pattern.words("aaab", shortest: 1) == ["aaab"])
        let text = String(repeating: "a", count: 20_000)
        #expect(throws: OperatorError.self) { try pattern.words(text, shortest: 1) }
    }
}
