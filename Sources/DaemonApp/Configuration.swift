// SPDX-License-Identifier: Apache-2.0

/// Everything that an operator can set about the daemon, each value checked and complete.
///
/// The fields' defaults, names, units and texts stand in `ConfigurationSettings.swift`, the one table that
/// the file, the environment, the flags, the help and the documentation are made from.
package struct Configuration: Sendable, Equatable {
    /// The registry's directory; empty only until `ConfigurationLoader` has checked that it was given.
    package var registry = ""
    package var listen: [ListenAddress] = []
    /// Event loops; 0: one per CPU.
    package var loops = 0
    package var log = Log()
    package var limits = Limits()
    package var timeouts = Timeouts()
    package var shutdown = Shutdown()
    package var registryWatch = RegistryWatch()
    package var metrics = Metrics()
    package var scheduling = Scheduling()

    package struct Log: Sendable, Equatable {
        package var level = LogLevel.notice
        package var format = LogFormat.text
    }

    /// Most important first; a level admits itself and everything before it.
    package enum LogLevel: String, Sendable, CaseIterable { case error, warning, notice, info, debug, trace }

    package enum LogFormat: String, Sendable, CaseIterable { case text, json }

    package struct Limits: Sendable, Equatable {
        package var headerBytes = 0
        package var bodyBytes = 0
        package var rows = 0
    }

    package struct Timeouts: Sendable, Equatable {
        package var header = Duration.zero
        package var body = Duration.zero
        package var idle = Duration.zero
        package var write = Duration.zero
    }

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

    package struct Metrics: Sendable, Equatable {
        package var modelSeriesLimit = 0
    }

    package struct Scheduling: Sendable, Equatable {
        package var mode = SchedulingMode.auto
        /// Worker threads; 0: one per CPU.
        package var workers = 0
        package var queueRequests = 0
        package var queueWait = Duration.zero
    }

    /// Where predictions are answered.
    package enum SchedulingMode: String, Sendable, CaseIterable { case auto, inline, workers }

    /// The defaults of the table, with no registry.
    package init() {
        for setting in Configuration.settings { setting.assignDefault(to: &self) }
    }
}

/// Where the daemon listens: a name or an address, and a port.
package struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    package var host: String
    /// 0: any free port.
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// `HOST:PORT`, an IPv6 address in brackets.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
