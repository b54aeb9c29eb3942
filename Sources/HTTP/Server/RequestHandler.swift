// SPDX-License-Identifier: Apache-2.0

/// Answers requests. One object per event loop, called on that loop's thread only: its state needs no lock.
///
/// `handle` runs to completion; while it runs, the loop's other connections wait. The response comes in as
/// 200 with an empty JSON body.
package protocol RequestHandler: AnyObject {
    func handle(_ request: borrowing Request, _ response: inout Response)
}
