// SPDX-License-Identifier: Apache-2.0
package import Serving

/// Everything that an operator can set about the daemon, each value checked and complete.
///
/// The fields' defaults, names, units and texts stand in `ConfigurationSettings.swift`, the one table that
/// the file, the environment, the flags, the help and the documentation are made from.
package struct Configuration: Sendable, Equatable {
    /// The registry's directory; empty only until `ConfigurationLoader` has checked that it was given.
    package var registry = ""
    /// Answers requests that name no model; empty: the only model does.
    package var defaultModel = ""
    package var listen: [ListenAddress] = []
    /// What is answered at `listen`.
    package var listenRoutes: [RouteGroup] = []
    package var admin = Admin()
    package var unix = Unix()
    package var tls = TLS()
    /// Event loops; 0: one per CPU.
    package var loops = 0
    package var trust = Trust()
    package var log = Log()
    package var limits = Limits()
    package var timeouts = Timeouts()
    package var compression = Compression()
    package var shutdown = Shutdown()
    package var registryWatch = RegistryWatch()
    package var models = Models()
    package var onnx = ONNX()
    package var metrics = Metrics()
    package var scheduling = Scheduling()
    package var batch = Batch()
    package var jobs = Jobs()
    /// What the platform that started the process expects; no setting.
    package var platform = PlatformContract()

    package struct Log: Sendable, Equatable {
        package var level = LogLevel.notice
        package var format = LogFormat.text
        package var access = AccessLogMode.off
        /// With `sampled`: one request in so many.
        package var accessSample = 0
    }

    /// Which requests get a line in the log.
    package enum AccessLogMode: String, Sendable, CaseIterable { case off, errors, sampled, all }

    /// Routes that can be answered in one place and not in another.
    package enum RouteGroup: String, Sendable, CaseIterable {
        /// Predictions and what there is to predict with: `/v1`, `/v2`.
        case models
        /// `/livez`, `/readyz` and the health routes of `/v2`.
        case health
        /// `/metrics`.
        case metrics
        /// Changes of the registry: `/admin`.
        case admin
    }

    package struct Admin: Sendable, Equatable {
        /// Further addresses, for operators; none by default.
        package var listen: [ListenAddress] = []
        package var routes: [RouteGroup] = []
        /// The path of the file with the digests of keys; empty: nobody changes the registry over HTTP.
        package var keys = ""
        package var uploadBytes = 0
    }

    package struct Unix: Sendable, Equatable {
        /// Permissions of Unix-domain sockets.
        package var mode = FileMode(bits: 0)
    }

    package struct TLS: Sendable, Equatable {
        /// Paths of PEM files; empty: none.
        package var certificate = ""
        package var key = ""
        package var clientAuthorities = ""
        package var clientCertificates = ClientCertificates.off
        package var version = TLSVersion.tls12
        /// How often the files are looked at; zero: only at SIGHUP.
        package var poll = Duration.zero
    }

    package struct Trust: Sendable, Equatable {
        package var policy = TrustMode.off
        /// The path of the file with the trusted keys; empty: none.
        package var keys = ""
    }

    /// What becomes of versions that nobody trusted has signed.
    package enum TrustMode: String, Sendable, CaseIterable { case off, warn, require }

    package enum ClientCertificates: String, Sendable, CaseIterable { case off, optional, required }

    package enum TLSVersion: String, Sendable, CaseIterable {
        case tls12 = "1.2"
        case tls13 = "1.3"
    }

    /// Most important first; a level admits itself and everything before it.
    package enum LogLevel: String, Sendable, CaseIterable { case error, warning, notice, info, debug, trace }

    package enum LogFormat: String, Sendable, CaseIterable { case text, json }

    package struct Limits: Sendable, Equatable {
        package var headerBytes = 0
        package var bodyBytes = 0
        package var rows = 0
        /// Zero: as many as there are descriptors, less a reserve.
        package var connections = 0
        /// Zero: any number.
        package var connectionsPerClient = 0
    }

    package struct Timeouts: Sendable, Equatable {
        package var header = Duration.zero
        package var body = Duration.zero
        package var idle = Duration.zero
        package var write = Duration.zero
        package var handler = Duration.zero
    }

    package struct Compression: Sendable, Equatable {
        package var answers = CompressedAnswers.accepted
        package var bodyBytes = 0
    }

    /// Which answers are compressed.
    package enum CompressedAnswers: String, Sendable, CaseIterable { case accepted, off }

    package struct Shutdown: Sendable, Equatable {
        /// How long, after SIGTERM, new connections are still served while readiness already says no.
        package var grace = Duration.zero
        /// How long running requests may take after that before they are cut off.
        package var timeout = Duration.zero
    }

    package struct RegistryWatch: Sendable, Equatable {
        package var poll = Duration.zero
        package var versionsPerModel = 0
    }

    package struct ONNX: Sendable, Equatable {
        package var engine = Engine.auto
        /// The path of a library; empty: where the system finds it.
        package var runtimeLibrary = ""

        /// What runs ONNX models.
        package enum Engine: String, Sendable, CaseIterable { case auto, native, onnxruntime }
    }

    package struct Models: Sendable, Equatable {
        package var load = ModelLoad.start
        /// Names of models that are loaded at the start nevertheless.
        package var preload: [String] = []
        /// Bytes for all loaded models; 0: no bound.
        package var memory = 0
    }

    /// When models are loaded, unless their policy says.
    package enum ModelLoad: String, Sendable, CaseIterable { case start, firstUse = "first_use", explicit }

    package struct Metrics: Sendable, Equatable {
        package var modelSeriesLimit = 0
    }

    package struct Scheduling: Sendable, Equatable {
        package var mode = SchedulingMode.auto
        /// Worker threads; 0: one per CPU.
        package var workers = 0
        package var queueRequests = 0
        package var queuePolicy = WorkQueuePolicy.reject
        package var queueWait = Duration.zero
        /// What workers' threads add to their niceness.
        package var workerNiceness = 0
        package var batchRows = 0
        package var batchDelay = Duration.zero
        /// Zero: any number.
        package var modelConcurrency = 0
    }

    package struct Batch: Sendable, Equatable {
        /// Threads; 0: one per CPU.
        package var threads = 0
        package var bodyBytes = 0
        /// Where answers wait until the request is complete.
        package var spool = ""
        package var spoolBytes = 0
    }

    package struct Jobs: Sendable, Equatable {
        /// Where jobs are kept; empty: there are none.
        package var directory = ""
        package var threads = 0
        /// What each thread takes of a processor at most.
        package var processorPercent = 0
        /// The only directory that jobs may read files from; empty: none.
        package var input = ""
        package var rangeBytes = 0
        package var retention = Duration.zero
    }

    /// Where predictions are answered.
    package enum SchedulingMode: String, Sendable, CaseIterable { case auto, inline, workers }

    /// The defaults of the table, with no registry.
    package init() {
        for setting in Configuration.settings { setting.assignDefault(to: &self) }
    }
}
