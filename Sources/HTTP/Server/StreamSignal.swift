// SPDX-License-Identifier: Apache-2.0
import Net

/// Tells a connection that a paused body can go on. Late or repeated signals do no harm.
///
/// State: `connection` is owned by the loop's thread; `resume` only puts a task into the loop's inbox.
// Safe because everything mutable is owned by the loop's thread.
package final class StreamSignal: @unchecked Sendable {
    private let loop: EventLoop
    private var connection: ServerConnection?

    init(_ connection: ServerConnection) {
        loop = connection.server.loop
        self.connection = connection
    }

    /// Any thread.
    package func resume() { loop.execute { _ in self.connection?.streamResumed() } }

    /// Has the body's reader asked for an answer though the body goes on; any thread.
    package func answer() { loop.execute { _ in self.connection?.answerEarly() } }

    /// The stream has ended.
    func disconnect() { connection = nil }
}
