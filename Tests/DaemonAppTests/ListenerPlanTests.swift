// SPDX-License-Identifier: Apache-2.0
import Net
import TestKit
import Testing

@testable import DaemonApp

@Suite struct ListenerPlanTests {
    private func plan(
        _ arguments: [String], inherited names: [String] = []
    ) throws -> ListenerPlan {
        let invocation = try ConfigurationLoader.load(
            arguments: ["--registry=r"] + arguments, environment: [:])
        guard case .serve(let loaded) = invocation else { throw ConfigurationError(problems: []) }
        let variables = [
            "LISTEN_PID": "7", "LISTEN_FDS": "\(names.count)", "LISTEN_FDNAMES": names.joined(separator: ":"),
        ]
        return try ListenerPlan(
            loaded.configuration, inherited: InheritedSockets(environment: variables, process: 7))
    }

    private func numbers(_ plan: ListenerPlan) -> [CInt?] {
        plan.listeners.map { if case .inherited(let number) = $0.source { number } else { nil } }
    }

    @Test func adminAddress_answersOnlyItsRoutes() throws {
        let plan = try plan(["--listen-routes=models,health", "--admin-listen=127.0.0.1:0"])
        #expect(plan.listeners.count == 2)
        #expect(plan.routes[0].contains(.models) && plan.routes[0].contains(.health))
        #expect(!plan.routes[0].contains(.metrics))
        #expect(!plan.routes[1].contains(.models) && plan.routes[1].contains(.metrics))
        #expect(plan.tls == nil)
    }

    @Test func passedSockets_areFoundByName() throws {
        let plan = try plan(
            ["--listen=systemd", "--admin-listen=systemd:admin"], inherited: ["http", "admin", "http"])
        #expect(numbers(plan) == [3, 5, 4])
        #expect(plan.routes[2].contains(.metrics) && !plan.routes[2].contains(.models))
        #expect(plan.unclaimed == [])
        #expect(try self.plan(["--listen=systemd:a"], inherited: ["a", "b"]).unclaimed == ["b"])
    }

    @Test func missingSocket_isRefusedByName() {
        #expect(throws: NetError.notInherited(name: "http")) { try plan(["--listen=systemd:http"]) }
        #expect(throws: NetError.notInherited(name: nil)) { try plan(["--listen=systemd"]) }
        #expect(throws: NetError.notInherited(name: nil)) {
            try plan(["--listen=systemd,systemd:a"], inherited: ["a"])
        }
    }

    @Test func tlsAndPlain_standSideBySide() throws {
        let plan = try plan([
            "--listen=127.0.0.1:0,tls:127.0.0.1:0", "--tls-certificate=\(Fixtures.path("tls/server.pem"))",
            "--tls-key=\(Fixtures.path("tls/server.key"))",
        ])
        #expect(plan.listeners[0].tls == nil)
        #expect(plan.listeners[1].tls === plan.tls && plan.tls != nil)
    }

    @Test func connections_leaveDescriptorsForFiles() throws {
        var configuration = Configuration()
        func total(_ descriptors: Int) -> Int {
            RunningDaemon.connectionLimits(configuration, descriptorCount: descriptors).total
        }
        #expect(total(64) == 32)
        #expect(total(1_024) == 896)
        #expect(total(1_000_000) == 999_744)
        #expect(total(8) == 2)
        configuration.limits.connections = 100
        #expect(total(64) == 32 && total(1_024) == 100)
        let limits = RunningDaemon.connectionLimits(configuration, descriptorCount: 64)
        #expect(limits.perClient == .max)
    }
}
