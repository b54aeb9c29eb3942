// SPDX-License-Identifier: Apache-2.0
import Net

/// What is known about a request once its answer is written: for metrics and the access log.
package struct RequestRecord: Sendable {
    package var method: Method
    package var status: Status
    /// The handler's `Response.route`; -1 without one, also for requests that the engine refused.
    package var route: Int
    /// From the complete request to the finished answer.
    package var nanoseconds: UInt64
    package var requestBodyBytes: Int
    /// Without the head.
    package var responseBodyBytes: Int
}

/// Hears what happens on one event loop, on that loop's thread: its state needs no lock. Must not block.
package protocol ServerObserver: AnyObject {
    /// A handler answered. `identifier`: the answer's `X-Request-Id`; empty when none is sent.
    func requestFinished(
        _ record: borrowing RequestRecord, _ request: borrowing Request, identifier: Span<UInt8>)
    /// The engine refused a request before any handler saw it.
    func requestRejected(_ defect: RequestDefect, _ origin: RequestOrigin, identifier: Span<UInt8>)
    func connectionOpened()
    func connectionClosed()
    /// The process is out of descriptors or memory; accepting goes on after a pause.
    func acceptFailed(code: CInt)
    /// There are as many connections as there may be; accepting goes on when one has ended.
    func acceptFilled()
    /// A client with too many connections was closed.
    func connectionRefused(_ peer: PeerAddress)
    /// A TLS client and the server could not agree, or the client's certificate is not good; in OpenSSL's
    /// words.
    func handshakeFailed(_ reason: String)
}

extension ServerObserver {
    package func requestFinished(
        _ record: borrowing RequestRecord, _ request: borrowing Request, identifier: Span<UInt8>
    ) {}
    package func requestRejected(
        _ defect: RequestDefect, _ origin: RequestOrigin, identifier: Span<UInt8>
    ) {}
    package func connectionOpened() {}
    package func connectionClosed() {}
    package func acceptFailed(code: CInt) {}
    package func acceptFilled() {}
    package func connectionRefused(_ peer: PeerAddress) {}
    package func handshakeFailed(_ reason: String) {}
}
