// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import DaemonApp

/// Holds the files that are made from the table of settings to it; `UPDATE_GENERATED=1` writes them instead.
@Suite struct ConfigurationReferenceTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func check(_ path: String, is expected: String) throws {
        let url = Self.root.appending(path: path)
        if ProcessInfo.processInfo.environment["UPDATE_GENERATED"] == "1" {
            try expected.write(to: url, atomically: true, encoding: .utf8)
        }
        let found = try String(contentsOf: url, encoding: .utf8)
        #expect(
            found == expected,
            "\(path) is out of date: UPDATE_GENERATED=1 swift test --filter ConfigurationReferenceTests")
    }

    @Test func exampleFile_isMadeFromTheTable() throws {
        try check("config/modeld.yaml", is: ConfigurationReference.exampleFile())
    }

    @Test func referencePage_isMadeFromTheTable() throws {
        try check("docs/reference/configuration.md", is: ConfigurationReference.page())
    }

    @Test func exampleFile_changesNothingButTheRequiredKeys() throws {
        let file = ConfigurationReference.exampleFile()
        let invocation = try withConfigurationFile(file) { path throws in
            try ConfigurationLoader.load(arguments: ["--config", path ?? ""], environment: [:])
        }
        guard case .serve(let loaded) = invocation else {
            Issue.record("\(invocation)")
            return
        }
        var expected = Configuration()
        expected.registry = "/models"
        #expect(loaded.configuration == expected)
        for setting in Configuration.settings {
            let name = setting.key.split(separator: ".").last.map { String($0) } ?? ""
            #expect(file.contains("\(name): "), "\(setting.key) is missing from the example")
        }
    }
}

/// Runs `body` with the path of a temporary file that holds `content`, or with nil when there is none.
func withConfigurationFile<Result>(_ content: String?, _ body: (String?) throws -> Result) throws -> Result {
    guard let content else { return try body(nil) }
    let url = FileManager.default.temporaryDirectory.appending(path: "modeld-\(UUID().uuidString).yaml")
    try content.write(to: url, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url.path)
}
