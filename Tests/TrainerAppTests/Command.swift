// SPDX-License-Identifier: Apache-2.0
import Foundation
import ModelFormat
import TestKit

/// `modeltrain` as a real process.
struct Command {
    var status: Int32
    var output: String
    var errors: String

    /// The executable lies beside the bundle of tests.
    private static let executable: URL = {
        let tests = URL(fileURLWithPath: CommandLine.arguments[0])
        let beside = tests.deletingLastPathComponent().appendingPathComponent("modeltrain")
        if FileManager.default.fileExists(atPath: beside.path) { return beside }
        return URL(fileURLWithPath: "\(Fixtures.repository)/.build/debug/modeltrain")
    }()

    /// `modeltrain` with these arguments, not started yet.
    static func process(_ arguments: [String], environment: [String: String] = [:]) -> Process {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        return process
    }

    static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Command {
        let process = process(arguments, environment: environment)
        let (output, errors) = (Pipe(), Pipe())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // What a run writes to standard error fits into the pipe's buffer; so it may be read after the
        // output.
        let written = output.fileHandleForReading.readDataToEndOfFile()
        let failed = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Command(
            status: process.terminationStatus, output: String(decoding: written, as: UTF8.self),
            errors: String(decoding: failed, as: UTF8.self))
    }

    /// Runs until so many lines of the output are of this `event`, then sends `signal`; what it says until
    /// then is lost.
    static func run(_ arguments: [String], until event: String, count: Int, signal: Int32) throws -> Command {
        let process = process(arguments)
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        var text = ""
        while text.components(separatedBy: "\"event\":\"\(event)\"").count <= count {
            let part = output.fileHandleForReading.availableData
            if part.isEmpty { break }
            text += String(decoding: part, as: UTF8.self)
        }
        kill(process.processIdentifier, signal)
        let failed = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Command(
            status: process.terminationStatus, output: text, errors: String(decoding: failed, as: UTF8.self))
    }

    /// The model in a file, without what says where it comes from.
    static func graph(_ path: String) throws -> ModelGraph {
        let bytes = try Fixtures.contents(ofFile: path)
        var graph = try NativeModel.read(bytes.span)
        graph.lineage = Lineage()
        return graph
    }

    /// The lines of the output that are JSON objects with this `event`.
    func events(_ name: String) throws -> [[String: Any]] {
        try output.split(separator: "\n").compactMap { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return object?["event"] as? String == name ? object : nil
        }
    }
}
