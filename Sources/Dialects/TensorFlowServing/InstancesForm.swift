// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving
internal import Tabular

/// A V1 request for predictions or explanations.
struct InstancesForm: PredictionForm {
    let explains: Bool
    private var list = InstancesList.rows
    private var outputs: NamedOutputs?
    private var event: CloudEvent?
    private var words = ServingWords()

    init(explains: Bool) { self.explains = explains }

    mutating func begin(_ request: borrowing Request, _ model: ServedModel) throws(PredictError) -> BodySize {
        event = try CloudEvent(request, model: model.name)
        return BodySize(text: request.body.count)
    }

    func demand(_ body: Span<UInt8>, _ model: ServedModel, _ size: BodySize, cost: UInt64) -> WorkDemand {
        var demand = model.demand(
            cost: cost, rows: model.estimatedRows(jsonSize: size.text, binarySize: size.binary))
        if explains { demand.joins = false }
        return demand
    }

    mutating func read(_ body: Span<UInt8>, _ model: ServedModel, into workspace: Workspace) throws {
        var stop = ServingWords.Stop()
        do {
            (list, outputs) = try InstancesRequestReader(model: model).read(
                body, into: workspace, noting: &stop)
        } catch {
            words = ServingWords(error, in: body, at: stop, model)
            throw error
        }
    }

    func extraCost(_ model: ServedModel, _ workspace: Workspace) -> UInt64 {
        explains ? model.explanationCost(rows: workspace.rows.rowCount) : 0
    }

    func write(
        _ workspace: Workspace, _ model: ServedModel, into response: inout Response
    ) throws(PredictError) {
        let writer = InstancesResponseWriter(model: model, list: list, outputs: outputs)
        if explains {
            try writer.writeExplained(workspace, into: &response.body)
        } else {
            try writer.write(workspace, into: &response.body)
        }
        event?.writeAnswer(&response)
    }

    func fail(_ error: PredictError, _ response: inout Response) { response.fail(error, words) }
}
