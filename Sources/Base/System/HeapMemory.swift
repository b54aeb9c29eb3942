// SPDX-License-Identifier: Apache-2.0
private import CPosix

/// The memory that `malloc` has from the kernel.
package enum HeapMemory {
    /// Gives back what is free. Worth its milliseconds after a model was loaded: what that needed for a
    /// moment lies in the heap of the thread that loaded it, and nobody else would use it.
    package static func trim() { cposix_trim_heap() }

    /// Lets all threads share one heap; call before there are others. What one thread gives back, another
    /// then finds: with a heap each, models that come and go took 1.14 of their budget. The price is that
    /// threads wait for each other when they allocate, which predictions do not.
    package static func share() { cposix_share_heap() }
}
