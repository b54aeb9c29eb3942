// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
internal import Serving

/// What every request for predictions goes through, whatever its form: find the model, estimate the cost,
/// read, predict, write, count.
struct PredictionFrame {
    let service: PredictService
    let workspace: Workspace
    /// Predictions that are expected to take more nanoseconds are not answered here.
    let costMax: UInt64
    /// What requests join once they are read, instead of being answered at once; nil on event loops.
    let company: PredictionCompany?

    /// - Parameters:
    ///   - form: how the request is read and answered; generic, so that each form has code of its own.
    ///   - path: without a model's name the default model answers.
    ///   - waited: nanoseconds that the request has spent in the queue for a worker.
    func answer<Form: PredictionForm>(
        _ form: consuming Form, _ path: PathParameters, _ request: borrowing Request,
        _ response: inout Response, waited: UInt64
    ) -> Outcome {
        var form = form
        var times = PredictionTimes()
        times.queue = waited
        let start = MonotonicInstant.now
        let model: ServedModel
        let size: BodySize
        let cost: UInt64
        do {
            model = try resolve(path)
            try form.check(model)
            size = try form.begin(request, model)
            cost = model.estimatedCost(jsonSize: size.text, binarySize: size.binary)
        } catch {
            form.fail(error, &response)
            return .answered
        }
        if cost > costMax { return .tooCostly(form.demand(request.body, model, size, cost: cost)) }
        let workspace = company?.workspace ?? workspace
        var rows = 0
        var end = start
        do {
            try form.read(request.body, model, into: workspace)
            end = mark(&times.input, since: start)
            if form.timeout > 0 && waited > form.timeout &* 1000 {
                throw PredictError.timedOut(limit: form.timeout)
            }
            let extra = form.extraCost(model, workspace)
            if extra > costMax {
                workspace.end()
                return .tooCostly(WorkDemand(cost: cost + extra))
            }
            if let company {
                company.join(model, form, times)
                return .joined
            }
            try service.predict(model, workspace)
            end = mark(&times.compute, since: end)
            try form.write(workspace, model, into: &response)
            end = mark(&times.output, since: end)
            rows = workspace.answeredRows(of: model)
        } catch {
            response.body.clear()
            form.fail(PredictError(error, in: request.body), &response)
            times.input = max(times.input, MonotonicInstant.now.nanoseconds(since: start))
        }
        service.record(model, rows: rows, isError: rows == 0, times, at: end)
        workspace.end()
        return .answered
    }

    private func resolve(_ path: PathParameters) throws(PredictError) -> ServedModel {
        let name = path.model.isEmpty ? try service.defaultModelName() : path.model
        return try service.resolve(name, version: path.version)
    }

    /// Notes what has passed since `start`, and returns the present.
    @inline(__always)
    private func mark(_ nanoseconds: inout UInt64, since start: MonotonicInstant) -> MonotonicInstant {
        let now = MonotonicInstant.now
        nanoseconds = now.nanoseconds(since: start)
        return now
    }
}
