// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography
import Glibc
import ModelFormat
import Tabular
import TestKit
import Testing

@Suite struct NativeModelTests {
    @Test(arguments: 0..<Graphs.all.count)
    func everyKindOfGraph_comesBackTheSame(index: Int) throws {
        let (_, graph) = Graphs.all[index]
        let bytes = try NativeModel.write(graph)
        let read = try NativeModel.read(bytes.span)
        // NaN is not equal to itself: two graphs are the same when their files are.
        #expect(try NativeModel.write(read) == bytes)
        if graph.stages.isEmpty { #expect(read == graph) }
        #expect(read.inputType == graph.inputType)
    }

    @Test func theSameGraph_givesTheSameBytes() throws {
        #expect(try NativeModel.write(Graphs.page) == NativeModel.write(Graphs.page))
    }

    @Test func tensors_startOnCacheLines() throws {
        let bytes = try NativeModel.write(Graphs.trees)
        #expect(bytes[8 + 2..<8 + 14] == Array("__metadata__".utf8)[...])
        let raw = RawFile(bytes)
        #expect((bytes.count - raw.data.count) % 64 == 0)
    }

    @Test func anUnsoundGraph_isNotWritten() {
        let graph = Graphs.trees.with { $0.ensemble.groups[1] = 7 }
        #expect(throws: FormatError.self) { try NativeModel.write(graph) }
    }

    @Test func statisticsOfPredictions_areReadAsTheyWereWritten() throws {
        let column = FeatureStatistics(
            missingCount: 0, mean: 0.4, standardDeviation: 0.1, minimum: 0.125, maximum: 0.75,
            quantiles: [0.125, 0.5, 0.75])
        var graph = Graphs.page
        graph.statistics?.predictions = PredictionStatistics(
            rowCount: 40, columns: [column], labelCounts: [30, 10])
        let bytes = try NativeModel.write(graph)
        #expect(try ModelFile.load(bytes.span, fileName: "m").statistics == graph.statistics)
        let wrong: [PredictionStatistics] = [
            .init(rowCount: -1, columns: []), .init(rowCount: 40, columns: [column, column]),
            .init(rowCount: 40, columns: [], labelCounts: [1]),
            .init(rowCount: 40, columns: [], labelCounts: [41, 0]),
            .init(rowCount: 40, columns: [FeatureStatistics(missingCount: 0, quantiles: [2, 1])]),
        ]
        for predictions in wrong {
            graph.statistics?.predictions = predictions
            #expect(throws: FormatError.self) { try NativeModel.write(graph) }
        }
    }

    /// Files of every released version must load for ever.
    @Test(arguments: ["trees", "linear", "perceptron"])
    func goldenFilesOfVersion1_stillLoad(name: String) throws {
        let bytes = try Repository.bytes("Tests/Fixtures/format/v1/\(name).safetensors")
        let graph = try ModelFile.load(bytes.span, fileName: name)
        let expected = ["trees": Graphs.trees, "linear": Graphs.page, "perceptron": Graphs.perceptron][name]
        let wanted = try #require(expected)
        #expect(graph.schema == wanted.schema)
        #expect(graph.output == wanted.output)
        #expect(graph.goldenSamples == wanted.goldenSamples)
        #expect(graph.statistics == wanted.statistics)
        #expect(graph.lineage == wanted.lineage)
        #expect(graph.estimator == wanted.estimator)
        #expect("\(graph.stages)" == "\(wanted.stages)")
    }

    @Test func aWrittenFile_isWholeAndAlone() throws {
        try TemporaryDirectory.with { directory in
            try NativeModel.writeFile(Graphs.trees, to: directory.path("model.safetensors"))
            try NativeModel.writeFile(Graphs.page, to: directory.path("model.safetensors"))
            let bytes = try File.read(directory.path("model.safetensors"), limit: 1 << 20)
            #expect(bytes == (try NativeModel.write(Graphs.page)))
            #expect(
                try Fixtures.names(inDirectory: directory.path, withHidden: true) == ["model.safetensors"])
        }
    }

    @Test func aWriteThatFails_leavesNothingBehind() throws {
        try TemporaryDirectory.with { directory in
            try directory.makeDirectory("taken")
            for name in ["taken", "none/model.safetensors"] {
                let error = #expect(throws: FormatError.self) {
                    try NativeModel.writeFile(Graphs.page, to: directory.path(name))
                }
                #expect(error?.code == "not_written")
            }
            #expect(try Fixtures.names(inDirectory: directory.path, withHidden: true) == ["taken"])
        }
    }

    @Test func aNameWithoutDirectory_isWrittenToTheCurrentOne() throws {
        let name = ".modeld-test-\(UInt64.random(in: .min ... .max))"
        let bytes: [UInt8] = [1, 2]
        try AtomicFile.write(bytes.span, to: name)
        #expect(try File.read(name, limit: 2) == [1, 2])
        // Safe because the string is passed as a C string that lives for the call.
        #expect(unsafe unlink(name) == 0)
    }

    @Test func filesThatAreNoFiles_areRefused() {
        #expect(throws: SystemError("read", on: "/tmp", code: EISDIR)) { try File.read("/tmp", limit: 10) }
        #expect(throws: SystemError("read", on: "/dev/null", code: EINVAL)) {
            try File.read("/dev/null", limit: 10)
        }
        #expect(throws: SystemError("read", on: #filePath, code: EFBIG)) {
            try File.read(#filePath, limit: 10)
        }
    }
}
