// SPDX-License-Identifier: Apache-2.0
import Base
import Compression

/// A request's body on its way to the handler: gathered in place, decompressed, or streamed.
extension ServerConnection {
    /// The head is complete: lets the handler decide on the body.
    func beginBody(_ workspace: Workspace) {
        workspace.bodyStart = workspace.parser.position
        workspace.bodyEnd = workspace.bodyStart
        workspace.bodyByteCount = 0
        if !workspace.parser.head.hasBody { return }
        if let receiver = server.bodyReceiver, !receive(receiver, workspace) { return }
        let coding = workspace.parser.head.contentCoding
        if coding != .identity {
            workspace.decoder = server.takeDecoder(coding, outputBytesMax: workspace.parser.bodyBytesMax)
            if workspace.decoder == nil { return reject(.contentCodingUnsupported, workspace) }
        }
        sendContinueIfExpected(workspace)
    }

    /// Asks the handler how the body is to come. False when it has answered instead.
    private func receive(_ receiver: any BodyReceivingHandler, _ workspace: Workspace) -> Bool {
        server.response.reset()
        var reception = BodyReception.gathered(bytesMax: nil)
        workspace.withHead(from: origin) { reception = receiver.receive($0, &server.response) }
        switch reception {
        case .gathered(let bytesMax):
            if let bytesMax { workspace.parser.bodyBytesMax = bytesMax }
        case .streamed(let reader, let bytesMax):
            workspace.parser.bodyBytesMax = bytesMax
            let intake = BodyIntake(reader, StreamSignal(self))
            workspace.intake = intake
            reader.begin(intake.signal)
        case .answered:
            workspace.isBodyUnread = true
            machine.requestCompleted()
            let started = MonotonicInstant.now
            let bodyBytes = server.response.body.count
            if write(&server.response, workspace, nil, started), server.observer != nil {
                report(server.response, bodyBytes, workspace, since: started)
            }
            return false
        }
        return true
    }

    /// 100 (Continue) unless the body is already on its way or too long (RFC 9110, section 10.1.1).
    private func sendContinueIfExpected(_ workspace: Workspace) {
        guard workspace.parser.head.expectsContinue, workspace.parser.position == workspace.input.count,
            (workspace.parser.head.contentLength ?? 0) <= workspace.parser.bodyBytesMax
        else { return }
        workspace.output.append("HTTP/1.1 100 Continue\r\n\r\n")
    }

    /// Some of the body has come; it lies in the input.
    func takeBody(_ range: Range<Int>, _ workspace: Workspace) {
        workspace.bodyByteCount += range.count
        if workspace.isBodyGathered {
            if range.lowerBound != workspace.bodyEnd { workspace.input.move(range, to: workspace.bodyEnd) }
            workspace.bodyEnd += range.count
        } else if let intake = workspace.intake {
            intake.bytesSinceDeadline += range.count
            if workspace.decoder == nil {
                obey(intake.reader.read(workspace.input.bytes.extracting(range)), workspace)
            } else {
                intake.pending = range
                decodePending(workspace, intake)
            }
        } else if let decoder = workspace.decoder {
            do {
                try decoder.decodeAll(workspace.input, range)
            } catch {
                reject(RequestDefect(error), workspace)
            }
        }
    }

    /// Decompresses for the reader until the input is used up, or the reader has had enough.
    private func decodePending(_ workspace: Workspace, _ intake: BodyIntake) {
        guard let decoder = workspace.decoder else { return }
        while machine.takesRequests, let range = intake.pending {
            do {
                intake.pending = try decoder.decodePiece(workspace.input, range)
            } catch {
                return reject(RequestDefect(error), workspace)
            }
            if decoder.output.isEmpty { continue }
            let demand = intake.reader.read(decoder.output.bytes)
            decoder.output.clear()
            obey(demand, workspace)
        }
    }

    private func obey(_ demand: BodyDemand, _ workspace: Workspace) {
        switch demand {
        case .more: return
        case .pause: machine.bodyPaused()
        case .enough:
            workspace.isBodyUnread = true
            workspace.intake?.pending = nil
            let isAnswered = machine.phase == .exchanging
            machine.requestCompleted()
            if isAnswered { return }
            if respond(workspace) { finishRequest(workspace) }
        }
    }

    func completeRequest(_ workspace: Workspace) {
        if let decoder = workspace.decoder {
            do {
                try decoder.finish()
            } catch {
                return reject(RequestDefect(error), workspace)
            }
        }
        let isAnswered = machine.phase == .exchanging
        machine.requestCompleted()
        if isAnswered {
            workspace.intake?.reader.ended()
        } else if respond(workspace) {
            finishRequest(workspace)
        }
    }

    /// The reader of a body has an answer before the body is complete: it begins to go out now, unless the
    /// body has ended meanwhile, for then the handler is asked.
    func answerEarly() {
        guard let workspace, deferred == nil, machine.phase == .receivingBody, workspace.outflow == nil,
            let reader = workspace.intake?.reader
        else { return }
        let started = MonotonicInstant.now
        server.response.reset()
        reader.answerEarly(&server.response)
        if server.response.stream == nil {
            workspace.isBodyUnread = true
            workspace.intake?.pending = nil
            machine.requestCompleted()
        }
        let bodyBytes = server.response.body.count
        if write(&server.response, workspace, nil, started) {
            if server.observer != nil { report(server.response, bodyBytes, workspace, since: started) }
            finishRequest(workspace)
        } else {
            server.response.stream = nil
        }
        flush(workspace)
        goOn(workspace)
        settle()
    }

    /// A handler that paused a stream goes on with it.
    func streamResumed() {
        guard let workspace, deferred == nil else { return }
        let wasPaused = machine.isBodyPaused || machine.isAnswerPaused
        machine.streamResumed()
        if !wasPaused { return }
        if let intake = workspace.intake, intake.pending != nil { decodePending(workspace, intake) }
        if machine.streamsAnswer {
            goOn(workspace)
        } else if machine.takesInput {
            advance(workspace)
        } else {
            flush(workspace)
        }
        settle()
    }

    /// The time for the body is over, but it is streamed and comes fast enough to get more of it.
    var isBodyArriving: Bool {
        guard machine.deadline == .body, let intake = workspace?.intake,
            intake.bytesSinceDeadline >= server.configuration.limits.streamedBytesMin
        else { return false }
        intake.bytesSinceDeadline = 0
        return true
    }
}
