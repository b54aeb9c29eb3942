// SPDX-License-Identifier: Apache-2.0

/// How far compressed data may grow. Deflate reaches 1,032 to 1, so half a megabyte may stand for 512.
package struct InflateLimits: Sendable, Equatable {
    /// All output of one stream.
    package var outputBytesMax: Int
    /// Output that may come at any ratio: small enough to harm nobody, and large enough for a table of zeros.
    package var outputBytesFree = 4 << 20
    /// Beyond it, output divided by input. JSON of numbers compresses 2 to 4 times, sparse tables 50 times.
    package var ratioMax = 250

    package init(outputBytesMax: Int) { self.outputBytesMax = outputBytesMax }
}
