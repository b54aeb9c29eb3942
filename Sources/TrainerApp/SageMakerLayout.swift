// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc

/// The directories of a SageMaker training container: hyperparameters and data in, the model out. A
/// container is started as `modeltrain train`, without anything else.
struct SageMakerLayout {
    /// `/opt/ml`, or what `MODELTRAIN_SAGEMAKER_ROOT` says.
    let root: String

    private static let bytesMax = 1 << 20

    /// Nil when the arguments say what to do, or there is no such layout.
    static func find(_ arguments: [String], environment root: String?) -> SageMakerLayout? {
        guard arguments == ["train"] else { return nil }
        let layout = SageMakerLayout(root: root ?? "/opt/ml")
        return (try? FileFacts(of: layout.hyperparameters)) == nil ? nil : layout
    }

    private var hyperparameters: String { "\(root)/input/config/hyperparameters.json" }

    /// What a failure is written to; SageMaker shows its first 1,024 characters.
    var failure: String { "\(root)/output/failure" }

    /// As on the command line.
    func arguments() throws(AppError) -> [String] {
        var options: [String] = []
        var names: Set<String> = []
        for (key, value) in try settings() {
            let name = key.replacing("_", with: "-")
            names.insert(name)
            switch value {
            case .string("true"), .bool(true): options.append("--\(name)")
            case .string("false"), .bool(false), .null: break
            case .string(let text): options.append("--\(name)=\(text)")
            case .integer(let number): options.append("--\(name)=\(number)")
            case .number(let number): options.append("--\(name)=\(number)")
            case .array, .object:
                throw AppError(.usage, "\(hyperparameters): \"\(key)\" must be one value")
            }
        }
        for directory in ["model", "output/data"] {
            do { try Publication.createDirectories("\(root)/\(directory)") } catch { throw error }
        }
        if !names.contains("output") { options.append("--output=\(root)/model/model.safetensors") }
        if !names.contains("progress") { options.append("--progress=json") }
        if !options.contains("--algorithm=kmeans") {
            options += [
                "--report=\(root)/output/data/report.html",
                "--report-json=\(root)/output/data/evaluation.json",
            ]
        }
        return ["train"] + options + [try dataFile()]
    }

    private func settings() throws(AppError) -> [(String, JSONValue)] {
        let bytes: [UInt8]
        do {
            bytes = try File.read(hyperparameters, limit: SageMakerLayout.bytesMax)
        } catch {
            throw AppError(.noInput, error.description)
        }
        do {
            guard case .object(let object) = try JSONValue.parse(bytes.span) else {
                throw AppError(.usage, "\(hyperparameters): an object of options is wanted")
            }
            // SageMaker's own settings, of which none is an option here.
            return object.members.filter { !$0.key.hasPrefix("sagemaker_") }.map { ($0.key, $0.value) }
        } catch let error as AppError {
            throw error
        } catch {
            throw AppError(.usage, "\(hyperparameters): \(error)")
        }
    }

    /// The only file of the channel `train`, or `training`, or of the only channel.
    private func dataFile() throws(AppError) -> String {
        let data = "\(root)/input/data"
        let channels = try names(in: data)
        let channel =
            ["train", "training"].first { channels.contains($0) } ?? (channels.count == 1 ? channels[0] : nil)
        guard let channel else {
            let found = channels.isEmpty ? "there is none" : "there are \(channels.joined(separator: ", "))"
            throw AppError(.noInput, "\(data): a channel \"train\" is wanted; \(found)")
        }
        let files = try names(in: "\(data)/\(channel)")
        guard files.count == 1 else {
            throw AppError(.noInput, "\(data)/\(channel): one file is wanted; there are \(files.count)")
        }
        return "\(data)/\(channel)/\(files[0])"
    }

    private func names(in path: String) throws(AppError) -> [String] {
        do {
            return try Directory.names(in: path).compactMap { $0 }
                .filter { !$0.hasPrefix(".") && !$0.hasSuffix("-manifest") }.sorted()
        } catch {
            throw AppError(.noInput, error.description)
        }
    }

    /// Tells SageMaker why there is no model; what cannot be written is given up.
    func writeFailure(_ message: String) {
        try? Publication.createDirectories("\(root)/output")
        let text = Array((message + "\n").utf8)
        try? AtomicFile.write(text.span, to: failure)
    }
}
