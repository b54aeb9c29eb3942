// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography
import Glibc
import ModelFormat
import Synchronization
import Training

/// The checkpoint file of a training: what it is found by, when it is written, and when it is removed.
struct CheckpointRun {
    let path: String
    /// Of all that decides what is learned; another training's checkpoint is refused by it.
    let fingerprint: String
    /// Between two savings.
    private let nanoseconds: UInt64

    private static let fileBytesMax = 4 << 30

    /// `facts` say what decides the training: the data's digest, options, settings.
    init(path: String, secondsBetween: Double, facts: [String]) {
        self.path = path
        nanoseconds = UInt64(min(secondsBetween, 1e9) * 1e9)
        var digest = SHA256()
        for fact in facts + ["modeltrain \(ModelTrain.version)"] {
            digest.update("\(fact.utf8.count):\(fact)".utf8Span.span)
        }
        fingerprint = digest.finish().description
    }

    /// - Throws: `noInput` when the file cannot be read, `usage` when it is of another training.
    func checkpointer(resumes: Bool, _ reporter: Reporter) throws(AppError) -> Checkpointer {
        let (path, fingerprint, nanoseconds) = (path, fingerprint, nanoseconds)
        let box = SavedAt()
        return Checkpointer(
            resumed: resumes ? try read(reporter) : nil,
            wish: {
                if Interruption.wasRequested { return .stop }
                return box.isOlder(than: nanoseconds) ? .save : .goOn
            },
            save: { (archive) throws(TrainingError) in
                try CheckpointRun.write(archive, fingerprint, to: path)
                box.touch()
            },
            setActive: { Interruption.setDeferred($0) })
    }

    private static func write(
        _ archive: NumberArchive, _ fingerprint: String, to path: String
    ) throws(TrainingError) {
        var archive = archive
        archive.facts["fingerprint"] = fingerprint
        let bytes: [UInt8]
        do { bytes = try archive.bytes() } catch { throw .checkpoint(error.description) }
        do { try AtomicFile.write(bytes.span, to: path) } catch { throw .checkpoint(error.description) }
    }

    private func read(_ reporter: Reporter) throws(AppError) -> NumberArchive? {
        // Safe because the name lives as a C string through the call.
        guard unsafe access(path, F_OK) == 0 else { return nil }
        let bytes: [UInt8]
        do { bytes = try File.read(path, limit: CheckpointRun.fileBytesMax) } catch {
            throw AppError(.noInput, error.description)
        }
        let archive: NumberArchive
        do { archive = try NumberArchive(bytes.span) } catch {
            throw AppError(.data, "\(path): \(error.description)")
        }
        guard archive.facts["fingerprint"] == fingerprint else {
            throw AppError(
                .usage,
                "\(path) is of a training with other data or options; leave --resume out to begin anew")
        }
        let step = archive.facts["step"] ?? "?"
        reporter.say("going on from \(path), after step \(step)")
        var line = JSONLine(event: "resumed")
        line.add("path", path)
        line.add("step", Int(step) ?? 0)
        reporter.emit(line.finish())
        return archive
    }

    /// The model is done.
    func remove() {
        // Safe because the name lives as a C string through the call; a file that is not there is no error.
        _ = unsafe unlink(path)
    }

    /// When the file was written last, or the training began.
    private final class SavedAt: Sendable {
        private let instant = Mutex(MonotonicInstant.now)

        func isOlder(than nanoseconds: UInt64) -> Bool {
            instant.withLock { MonotonicInstant.now.nanoseconds(since: $0) >= nanoseconds }
        }

        func touch() { instant.withLock { $0 = .now } }
    }
}
