// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc

/// Standard output and standard error, written whole and at once.
enum Console {
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    static func output(_ line: String) { write(line + "\n", to: STDOUT_FILENO) }

    static func error(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

    /// Writes `text` without a line end.
    static func draw(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// What cannot be written (a closed pipe) is given up: the work goes on.
    private static func write(_ text: String, to descriptor: CInt) {
        var buffer = ByteBuffer()
        buffer.append(text)
        try? FileDescriptor.write(buffer.bytes, to: descriptor, path: "")
    }
}
