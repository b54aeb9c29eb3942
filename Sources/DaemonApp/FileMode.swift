// SPDX-License-Identifier: Apache-2.0

/// The permission bits of a file.
package struct FileMode: Sendable, Equatable {
    package var bits: UInt32
}
