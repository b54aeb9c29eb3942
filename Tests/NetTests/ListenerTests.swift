// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import TestKit
import Testing

@testable import Net

@Suite struct ListenerTests {
    private func mode(_ path: String) -> UInt32? {
        var facts = stat()
        // Safe because the path is a C string for the call, and the kernel writes only the struct.
        guard unsafe lstat(path, &facts) == 0 else { return nil }
        return facts.st_mode
    }

    private func unix(_ path: String, mode: UInt32 = 0o660) throws -> Listener {
        var settings = ListenerSettings(.address(.unix(path: path)))
        settings.unixMode = mode
        return try Listener(settings, backlog: 16)
    }

    @Test(arguments: [UInt32(0o600), 0o660, 0o666])
    func unixSocket_hasItsModeAndGoesWithTheListener(mode: UInt32) throws {
        try TemporaryDirectory.with { directory in
            let path = "\(directory.path)/a.sock"
            do {
                let listener = try unix(path, mode: mode)
                #expect(self.mode(path) == S_IFSOCK | mode)
                let client = try Socket.connect(to: .unix(path: path), timeout: .seconds(1))
                _ = consume client
                guard case .connection(_, let peer) = listener.accept() else {
                    Issue.record("nobody came")
                    return
                }
                #expect(peer == .local && peer.host == "unix")
            }
            #expect(self.mode(path) == nil)
        }
    }

    @Test func socketOfADeadProcess_isReplaced() throws {
        try TemporaryDirectory.with { directory in
            let path = "\(directory.path)/a.sock"
            do {
                // Bound and closed without unlinking: what a killed process leaves behind.
                let dead = Socket(owning: socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0))
                _ = try UnixSocketFile(path, bindingTo: dead.number, mode: 0o600)
            }
            #expect(mode(path) != nil)
            let listener = try unix(path)
            #expect(throws: Never.self) {
                _ = try Socket.connect(to: .unix(path: path), timeout: .seconds(1))
            }
            #expect(listener.address == .unix(path: path))
        }
    }

    @Test func socketOfALivingProcess_isLeftAlone() throws {
        try TemporaryDirectory.with { directory in
            let path = "\(directory.path)/a.sock"
            let living = try unix(path)
            #expect(throws: NetError.inUse(path: path)) { try unix(path) }
            #expect(mode(path) != nil && living.number >= 0)
        }
    }

    @Test func anythingButASocket_isLeftAlone() throws {
        try TemporaryDirectory.with { directory in
            try directory.write([1], to: "a.sock")
            let path = "\(directory.path)/a.sock"
            #expect(throws: NetError.notASocket(path: path)) { try unix(path) }
            #expect(mode(path).map { $0 & S_IFMT } == S_IFREG)
        }
    }

    @Test func successorsFile_isNotRemoved() throws {
        try TemporaryDirectory.with { directory in
            let path = "\(directory.path)/a.sock"
            var first: Listener? = try unix(path)
            // Safe because the path is a C string for the call.
            _ = unsafe unlink(path)
            let second = try unix(path)
            #expect(first != nil)
            first = nil
            #expect(mode(path) != nil && second.number >= 0)
        }
    }

    @Test func inheritedSocket_accepts() throws {
        let bound = try Listener(.ip(host: "127.0.0.1", port: 0))
        let copy = dup(bound.number)
        _ = fcntl(copy, F_SETFL, 0)
        let inherited = try Listener(ListenerSettings(.inherited(copy)), backlog: 16)
        #expect(inherited.address == bound.address)
        let client = try Socket.connect(to: inherited.address, timeout: .seconds(1))
        guard case .connection(_, let peer) = inherited.accept() else {
            Issue.record("nobody came")
            return
        }
        #expect(peer.host == "127.0.0.1" && peer.port > 0)
        // Made non-blocking: this would wait for ever.
        if case .none = inherited.accept() {} else { Issue.record("somebody came twice") }
        #expect(client.number >= 0)
    }

    @Test func inheritedDescriptor_mustListen() throws {
        let connected = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        #expect(throws: NetError.notAListener(descriptor: connected)) {
            try Listener(ListenerSettings(.inherited(connected)), backlog: 16)
        }
    }

    @Test func listenVariables_areReadForOurProcessOnly() {
        let variables = ["LISTEN_PID": "42", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "http::admin"]
        let sockets = InheritedSockets(environment: variables, process: 42)
        #expect(sockets.entries.map(\.number) == [3, 4, 5])
        #expect(sockets.numbers(named: "admin") == [5])
        #expect(sockets.numbers(named: "unknown") == [4])
        #expect(sockets.numbers(named: nil) == [3, 4, 5])
        #expect(InheritedSockets(environment: variables, process: 43).entries.isEmpty)
        for count in ["", "-1", "0", "x", "1001", "99999999999999999999"] {
            let wrong = ["LISTEN_PID": "42", "LISTEN_FDS": count]
            #expect(InheritedSockets(environment: wrong, process: 42).entries.isEmpty)
        }
        #expect(InheritedSockets(environment: [:], process: 42).entries.isEmpty)
    }
}
