// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The working tree that the laws are checked against: what git tracks or would track, and nothing ignored.
struct Repository {
    let root: URL
    /// Paths from the root, sorted.
    let paths: [String]

    /// The tree that this file lies in.
    static let current = Repository(
        root: URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent())

    init(root: URL) {
        self.root = root
        let listed = Repository.listedByGit(root) ?? Repository.listedByWalking(root)
        paths = listed.filter { FileManager.default.fileExists(atPath: root.appendingPathComponent($0).path) }
            .sorted()
    }

    func paths(under folder: String = "", withExtension ending: String) -> [String] {
        paths.filter { $0.hasPrefix(folder) && $0.hasSuffix("." + ending) && !isFixture($0) }
    }

    func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }

    func byteCount(_ path: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(
            atPath: root.appendingPathComponent(path).path)
        return attributes?[.size] as? Int ?? 0
    }

    /// Every Swift file of the current tree, read once for all tests.
    private static let allSources = Result {
        try current.paths(withExtension: "swift").map { SwiftSource(path: $0, text: try current.text($0)) }
    }

    /// The Swift files under `folder`, split into code and comments.
    static func swiftSources(under folder: String = "") throws -> [SwiftSource] {
        try allSources.get().filter { $0.path.hasPrefix(folder) }
    }

    /// Fixtures are data: bad input on purpose, or files that another program wrote.
    private func isFixture(_ path: String) -> Bool {
        path.hasPrefix("Tests/Fixtures/") || path.hasPrefix("Fuzz/Corpora/")
    }

    private static func listedByGit(_ root: URL) -> [String]? {
        let git = Process()
        git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        git.arguments = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        git.currentDirectoryURL = root
        let output = Pipe()
        git.standardOutput = output
        git.standardError = FileHandle.nullDevice
        guard (try? git.run()) != nil else { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        git.waitUntilExit()
        guard git.terminationStatus == 0, !data.isEmpty else { return nil }
        return data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// For a tree without git (an unpacked archive): everything but the build folders.
    private static func listedByWalking(_ root: URL) -> [String] {
        guard let walk = FileManager.default.enumerator(atPath: root.path) else { return [] }
        var found: [String] = []
        for case let path as String in walk {
            let last = path.split(separator: "/").last ?? ""
            if last == ".git" || last.hasPrefix(".build") || last == "__pycache__" {
                walk.skipDescendants()
                continue
            }
            if walk.fileAttributes?[.type] as? FileAttributeType != .typeDirectory { found.append(path) }
        }
        return found
    }
}

/// A place where a law is broken, and what to do about it.
struct Violation: CustomStringConvertible, Equatable {
    var path: String
    /// Counted from 1; 0 where the whole file is meant.
    var line: Int = 0
    var message: String

    var description: String { line > 0 ? "\(path):\(line): \(message)" : "\(path): \(message)" }
}

extension [Violation] {
    /// One line each, for the message of an expectation.
    var report: String { map(\.description).joined(separator: "\n") }
}
