// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The processors of this machine.
package enum Processors {
    /// How many are switched on, at least 1; what a container may take of them is not looked at.
    package static var count: Int { max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN))) }
}
