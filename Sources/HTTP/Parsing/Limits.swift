// SPDX-License-Identifier: Apache-2.0

/// How much a client may send. Each limit bounds the memory or the time that one connection can cost.
package struct Limits: Sendable, Equatable {
    /// The request line, without its line end. 8,000 is what RFC 9112 recommends at least; longer: 414.
    package var requestLineBytesMax = 8_192
    /// All of the head, line ends included. Room for large tokens and trace headers; longer: 431.
    package var headBytesMax = 32_768
    /// Header fields in one request; more: 431.
    package var headerCountMax = 100
    /// The body after transfer decoding; longer: 413.
    package var bodyBytesMax = 32 << 20
    /// One chunk-size line, and all chunk extensions of one body together. Nobody uses extensions, attackers
    /// do.
    package var chunkExtensionBytesMax = 4_096
    /// All trailer lines together. They are checked and dropped.
    package var trailerBytesMax = 8_192
    /// After so many chunks the mean chunk must have `chunkBytesMeanMin` bytes: a million chunks of one byte
    /// cost a thousand times what they carry.
    package var chunkCountFree = 65_536
    package var chunkBytesMeanMin = 256

    /// How much of a streamed body must come in the time for bodies; then the time starts anew, so that a
    /// large upload may take long and a trickling one may not.
    package var streamedBytesMin = 1 << 20

    package init() {}
}
