// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Synchronization

/// Runs SQL by DuckDB's command-line tool, whose answer is CSV.
package enum QueryRun {
    /// What the tool is called; found on the `PATH`.
    package static let tool = "duckdb"

    private static let running = Atomic<pid_t>(0)
    private static let messageBytesMax = 1 << 16

    /// The statement that reads a Parquet file whole.
    static func statement(parquet path: String) -> String {
        let parts = path.split(separator: "'", omittingEmptySubsequences: false)
        return "SELECT * FROM read_parquet('\(parts.joined(separator: "''"))')"
    }

    /// Ends the tool that is running, if one is, with all that it started; for a program that ends itself.
    package static func stop() {
        let process = running.load(ordering: .sequentiallyConsistent)
        if process > 0 { _ = kill(-process, SIGKILL) }
    }

    /// The rows that `statement` gives, CSV with a header; missing values are empty.
    ///
    /// - Throws: `query` when the tool is not installed, or says what is wrong.
    static func answer(_ statement: String, tool: String = tool) throws(IngestError) -> AnswerFile {
        let (answer, errors) = (try AnswerFile(), try AnswerFile())
        let arguments = [tool, "-batch", "-csv", "-header", "-nullvalue", "", "-c", statement]
        let status = try spawn(arguments, output: answer.number, errors: errors.number)
        guard status == 0 else {
            var said =
                (try? File.read(errors.path, limit: messageBytesMax)).map { String(copying: $0.span) } ?? ""
            while said.last?.isNewline == true { said.removeLast() }
            throw .query(reason: "\(tool): \(said.isEmpty ? "it ended with status \(status)" : said)")
        }
        return answer
    }

    private static func spawn(
        _ arguments: [String], output: CInt, errors: CInt
    ) throws(IngestError) -> Int32 {
        // Safe because the actions are initialised here, used by the one call below and destroyed once; names
        // and arguments are C strings that live until then.
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
        // A group of its own, since the tool may be a script that starts another program: `stop` ends both.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var pointers = unsafe arguments.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
        var process = pid_t()
        let code = unsafe posix_spawnp(&process, arguments[0], &actions, &attributes, pointers, environ)
        guard code == 0 else {
            throw .query(
                reason:
                    "\(arguments[0]) cannot be started (error \(code)); Parquet files and --query need "
                    + "DuckDB's command-line tool, see https://duckdb.org/docs/installation, on the PATH")
        }
        running.store(process, ordering: .sequentiallyConsistent)
        defer { running.store(0, ordering: .sequentiallyConsistent) }
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0 {
            if errno != EINTR { throw .system(SystemError("waitpid", on: arguments[0])) }
        }
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
    }
}

/// A temporary file without a name, which is gone with this value and with the program, however that ends.
final class AnswerFile {
    private let descriptor: FileDescriptor

    init() throws(IngestError) {
        do { descriptor = try NamelessFile.create(in: AnswerFile.folder) } catch { throw .system(error) }
    }

    var number: CInt { descriptor.number }
    /// Where this program may open it from its first byte on.
    var path: String { "/proc/self/fd/\(number)" }

    private static var folder: String {
        // Safe because the name lives as a C string through the call, and the value is copied.
        unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    }
}
