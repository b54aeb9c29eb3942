// SPDX-License-Identifier: Apache-2.0
import Glibc
import TestKit
import Testing

@testable import Base

@Suite struct NamelessFileTests {
    /// Both ways give a file that can be written and read, has no name, and is closed in other programs.
    @Test(arguments: [true, false]) func aFile_hasNoName(byTheKernel: Bool) throws {
        try TemporaryDirectory.with { directory in
            let file =
                try byTheKernel
                ? NamelessFile.create(in: directory.path) : NamelessFile.createAndRemove(in: directory.path)
            #expect(try Fixtures.names(inDirectory: directory.path, withHidden: true).isEmpty)
            #expect(fcntl(file.number, F_GETFD) & FD_CLOEXEC == FD_CLOEXEC)
            try file.write([1, 2, 3].span, path: "it")
            #expect(try File.read("/proc/self/fd/\(file.number)", limit: 10) == [1, 2, 3])
        }
    }

    @Test func aDirectoryThatIsNotThere_isNamed() {
        let error = #expect(throws: SystemError.self) { _ = try NamelessFile.create(in: "/nonexistent") }
        #expect(error == SystemError("create", on: "/nonexistent", code: ENOENT))
    }
}
