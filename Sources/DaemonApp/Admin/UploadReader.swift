// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dispatch
internal import HTTP
internal import Serving
internal import Synchronization

/// Takes the body of a version that is published and hands it, piece by piece, to the thread that writes it.
///
/// The client is read no faster than the disk writes: after each piece the body pauses.
///
/// State: shared (`Mutex`).
final class UploadReader: BodyReader, Sendable {
    let upload: VersionUpload
    private let queue: DispatchQueue
    private let state = Mutex<State>(State())

    private struct State {
        var signal: StreamSignal?
        var failure: RepositoryError?
        var isCancelled = false
    }

    init(_ upload: VersionUpload) {
        self.upload = upload
        queue = DispatchQueue(label: "admin.upload", qos: .utility)
    }

    func begin(_ signal: StreamSignal) { state.withLock { $0.signal = signal } }

    func read(_ piece: Span<UInt8>) -> BodyDemand {
        if state.withLock({ $0.failure }) != nil { return .enough }
        let bytes = Array(copying: piece)
        queue.async { [self] in
            guard !state.withLock({ $0.isCancelled || $0.failure != nil }) else { return }
            do throws(RepositoryError) {
                try upload.write(bytes.span)
            } catch {
                state.withLock { $0.failure = error }
            }
            state.withLock { $0.signal }?.resume()
        }
        return .pause
    }

    func cancelled() { state.withLock { $0.isCancelled = true } }

    /// Runs `action` when everything that came is written, with what went wrong.
    func whenWritten(_ action: @escaping @Sendable (RepositoryError?) -> Void) {
        queue.async { [self] in action(state.withLock { $0.failure }) }
    }
}
