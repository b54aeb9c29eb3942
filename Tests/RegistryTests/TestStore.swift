// SPDX-License-Identifier: Apache-2.0
import Base
import Foundation
import Glibc
import Inference
import ModelFormat
import Registry
import Synchronization
import Tabular
import Telemetry
import Testing

/// A registry directory of its own for one test, and a registry over it whose time is turned by hand.
final class TestStore: Sendable {
    let root: String
    let clock = ManualClock()
    let metrics = MetricRegistry()
    let registry: Registry
    private let collected: LineBox

    /// - Parameter path: what is served, below the directory.
    init(serving path: String = "", configure: (inout Registry.Configuration) -> Void = { _ in }) throws {
        root =
            FileManager.default.temporaryDirectory.appending(path: "modeld-registry-\(UUID().uuidString)")
            .path
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        var configuration = Registry.Configuration(path: path.isEmpty ? root : "\(root)/\(path)")
        configure(&configuration)
        let collected = LineBox()
        registry = Registry(
            configuration, metrics: metrics,
            logger: Logger(level: .debug, sink: .closure { collected.append($0) }), clock: clock.clock)
        self.collected = collected
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    var log: [String] { collected.all }

    func path(_ relative: String) -> String { "\(root)/\(relative)" }

    func write(_ bytes: [UInt8], to relative: String) throws {
        let url = URL(fileURLWithPath: path(relative))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        let handle: FileHandle
        if FileManager.default.fileExists(atPath: url.path) {
            handle = try FileHandle(forWritingTo: url)
            try handle.truncate(atOffset: 0)
        } else {
            #expect(FileManager.default.createFile(atPath: url.path, contents: nil))
            handle = try FileHandle(forWritingTo: url)
        }
        try handle.write(contentsOf: Data(bytes))
        try handle.close()
    }

    func remove(_ relative: String) throws { try FileManager.default.removeItem(atPath: path(relative)) }

    func rename(_ relative: String, to target: String) throws {
        try FileManager.default.moveItem(atPath: path(relative), toPath: path(target))
    }

    func link(_ relative: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path(relative), withDestinationPath: target)
    }

    func makePipe(_ relative: String) throws {
        // Safe because the string is passed as a C string that lives for the call.
        let made = unsafe mkfifo(path(relative), 0o600)
        try #require(made == 0)
    }

    /// Looks, and waits for what is loaded because of it.
    func look() throws {
        try registry.look()
        registry.waitForLoads()
    }

    /// Looks twice, far enough apart that whatever is there is at rest.
    func settle() throws {
        try look()
        clock.advance(seconds: 1.5)
        try look()
    }

    /// The answer of the newest version, or of the one named; nil when there is none.
    func answer(_ model: String, version: String? = nil) -> Double? {
        guard let entry = registry.view.models[model] else { return nil }
        guard let loaded = version.map({ entry.version(named: $0) }) ?? entry.newest else { return nil }
        return TestModel.answer(of: loaded)
    }

    func states(_ model: String) -> [String] {
        registry.reports(of: model).map { "\($0.version) \($0.state.name)" }
    }
}

final class LineBox: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func append(_ line: String) { lines.withLock { $0.append(line) } }
}

/// Time that only moves when it is told to. Starts an hour after the present, so that files written by a test
/// are old at the first look unless it says otherwise.
final class ManualClock: Sendable {
    private let nanoseconds = Mutex<UInt64>(0)
    private let wallOffset = Mutex<Int64>(3_600_000_000_000)

    func advance(seconds: Double) { nanoseconds.withLock { $0 += UInt64(seconds * 1e9) } }

    /// From now on files that a test writes look as if they were written just now.
    func makeFilesYoung() { wallOffset.withLock { $0 = 0 } }

    var clock: RegistryClock {
        RegistryClock(
            now: { MonotonicInstant(nanoseconds: 1_000_000_000_000 + self.nanoseconds.withLock { $0 }) },
            wallClock: { RegistryClock.system.wallClock() + self.wallOffset.withLock { $0 } })
    }
}

/// Models that always answer one number, so that a test can tell them apart.
enum TestModel {
    static func native(_ answer: Double, golden: Double? = nil) throws -> [UInt8] {
        let sample = GoldenSample(inputs: [.number(3)], predictions: [golden ?? answer], tolerance: 0)
        return try NativeModel.write(
            ModelGraph(
                schema: FeatureSchema(features: [Feature(name: "x", kind: .numeric)]),
                estimator: .linear(LinearModel(coefficients: [0], intercepts: [answer])),
                output: OutputDescription(transform: .identity), goldenSamples: [sample]))
    }

    /// A linear model of so many features, to take some memory.
    static func wide(_ width: Int) throws -> [UInt8] {
        try NativeModel.write(
            ModelGraph(
                schema: FeatureSchema(
                    features: (0..<width).map { Feature(name: "x\($0)", kind: .numeric) }),
                estimator: .linear(
                    LinearModel(coefficients: [Double](repeating: 0, count: width), intercepts: [1])),
                output: OutputDescription(transform: .identity)))
    }

    /// A file that another library wrote.
    static func xgboost() throws -> [UInt8] {
        let path = URL(fileURLWithPath: #filePath)
            .appending(path: "../../Fixtures/models/xgboost/xgb_binary_logistic/model.json").standardized
        return Array(try Data(contentsOf: path))
    }

    static func answer(of loaded: LoadedModel) -> Double {
        var rows = RowBlock()
        var predictions = Predictions()
        var scratch = InferenceScratch()
        rows.reset(columnCount: loaded.model.schema.count, numberType: loaded.model.inputType)
        rows.appendRows(1)
        rows.set(3, row: 0, column: 0)
        loaded.model.predict(rows, into: &predictions, scratch: &scratch)
        return predictions.values.value(row: 0, column: 0)
    }
}
