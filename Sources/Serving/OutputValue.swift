// SPDX-License-Identifier: Apache-2.0

/// One element of an answer, in the type that its output declares.
package enum OutputValue: Sendable, Equatable {
    case float32(Float)
    case float64(Double)
    case integer(Int64)
    case text(String)
    case flag(Bool)
}
