// SPDX-License-Identifier: Apache-2.0
internal import Registry

/// How one kind of value is written and read; strict, so that a typing error is found instead of guessed at.
struct ConfigurationValueType<Value>: Sendable {
    let placeholder: String
    /// What is allowed, in words that fit after "allowed:".
    let form: String
    let parse: @Sendable (String) -> Value?
    let render: @Sendable (Value) -> String

    func refusal(of text: String) -> String {
        text.isEmpty ? "is empty; allowed: \(form)" : "cannot be \"\(text)\"; allowed: \(form)"
    }
}

extension ConfigurationValueType<String> {
    static let directory = Self(
        placeholder: "DIR", form: "the path of a directory",
        parse: { $0.isEmpty || $0.contains("\0") ? nil : $0 },
        render: { $0 })
    static let name = Self(
        placeholder: "NAME", form: "the name of a model",
        parse: { $0.isEmpty || $0.contains("\0") || $0.contains("/") ? nil : $0 },
        render: { $0 })
    static let file = Self(
        placeholder: "FILE", form: "the path of a file",
        parse: { $0.isEmpty || $0.contains("\0") ? nil : $0 },
        render: { $0 })
}

extension ConfigurationValueType<String> {
    static let modelName = Self(
        placeholder: "NAME", form: "the name of a model: 1 to 64 of A-Z a-z 0-9 . _ -",
        parse: { ModelName.isValid($0) ? $0 : nil }, render: { $0 })
}

extension ConfigurationValueType<FileMode> {
    static let fileMode = Self(
        placeholder: "MODE", form: "three octal digits, such as 600, 660 or 666",
        parse: { text in
            guard text.utf8.count == 3, let bits = UInt32(text, radix: 8), !text.hasPrefix("+") else {
                return nil
            }
            return FileMode(bits: bits)
        },
        render: { mode in
            let digits = String(mode.bits, radix: 8)
            return String(repeating: "0", count: max(0, 3 - digits.utf8.count)) + digits
        })
}

extension ConfigurationValueType<Int> {
    static func count(_ range: ClosedRange<Int>) -> Self {
        Self(
            placeholder: "N", form: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            parse: { text in decimal(text).flatMap { range.contains($0) ? $0 : nil } }, render: { String($0) }
        )
    }

    /// A number of bytes with an optional unit.
    static func bytes(_ range: ClosedRange<Int>) -> Self {
        let (low, high) = (renderBytes(range.lowerBound), renderBytes(range.upperBound))
        return Self(
            placeholder: "BYTES", form: "bytes from \(low) to \(high), such as 65536, 512KiB, 64MiB or 1GiB",
            parse: { text in parseBytes(text).flatMap { range.contains($0) ? $0 : nil } }, render: renderBytes
        )
    }

    private static let byteUnits: [(name: String, size: Int)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
    ]

    private static func parseBytes(_ text: String) -> Int? {
        for unit in byteUnits where text.hasSuffix(unit.name) {
            return decimal(text.dropLast(unit.name.count)).flatMap { scaled($0, by: unit.size) }
        }
        return decimal(text)
    }

    private static func renderBytes(_ bytes: Int) -> String {
        for unit in byteUnits where bytes != 0 && bytes % unit.size == 0 && unit.size > 1 {
            return "\(bytes / unit.size)\(unit.name)"
        }
        return String(bytes)
    }
}

extension ConfigurationValueType<Duration> {
    /// A duration with its unit; a bare number is refused because nobody could tell seconds from
    /// milliseconds.
    static func duration(_ range: ClosedRange<Duration>) -> Self {
        let (low, high) = (renderDuration(range.lowerBound), renderDuration(range.upperBound))
        return Self(
            placeholder: "DURATION",
            form:
                "a whole number with its unit (ms, s, m, h) from \(low) to \(high), such as 500ms, 10s or 5m",
            parse: { text in parseDuration(text).flatMap { range.contains($0) ? $0 : nil } },
            render: renderDuration)
    }

    private static let durationUnits: [(name: String, milliseconds: Int)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000),
    ]

    private static func parseDuration(_ text: String) -> Duration? {
        for unit in durationUnits where text.hasSuffix(unit.name) {
            let number = decimal(text.dropLast(unit.name.count))
            return number.flatMap { scaled($0, by: unit.milliseconds) }.map { Duration.milliseconds($0) }
        }
        return nil
    }

    private static func renderDuration(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = Int(clamping: attoseconds / 1_000_000_000_000_000)
        return milliseconds == 0 ? "\(seconds)s" : "\(Int(clamping: seconds) * 1000 + milliseconds)ms"
    }
}

extension ConfigurationValueType where Value: RawRepresentable<String> & CaseIterable & Sendable {
    static var choice: Self {
        let names = Value.allCases.map(\.rawValue).joined(separator: "|")
        return Self(placeholder: names, form: names, parse: { Value(rawValue: $0) }, render: { $0.rawValue })
    }
}

extension ConfigurationValueType<ListenAddress> {
    static let address = Self(
        placeholder: "HOST:PORT",
        form:
            "HOST:PORT with a name, an IPv4 address or a bracketed IPv6 address, port 0 to 65535 (0: any "
            + "free port); every interface is 0.0.0.0:8080 or [::]:8080; unix:/PATH with at most 107 bytes of "
            + "path; systemd or systemd:NAME; each also with tls: before it",
        parse: parseAddress, render: { $0.description })

    @Sendable private static func parseAddress(_ text: String) -> ListenAddress? {
        guard text.hasPrefix("tls:") else { return parsePlace(text) }
        var address = parsePlace(String(text.dropFirst(4)))
        address?.isTLS = true
        return address
    }

    private static func parsePlace(_ text: String) -> ListenAddress? {
        if text == "systemd" { return ListenAddress(.systemd(name: nil)) }
        if text.hasPrefix("systemd:") {
            let name = String(text.dropFirst(8))
            // What systemd.socket(5) allows in FileDescriptorName=.
            let isName = !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A }
            return isName ? ListenAddress(.systemd(name: name)) : nil
        }
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            let isPath = path.hasPrefix("/") && path.utf8.count <= 107 && !path.utf8.contains(0)
            return isPath ? ListenAddress(.unix(path: path)) : nil
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let host = text[..<colon]
        guard let number = decimal(text[text.index(after: colon)...]), let port = UInt16(exactly: number)
        else {
            return nil
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            let address = host.dropFirst().dropLast()
            let isIPv6 = address.contains(":") && address.allSatisfy { $0.isHexDigit || ":.%".contains($0) }
            return isIPv6 ? ListenAddress(host: String(address), port: port) : nil
        }
        let isName = !host.isEmpty && host.utf8.allSatisfy(isHostNameByte)
        return isName ? ListenAddress(host: String(host), port: port) : nil
    }

    private static func isHostNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// Digits only: no sign, no separators, no spaces.
private func decimal(_ text: some StringProtocol) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
        return nil
    }
    return Int(text)
}

private func scaled(_ number: Int, by factor: Int) -> Int? {
    let (product, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : product
}
