// SPDX-License-Identifier: Apache-2.0
import Base
import Testing

@testable import Inference

/// docs/reference/onnx.md lists the operators that run here.
struct OperatorPageTests {
    private static let page: String = {
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/") + "/docs/reference/onnx.md"
    }()

    /// The table as the page has it, made from the code.
    private var table: String {
        var lines = ["| set | operator | versions |", "|---|---|---|"]
        for claim in OperatorTable.claims {
            let (first, last) = (claim.versions.lowerBound, claim.versions.upperBound)
            lines.append("| `\(claim.domain)` | `\(claim.name)` | \(first) to \(last) |")
        }
        return lines.joined(separator: "\n")
    }

    @Test func thePage_listsEveryOperator() throws {
        let text = String(decoding: try File.read(Self.page, limit: 1 << 20), as: UTF8.self)
        #expect(text.contains(table), "the table of operators should be:\n\(table)")
    }
}
