// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import DaemonApp

@Suite struct ConfigurationTests {
    private func load(
        _ arguments: [String] = [], environment: [String: String] = [:], file: String? = nil
    ) throws -> LoadedConfiguration {
        try withConfigurationFile(file) { path throws in
            let arguments = arguments + (path.map { ["--config", $0] } ?? [])
            switch try ConfigurationLoader.load(arguments: arguments, environment: environment) {
            case .serve(let loaded), .checkConfiguration(let loaded): return loaded
            case .help, .version: throw ConfigurationError(problems: [])
            }
        }
    }

    private func problems(
        _ arguments: [String] = [], environment: [String: String] = [:], file: String? = nil
    ) -> [String] {
        do {
            let loaded = try load(arguments, environment: environment, file: file)
            Issue.record("was accepted: \(loaded)")
            return []
        } catch let error as ConfigurationError {
            return error.problems.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }

    @Test func registryAlone_isEnough() throws {
        let configuration = try load(["--registry", "models"]).configuration
        #expect(configuration.registry == "models")
        #expect(configuration.listen == [ListenAddress(host: "127.0.0.1", port: 8080)])
        #expect(configuration.limits.bodyBytes == 64 << 20)
        #expect(configuration.timeouts.idle == .seconds(75))
    }

    @Test func flagWinsOverVariableOverFileOverDefault() throws {
        let file = "registry: /f\nlimits:\n  body_bytes: 1MiB\n  rows: 1\n  header_bytes: 2KiB\n"
        let environment = ["MODELD_LIMITS_BODY_BYTES": "2MiB", "MODELD_LIMITS_ROWS": "2"]
        let loaded = try load(["--limits-body-bytes=3MiB"], environment: environment, file: file)
        #expect(loaded.configuration.limits.bodyBytes == 3 << 20)
        #expect(loaded.configuration.limits.rows == 2)
        #expect(loaded.configuration.limits.headerBytes == 2 << 10)
        #expect(loaded.configuration.loops == 0)
        #expect(loaded.source(of: "limits.body_bytes") == .flag(name: "limits-body-bytes"))
        #expect(loaded.source(of: "limits.rows") == .environment(name: "MODELD_LIMITS_ROWS"))
        guard case .file(_, 5, 17) = loaded.source(of: "limits.header_bytes") else {
            Issue.record("\(loaded.source(of: "limits.header_bytes"))")
            return
        }
        #expect(loaded.source(of: "loops") == .builtIn)
    }

    @Test func everySettingCanBeGivenInEveryWay() throws {
        for setting in Configuration.settings {
            let value = setting.defaultText ?? setting.example ?? "something"
            let registry = setting.isRequired ? [] : ["--registry", "r"]
            let byFlag = try load(registry + ["--\(setting.flagName)", value])
            #expect(byFlag.source(of: setting.key) == .flag(name: setting.flagName))
            let byVariable = try load(registry, environment: [setting.environmentName: value])
            #expect(byVariable.source(of: setting.key) == .environment(name: setting.environmentName))
            let parts = setting.key.split(separator: ".")
            let written =
                setting.isList ? "['\(value.split(separator: ",").joined(separator: "', '"))']" : value
            let file =
                parts.count == 2
                ? "\(parts[0]):\n  \(parts[1]): \(written)\n" : "\(setting.key): \(written)\n"
            let byFile = try load(registry, file: file)
            guard case .file = byFile.source(of: setting.key) else {
                Issue.record("\(setting.key) was not read from \(file)")
                continue
            }
            #expect(byFlag.configuration == byVariable.configuration)
            #expect(byFlag.configuration == byFile.configuration)
        }
    }

    @Test func namesAreUniqueAndNoneIsKubernetes() {
        let settings = Configuration.settings
        #expect(Set(settings.map(\.key)).count == settings.count)
        #expect(Set(settings.map(\.environmentName)).count == settings.count)
        #expect(Set(settings.map(\.flagName)).count == settings.count)
        for setting in settings {
            let last = setting.key.split(separator: ".").last.map { String($0) } ?? ""
            #expect(last != "port" && !setting.key.hasPrefix("service_"), "\(setting.key)")
            #expect(
                !ConfigurationEnvironment.isInjectedByKubernetes(setting.environmentName), "\(setting.key)")
            #expect(setting.environmentName != ConfigurationEnvironment.fileVariable)
            #expect(setting.flagName != ConfigurationArguments.fileFlag)
        }
    }

    @Test func variablesInjectedByKubernetes_arePassedOver() throws {
        // What a pod beside the Services `modeld` and `modeld-metrics` finds in its environment.
        let injected = [
            "MODELD_SERVICE_HOST": "10.0.0.11", "MODELD_SERVICE_PORT": "8080",
            "MODELD_SERVICE_PORT_HTTP": "8080",
            "MODELD_PORT": "tcp://10.0.0.11:8080", "MODELD_PORT_8080_TCP": "tcp://10.0.0.11:8080",
            "MODELD_PORT_8080_TCP_PROTO": "tcp", "MODELD_PORT_8080_TCP_PORT": "8080",
            "MODELD_PORT_8080_TCP_ADDR": "10.0.0.11", "MODELD_METRICS_SERVICE_HOST": "10.0.0.12",
            "MODELD_METRICS_PORT": "tcp://10.0.0.12:9090", "MODELD_METRICS_PORT_9090_TCP_ADDR": "10.0.0.12",
        ]
        let loaded = try load(["--registry", "r"], environment: injected)
        #expect(loaded.warnings == [])
        #expect(loaded.ignoredVariables == injected.keys.sorted())
        #expect(try loaded == withIgnored(load(["--registry", "r"]), loaded.ignoredVariables))
    }

    private func withIgnored(_ loaded: LoadedConfiguration, _ names: [String]) -> LoadedConfiguration {
        var loaded = loaded
        loaded.ignoredVariables = names
        return loaded
    }

    @Test func unknownVariables_onlyWarn() throws {
        let loaded = try load(
            ["--registry", "r"], environment: ["MODELD_LOOP": "x", "MODELD_ZZZZZZZZZ": "y", "HOME": "/"])
        #expect(
            loaded.warnings == [
                "environment variable MODELD_LOOP is not a setting and is ignored; did you mean MODELD_LOOPS?",
                "environment variable MODELD_ZZZZZZZZZ is not a setting and is ignored",
            ])
    }

    @Test func unknownKeys_areRefusedByNameWithTheirPlace() {
        let file = "registry: r\nlimits:\n  body_byte: 1\nbody_bytes: 2\nport: 80\nlogs:\n  level: info\n"
        let found = problems(file: file).map { $0.drop { $0 != ":" } }
        #expect(
            found == [
                ":3:3: there is no key \"limits.body_byte\"; did you mean \"limits.body_bytes\"?",
                ":4:1: there is no key \"body_bytes\"; did you mean \"limits.body_bytes\"?",
                ":5:1: there is no key \"port\"; did you mean \"listen: HOST:PORT\"?",
                ":6:1: there is no key \"logs\"; did you mean \"loops\"?",
            ])
    }

    @Test(arguments: [
        (["--regsitry", "r"], "did you mean \"--registry\"?"),
        (["--body-bytes", "1"], "did you mean \"--limits-body-bytes\"?"),
        (["--limits.body_bytes=1"], "did you mean \"--limits-body-bytes\"?"),
        (["--frobnicate"], "there is no flag --frobnicate; modeld --help lists them"),
        (["models"], "unexpected argument \"models\""),
        (["-x"], "unexpected argument \"-x\""),
        (["--registry"], "needs a value: --registry DIR"),
        (["--registry", "--loops", "1"], "needs a value: --registry DIR"),
        (["--registry", "a", "--registry", "b"], "flag --registry: given twice; keep one"),
        (["--check-config=yes", "--registry", "r"], "takes no value: write --check-config alone"),
        (["--loops", "1"], "registry is missing: give --registry DIR, MODELD_REGISTRY=DIR"),
        (["--config", "/nonexistent/modeld.yaml"], "/nonexistent/modeld.yaml: No such file or directory"),
        (["--config", "/", "--registry", "r"], "Is a directory"),
    ])
    func wrongFlags_areRefusedWithWhatToDo(arguments: [String], words: String) {
        let found = problems(arguments)
        #expect(found.count >= 1 && found[0].contains(words), "\(found)")
    }

    @Test(arguments: [
        (
            "limits.body_bytes",
            ["64mb", "1.5MiB", "-1", "+1", "64 MiB", "1TiB", "0", "9999999999999GiB", "١"]
        ),
        ("timeouts.header", ["10", "10sec", "1.5s", "0s", "-1s", "9999999999999999h", "s", "10 s"]),
        ("loops", ["-1", "two", "1e3", "1025", "", "0x10", "99999999999999999999"]),
        ("log.level", ["INFO", "verbose", ""]),
        ("log.format", ["xml"]),
        (
            "listen",
            [
                "8080", ":8080", "host:", "host:65536", "::1:80", "[::1", "[x]:1", "a b:1", "h:1,", "h:+1",
                "unix:", "unix:relative", "unix:/" + String(repeating: "a", count: 107), "tls:", "tls:8080",
                "tls:tls:h:1", "systemd:", "systemd:a:b", "systemd:a b", "https://h:1",
            ]
        ),
        ("listen_routes", ["everything", "models,", "health, metrics"]),
        ("unix.mode", ["66", "0660", "668", "rw-", "+66", "-66", ""]),
        ("tls.client_certificates", ["yes", "require"]),
        ("tls.version", ["1.1", "1.0", "3", "tls1.3"]),
        ("log.access", ["on", "true", "ALL"]),
        ("log.access_sample", ["0", "1%", "0.1"]),
        ("registry", [""]),
    ])
    func wrongValues_areRefusedNamingKeyValueAndPlace(key: String, values: [String]) throws {
        let setting = try #require(Configuration.settings.first { $0.key == key })
        for value in values {
            let registry = setting.isRequired ? [:] : ["MODELD_REGISTRY": "r"]
            let found = problems(["--\(setting.flagName)=\(value)"], environment: registry)
            #expect(found.count == 1, "\(value): \(found)")
            let message = found.first ?? ""
            #expect(message.hasPrefix("flag --\(setting.flagName): \(key) "), "\(message)")
            #expect(message.contains("allowed: "), "\(message)")
        }
    }

    @Test func wrongValuesInTheFile_nameLineAndColumn() {
        let file =
            "registry: r\ntimeouts:\n  idle: 75\nlog: text\nlisten: {a: b}\nloops: [1, 2]\nshutdown:\n  grace:\n"
        let found = problems(file: file).map { String($0.drop { $0 != ":" }) }
        #expect(found.count == 5, "\(found)")
        #expect(
            found.contains { $0.hasPrefix(":3:9: timeouts.idle cannot be \"75\"; allowed: a whole number") })
        #expect(found.contains(":4:6: \"log\" is a section: write its keys indented below it"))
        #expect(found.contains(":5:9: listen takes one value or a list of values, not a mapping"))
        #expect(found.contains(":6:8: loops takes one value, not a list"))
        #expect(found.contains { $0.hasSuffix("shutdown.grace has no value; write one or remove the line") })
    }

    @Test func brokenYAML_isReportedWithItsPlace() {
        #expect(
            problems(file: "registry: r\nregistry: s\n").first?.contains(":2:1: the key \"registry\"") == true
        )
        #expect(problems(file: "- a\n").first?.contains("must hold \"key: value\" lines") == true)
    }

    @Test func misspeltRequiredKeys_areReportedOnce() {
        #expect(problems(["--regsitry", "r"]).count == 1)
        #expect(problems(file: "regsitry: r\n").count == 1)
    }

    @Test func allProblems_areReportedAtOnce() {
        let found = problems(
            ["--nope", "--loops=x"], environment: ["MODELD_LOG_FORMAT": "x"], file: "a: 1\nb: 2\n")
        #expect(found.count == 6, "\(found)")
    }

    @Test func addresses_areListsInEveryForm() throws {
        let expected = [ListenAddress(host: "0.0.0.0", port: 0), ListenAddress(host: "::1", port: 81)]
        let forms = try [
            load(["--registry=r", "--listen", "0.0.0.0:0,[::1]:81"]),
            load(["--registry=r", "--listen", "0.0.0.0:0", "--listen=[::1]:81"]),
            load(["--registry=r"], environment: ["MODELD_LISTEN": "0.0.0.0:0,[::1]:81"]),
            load(file: "registry: r\nlisten: ['0.0.0.0:0', '[::1]:81']\n"),
        ]
        for loaded in forms { #expect(loaded.configuration.listen == expected) }
        #expect(expected[1].description == "[::1]:81")
    }

    @Test func addressForms_areWrittenAsTheyWereRead() throws {
        let text = "unix:/run/modeld.sock,tls:[::]:8443,systemd,tls:systemd:https,tls:unix:/a"
        let loaded = try load([
            "--registry=r", "--listen", text, "--tls-certificate=c", "--tls-key=k",
        ])
        #expect(
            loaded.configuration.listen == [
                ListenAddress(.unix(path: "/run/modeld.sock")),
                ListenAddress(.host("::", port: 8443), isTLS: true), ListenAddress(.systemd(name: nil)),
                ListenAddress(.systemd(name: "https"), isTLS: true),
                ListenAddress(.unix(path: "/a"), isTLS: true),
            ])
        #expect(loaded.configuration.listen.map(\.description).joined(separator: ",") == text)
        let mode = try load(["--registry=r", "--unix-mode=007"]).configuration.unix.mode
        #expect(mode.bits == 0o007)
        #expect(
            ConfigurationReport.effectiveValues(try load(["--registry=r", "--unix-mode=007"])).contains(
                " 007 "))
    }

    @Test(arguments: [
        (["--listen=tls:h:1"], ["default: tls.certificate is missing", "default: tls.key is missing"]),
        (["--listen=tls:h:1", "--tls-certificate=c"], ["default: tls.key is missing: listen has tls:h:1"]),
        (
            ["--admin-listen=tls:h:1", "--tls-key=k"],
            ["tls.certificate is missing: admin.listen has tls:h:1"]
        ),
        (["--tls-client-certificates=optional"], ["tls.client_authorities is missing"]),
        (["--listen=h:1,h:1"], ["flag --listen: listen has h:1, which is listened on twice"]),
        (["--listen=h:1", "--admin-listen=h:1"], ["flag --admin-listen: admin.listen has h:1"]),
        (["--listen=unix:/a,unix:/a"], ["listen has unix:/a, which is listened on twice"]),
    ])
    func contradictions_areRefused(arguments: [String], words: [String]) {
        let found = problems(["--registry=r"] + arguments)
        #expect(found.count == words.count, "\(found)")
        for (problem, words) in zip(found, words) { #expect(problem.contains(words), "\(problem)") }
    }

    @Test func freePorts_mayBeAskedForTwice() throws {
        #expect(try load(["--registry=r", "--listen=h:0,h:0"]).configuration.listen.count == 2)
    }

    @Test func reloadableKeys_exist() {
        let keys = Set(Configuration.settings.map(\.key))
        #expect(Configuration.reloadableKeys.isSubset(of: keys))
    }

    @Test func actions_areRecognised() throws {
        #expect(try ConfigurationLoader.load(arguments: ["-h"], environment: [:]) == .help)
        #expect(try ConfigurationLoader.load(arguments: ["--bad", "--help"], environment: [:]) == .help)
        #expect(try ConfigurationLoader.load(arguments: ["--version"], environment: [:]) == .version)
        let check = try ConfigurationLoader.load(
            arguments: ["--check-config", "--registry=r"], environment: [:])
        guard case .checkConfiguration(let loaded) = check else {
            Issue.record("\(check)")
            return
        }
        let report = ConfigurationReport.effectiveValues(loaded)
        #expect(report.contains("registry"))
        #expect(report.contains("flag --registry"))
        #expect(report.split(separator: "\n").count == Configuration.settings.count)
    }

    @Test func help_namesEverySettingInAllItsForms() {
        let help = ConfigurationReport.help()
        for setting in Configuration.settings {
            #expect(help.contains("--\(setting.flagName) \(setting.placeholder)"))
            #expect(help.contains(setting.environmentName))
        }
    }

    @Test func processEnvironment_hasThePath() {
        #expect(ConfigurationLoader.processEnvironment()["PATH"]?.isEmpty == false)
    }
}
