// SPDX-License-Identifier: Apache-2.0
private import CPosix

/// The memory that `malloc` has from the kernel.
package enum HeapMemory {
    /// Gives back what is free. Worth its milliseconds after a model was loaded: what that needed for a
    /// moment lies in the heap of the thread that loaded it, and nobody else would use it.
    package static func trim() { cposix_trim_heap() }
}
