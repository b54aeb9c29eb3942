// SPDX-License-Identifier: Apache-2.0

/// Decides what a server connection does next; whoever owns the socket acts. Knows no clock, socket or
/// buffer.
///
///     idle ─bytes→ head ─end of head→ body ─end of body→ awaitingResponse ─answer→ idle
///     head, body ─defect, deadline→ flushing        awaitingResponse ─last answer→ flushing
///     awaitingResponse ─answer begins→ streamingAnswer ─answer ends→ idle, flushing
///     body ─answer begins→ exchanging ─end of body→ streamingAnswer
///     flushing ─all written→ lingering ─client ends, deadline→ closed
struct ConnectionStateMachine: Sendable {
    enum Phase: Equatable, Sendable {
        /// Between requests: no byte of the next one has arrived.
        case idle
        case receivingHead
        case receivingBody
        /// A request is with its handler. Nothing is read: what the client pipelines waits in the kernel.
        case awaitingResponse
        /// The head of an answer is out, and its body comes piece by piece as the client takes it.
        case streamingAnswer
        /// The answer goes out piece by piece while the request's body still comes: what the client asked
        /// for. Neither waits for the other.
        case exchanging
        /// The last answer is on its way out; then the connection ends.
        case flushing
        /// Our side is shut; what the client still sends is read and dropped, so that closing does not reset
        /// the connection before the client has read the answer (RFC 9112, section 9.6).
        case lingering
        case closed
    }

    /// Which of the absolute deadlines runs.
    enum Deadline: Equatable, Sendable { case none, idle, head, body, handler, write, linger }

    enum Action: Equatable, Sendable {
        case proceed
        /// Answer with this defect's error and end the connection.
        case reject(RequestDefect)
        /// The answer did not come in time: say so in its place and end the connection.
        case abandonAnswer
        /// Shut our side, then read until the client ends its own.
        case linger
        case close
    }

    private(set) var phase = Phase.idle
    /// Answers are waiting for the socket to take them.
    private(set) var isOutputPending = false
    /// The client has ended its side; what it sent before is still answered.
    private(set) var hasInputEnded = false
    private(set) var isDraining = false
    /// The handler wants no more of the body for now.
    private(set) var isBodyPaused = false
    /// The handler has no more of its answer for now.
    private(set) var isAnswerPaused = false
    private(set) var answerCount = 0
    /// The client expects the connection to end and sends nothing more, so there is nothing to linger for.
    private var clientAskedToClose = false

    /// Whether another request may be taken out of the input.
    var takesRequests: Bool {
        switch phase {
        case .idle, .receivingHead: true
        case .receivingBody, .exchanging: !isBodyPaused
        case .awaitingResponse, .streamingAnswer, .flushing, .lingering, .closed: false
        }
    }

    /// The same, and what waits to be sent does not forbid it.
    var takesInput: Bool { takesRequests && (!isOutputPending || phase == .exchanging) }

    /// An answer's body is on its way, piece by piece.
    var streamsAnswer: Bool { phase == .streamingAnswer || phase == .exchanging }

    /// Bounded output: while answers wait for a slow reader, no further request is read.
    var wantsInput: Bool {
        if hasInputEnded { return false }
        switch phase {
        case .idle, .receivingHead: return !isOutputPending
        case .receivingBody: return !isOutputPending && !isBodyPaused
        case .exchanging: return !isBodyPaused
        case .lingering: return true
        case .awaitingResponse, .streamingAnswer, .flushing, .closed: return false
        }
    }

    /// Something can be done as soon as the socket takes bytes.
    var wantsToWrite: Bool { isOutputPending || (streamsAnswer && !isAnswerPaused) }

    var deadline: Deadline {
        if phase == .exchanging, !isBodyPaused { return .body }
        if isOutputPending { return .write }
        switch phase {
        // A client that connects owes a request; only after the first answer may it be idle.
        case .idle: return answerCount == 0 ? .head : .idle
        case .receivingHead: return .head
        case .receivingBody: return isBodyPaused ? .handler : .body
        case .awaitingResponse: return .handler
        case .streamingAnswer, .exchanging: return isAnswerPaused ? .handler : .write
        case .closed: return .none
        case .flushing: return .write
        case .lingering: return .linger
        }
    }

    // MARK: Events

    mutating func bytesArrived() {
        if phase == .idle { phase = .receivingHead }
    }

    mutating func headCompleted() {
        if phase == .receivingHead || phase == .idle { phase = .receivingBody }
    }

    mutating func bodyPaused() { isBodyPaused = true }

    mutating func requestCompleted() {
        isBodyPaused = false
        phase = phase == .exchanging ? .streamingAnswer : .awaitingResponse
    }

    mutating func answerBegan() { phase = phase == .receivingBody ? .exchanging : .streamingAnswer }

    mutating func answerPaused() { isAnswerPaused = true }

    /// The handler can go on with what it paused.
    mutating func streamResumed() {
        isBodyPaused = false
        isAnswerPaused = false
    }

    /// The answer is in the output. True when it must say that the connection ends: ask before writing the
    /// head.
    func endsAfterAnswer(keepsAlive: Bool, handlerCloses: Bool) -> Bool {
        !keepsAlive || handlerCloses || isDraining
    }

    mutating func answered(ends: Bool, clientAskedToClose: Bool) {
        answerCount += 1
        self.clientAskedToClose = clientAskedToClose
        streamResumed()
        phase = ends ? .flushing : .idle
    }

    mutating func rejected() {
        answerCount += 1
        clientAskedToClose = false
        phase = .flushing
    }

    /// The client ended its side. Called when everything that it sent before has been worked off.
    mutating func inputEnded() -> Action {
        hasInputEnded = true
        switch phase {
        case .idle: return isOutputPending ? flushThenEnd() : end()
        case .receivingHead, .receivingBody: return .reject(.endedEarly)
        case .awaitingResponse, .streamingAnswer, .flushing: return .proceed
        // The head of the answer is out already, and the body will never be whole.
        case .exchanging, .lingering, .closed: return end()
        }
    }

    /// A write took everything, or left something over.
    mutating func outputChanged(isPending: Bool) -> Action {
        isOutputPending = isPending
        guard !isPending, phase == .flushing else { return .proceed }
        if clientAskedToClose || hasInputEnded { return end() }
        phase = .lingering
        return .linger
    }

    mutating func deadlineReached() -> Action {
        if isOutputPending { return end() }
        switch phase {
        case .receivingHead: return .reject(.headerTimeout)
        case .receivingBody: return isBodyPaused ? .abandonAnswer : .reject(.bodyTimeout)
        case .awaitingResponse: return .abandonAnswer
        case .idle, .streamingAnswer, .exchanging, .flushing, .lingering, .closed: return end()
        }
    }

    /// The socket is gone, whoever closed it.
    mutating func closed() { phase = .closed }

    /// From now on each answer says that the connection ends.
    mutating func drainBegan() { isDraining = true }

    /// The listeners are closed: connections without a request end. Call after looking for one in the socket.
    mutating func endIfIdle() -> Action {
        guard phase == .idle else { return .proceed }
        if isOutputPending { return flushThenEnd() }
        if hasInputEnded { return end() }
        phase = .lingering
        return .linger
    }

    private mutating func flushThenEnd() -> Action {
        phase = .flushing
        return .proceed
    }

    private mutating func end() -> Action {
        phase = .closed
        return .close
    }
}
