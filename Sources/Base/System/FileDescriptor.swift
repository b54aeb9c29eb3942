// SPDX-License-Identifier: Apache-2.0
import Glibc

/// An open descriptor with one owner: closed exactly once, when the value ends.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The number that the kernel knows it by; valid while this value lives.
    package let number: CInt

    /// Takes over `number`; nobody else may close it.
    package init(owning number: CInt) { self.number = number }

    deinit { _ = close(number) }

    /// Gives the number away without closing it.
    package consuming func release() -> CInt {
        let number = number
        discard self
        return number
    }
}
