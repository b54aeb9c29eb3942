// SPDX-License-Identifier: Apache-2.0
import Glibc

/// An error number of the operating system together with the call that gave it and what it was called on.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    package var code: CInt
    package var call: String
    package var subject: String

    package init(_ call: String, on subject: String = "", code: CInt = errno) {
        self.code = code
        self.call = call
        self.subject = subject
    }

    /// For instance `open /models/a: No such file or directory`.
    package var description: String {
        // Safe because strerror returns a C string that is copied before anybody else can call it again.
        let reason = unsafe String(cString: strerror(code))
        return subject.isEmpty ? "\(call): \(reason)" : "\(call) \(subject): \(reason)"
    }
}
