// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc

/// Standard output and standard error, written whole and at once.
enum Console {
    static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    static var inputIsTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// Ends the program quietly when nobody reads any more (`modelctl predict m data.csv | head`).
    static func output(_ text: String) {
        if !write(text, to: STDOUT_FILENO) { exit(0) }
    }

    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Text without a line end, for what is written over later.
    static func errorText(_ text: String) { _ = write(text, to: STDERR_FILENO) }

    static func error(_ line: String) { _ = write(line + "\n", to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: CInt) -> Bool {
        var buffer = ByteBuffer(capacity: text.utf8.count)
        buffer.append(text)
        do { try FileDescriptor.write(buffer.bytes, to: descriptor, path: "") } catch { return false }
        return true
    }
}
