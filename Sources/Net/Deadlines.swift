// SPDX-License-Identifier: Apache-2.0
import Base

extension MonotonicInstant {
    /// A deadline that never comes.
    package static var never: MonotonicInstant { MonotonicInstant(nanoseconds: .max) }

    /// Saturates, so that an endless timeout needs no special case.
    package func advanced(by interval: UInt64) -> MonotonicInstant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(interval)
        return MonotonicInstant(nanoseconds: overflow ? .max : sum)
    }
}

extension Duration {
    /// Whole nanoseconds; negative becomes zero, and it saturates at about 584 years.
    package var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return .max }
        let (sum, carry) = product.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000))
        return carry ? .max : sum
    }
}
