// SPDX-License-Identifier: Apache-2.0
import Base
import TestKit
import Testing

@Suite struct TestKitTests {
    @Test func temporaryDirectories_holdFilesAndVanish() throws {
        let path = try TemporaryDirectory.with { directory in
            let file = try directory.write("text", to: "deep/in/it.txt")
            #expect(try Fixtures.contents(ofFile: file) == Array("text".utf8))
            #expect(try Fixtures.names(inDirectory: directory.path("deep")) == ["in"])
            return directory.path
        }
        #expect(throws: Fixtures.Failure.self) { try Fixtures.names(inDirectory: path) }
    }

    @Test func seededGenerators_repeatThemselves() {
        var first = SeededGenerator(seed: 1)
        var second = SeededGenerator(seed: 1)
        var other = SeededGenerator(seed: 2)
        let numbers = (0..<4).map { _ in first.next() }
        #expect(numbers == (0..<4).map { _ in second.next() })
        #expect(numbers != (0..<4).map { _ in other.next() })
        // The published first value of SplitMix64 for the seed 0.
        var zero = SeededGenerator(seed: 0)
        #expect(zero.next() == 0xe220_a839_7b1d_cdaf)
    }

    @Test func missingFixtures_areNamed() {
        #expect(throws: Fixtures.Failure.self) { try Fixtures.bytes("no/such/file") }
    }
}
