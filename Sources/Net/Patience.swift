// SPDX-License-Identifier: Apache-2.0

/// How often a loop looks for its next event before it sleeps.
///
/// A look takes some 0.3 us. To be put to sleep and woken up costs the loop several, and whoever wakes it
/// more than one: a client on this machine pays it in its `send`. So three looks are always worth it. A
/// client of TLS has as much to decrypt as the loop has to encrypt, so it is late a little more often; for it
/// a loop that is busy nearly all the time looks until it has been 60 us. One that idles more does not: it
/// would only seem busy to those who scale by processor time.
struct Patience {
    static let looksMin = 3
    static let looksMax = 200
    /// The longest mean wait, in nanoseconds, of a loop that counts as busy. A turn takes some 30.
    static let busyWaitMax: UInt64 = 5_000
    /// What one long wait counts, so that a loop that is needed again is soon found to be busy.
    private static let waitMax: UInt64 = 1_000_000

    /// Of the last waits that followed TLS, in nanoseconds; the last one counts an eighth.
    private var meanWait = Self.waitMax
    /// In this turn TLS was served.
    var hasServedTLS = false

    var looks: Int { hasServedTLS && meanWait <= Self.busyWaitMax ? Self.looksMax : Self.looksMin }

    /// The wait after a turn with TLS is over.
    mutating func waited(nanoseconds: UInt64) {
        meanWait = (meanWait * 7 + min(nanoseconds, Self.waitMax)) / 8
        hasServedTLS = false
    }
}
