// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import ControlApp

@Suite struct BatchCommandTests {
    /// One tree of two features.
    private static let model = Program.fixtures + "/protocols/registry/stump/1/model.json"

    private static let rows: String = {
        var text = "id,f1,f0\n"
        for index in 0..<3000 {
            text += index % 7 == 0 ? "\"a\n\(index)\",0,\(index % 3)\n" : "\(index),0,\(index % 3)\r\n"
        }
        return text
    }()

    @Test func shards_joinedAreWhatOneRunWrites() throws {
        try Program.withFile("rows.csv", Self.rows) { input in
            let folder = URL(filePath: input).deletingLastPathComponent().path
            let (whole, parts) = ("\(folder)/whole.csv", "\(folder)/parts.csv")
            let one = try Program.run(["batch", Self.model, input, whole, "--keep", "id"])
            #expect(one.status == 0, "\(one)")
            let expected = try String(contentsOfFile: whole, encoding: .utf8)
            #expect(expected.hasPrefix("id,predictions,error\n\"a\n0\","))
            for count in [1, 2, 5, 40] {
                for index in 0..<count {
                    let arguments = ["batch", Self.model, input, parts, "--keep", "id"]
                    let shard =
                        index % 2 == 0
                        ? try Program.run(arguments + ["--shard", "\(index)/\(count)"])
                        : try Program.run(
                            arguments + ["--shards", "\(count)"],
                            environment: ["JOB_COMPLETION_INDEX": "\(index)"])
                    #expect(shard.status == 0, "\(shard)")
                }
                let again = try Program.run(
                    ["batch", Self.model, input, parts, "--keep", "id", "--shard", "0/\(count)"])
                #expect(again.status == 0 && again.errors.contains("is finished"), "\(again)")
                let other = try Program.run(["batch", Self.model, input, parts, "--shard", "0/\(count)"])
                #expect(!other.errors.contains("is finished"), "\(other)")
                if count > 1 {
                    let mixed = try Program.run(["batch", "verify", parts, "--shards", "\(count)"])
                    #expect(mixed.status == 1 && mixed.errors.contains("of another run"), "\(mixed)")
                }
                _ = try Program.run(
                    ["batch", Self.model, input, parts, "--keep", "id", "--shard", "0/\(count)"])
                let merged = try Program.run(["batch", "merge", parts, "--shards", "\(count)"])
                #expect(merged.status == 0, "\(merged)")
                #expect(try String(contentsOfFile: parts, encoding: .utf8) == expected, "\(count) shards")
            }
        }
    }

    @Test func threads_doNotMatter() throws {
        var rows = "f0,f1\n"
        for index in 0..<200_000 { rows += "\(index % 5 == 0 ? "x" : "0.25"),1\n" }
        let one = try Program.run(["batch", Self.model, "--threads", "1"], input: rows)
        let four = try Program.run(["batch", Self.model, "--threads", "4"], input: rows)
        #expect(one.status == 1 && four.status == 1)
        #expect(one.output == four.output && one.output.count > 200_000)
        #expect(four.errors.contains("200000 records, 40000 bad"), "\(four.errors)")
    }

    @Test func theExitStatus_saysWhatHappened() throws {
        func status(_ input: String, _ options: String...) throws -> Int32 {
            try Program.run(["batch", Self.model] + options, input: input).status
        }
        #expect(try status("f0,f1\n1,1\n") == 0)
        #expect(try status("f0,f1\nx,1\n") == 1)
        #expect(try status("f0,f1\nx,1\n", "-", "-", "--accept-errors") == 0)
        #expect(try status("f0,f1\nx,1\n", "-", "-", "--on-error", "stop") == 2)
        #expect(try status("other\n1\n") == 2)
        #expect(try status("", "/nonexistent.csv") == 2)
        #expect(try status("f0,f1\n1,1\n", "-", "/nonexistent/out.csv") == 2)
        #expect(try status("f0,f1\n1,1\n", "-", "/dev/full") == 75)
        #expect(try status("f0,f1\n1,1\n", "-", "/dev/null") == 0)
        #expect(try status("f0,f1\n1,1\n", "-", "-", "--threads", "0") == 64)
        #expect(try Program.run(["batch", "/nonexistent.json"]).status == 2)
    }

    @Test func aFailedRun_leavesNothingBehind() throws {
        try Program.withFile("rows.csv", "f0,f1\n1,1\nx,1\n") { input in
            let folder = URL(filePath: input).deletingLastPathComponent()
            let run = try Program.run(
                ["batch", Self.model, input, folder.appending(path: "out.csv").path, "--on-error", "stop"])
            #expect(run.status == 2)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["rows.csv"])
        }
    }

    @Test func shardsOfBytes_coverTheFileOnce() throws {
        for size in [0, 1, 7, 1000, Int.max] {
            for count in [1, 2, 3, 7, 1000] {
                var end = 0
                for index in 0..<count {
                    let shard = try #require(BatchShard(index: index, count: count))
                    #expect(shard.bytes(of: size).lowerBound == end)
                    end = shard.bytes(of: size).upperBound
                }
                #expect(end == size)
            }
        }
        #expect(BatchShard("3/3") == nil && BatchShard("-1/3") == nil && BatchShard("1") == nil)
        #expect(BatchShard("2/10")?.path(of: "a/b.c/out.csv") == "a/b.c/out-00002-of-00010.csv")
        #expect(BatchShard("0/1")?.path(of: "a.b/out") == "a.b/out-00000-of-00001")
    }
}
