// SPDX-License-Identifier: Apache-2.0

/// A body on its way to a reader.
///
/// State: owned by the loop's thread.
final class BodyIntake {
    let reader: any BodyReader
    let signal: StreamSignal
    /// Bytes of the input that still wait to be decompressed: the reader paused in the middle of them.
    var pending: Range<Int>?
    /// What has come since the deadline was set.
    var bytesSinceDeadline = 0

    init(_ reader: any BodyReader, _ signal: StreamSignal) {
        self.reader = reader
        self.signal = signal
    }
}
