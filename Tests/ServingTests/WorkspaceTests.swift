// SPDX-License-Identifier: Apache-2.0
import Base
import Serving
import Tabular
import Testing

struct WorkspaceTests {
    // MARK: Room

    @Test func valuesAreLimited_byTheBytesOfTheBody() throws {
        let (_, model) = try ServedModels.model("pair")
        let workspace = Workspace(rowLimit: 1 << 20)
        workspace.begin(model, bodySize: 7)
        try workspace.makeRoom(forRows: 2)
        #expect(throws: PredictError.rowsExceedBody(rows: 4, columns: 2, bodySize: 7)) {
            try workspace.makeRoom(forRows: 2)
        }
        try workspace.makeRoom(forRows: 1)
        #expect(workspace.rows.rowCount == 3)
    }

    @Test func rowsAreLimited_byTheServer() throws {
        let (_, model) = try ServedModels.model("pair")
        let workspace = Workspace(rowLimit: 3)
        workspace.begin(model, bodySize: 1000)
        try workspace.makeRoom(forRows: 2)
        #expect(throws: PredictError.tooManyRows(limit: 3)) { try workspace.makeRoom(forRows: 2) }
        try workspace.makeRoom(forRows: 1)
        #expect(workspace.rows.rowCount == 3)
    }

    @Test(arguments: [Int.max, Int.max / 2, Int.max / 2 + 1, 1 << 40, -1, Int.min])
    func absurdCounts_areRefused(_ count: Int) throws {
        let (_, model) = try ServedModels.model("pair")
        let workspace = Workspace(rowLimit: .max)
        workspace.begin(model, bodySize: 100)
        try workspace.makeRoom(forRows: 1)
        #expect(throws: PredictError.self) { try workspace.makeRoom(forRows: count) }
        #expect(workspace.rows.rowCount == 1)
    }

    @Test func newRows_areMissing() throws {
        let (_, model) = try ServedModels.model("pair")
        let workspace = Workspace(rowLimit: 1 << 20)
        workspace.begin(model, bodySize: 100)
        try workspace.makeRoom(forRows: 1)
        workspace.rows.set(5, row: 0, column: 0)
        workspace.begin(model, bodySize: 100)
        try workspace.makeRoom(forRows: 1)
        #expect(workspace.rows.value(row: 0, column: 0).isNaN)
    }

    @Test func aWorkspace_answersAgainAfterALargeRequest() throws {
        let (service, model) = try ServedModels.model("classes")
        let workspace = Workspace(rowLimit: 1 << 20)
        for rows in [100_000, 1] {
            workspace.begin(model, bodySize: 200_000)
            try workspace.makeRoom(forRows: rows)
            workspace.rows.set(50, row: rows - 1, column: 1)
            workspace.rows.set(0, row: rows - 1, column: 0)
            try service.predict(model, workspace)
            let label = try index(of: "labels", in: model)
            try workspace.prepare(output: label, of: model)
            #expect(workspace.value(output: label, of: model, row: rows - 1, column: 0) == .integer(20))
            workspace.end()
        }
    }

    // MARK: Outputs

    private func index(of output: String, in model: ServedModel) throws -> Int {
        try #require(model.outputs.firstIndex { $0.name == output })
    }

    /// All elements of an output for the rows `inputs`.
    private func answers(_ name: String, _ output: String, _ inputs: [[Double]]) throws -> [OutputValue] {
        let (service, model) = try ServedModels.model(name)
        let workspace = try answered(service, model, inputs)
        let output = try index(of: output, in: model)
        try workspace.prepare(output: output, of: model)
        return inputs.indices.flatMap { row in
            (0..<(model.outputs[output].width ?? 1)).map {
                workspace.value(output: output, of: model, row: row, column: $0)
            }
        }
    }

    private func answered(
        _ service: PredictService, _ model: ServedModel, _ inputs: [[Double]]
    ) throws -> Workspace {
        let workspace = Workspace(rowLimit: 1 << 20)
        workspace.begin(model, bodySize: 1000)
        try workspace.makeRoom(forRows: inputs.count)
        for (row, values) in inputs.enumerated() {
            for (column, value) in values.enumerated() { workspace.rows.set(value, row: row, column: column) }
        }
        try service.predict(model, workspace)
        return workspace
    }

    @Test func aRegressor_hasPredictionsAndMargin() throws {
        let (_, model) = try ServedModels.model("pair")
        #expect(model.outputs.map(\.name) == ["predictions", "margin", "contributions"])
        #expect(try answers("pair", "predictions", [[1, 2], [3, 4]]) == [.float64(21), .float64(43)])
        #expect(try answers("pair", "margin", [[1, 2]]) == [.float64(21)])
    }

    @Test func aBinaryClassifier_hasTwoProbabilitiesAndNamedLabels() throws {
        let (_, model) = try ServedModels.model("binary")
        #expect(
            model.outputs.map(\.name)
                == ["predictions", "probabilities", "labels", "margin", "contributions"])
        #expect(model.outputs.map(\.datatype) == [.float64, .float64, .bytes, .float64, .float64])
        #expect(model.outputs.map(\.width) == [nil, 2, nil, nil, 2])
        let rows = [[0.0], [100], [-100]]
        #expect(try answers("binary", "margin", rows) == [.float64(0), .float64(100), .float64(-100)])
        #expect(try answers("binary", "labels", rows) == [.text("no"), .text("yes"), .text("no")])
        let predictions = try answers("binary", "predictions", [[0]])
        #expect(predictions == [.float64(0.5)])
        #expect(try answers("binary", "probabilities", [[0]]) == [.float64(0.5), .float64(0.5)])
        #expect(try answers("binary", "probabilities", [[100]])[1] == .float64(1))
    }

    @Test func aClassifierOfSeveral_hasAProbabilityAClassAndNumberedLabels() throws {
        let (_, model) = try ServedModels.model("classes")
        #expect(model.outputs.map(\.datatype) == [.float64, .float64, .int64, .float64, .float64])
        #expect(model.outputs.map(\.width) == [3, 3, nil, 3, 9])
        let rows = [[50.0, 0], [0, 50], [-50, -50]]
        #expect(try answers("classes", "labels", rows) == [.integer(10), .integer(20), .integer(30)])
        #expect(
            try answers("classes", "margin", [[2, 3]]) == [.float64(2), .float64(3), .float64(0)])
        let probabilities = try answers("classes", "probabilities", [[1, 2]])
        let sum = probabilities.reduce(0.0) { sum, value in
            guard case .float64(let probability) = value else { return .nan }
            return sum + probability
        }
        #expect(abs(sum - 1) < 1e-15)
        #expect(try answers("classes", "predictions", [[1, 2]]) == probabilities)
    }

    @Test(arguments: ["pair", "binary", "classes"])
    func binaryForm_hasTheSizeThatIsAnnounced(_ name: String) throws {
        let (service, model) = try ServedModels.model(name)
        let row = [Double](repeating: 1, count: model.schema.count)
        let workspace = try answered(service, model, [row, row.map { -$0 }])
        for output in model.outputs.indices {
            try workspace.prepare(output: output, of: model)
            var body = ByteBuffer()
            workspace.appendBinary(output: output, of: model, to: &body)
            #expect(body.count == workspace.binarySize(output: output, of: model))
        }
    }

    @Test func explanationsOfTooManyRows_areRefused() throws {
        let (_, model) = try ServedModels.model("pair")
        let workspace = Workspace(rowLimit: 1 << 24)
        workspace.begin(model, bodySize: 1 << 24)
        let limit = Workspace.explanationCellLimit / 3
        try workspace.makeRoom(forRows: limit + 1)
        let output = try index(of: "contributions", in: model)
        #expect(
            throws: PredictError.answerTooLarge(output: "contributions", rows: limit + 1, limit: limit)
        ) { try workspace.prepare(output: output, of: model) }
    }

    @Test func binaryForm_isLittleEndianWithLengthsBeforeNames() throws {
        let (service, model) = try ServedModels.model("binary")
        let workspace = try answered(service, model, [[100], [-100]])
        var body = ByteBuffer()
        workspace.appendBinary(output: try index(of: "labels", in: model), of: model, to: &body)
        workspace.appendBinary(output: try index(of: "margin", in: model), of: model, to: &body)
        let bytes = body.bytes.indices.map { body.bytes[$0] }
        let names: [UInt8] = [3, 0, 0, 0] + Array("yes".utf8) + [2, 0, 0, 0] + Array("no".utf8)
        #expect(
            bytes == names + [0, 0, 0, 0, 0, 0, 0x59, 0x40] + [0, 0, 0, 0, 0, 0, 0x59, 0xc0])
    }

    // MARK: Which model answers

    @Test func unknownNamesAndVersions_areTold() throws {
        let (service, model) = try ServedModels.model("pair")
        #expect(model.version == "1" && model.platform == "modeld_safetensors")
        #expect(throws: PredictError.unknownModel("none")) { try service.resolve("none", version: nil) }
        #expect(throws: PredictError.unknownVersion(model: "pair", version: "01")) {
            try service.resolve("pair", version: "01")
        }
        #expect(throws: PredictError.unknownModel("none")) { try service.statuses(of: "none") }
        #expect(service.modelNames == ["binary", "classes", "pair", "sure"])
        #expect(service.readyVersions(of: "pair") == ["1"])
        #expect(try service.statuses(of: "pair").map(\.state) == [.ready])
    }
}
