// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc
internal import Serving

/// The jobs that there are: a directory for each, which several daemons may share.
///
/// State: the files are all of it; what a daemon knows besides is only who is at work here.
final class JobStore: Sendable {
    let path: String
    /// Where models are pinned from.
    let registry: String
    let rangeBytes: Int

    init(path: String, registry: String, rangeBytes: Int) {
        self.path = path
        self.registry = registry
        self.rangeBytes = rangeBytes
    }

    /// What can be done to a job.
    enum Action: String, Sendable { case pause, resume, cancel }

    /// Why nothing was done.
    enum Refusal: Error, Equatable {
        case unknown
        case finished(String)
        case system(SystemError)
    }

    // MARK: Names

    /// Later jobs have later names.
    static func makeIdentifier() -> String {
        let suffix = String(UInt64.random(in: 0..<2_176_782_336), radix: 36)
        return
            "\(String(milliseconds(), radix: 36))-\(String(repeating: "0", count: 6 - suffix.count))\(suffix)"
    }

    private static func milliseconds() -> Int {
        var time = timespec()
        // Safe because the kernel only writes the struct.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int(time.tv_sec) * 1000 + Int(time.tv_nsec) / 1_000_000
    }

    static func now() -> Int { milliseconds() / 1000 }

    static func isIdentifier(_ text: String) -> Bool {
        (1...40).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D }
    }

    /// The job of that name; nil when there is none.
    func directory(_ id: String) -> JobDirectory? {
        guard Self.isIdentifier(id) else { return nil }
        let directory = JobDirectory(path: "\(path)/\(id)")
        return JobDirectory.exists(directory.description) ? directory : nil
    }

    /// In the order of their names, and so of their age.
    func identifiers() throws(SystemError) -> [String] {
        try Directory.names(in: path).compactMap { $0 }.filter { Self.isIdentifier($0) }
    }

    /// Makes the job that was prepared in `directory` known; durable when this returns.
    func publish(_ directory: JobDirectory, as id: String) throws(SystemError) {
        try AtomicFile.syncDirectory(directory.path)
        let target = "\(path)/\(id)"
        // Safe because both strings are passed as C strings that live for the call.
        if unsafe rename(directory.path, target) != 0 { throw SystemError("rename", on: target) }
        try AtomicFile.syncDirectory(path)
    }

    // MARK: Actions

    func act(_ action: Action, on id: String) throws(Refusal) {
        guard let directory = directory(id) else { throw .unknown }
        let state = JobStatus(directory)?.state
        let nothing: [UInt8] = []
        if let state, state.isFinal { throw .finished(state.rawValue) }
        do throws(SystemError) {
            switch action {
            case .pause: try AtomicFile.write(nothing.span, to: directory.pauseMark)
            case .resume: try JobDirectory.remove(directory.pauseMark)
            case .cancel: try AtomicFile.write(nothing.span, to: directory.cancelMark)
            }
        } catch {
            throw .system(error)
        }
    }

    /// Removes a job that is over, or cancels it and removes it.
    func remove(_ id: String) throws(Refusal) {
        guard let directory = directory(id) else { throw .unknown }
        do throws(SystemError) {
            // Gone at once; what a crash leaves under the dot-name is removed at the next start.
            let hidden = "\(path)/.\(id)"
            // Safe because both strings are passed as C strings that live for the call.
            if unsafe rename(directory.path, hidden) != 0 { throw SystemError("rename", on: hidden) }
            try JobDirectory.removeAll(hidden)
        } catch {
            throw .system(error)
        }
    }

    func status(of id: String) -> JSONValue? { directory(id).flatMap { JobStatus($0)?.document } }
}
