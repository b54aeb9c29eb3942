// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The variables that the program was started with.
enum Environment {
    static func value(_ name: String) -> String? {
        // Safe because the C library's string is copied before anything changes the environment.
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }
}
