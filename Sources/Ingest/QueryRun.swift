// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc

/// Runs SQL by DuckDB's command-line tool, whose answer is a CSV file in memory.
package enum QueryRun {
    /// The statement that reads a Parquet file whole.
    package static func statement(parquet path: String) -> String {
        let parts = path.split(separator: "'", omittingEmptySubsequences: false)
        return "SELECT * FROM read_parquet('\(parts.joined(separator: "''"))')"
    }

    /// Writes the rows that `statement` gives to the file `output`, CSV with a header; missing values are
    /// empty.
    ///
    /// - Throws: `query` when the tool is not installed, or says what is wrong.
    package static func run(
        _ statement: String, output: String, tool: String = "duckdb"
    ) throws(IngestError) {
        let errors = output + ".errors"
        // Safe because the name lives as a C string through the call.
        defer { _ = unsafe unlink(errors) }
        let arguments = [tool, "-batch", "-csv", "-header", "-nullvalue", "", "-c", statement]
        let status = try spawn(arguments, output: output, errors: errors)
        guard status == 0 else {
            let said = (try? File.read(errors, limit: 1 << 20)).map { String(copying: $0.span) } ?? ""
            let message = said.isEmpty ? "it ended with status \(status)" : said
            throw .query(reason: "\(tool): \(message)")
        }
    }

    private static func spawn(
        _ arguments: [String], output: String, errors: String
    ) throws(IngestError) -> Int32 {
        // Safe because the actions are initialised here, used by the one call below and destroyed once; names
        // and arguments are C strings that live until then.
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, flags, 0o600)
        unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, flags, 0o600)
        var pointers = unsafe arguments.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
        var process = pid_t()
        let code = unsafe posix_spawnp(&process, arguments[0], &actions, nil, pointers, environ)
        guard code == 0 else {
            throw .query(
                reason:
                    "\(arguments[0]) cannot be started (error \(code)); Parquet files and --query need "
                    + "DuckDB's command-line tool, see https://duckdb.org/docs/installation, on the PATH")
        }
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0 {
            if errno != EINTR { throw .system(SystemError("waitpid", on: arguments[0])) }
        }
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
    }
}
