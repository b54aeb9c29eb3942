// SPDX-License-Identifier: Apache-2.0
import Base
import Net
import Synchronization

/// Serves HTTP/1.1 on a few event loops, each on its own thread; see docs/internals/event-loop.md.
///
/// State: the list of loops is small and shared (`Mutex`); everything about connections is owned by their
/// loop.
package final class HTTPServer: Sendable {
    package typealias MakeHandler = @Sendable (_ loop: Int) -> any RequestHandler
    package typealias MakeObserver = @Sendable (_ loop: Int) -> (any ServerObserver)?

    private struct State {
        var loops: [EventLoop] = []
        var isDraining = false
    }

    private let configuration: Configuration
    private let makeHandler: MakeHandler
    private let makeObserver: MakeObserver
    private let state = Mutex(State())

    /// Both factories are called once per loop, on the loop's thread.
    package init(
        configuration: Configuration,
        makeObserver: @escaping MakeObserver = { _ in nil },
        makeHandler: @escaping MakeHandler
    ) {
        self.configuration = configuration
        self.makeHandler = makeHandler
        self.makeObserver = makeObserver
    }

    /// Binds, then starts the loops. Returns the bound addresses in the order of the configuration, with the
    /// ports that the kernel chose for port 0. Clients can connect as soon as this returns.
    package func start() throws(NetError) -> [Address] {
        var listeners: [Listener] = []
        for settings in configuration.listeners {
            listeners.append(try Listener(settings, backlog: configuration.backlog))
        }
        var loops: [EventLoop] = []
        for index in 0..<max(configuration.loopCount ?? ProcessorCount.available(), 1) {
            loops.append(try EventLoop(index: index))
        }
        let shared = listeners
        for loop in loops {
            do {
                try loop.start { [configuration, makeHandler, makeObserver] loop in
                    ServerLoop(
                        loop, configuration, handler: makeHandler(loop.index),
                        observer: makeObserver(loop.index)
                    ).open(shared)
                }
            } catch {
                // A machine without a thread to spare gets an error, not half a server.
                for loop in loops { loop.execute { $0.stop() } }
                throw error
            }
        }
        let started = loops
        state.withLock { $0.loops = started }
        return shared.map(\.address)
    }

    /// Ends the server without losing a request: for `grace` it goes on accepting, and each answer says
    /// `Connection: close`; then the listeners and the idle connections close, and requests that have begun
    /// are finished. What is left after `deadline` (counted from now) is cut off. Returns at once; a second
    /// call does nothing.
    package func drain(grace: Duration = .zero, deadline: Duration) {
        let loops = state.withLock { state in
            if state.isDraining { return [EventLoop]() }
            state.isDraining = true
            return state.loops
        }
        let grace = grace.wholeNanoseconds
        let deadline = deadline.wholeNanoseconds
        for loop in loops {
            loop.execute { loop in (loop.owner as? ServerLoop)?.drain(grace: grace, deadline: deadline) }
        }
    }

    /// Waits until all loops have ended, which only `drain` makes them do.
    package func waitUntilStopped() {
        let loops = state.withLock { $0.loops }
        for loop in loops { loop.join() }
    }
}
