// SPDX-License-Identifier: Apache-2.0

/// What a client's Accept-Encoding asks for (RFC 9110, section 12.5.3).
///
///     Accept-Encoding = #( codings [ weight ] )     codings = content-coding / "identity" / "*"
///     weight = OWS ";" OWS "q=" qvalue              qvalue = 0 to 1 with at most three decimals
struct AcceptedCodings {
    /// Weights in thousandths; nil: not named.
    private var gzip: Int?
    private var deflate: Int?
    private var identity: Int?
    private var any: Int?

    /// Takes one Accept-Encoding line in. Elements that are not understood are ignored.
    mutating func add(_ list: Span<UInt8>) {
        var start = 0
        while start <= list.count {
            let end = list.firstIndex(of: .comma, in: start..<list.count) ?? list.count
            addElement(list.extracting(list.trimmed(start..<end)))
            start = end + 1
        }
    }

    /// The coding that the client likes best of those that we have; identity where it does not say. Between
    /// equals the compressed one wins, and gzip over deflate.
    var best: ContentCoding {
        let gzip = gzip ?? any ?? 0
        let deflate = deflate ?? any ?? 0
        let identity = identity ?? 0
        if gzip > 0, gzip >= deflate, gzip >= identity { return .gzip }
        if deflate > 0, deflate >= identity { return .deflate }
        return .identity
    }

    private mutating func addElement(_ element: Span<UInt8>) {
        let semicolon = element.firstIndex(of: .semicolon, in: 0..<element.count) ?? element.count
        let name = element.extracting(element.trimmed(0..<semicolon))
        var weight = 1_000
        if semicolon < element.count {
            let text = element.extracting(element.trimmed(semicolon + 1..<element.count))
            guard let parsed = Self.weight(text) else { return }
            weight = parsed
        }
        if name.equals("*") {
            any = weight
            return
        }
        switch ContentCoding(name) {
        case .gzip: gzip = weight
        case .deflate: deflate = weight
        case .identity: identity = weight
        case .unsupported: return
        }
    }

    /// `q=0.5` in thousandths; nil when it is malformed.
    private static func weight(_ text: Span<UInt8>) -> Int? {
        guard text.count >= 3, text.count <= 7, text[0].asciiLowercased == 0x71, text[1] == 0x3D,
            text[2] == 0x30 || text[2] == 0x31
        else { return nil }
        var weight = text[2] == 0x31 ? 1_000 : 0
        if text.count > 3 {
            guard text[3] == 0x2E else { return nil }
            var unit = 100
            for index in 4..<text.count {
                guard text[index].isDigit else { return nil }
                weight += Int(text[index] - 0x30) * unit
                unit /= 10
            }
        }
        return weight <= 1_000 ? weight : nil
    }
}
