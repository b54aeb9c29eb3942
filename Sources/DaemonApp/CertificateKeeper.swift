// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dispatch
internal import Net
internal import Synchronization
internal import Telemetry

/// Reads the certificate again, at SIGHUP and from time to time, and says what came of it.
///
/// State: small and shared (`Mutex`); reading happens on one queue.
final class CertificateKeeper: Sendable {
    private let tls: TLSServer
    private let logger: Logger
    private let changed: Counter
    private let failed: Counter
    private let queue = DispatchQueue(label: "certificates")
    // Safe because it is set in `init` and only cancelled in `deinit`.
    private nonisolated(unsafe) let timer: (any DispatchSourceTimer)?
    /// The last failure, so that a file that stays broken is not logged every few seconds.
    private let lastFailure = Mutex<String?>(nil)

    /// `poll` zero: only when asked.
    init(_ tls: TLSServer, poll: Duration, metrics: MetricRegistry, logger: Logger) {
        self.tls = tls
        self.logger = logger
        changed = metrics.counter(.tlsReloads, ["changed"])
        failed = metrics.counter(.tlsReloads, ["failed"])
        let timer = poll > .zero ? DispatchSource.makeTimerSource(queue: queue) : nil
        // Safe because nothing else knows of this object yet.
        unsafe self.timer = timer
        metrics.collect { [MetricSample(.tlsCertificateEnd, Double(tls.certificateEnd))] }
        guard let timer else { return }
        let interval = DispatchTimeInterval.nanoseconds(Int(clamping: poll.wholeNanoseconds))
        timer.schedule(deadline: .now() + interval, repeating: interval, leeway: .milliseconds(100))
        timer.setEventHandler { [weak self] in self?.reload(isAsked: false) }
        timer.resume()
    }

    deinit {
        // Safe because nobody else can hold the timer after its only owner is gone.
        unsafe timer?.cancel()
    }

    /// Reads the files soon, and logs the result whatever it is.
    func reloadNow() { queue.async { [weak self] in self?.reload(isAsked: true) } }

    private func reload(isAsked: Bool) {
        let path = tls.settings.certificatePath
        do throws(NetError) {
            let isNew = try tls.reload()
            lastFailure.withLock { $0 = nil }
            if isNew { changed.add(1) }
            guard isNew || isAsked else { return }
            logger.notice(
                isNew ? "new certificate is in use" : "certificate has not changed",
                ["path": LogValue(path), "ends": LogValue(tls.certificateEnd)])
        } catch {
            failed.add(1)
            let reason = "\(error)"
            let isKnown = lastFailure.withLock { last in
                defer { last = reason }
                return last == reason
            }
            if isKnown && !isAsked { return }
            logger.error(
                "certificate was refused, the old one stays",
                ["code": LogValue(error.code), "reason": LogValue(reason)])
        }
    }
}
