// SPDX-License-Identifier: Apache-2.0
internal import Base
package import HTTP
package import Serving
internal import Tabular

/// Requests that are read one after the other, computed together and then written one by one.
///
/// State: owned by its worker.
package final class PredictionCompany {
    private struct Member {
        let model: ServedModel
        let workspace: Workspace
        let form: any PredictionForm
        var times: PredictionTimes
        /// The first of those that ran in one block counts the run.
        var executions = 1
        var failure: PredictError?
    }

    private let service: PredictService
    private let rowLimit: Int
    private let joint = JointBlock()
    private var members: [Member] = []
    /// One a member; kept.
    private var workspaces: [Workspace] = []

    package init(service: PredictService, rowLimit: Int) {
        self.service = service
        self.rowLimit = rowLimit
    }

    /// Requests that have joined since the last `disperse`.
    package var count: Int { members.count }

    /// The workspace that the next request is read into.
    var workspace: Workspace {
        if workspaces.count == members.count { workspaces.append(Workspace(rowLimit: rowLimit)) }
        return workspaces[members.count]
    }

    func join(_ model: ServedModel, _ form: any PredictionForm, _ times: PredictionTimes) {
        members.append(Member(model: model, workspace: workspace, form: form, times: times))
    }

    /// Answers all members; those of one version in one block.
    package func predict() {
        var rest = Array(members.indices)
        while let first = rest.first {
            let model = members[first].model
            let fellows = rest.filter { members[$0].model.isSame(as: model) && !hasMargins($0) }
            guard fellows.first == first else {
                rest.removeFirst()
                predictAlone(first)
                continue
            }
            rest.removeAll { fellows.contains($0) }
            let start = MonotonicInstant.now
            if fellows.count > 1 && model.tensorInputs == nil {
                joint.predict(model, fellows.map { members[$0].workspace })
                let share = MonotonicInstant.now.nanoseconds(since: start) / UInt64(fellows.count)
                for index in fellows {
                    members[index].times.compute = share
                    members[index].executions = index == first ? 1 : 0
                }
            } else {
                for index in fellows { predictAlone(index) }
            }
        }
    }

    /// Rows that start from margins of their own are not those of other requests.
    private func hasMargins(_ index: Int) -> Bool { members[index].workspace.rowMargins.rowCount > 0 }

    private func predictAlone(_ index: Int) {
        let start = MonotonicInstant.now
        do {
            try service.predict(members[index].model, members[index].workspace)
        } catch {
            members[index].failure = error
        }
        members[index].times.compute = MonotonicInstant.now.nanoseconds(since: start)
    }

    /// Writes the answer of the member that joined as the `index`th.
    package func write(_ index: Int, into response: inout Response) {
        let member = members[index]
        var times = member.times
        let start = MonotonicInstant.now
        var rows = 0
        do throws(PredictError) {
            if let failure = member.failure { throw failure }
            service.copyToShadow(member.model, member.workspace)
            try member.form.write(member.workspace, member.model, into: &response)
            rows = member.workspace.answeredRows(of: member.model)
        } catch {
            response.body.clear()
            member.form.fail(error, &response)
        }
        let end = MonotonicInstant.now
        times.output = end.nanoseconds(since: start)
        service.record(
            member.model, rows: rows, isError: rows == 0, times, executions: member.executions, at: end)
        member.workspace.end()
    }

    /// Forgets the members.
    package func disperse() { members.removeAll(keepingCapacity: true) }
}
