// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Net
internal import Serving

/// What the settings of `scheduling` mean for this process.
struct Scheduling {
    /// What a prediction may take on an event loop, in nanoseconds.
    let costMax: UInt64
    /// Nil when no request goes to a worker.
    let workerCount: Int?
    let limits: WorkQueueLimits
    /// Without workers no request meets another.
    let joining: JoiningRules
    /// Of the workers' threads: POSIX's nice values, 0 to 19.
    let niceness: Int

    init(_ settings: Configuration.Scheduling) {
        switch settings.mode {
        case .auto: costMax = RequestCost.inlineMaxNanoseconds
        case .inline: costMax = .max
        case .workers: costMax = 0
        }
        let count = settings.workers > 0 ? settings.workers : ProcessorCount.available()
        workerCount = settings.mode == .inline ? nil : max(count, 1)
        var limits = WorkQueueLimits()
        limits.requests = settings.queueRequests
        limits.policy = settings.queuePolicy
        limits.wait = settings.queueWait.wholeNanoseconds
        limits.waitOverloaded = min(limits.waitOverloaded, limits.wait)
        limits.joining.rows = settings.batchRows
        limits.joining.delay = settings.batchDelay.wholeNanoseconds
        limits.modelConcurrency = settings.modelConcurrency
        self.limits = limits
        var joining = limits.joining
        if settings.mode == .inline { joining.rows = 1 }
        self.joining = joining
        niceness = settings.workerNiceness
    }
}
