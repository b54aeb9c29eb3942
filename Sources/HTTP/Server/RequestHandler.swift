// SPDX-License-Identifier: Apache-2.0

/// Answers requests. One object per event loop, called on that loop's thread only: its state needs no lock.
///
/// The response comes in as 200 with an empty JSON body. While `handle` runs, the loop's other connections
/// wait: what takes longer than a hand-over to another thread (about 20 microseconds) is better answered
/// later, by `request.deferAnswer()`.
package protocol RequestHandler: AnyObject {
    func handle(_ request: borrowing Request, _ response: inout Response)
}

/// A handler that wants a say in how bodies come; the others get them gathered, up to the limit.
package protocol BodyReceivingHandler: RequestHandler {
    /// Decides how a request's body is to come, when its head has: gathered, streamed, or not at all. Not
    /// called for requests without a body. `response` counts for `BodyReception.answered` only.
    func receive(_ head: borrowing Request, _ response: inout Response) -> BodyReception
}
