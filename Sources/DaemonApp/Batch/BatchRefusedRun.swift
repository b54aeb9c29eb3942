// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving

/// What becomes of a body whose model cannot be loaded after all.
///
/// State: owned by the thread that its upload is given to.
final class BatchRefusedRun: BatchUploadRun {
    private let refusal: BatchRequest.Refusal
    private var isOpen: Bool

    init(_ refusal: BatchRequest.Refusal, isStreamed: Bool) {
        self.refusal = refusal
        isOpen = isStreamed
    }

    func take(_ bytes: borrowing ByteBuffer, isAtEnd: Bool) -> Bool { false }

    func opening() -> BatchOpening? {
        guard isOpen else { return nil }
        isOpen = false
        let refusal = refusal
        return BatchOpening { $0.fail(refusal.status, refusal.message) }
    }

    func abandon() {}

    func respond(_ response: inout Response) { response.fail(refusal.status, refusal.message) }
}
