// SPDX-License-Identifier: Apache-2.0
import Base

/// How a request's body is to come: what `BodyReceivingHandler.receive` decides when it has seen the head.
package enum BodyReception {
    /// In one piece, with `handle`; at most so many bytes, or as many as the limits say.
    case gathered(bytesMax: Int?)
    /// Piece by piece as it arrives, at most so many bytes; `handle` is called when all of it has come.
    case streamed(any BodyReader, bytesMax: Int)
    /// Not at all: the response is the answer, and the connection ends after it.
    case answered
}

/// Takes a request's body piece by piece, so that one of any size needs little memory. All calls come on the
/// loop's thread.
package protocol BodyReader: AnyObject {
    /// First of all: `signal` resumes the body after a pause.
    func begin(_ signal: StreamSignal)
    /// The next piece, without transfer and content coding, at most a few hundred KiB; it may not be kept.
    func read(_ piece: Span<UInt8>) -> BodyDemand
    /// The client is gone, was too slow, or broke a rule: nothing more comes, and `handle` is not called.
    func cancelled()
    /// After `StreamSignal.answer()`, unless the body has ended meanwhile: fills the response in. With a
    /// stream, body and answer go on side by side and `handle` is not called; else that is the answer, and
    /// no more of the body is read.
    func answerEarly(_ response: inout Response)
    /// All of the body has come, and the answer has begun already.
    func ended()
}

extension BodyReader {
    package func answerEarly(_ response: inout Response) {
        preconditionFailure("a reader that asks to answer early answers")
    }
    package func ended() {}
}

/// What a reader says to a piece of a body.
package enum BodyDemand {
    case more
    /// No more until `StreamSignal.resume()`: nothing is read from the client meanwhile.
    case pause
    /// The answer is clear already, as when the first rows are malformed: `handle` is called now, and the
    /// connection ends after the answer.
    case enough
}

/// Writes an answer's body piece by piece, so that one of any size needs little memory. All calls come on the
/// loop's thread.
package protocol BodyWriter: AnyObject {
    /// First of all: `signal` resumes the body after `pending`.
    func begin(_ signal: StreamSignal)
    /// Appends the next piece to `piece`, about `bytes` of it. Called when the client has taken what came
    /// before.
    func write(into piece: inout ByteBuffer, bytes: Int) -> BodySupply
    /// The client is gone or too slow: nothing more is asked for.
    func cancelled()
    /// Appends complete header lines that stand behind the last chunk, after `end`; where there are no chunks
    /// it is not called. `Trailer` in the answer's head should name them.
    func writeTrailers(into output: inout ByteBuffer)
}

extension BodyWriter {
    package func writeTrailers(into output: inout ByteBuffer) {}
}

/// What a writer has done.
package enum BodySupply {
    case more
    /// No more until `StreamSignal.resume()`.
    case pending
    /// That was all.
    case end
    /// The body cannot be completed. The status is out already, so the connection ends behind what was
    /// written, without a last chunk: the client sees that the body has no end.
    case failed
}
