// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import HTTP
package import Serving

/// What every request for predictions goes through, whatever its form: find the model, estimate the cost,
/// read, predict, write, count.
package struct PredictionFrame {
    let service: PredictService
    let workspace: Workspace
    let costMax: UInt64
    let company: PredictionCompany?

    /// - Parameter costMax: predictions that are expected to take more nanoseconds are not answered here.
    /// - Parameter company: what requests join once they are read, instead of being answered at once; nil on
    ///   event loops.
    package init(
        service: PredictService, workspace: Workspace, costMax: UInt64 = .max,
        company: PredictionCompany? = nil
    ) {
        self.service = service
        self.workspace = workspace
        self.costMax = costMax
        self.company = company
    }

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
            if let resolved = path.resolved { model = resolved } else { model = try resolve(path, request) }
            try form.check(model)
            size = try form.begin(request, model)
            cost = model.estimatedCost(jsonSize: size.text, binarySize: size.binary)
        } catch {
            if case .notLoaded(let name) = error, !path.hasWaited { return .needsLoading(model: name) }
            form.fail(error, &response)
            return .answered
        }
        if cost > costMax { return .tooCostly(demand(form, request.body, model, size, cost)) }
        let isAdmitted = path.isAdmitted || model.enter()
        guard isAdmitted || costMax < .max else {
            // There is nobody to wait for a place.
            form.fail(.tooManyRequests(model: model.name), &response)
            return .answered
        }
        guard isAdmitted else { return .tooCostly(demand(form, request.body, model, size, cost)) }
        defer { if !path.isAdmitted { model.leave() } }
        let workspace = company?.workspace ?? workspace
        var rows = 0
        var end = start
        do {
            try form.read(request.body, model, into: workspace)
            end = mark(&times.input, since: start)
            if let deadline = model.deadline, waited > deadline {
                throw PredictError.timedOut(limit: deadline / 1000)
            }
            if form.timeout > 0 && waited > form.timeout &* 1000 {
                throw PredictError.timedOut(limit: form.timeout)
            }
            let extra = form.extraCost(model, workspace)
            if extra > costMax {
                workspace.end()
                return .tooCostly(demand(form, request.body, model, size, cost + extra))
            }
            if let company {
                company.join(model, form, times)
                return .joined
            }
            try service.predict(model, workspace)
            end = mark(&times.compute, since: end)
            service.copyToShadow(model, workspace)
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

    private func resolve(
        _ path: PathParameters, _ request: borrowing Request
    ) throws(PredictError) -> ServedModel {
        let name = path.model.isEmpty ? try service.defaultModelName() : path.model
        let destination = try service.locate(name, version: path.version, label: path.label)
        switch destination.key {
        case .none: return try service.resolve(destination)
        case .body: return try service.resolve(destination, key: request.body)
        case .header(let header):
            for index in 0..<request.headerCount where request.headerName(at: index).isHeader(header) {
                return try service.resolve(destination, key: request.headerValue(at: index))
            }
            return try service.resolve(destination)
        }
    }

    private func demand<Form: PredictionForm>(
        _ form: borrowing Form, _ body: Span<UInt8>, _ model: ServedModel, _ size: BodySize, _ cost: UInt64
    ) -> WorkDemand {
        var demand = form.demand(body, model, size, cost: cost)
        demand.model = model
        return demand
    }

    /// Notes what has passed since `start`, and returns the present.
    @inline(__always)
    private func mark(_ nanoseconds: inout UInt64, since start: MonotonicInstant) -> MonotonicInstant {
        let now = MonotonicInstant.now
        nanoseconds = now.nanoseconds(since: start)
        return now
    }
}

extension Span<UInt8> {
    /// Whether this is the name of a header, in any case.
    fileprivate func isHeader(_ name: String) -> Bool {
        let utf8 = name.utf8
        guard count == utf8.count else { return false }
        for (index, byte) in zip(indices, utf8) where Self.lower(self[index]) != Self.lower(byte) {
            return false
        }
        return true
    }

    private static func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
