// SPDX-License-Identifier: Apache-2.0
import Base
import Foundation
import Testing

@testable import ControlApp

/// Holds docs/reference/cli.md to what the program says of itself.
@Suite struct CommandPageTests {
    private static func page() throws -> String {
        let root = URL(filePath: Program.fixtures).deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: "docs/reference/cli.md"), encoding: .utf8)
    }

    @Test(arguments: [
        "list", "show", "predict", "verify", "sign", "health", "publish", "promote", "pin", "unpin",
        "rollback", "alias", "split", "shadow", "retire", "restore", "delete", "gc", "policy",
        "diff", "bench",
    ])
    func everyOption_isOnThePage(command: String) throws {
        let page = try Self.page()
        #expect(page.contains("\n## modelctl \(command)\n"))
        let help = try Program.run([command, "--help"]).output
        let options = help.split { $0.isWhitespace || "[]<>,.;".contains($0) }.filter { $0.hasPrefix("--") }
        #expect(!options.isEmpty)
        for option in Set(options) { #expect(page.contains(option), "\(command) \(option)") }
    }

    @Test(arguments: ["run", "verify", "merge"])
    func everyOptionOfBatch_isOnThePage(command: String) throws {
        let page = try Self.page()
        let help = try Program.run(["batch", command, "--help"]).output
        let options = help.split { $0.isWhitespace || "[]<>,.;".contains($0) }.filter { $0.hasPrefix("--") }
        #expect(options.count > 2)
        for option in Set(options) { #expect(page.contains(option), "batch \(command) \(option)") }
    }

    @Test func everyExitStatus_isOnThePage() throws {
        let page = try Self.page()
        let statuses: [ControlError] = [
            .invalidModelReference(""), .noRows(place: ""), .unreadable(.init("open", on: "", code: 2)),
            .unhealthy(""), .unreachable(server: "", reason: ""),
            .unexpectedAnswer(server: "", path: "", reason: ""),
        ]
        for error in statuses { #expect(page.contains("\n| \(error.exitStatus) | "), "\(error.exitStatus)") }
    }
}
