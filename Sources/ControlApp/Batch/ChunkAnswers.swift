// SPDX-License-Identifier: Apache-2.0
import Base
import Serving

/// What a chunk of the input became, until its turn to be written has come.
///
/// State: owned by the thread that fills it; handed to the run's output, and back, under that one's lock.
// Safe because of the hand-over above.
final class ChunkAnswers: @unchecked Sendable {
    var answers = ByteBuffer(capacity: BatchReader.chunkBytes)
    /// Answers to bad records, where they have a file of their own.
    var errors = ByteBuffer()
    var counts = BatchCounts()
    var failure: BatchFailure?
    /// Bytes of the input up to the chunk's end.
    var position = 0

    func clear() {
        answers.clear()
        errors.clear()
        counts = BatchCounts()
        failure = nil
    }
}
