// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

@Suite struct ConnectionStateMachineTests {
    private func machine(served: Int = 0) -> ConnectionStateMachine {
        var machine = ConnectionStateMachine()
        for _ in 0..<served {
            machine.bytesArrived()
            machine.headCompleted()
            machine.requestCompleted()
            machine.answered(ends: false, clientAskedToClose: false)
        }
        return machine
    }

    @Test func newConnection_owesARequest() {
        #expect(machine().deadline == .head)
        #expect(machine(served: 1).deadline == .idle)
    }

    @Test func eachPhase_hasItsDeadline() {
        var machine = machine(served: 1)
        machine.bytesArrived()
        #expect(machine.deadline == .head)
        machine.headCompleted()
        #expect(machine.deadline == .body)
        machine.requestCompleted()
        #expect(machine.deadline == .handler)
        #expect(!machine.wantsInput && !machine.takesRequests)
        machine.answered(ends: false, clientAskedToClose: false)
        #expect(machine.phase == .idle)
    }

    @Test func slowReader_stopsTheInput() {
        var machine = machine(served: 1)
        #expect(machine.outputChanged(isPending: true) == .proceed)
        #expect(!machine.wantsInput)
        #expect(machine.deadline == .write)
        #expect(machine.deadlineReached() == .close)
    }

    @Test func lastAnswer_lingersUnlessTheClientAskedToClose() {
        for (asked, expected) in [(true, ConnectionStateMachine.Action.close), (false, .linger)] {
            var machine = machine()
            machine.bytesArrived()
            machine.requestCompleted()
            #expect(machine.endsAfterAnswer(keepsAlive: false, handlerCloses: false))
            machine.answered(ends: true, clientAskedToClose: asked)
            #expect(machine.outputChanged(isPending: true) == .proceed)
            #expect(machine.outputChanged(isPending: false) == expected)
        }
    }

    @Test func lateRequest_isTimedOutWithAnAnswerAndAnIdleOneWithout() {
        var head = machine(served: 1)
        head.bytesArrived()
        #expect(head.deadlineReached() == .reject(.headerTimeout))
        var body = machine()
        body.bytesArrived()
        body.headCompleted()
        #expect(body.deadlineReached() == .reject(.bodyTimeout))
        var waiting = machine()
        waiting.bytesArrived()
        waiting.requestCompleted()
        #expect(waiting.deadlineReached() == .abandonAnswer)
        var idle = machine(served: 1)
        #expect(idle.deadlineReached() == .close)
    }

    @Test func endOfInput_endsWhatCannotBeFinished() {
        var idle = machine(served: 1)
        #expect(idle.inputEnded() == .close)
        var begun = machine()
        begun.bytesArrived()
        #expect(begun.inputEnded() == .reject(.endedEarly))
        var flushing = machine(served: 1)
        _ = flushing.outputChanged(isPending: true)
        #expect(flushing.inputEnded() == .proceed)
        #expect(flushing.outputChanged(isPending: false) == .close)
    }

    @Test func draining_endsAfterTheNextAnswer() {
        var machine = machine(served: 1)
        #expect(!machine.endsAfterAnswer(keepsAlive: true, handlerCloses: false))
        machine.drainBegan()
        #expect(machine.endsAfterAnswer(keepsAlive: true, handlerCloses: false))
        #expect(machine.endIfIdle() == .linger)
        #expect(machine.phase == .lingering && machine.wantsInput)
        #expect(machine.inputEnded() == .close)
    }

    @Test func draining_leavesABegunRequestAlone() {
        var machine = machine()
        machine.bytesArrived()
        machine.drainBegan()
        #expect(machine.endIfIdle() == .proceed)
        #expect(machine.takesRequests)
    }

    @Test func anEarlyAnswer_goesOnBesideTheBody() {
        var machine = machine()
        machine.bytesArrived()
        machine.headCompleted()
        machine.answerBegan()
        #expect(machine.phase == .exchanging && machine.wantsInput && machine.wantsToWrite)
        // A client that does not read yet is still read from.
        #expect(machine.outputChanged(isPending: true) == .proceed)
        #expect(machine.wantsInput && machine.takesInput && machine.deadline == .body)
        machine.bodyPaused()
        #expect(!machine.wantsInput && machine.deadline == .write)
        machine.streamResumed()
        machine.answerPaused()
        #expect(machine.outputChanged(isPending: false) == .proceed)
        #expect(!machine.wantsToWrite && machine.wantsInput)
        machine.requestCompleted()
        #expect(machine.phase == .streamingAnswer && !machine.wantsInput)
        machine.answered(ends: false, clientAskedToClose: false)
        #expect(machine.phase == .idle)
    }

    @Test func anEarlyAnswer_isCutOffWithItsBody() {
        for event in [{ $0.inputEnded() }, { $0.deadlineReached() }]
            as [(inout ConnectionStateMachine) -> ConnectionStateMachine.Action]
        {
            var machine = machine()
            machine.bytesArrived()
            machine.headCompleted()
            machine.answerBegan()
            #expect(event(&machine) == .close)
        }
    }
}
