// SPDX-License-Identifier: Apache-2.0

/// Every metric of the daemon. `docs/reference/metrics.md` is generated from this list and a test compares
/// them.
extension MetricDefinition {
    /// Sorted by name.
    package static let all: [MetricDefinition] = [
        buildInfo,
        httpAcceptPauses, httpConnections, httpConnectionsRefused, httpRequestDuration, httpRequestsInFlight,
        httpRequests,
        modelEvictions, modelInferences, modelLoadDuration, modelLoadFailures, modelReady,
        modelRequestDuration,
        modelRequests,
        modelVersions, modelsMemory,
        policyFailures,
        registryLastScan, registryScanFailures, registryScans,
        requestsJoined, requestsRefused,
        shadowRequests, shadowRows,
        tlsCertificateEnd, tlsHandshakeFailures, tlsReloads,
        workQueueRequests, workQueueWait,
        processCPU, processMaxDescriptors, processOpenDescriptors, processResidentMemory, processStartTime,
        processVirtualMemory,
    ]

    // MARK: Build

    package static let buildInfo = MetricDefinition(
        .info, "modeld_build_info", help: "Constant 1, labelled with the version that runs.",
        labels: ["version"])

    // MARK: HTTP

    package static let httpRequests = MetricDefinition(
        .counter, "modeld_http_requests_total", help: "HTTP requests answered.",
        labels: ["route", "method", "code"])
    package static let httpRequestDuration = MetricDefinition(
        .histogram, "modeld_http_request_duration_seconds", unit: .seconds,
        help: "Time from the last byte of a request read to its answer written into the connection's buffer.",
        labels: ["route"], buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.1, 1, 10])
    package static let httpRequestsInFlight = MetricDefinition(
        .gauge, "modeld_http_requests_in_flight", help: "HTTP requests read and not yet answered.")
    package static let httpConnections = MetricDefinition(
        .gauge, "modeld_http_connections", help: "HTTP connections that are open.")

    package static let httpAcceptPauses = MetricDefinition(
        .counter, "modeld_http_accept_pauses_total",
        help: "Pauses of accepting: as many connections as allowed (limit), or out of descriptors or memory.",
        labels: ["reason"])
    package static let httpConnectionsRefused = MetricDefinition(
        .counter, "modeld_http_connections_refused_total",
        help: "Connections closed at once because their client had too many.")

    // MARK: TLS

    package static let tlsHandshakeFailures = MetricDefinition(
        .counter, "modeld_tls_handshake_failures_total", help: "TLS handshakes that failed.")
    package static let tlsReloads = MetricDefinition(
        .counter, "modeld_tls_reloads_total",
        help: "Certificates read again: in use now (changed), or refused while the old one stays (failed).",
        labels: ["outcome"])
    package static let tlsCertificateEnd = MetricDefinition(
        .gauge, "modeld_tls_certificate_expiry_timestamp_seconds", unit: .seconds,
        help: "When the certificate in use ends, in Unix time.")

    // MARK: Models

    package static let modelRequests = MetricDefinition(
        .counter, "modeld_model_requests_total", help: "Prediction requests to a model version, by outcome.",
        labels: ["model", "version", "outcome"])
    package static let modelInferences = MetricDefinition(
        .counter, "modeld_model_inferences_total", help: "Rows that a model version answered.",
        labels: ["model", "version"])
    package static let modelRequestDuration = MetricDefinition(
        .histogram, "modeld_model_request_duration_seconds", unit: .seconds,
        help: "Time that a model version took for a prediction request, parsing and serialising included.",
        labels: ["model", "version"],
        buckets: [0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.1, 1])
    package static let modelReady = MetricDefinition(
        .gauge, "modeld_model_ready", help: "Whether a model version answers requests.",
        labels: ["model", "version"])
    package static let modelLoadFailures = MetricDefinition(
        .counter, "modeld_model_load_failures_total",
        help: "Model versions refused: damaged, not supported, or not reproducing their golden samples.",
        labels: ["model"])
    package static let modelLoadDuration = MetricDefinition(
        .histogram, "modeld_model_load_duration_seconds", unit: .seconds,
        help: "Time from reading a model version's file to its being ready.",
        buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300])
    package static let modelVersions = MetricDefinition(
        .gauge, "modeld_model_versions", help: "Model versions in the registry, by state.", labels: ["state"])

    package static let modelEvictions = MetricDefinition(
        .counter, "modeld_model_evictions_total",
        help: "Model versions unloaded to make room for others, because they were used least recently.")
    package static let modelsMemory = MetricDefinition(
        .gauge, "modeld_models_memory_bytes", unit: .bytes, help: "Memory that loaded models take, about.")
    package static let policyFailures = MetricDefinition(
        .counter, "modeld_policy_failures_total",
        help: "Policies of models that were refused; the former ones went on.")

    // MARK: Registry

    package static let registryScans = MetricDefinition(
        .counter, "modeld_registry_scans_total", help: "Scans of the registry directory.")
    package static let registryScanFailures = MetricDefinition(
        .counter, "modeld_registry_scan_failures_total",
        help: "Scans that could not read the registry directory.")
    package static let registryLastScan = MetricDefinition(
        .gauge, "modeld_registry_last_scan_timestamp_seconds", unit: .seconds,
        help: "When the registry directory was last read without an error, in Unix time.")

    // MARK: Scheduling

    package static let requestsJoined = MetricDefinition(
        .counter, "modeld_requests_joined_total",
        help: "Prediction requests that a worker computed together with others.")
    package static let requestsRefused = MetricDefinition(
        .counter, "modeld_requests_refused_total",
        help: "Prediction requests answered 503 at once because too much work was waiting.",
        labels: ["reason"])
    package static let workQueueRequests = MetricDefinition(
        .gauge, "modeld_work_queue_requests", help: "Prediction requests that wait for a worker.")
    package static let workQueueWait = MetricDefinition(
        .histogram, "modeld_work_queue_wait_seconds", unit: .seconds,
        help: "Time that prediction requests waited for a worker.",
        buckets: [0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 1])

    // MARK: Shadow

    package static let shadowRequests = MetricDefinition(
        .counter, "modeld_shadow_requests_total",
        help: "Copies of requests sent to a version as a shadow, by how its answers compare.",
        labels: ["model", "version", "outcome"])
    package static let shadowRows = MetricDefinition(
        .counter, "modeld_shadow_rows_total",
        help: "Rows of copies that a shadow answered, by how its answer compares.",
        labels: ["model", "version", "outcome"])

    // MARK: Process (the names that every Prometheus client library uses)

    package static let processCPU = MetricDefinition(
        .counter, "process_cpu_seconds_total", unit: .seconds,
        help: "Total user and system CPU time spent in seconds.")
    package static let processResidentMemory = MetricDefinition(
        .gauge, "process_resident_memory_bytes", unit: .bytes, help: "Resident memory size in bytes.")
    package static let processVirtualMemory = MetricDefinition(
        .gauge, "process_virtual_memory_bytes", unit: .bytes, help: "Virtual memory size in bytes.")
    package static let processOpenDescriptors = MetricDefinition(
        .gauge, "process_open_fds", help: "Number of open file descriptors.")
    package static let processMaxDescriptors = MetricDefinition(
        .gauge, "process_max_fds", help: "Maximum number of open file descriptors.")
    package static let processStartTime = MetricDefinition(
        .gauge, "process_start_time_seconds", unit: .seconds,
        help: "Start time of the process since the Unix epoch in seconds.")
}
