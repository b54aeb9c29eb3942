// SPDX-License-Identifier: Apache-2.0
import Net

extension HTTPServer {
    /// How long each part of an exchange may take. All are absolute: one byte now and then does not extend
    /// them.
    package struct Timeouts: Sendable {
        /// From a request's first byte (for the first request: from the connection) to the end of its head.
        package var head: Duration = .seconds(15)
        /// From the end of the head to the end of the body.
        package var body: Duration = .seconds(120)
        /// From the end of the request to an answer that was deferred.
        package var handler: Duration = .seconds(60)
        /// How long a connection may wait between requests.
        package var idle: Duration = .seconds(75)
        /// From the first byte that the client does not take to the last.
        package var write: Duration = .seconds(60)
        /// How long a closed connection is read for the client's sake.
        package var linger: Duration = .seconds(2)
        /// While draining: how long idle connections stay open after the listeners are closed. A request that
        /// is on its way is answered with `Connection: close` instead of meeting a closed connection.
        package var lastCall: Duration = .seconds(1)

        package init() {}
    }

    /// When answers are compressed for clients that accept it.
    package struct Compression: Sendable {
        package var isEnabled = true
        /// Shorter bodies go out as they are: they fit into few packets, and compressing costs more than it
        /// saves.
        package var bodyBytesMin = 4_096

        package init() {}
    }

    package struct Configuration: Sendable {
        package var listeners: [ListenerSettings]
        /// How many connections there may be; nil: any number.
        package var limiter: ConnectionLimiter?
        /// nil: one for each processor that this process may use.
        package var loopCount: Int?
        package var limits = Limits()
        package var timeouts = Timeouts()
        package var compression = Compression()
        package var backlog: CInt = 4_096
        /// The `Server` header; nil: none, which tells attackers nothing.
        package var serverHeader: String?
        /// Each answer carries an `X-Request-Id`: the request's own, or one made for it.
        package var sendsRequestIdentifiers = false
        /// Answers that may wait for a slow reader on one connection before no more of its requests are read.
        package var outputBytesMax = 262_144
        /// How a connection is accepted; tests put failures in its place.
        package var accept: Acceptor.Accept = { $0.accept() }

        package init(listeners: [ListenerSettings]) { self.listeners = listeners }

        /// Plain listeners.
        package init(addresses: [Address]) {
            listeners = addresses.map { ListenerSettings(.address($0)) }
        }
    }
}
