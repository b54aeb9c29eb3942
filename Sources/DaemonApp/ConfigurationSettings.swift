// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// The table of settings, in the order of the documentation.
    ///
    /// No key is called `port` or begins with `service_`: Kubernetes injects `MODELD_PORT`,
    /// `MODELD_SERVICE_HOST` and the like into every pod beside a Service called `modeld` (see
    /// `ConfigurationEnvironment.swift`).
    static let settings: [ConfigurationSetting] =
        general + listenSettings + tlsSettings + trustSettings + logSettings + limitSettings + timeoutSettings
        + compressionSettings + schedulingSettings + batchSettings + jobSettings + operationSettings

    /// Keys that SIGHUP changes; the others need a restart. The certificates' files are read again anyway.
    static let reloadableKeys: Set<String> = [
        "log.level", "log.access", "log.access_sample", "limits.connections", "limits.connections_per_client",
    ]

    private static let general: [ConfigurationSetting] = [
        ConfigurationSetting(
            "registry", .directory, \.registry, default: nil, isRequired: true,
            "The directory of models to serve: <registry>/<model>/<version>/. A relative path is relative "
                + "to the working directory."),
        ConfigurationSetting(
            "default_model", .name, \.defaultModel, default: nil,
            "The model that answers where a request has no place for a name: POST /invocations, and the "
                + "predict route of Vertex AI. Without it the only model answers, and with several none."),
        ConfigurationSetting(
            list: "listen", .address, \.listen, default: "127.0.0.1:8080",
            "Where to listen. The default answers this machine only; in a container use 0.0.0.0:8080. Port "
                + "0 takes any free port, which is printed. tls: before an address makes it speak TLS, with the "
                + "certificate of tls.certificate. systemd takes over the sockets of a socket unit, all of "
                + "them or those with a name (FileDescriptorName=)."),
        ConfigurationSetting(
            "loops", .count(0...1024), \.loops, default: "0",
            "Event loops, each on a thread of its own; 0 means one per CPU that the process may use."),
    ]

    private static let listenSettings: [ConfigurationSetting] = [
        ConfigurationSetting(
            list: "listen_routes", .choice, \.listenRoutes, default: "models,health,metrics",
            "What is answered at the addresses of listen: models (/v1, /v2), health (/livez, /readyz, "
                + "/v2/health), metrics (/metrics), admin (/admin: changes of the registry, see admin.keys). "
                + "Everything else there is 404."),
        ConfigurationSetting(
            list: "admin.listen", .address, \.admin.listen, default: nil, example: "127.0.0.1:9090",
            "Further addresses, for operators and their tools. Whoever wants metrics to be read there only "
                + "takes them out of listen_routes."),
        ConfigurationSetting(
            list: "admin.routes", .choice, \.admin.routes, default: "health,metrics,admin",
            "What is answered at the addresses of admin.listen."),
        ConfigurationSetting(
            "admin.keys", .file, \.admin.keys, default: nil,
            "Who may change the registry over HTTP: a file with a name and the SHA-256 of a key on each line, "
                + "see admin.md. Without it nobody may. It is read again at SIGHUP."),
        ConfigurationSetting(
            "admin.upload_bytes", .bytes(1 << 10...1 << 40), \.admin.uploadBytes, default: "4GiB",
            "The largest version that is published over HTTP; more is answered 413."),
        ConfigurationSetting(
            "unix.mode", .fileMode, \.unix.mode, default: "660",
            "Permissions of the sockets that unix:/PATH makes: who may connect."),
    ]

    private static let tlsSettings: [ConfigurationSetting] = [
        ConfigurationSetting(
            "tls.certificate", .file, \.tls.certificate, default: nil,
            "The certificate for addresses with tls: before them, PEM, followed by its chain. It is read "
                + "again at SIGHUP and every tls.poll; a new one serves new connections, open ones go on. A "
                + "file that cannot be used is logged, and the old certificate stays."),
        ConfigurationSetting(
            "tls.key", .file, \.tls.key, default: nil,
            "The private key of tls.certificate, PEM, not encrypted."),
        ConfigurationSetting(
            "tls.client_certificates", .choice, \.tls.clientCertificates, default: "off",
            "Whether clients show a certificate: off does not ask, optional lets in who shows none, required "
                + "nobody without. A certificate that is shown and not good is always refused."),
        ConfigurationSetting(
            "tls.client_authorities", .file, \.tls.clientAuthorities, default: nil,
            "The certificates, PEM, that clients' certificates are signed with."),
        ConfigurationSetting(
            "tls.version", .choice, \.tls.version, default: "1.2",
            "The oldest version of TLS that is spoken."),
        ConfigurationSetting(
            "tls.poll", .duration(.zero...oneDay), \.tls.poll, default: "10s",
            "How often the files of tls are looked at for a new certificate; 0s: only at SIGHUP."),
    ]

    private static let trustSettings: [ConfigurationSetting] = [
        ConfigurationSetting(
            "trust.policy", .choice, \.trust.policy, default: "off",
            "Versions that nobody trusted has signed: off serves them and looks at no signature, warn serves "
                + "and reports them, require refuses them."),
        ConfigurationSetting(
            "trust.keys", .file, \.trust.keys, default: nil,
            "The keys that are trusted, with their validity, and the digests that are revoked: YAML, see "
                + "signing.md. It is read again at SIGHUP; a file that cannot be used is logged, and the old one "
                + "stays. Keep it out of the registry."),
    ]

    private static let logSettings: [ConfigurationSetting] = [
        ConfigurationSetting(
            "log.level", .choice, \.log.level, default: "notice",
            "The least important level that is logged, most important first: error, warning, notice, info, "
                + "debug, trace."),
        ConfigurationSetting(
            "log.format", .choice, \.log.format, default: "text",
            "How log lines are written to standard error: text for people, json (one object a line) for "
                + "collectors."
        ),
        ConfigurationSetting(
            "log.access", .choice, \.log.access, default: "off",
            "Which requests get a line in the log: off none, errors those answered 400 and above, sampled one "
                + "in log.access_sample and every error of the server (500 and above), all."),
        ConfigurationSetting(
            "log.access_sample", .count(1...1_000_000_000), \.log.accessSample, default: "1000",
            "With log.access sampled: one request in so many is logged."),
    ]

    private static let limitSettings: [ConfigurationSetting] = [
        ConfigurationSetting(
            "limits.header_bytes", .bytes(1 << 10...1 << 20), \.limits.headerBytes, default: "32KiB",
            "Largest request line with headers; more is answered 431."),
        ConfigurationSetting(
            "limits.body_bytes", .bytes(1 << 10...1 << 31), \.limits.bodyBytes, default: "64MiB",
            "Largest request body; more is answered 413. A body is held in memory while it is read, so "
                + "connections × this is the worst case."),
        ConfigurationSetting(
            "limits.rows", .count(1...100_000_000), \.limits.rows, default: "1000000",
            "Most rows in one prediction request; more is answered 413."),
        ConfigurationSetting(
            "limits.connections", .count(0...10_000_000), \.limits.connections, default: "0",
            "Most open connections; more wait until one ends. 0: as many as the process may have "
                + "descriptors, less a reserve for files."),
        ConfigurationSetting(
            "limits.connections_per_client", .count(0...10_000_000), \.limits.connectionsPerClient,
            default: "0",
            "Most open connections of one client: of an IPv4 address, or an IPv6 network of 64 bits; more are "
                + "closed at once. 0: any number. Behind a proxy all connections are the proxy's."),
    ]

    private static let timeoutSettings: [ConfigurationSetting] = [
        ConfigurationSetting(
            "timeouts.header", .duration(.milliseconds(10)...oneDay), \.timeouts.header, default: "10s",
            "How long a request's headers may take from their first byte; then 408 and close."),
        ConfigurationSetting(
            "timeouts.body", .duration(.milliseconds(10)...oneDay), \.timeouts.body, default: "60s",
            "How long a request's body may take after its headers; then 408 and close."),
        ConfigurationSetting(
            "timeouts.idle", .duration(.milliseconds(10)...oneDay), \.timeouts.idle, default: "75s",
            "How long a connection may wait for its next request before it is closed. Keep it longer than "
                + "the idle timeout of a proxy in front, or the proxy sees resets."),
        ConfigurationSetting(
            "timeouts.write", .duration(.milliseconds(10)...oneDay), \.timeouts.write, default: "30s",
            "How long an answer may make no progress because the client does not read; then the connection "
                + "is closed."),
        ConfigurationSetting(
            "timeouts.handler", .duration(.milliseconds(10)...oneDay), \.timeouts.handler, default: "60s",
            "How long an answer may take from the end of its request: waiting for a worker and computing. "
                + "After that the client gets 504, and the connection is closed."),
    ]

    private static let compressionSettings: [ConfigurationSetting] = [
        ConfigurationSetting(
            "compression.answers", .choice, \.compression.answers, default: "accepted",
            "Which answers are compressed. accepted: those to clients that accept gzip or deflate. off: none, "
                + "for when a proxy in front compresses. Compressed requests are read in any case."),
        ConfigurationSetting(
            "compression.body_bytes", .bytes(0...1 << 30), \.compression.bodyBytes, default: "4KiB",
            "Shortest answer that is compressed; shorter ones fit into few packets as they are."),
    ]

    private static let operationSettings: [ConfigurationSetting] = [
        ConfigurationSetting(
            "shutdown.grace", .duration(.zero...oneHour), \.shutdown.grace, default: "0s",
            "After SIGTERM, how long to go on accepting while readiness already says no, so that a load "
                + "balancer can look away first. Kubernetes: 5s."),
        ConfigurationSetting(
            "shutdown.timeout", .duration(.zero...oneHour), \.shutdown.timeout, default: "20s",
            "After the grace, how long running requests may take to finish before they are cut off. Grace "
                + "and timeout together must be shorter than Kubernetes' terminationGracePeriodSeconds "
                + "(30)."),
        ConfigurationSetting(
            "registry_watch.poll", .duration(.milliseconds(100)...oneDay), \.registryWatch.poll,
            default: "2s",
            "How often the registry is looked at for new and removed versions. Where the file system reports "
                + "changes, this is only the safety net."),
        ConfigurationSetting(
            "registry_watch.versions_per_model", .count(1...1000), \.registryWatch.versionsPerModel,
            default: "2",
            "How many of a model's newest versions are loaded and answer by number; each costs its size in "
                + "memory."
        ),
        ConfigurationSetting(
            "onnx.engine", .choice, \.onnx.engine, default: "auto",
            "What runs ONNX models. auto: our own operators, and ONNX Runtime for models that hold others. "
                + "native: never ONNX Runtime. onnxruntime: always."),
        ConfigurationSetting(
            "onnx.runtime_library", .file, \.onnx.runtimeLibrary, default: nil,
            "The shared library of ONNX Runtime, 1.17 or later. It is opened when the first model needs it; "
                + "without this setting it is looked for where the system keeps libraries."),
        ConfigurationSetting(
            "models.load", .choice, \.models.load, default: "start",
            "When models are loaded, unless their policy (model.yaml) says: start, first_use (the first request "
                + "waits for it), or explicit (when somebody asks for them by name)."),
        ConfigurationSetting(
            list: "models.preload", .modelName, \.models.preload, default: nil, example: "churn",
            "Models that are loaded at the start whatever models.load says."),
        ConfigurationSetting(
            "models.memory", .bytes(0...1 << 50), \.models.memory, default: "0",
            "Memory for all loaded models together. What was used least recently is unloaded to make room, and "
                + "loaded again by its next request; pinned models stay. 0: no bound."),
        ConfigurationSetting(
            "metrics.model_series_limit", .count(0...1_000_000), \.metrics.modelSeriesLimit, default: "2000",
            "Most metric series that belong to single models; the rest are counted under model=\"other\"."),
    ]

    private static let schedulingSettings: [ConfigurationSetting] = [
        ConfigurationSetting(
            "scheduling.mode", .choice, \.scheduling.mode, default: "auto",
            "Where predictions are answered. auto: by their estimated cost, up to 20 µs on the event loop that "
                + "read them, others on worker threads. inline: always on the loop. workers: never there."),
        ConfigurationSetting(
            "scheduling.workers", .count(0...1024), \.scheduling.workers, default: "0",
            "Worker threads; 0 means one per CPU that the process may use."),
        ConfigurationSetting(
            "scheduling.queue_requests", .count(1...1_000_000), \.scheduling.queueRequests, default: "1024",
            "Most predictions that wait for a worker; more are answered 503 with Retry-After."),
        ConfigurationSetting(
            "scheduling.queue_policy", .choice, \.scheduling.queuePolicy, default: "reject",
            "What becomes of a prediction that would wait long for a worker. reject: it is answered 503 at once. "
                + "wait: it waits, up to its own timeout, its model's deadline and timeouts.handler; for clients "
                + "that would only come again."),
        ConfigurationSetting(
            "scheduling.queue_wait", .duration(.milliseconds(1)...oneHour), \.scheduling.queueWait,
            default: "100ms",
            "Longest time that a prediction may be expected to wait for a worker; one that would wait longer "
                + "is answered 503 at once. In a lasting overload the bound falls to 5 ms."),
        ConfigurationSetting(
            "scheduling.worker_niceness", .count(0...19), \.scheduling.workerNiceness, default: "19",
            "How far workers stand back for event loops that need their CPU. 19 keeps small requests fast "
                + "beside large ones; lower it where loops alone keep all CPUs busy and large requests starve."
        ),
        ConfigurationSetting(
            "scheduling.batch_rows", .count(1...65_536), \.scheduling.batchRows, default: "64",
            "Most rows of several waiting requests that a worker computes together. Only requests for one "
                + "version are joined, and only where the model answers a block of rows faster than the rows "
                + "one by one, which is measured when it is loaded. 1: each request alone."),
        ConfigurationSetting(
            "scheduling.batch_delay", .duration(.zero...(.seconds(10))), \.scheduling.batchDelay,
            default: "0s",
            "How long a request that waits for a worker may also wait for others to be computed with, while "
                + "they are fewer than scheduling.batch_rows. 0s: only those are joined that wait anyway."),
        ConfigurationSetting(
            "scheduling.model_concurrency", .count(0...1024), \.scheduling.modelConcurrency, default: "0",
            "Most requests for one version of a model that workers answer at once, so that one model leaves "
                + "workers to the others. 0: any number."),
    ]

    private static let batchSettings: [ConfigurationSetting] = [
        ConfigurationSetting(
            "batch.threads", .count(0...1024), \.batch.threads, default: "0",
            "Threads that answer batch requests, of low priority; 0 means one per CPU that the process may use. "
                + "One request keeps one thread busy."),
        ConfigurationSetting(
            "batch.body_bytes", .bytes(1 << 10...1 << 44), \.batch.bodyBytes, default: "64GiB",
            "Largest body of a batch request, unpacked; more is answered 413. It is never held in memory."),
        ConfigurationSetting(
            "batch.spool", .directory, \.batch.spool, default: "/tmp",
            "The directory where the answers of batch requests wait until their records have all come, in files "
                + "without names: nothing is left of them when the daemon ends."),
        ConfigurationSetting(
            "batch.spool_bytes", .bytes(1 << 20...1 << 44), \.batch.spoolBytes, default: "16GiB",
            "Most bytes that the answers of all batch requests may take there; more is answered 507."),
    ]

    private static let jobSettings: [ConfigurationSetting] = [
        ConfigurationSetting(
            "jobs.directory", .directory, \.jobs.directory, default: nil,
            "The directory where batch jobs are kept; without it there are none. Daemons that share it share "
                + "the work."),
        ConfigurationSetting(
            "jobs.threads", .count(1...1024), \.jobs.threads, default: "1",
            "Threads that do jobs, of the lowest priority."),
        ConfigurationSetting(
            "jobs.cpu_percent", .count(1...100), \.jobs.processorPercent, default: "100",
            "Per cent of a processor that each of these threads takes at most."),
        ConfigurationSetting(
            "jobs.input", .directory, \.jobs.input, default: nil,
            "The directory whose files jobs may be given by name; without it records have to be uploaded."),
        ConfigurationSetting(
            "jobs.range_bytes", .bytes(1 << 10...1 << 40), \.jobs.rangeBytes, default: "32MiB",
            "How much of a job's records is one piece of work: what is done again after a crash, and shared "
                + "between threads and daemons."),
        ConfigurationSetting(
            "jobs.retention", .duration(.seconds(1)...oneYear), \.jobs.retention, default: "168h",
            "How long a job is kept after it has ended, with its records and its result."),
    ]

    private static let oneYear = Duration.seconds(31_536_000)
    private static let oneHour = Duration.seconds(3600)
    private static let oneDay = Duration.seconds(86_400)
}
