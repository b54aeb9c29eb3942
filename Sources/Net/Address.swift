// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc

/// Where a socket listens or connects to: `HOST:PORT`, `[IPV6]:PORT` or `unix:/PATH`.
package enum Address: Hashable, Sendable, CustomStringConvertible {
    case ip(host: String, port: UInt16)
    case unix(path: String)

    package init(parsing text: String) throws(NetError) {
        func refuse(_ reason: String) -> NetError { .invalidAddress(text: text, reason: reason) }
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty else { throw refuse("the path is empty") }
            // One byte of sun_path is the terminating NUL.
            guard path.utf8.count <= 107 else { throw refuse("the path is longer than 107 bytes") }
            guard !path.utf8.contains(0) else { throw refuse("the path holds a NUL") }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":") else { throw refuse("the port is missing") }
        let portText = text[text.index(after: colon)...]
        guard !portText.isEmpty, portText.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let port = UInt16(portText)
        else { throw refuse("the port '\(portText)' is not a number from 0 to 65535") }
        var host = text[..<colon]
        if host.hasPrefix("[") {
            guard host.hasSuffix("]") else { throw refuse("the bracket is not closed") }
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { throw refuse("brackets are for IPv6 addresses") }
        } else if host.contains(":") {
            throw refuse("an IPv6 address needs brackets")
        }
        guard !host.isEmpty else { throw refuse("the host is empty (0.0.0.0 or [::] listen everywhere)") }
        self = .ip(host: String(host), port: port)
    }

    package var description: String {
        switch self {
        case .ip(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// The port, or nil where there is none.
    package var port: UInt16? {
        if case .ip(_, let port) = self { port } else { nil }
    }
}

/// An address in the kernel's form.
@safe struct SocketAddress {
    private(set) var storage = sockaddr_storage()
    private(set) var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

    var family: CInt { CInt(storage.ss_family) }

    /// Resolves names through the system's resolver; numeric addresses never leave the process.
    init(_ address: Address) throws(NetError) {
        switch address {
        case .unix(let path): fill(path: path)
        case .ip(let host, let port): try resolve(host: host, port: port)
        }
    }

    /// Lets `call` (getsockname, getpeername, accept4) fill the value in.
    init?(filledBy call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt) {
        // Safe because sockaddr_storage is made to be read and written as any kind of sockaddr, and `length`
        // says how much room there is.
        let result = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe withUnsafeMutablePointer(to: &length) { unsafe call(generic, $0) }
            }
        }
        if result != 0 { return nil }
    }

    func withPointer(_ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        // Safe because sockaddr_storage is made to be read as any kind of sockaddr.
        unsafe withUnsafePointer(to: storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
        }
    }

    /// The readable form; numeric, never looked up.
    var address: Address {
        if family == AF_UNIX { return .unix(path: "") }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        // Safe because the family says which kind of address the storage holds, and `text` has room for
        // either.
        let port: UInt16 = unsafe withUnsafePointer(to: storage) { pointer in
            if family == AF_INET6 {
                return unsafe pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { v6 in
                    unsafe withUnsafePointer(to: v6.pointee.sin6_addr) {
                        _ = unsafe inet_ntop(AF_INET6, $0, &text, socklen_t(INET6_ADDRSTRLEN))
                    }
                    return unsafe UInt16(bigEndian: v6.pointee.sin6_port)
                }
            }
            return unsafe pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { v4 in
                unsafe withUnsafePointer(to: v4.pointee.sin_addr) {
                    _ = unsafe inet_ntop(AF_INET, $0, &text, socklen_t(INET6_ADDRSTRLEN))
                }
                return unsafe UInt16(bigEndian: v4.pointee.sin_port)
            }
        }
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return .ip(host: String(decoding: bytes, as: UTF8.self), port: port)
    }

    private mutating func fill(path: String) {
        // Safe because `Address` holds the path to 107 bytes, one less than sun_path has.
        unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr_un.self, capacity: 1) { local in
                unsafe local.pointee.sun_family = sa_family_t(AF_UNIX)
                unsafe withUnsafeMutableBytes(of: &local.pointee.sun_path) { room in
                    for (index, byte) in path.utf8.enumerated() where index < 107 {
                        unsafe room[index] = byte
                    }
                }
            }
        }
        length = socklen_t(MemoryLayout<sockaddr_un>.size)
    }

    private mutating func resolve(host: String, port: UInt16) throws(NetError) {
        // Safe because the resolver's list is only read here and freed before the function ends.
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let result = unsafe getaddrinfo(host, String(port), &hints, &list)
        guard result == 0, let first = unsafe list else {
            throw .unresolvable(host: host, reason: unsafe String(cString: gai_strerror(result)))
        }
        defer { unsafe freeaddrinfo(first) }
        let size = unsafe min(Int(first.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
        unsafe withUnsafeMutableBytes(of: &storage) { room in
            if let source = unsafe first.pointee.ai_addr {
                unsafe room.copyMemory(from: UnsafeRawBufferPointer(start: source, count: size))
            }
        }
        length = socklen_t(size)
    }
}
