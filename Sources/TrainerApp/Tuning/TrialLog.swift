// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import ModelFormat
import Synchronization
import Tabular
import Training

/// The trials of a search in a file, one JSON object a line, the first of which says what is searched. A line
/// is there whole or not at all: what a kill left of one is cut off.
final class TrialLog: Sendable {
    private let path: String
    private let file: Mutex<FileDescriptor>
    /// The trials that stood in it.
    let trials: [Trial]

    private static let bytesMax = 1 << 28

    /// - Throws: `usage` when the file is of another search.
    init(path: String, header: String) throws(AppError) {
        self.path = path
        var lines: [String] = []
        var length = 0
        // Safe because the name lives as a C string through the call.
        if unsafe access(path, F_OK) == 0 {
            let bytes: [UInt8]
            do { bytes = try File.read(path, limit: TrialLog.bytesMax) } catch {
                throw AppError(.noInput, error.description)
            }
            length = (bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
            lines = bytes[..<length].split(separator: UInt8(ascii: "\n")).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        if let first = lines.first, first != header {
            throw AppError(
                .usage, "\(path) is the log of a search with other data or options; name another --log")
        }
        var trials: [Trial] = []
        for (index, line) in lines.enumerated().dropFirst() {
            guard let trial = Trial(jsonLine: line) else {
                throw AppError(.data, "\(path):\(index + 1): this is no trial")
            }
            trials.append(trial)
        }
        self.trials = trials
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor(opening: path, O_WRONLY | O_CREAT)
        } catch {
            throw AppError(writing: error)
        }
        guard ftruncate(descriptor.number, off_t(length)) == 0,
            lseek(descriptor.number, 0, SEEK_END) >= 0
        else { throw AppError(writing: SystemError("ftruncate", on: path)) }
        file = Mutex(descriptor)
        if lines.isEmpty { append(header) }
    }

    /// A log that cannot be written to is given up: the search goes on.
    func append(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        file.withLock { file in
            // Safe because write reads only the array's bytes, which live through the call.
            let written = unsafe bytes.withUnsafeBytes { unsafe write(file.number, $0.baseAddress, $0.count) }
            if written != bytes.count { Console.error("modeltrain: \(path) cannot be written to") }
        }
    }
}

extension Trial {
    /// One object; of a failed trial the loss is null.
    func jsonLine(event: String? = nil) -> String {
        var line = event.map { JSONLine(event: $0) } ?? JSONLine()
        line.add("trial", number)
        line.add("algorithm", point.algorithm.name)
        line.add("names", point.values.map(\.name))
        line.add("values", point.values.map(\.value))
        line.add("row_part", rowPart)
        line.add("loss", loss)
        line.add("seconds", seconds)
        line.add("latency_microseconds", latencyMicroseconds)
        if let failure { line.add("failure", failure) }
        return line.finish()
    }

    /// Nil for what `jsonLine` has not written.
    init?(jsonLine text: String) {
        guard let value = try? JSONValue.parse(text.utf8Span.span),
            let number = value["trial"]?.integer, let name = value["algorithm"]?.string,
            let algorithm = Algorithm.named(name), let names = value["names"]?.array,
            let values = value["values"]?.array, names.count == values.count,
            let rowPart = value["row_part"]?.double, let seconds = value["seconds"]?.double,
            let latency = value["latency_microseconds"]?.double
        else { return nil }
        let pairs = zip(names, values).compactMap { name, value -> (name: String, value: String)? in
            guard let name = name.string, let value = value.string else { return nil }
            return (name, value)
        }
        guard pairs.count == names.count else { return nil }
        self.init(
            number: Int(number), point: TrialPoint(algorithm: algorithm, values: pairs), rowPart: rowPart,
            loss: value["loss"]?.double ?? .infinity, seconds: seconds, latencyMicroseconds: latency,
            failure: value["failure"]?.string)
    }
}
