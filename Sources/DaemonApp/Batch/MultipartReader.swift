// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc

/// Takes the first file out of a `multipart/form-data` body (RFC 7578), piece by piece.
///
/// A file is a part with a file name; other parts, such as a form's plain fields, are passed over.
struct MultipartReader: ~Copyable {
    private enum State { case preamble, head, file, otherPart, done }

    enum Defect: Error, Equatable {
        case malformed
        case headTooLong
        /// The body ended, and no part was a file.
        case noFile

        var message: String {
            switch self {
            case .malformed: "the form is not multipart/form-data: a boundary or a part's head is missing"
            case .headTooLong: "the head of a part of the form is too long"
            case .noFile: "the form has no file; with curl: -F file=@PATH"
            }
        }
    }

    /// `CR LF - - boundary`.
    private let delimiter: [UInt8]
    private var state = State.preamble
    private var pending = ByteBuffer()
    private var hasFile = false
    /// The media type of the file, in lower case; empty when the part has none.
    private(set) var fileType = ""

    private static let headBytesMax = 8_192

    init(boundary: String) {
        delimiter = Array("\r\n--\(boundary)".utf8)
        // The first delimiter may stand at the very start, without its line end.
        pending.append("\r\n" as StaticString)
    }

    /// The boundary that a Content-Type header names; nil when it is of another kind or names none.
    static func boundary(of contentType: String) -> String? {
        let parts = contentType.split(separator: ";")
        guard let media = parts.first, media.withoutBlanks.lowercased() == "multipart/form-data" else {
            return nil
        }
        for parameter in parts.dropFirst() {
            let pair = parameter.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, pair[0].withoutBlanks.lowercased() == "boundary" else { continue }
            var value = pair[1].withoutBlanks
            if value.hasPrefix("\""), value.hasSuffix("\""), value.utf8.count > 1 {
                value = String(value.dropFirst().dropLast())
            }
            return (1...70).contains(value.utf8.count) ? value : nil
        }
        return nil
    }

    /// Appends what `piece` holds of the file to `file`.
    mutating func read(_ piece: Span<UInt8>, into file: inout ByteBuffer) throws(Defect) {
        if state == .done { return }
        pending.append(piece)
        while true {
            switch state {
            case .preamble, .otherPart, .file:
                guard let start = find(delimiter) else {
                    // What may be the beginning of a delimiter stays.
                    let length = max(0, pending.count - delimiter.count + 1)
                    if state == .file { file.append(pending.bytes.extracting(0..<length)) }
                    pending.removeFirst(length)
                    return
                }
                guard pending.count >= start + delimiter.count + 2 else {
                    if state == .file { file.append(pending.bytes.extracting(0..<start)) }
                    pending.removeFirst(start)
                    return
                }
                if state == .file {
                    file.append(pending.bytes.extracting(0..<start))
                    state = .done
                    return
                }
                let next = start + delimiter.count
                let isLast = pending.bytes[next] == 0x2D && pending.bytes[next + 1] == 0x2D
                // The line end in front of the part's head stays, so that an empty head is found, too.
                pending.removeFirst(next)
                state = isLast ? .done : .head
                if isLast { return }
            case .head:
                guard let end = find([0x0D, 0x0A, 0x0D, 0x0A]) else {
                    if pending.count > Self.headBytesMax { throw .headTooLong }
                    return
                }
                try readHead(end)
                pending.removeFirst(end + 4)
            case .done: return
            }
        }
    }

    /// The body is over.
    func finish() throws(Defect) {
        guard hasFile else { throw .noFile }
        guard state == .done else { throw .malformed }
    }

    private mutating func readHead(_ end: Int) throws(Defect) {
        guard let text = String(validating: pending.bytes.extracting(0..<end)) else { throw .malformed }
        state = .otherPart
        var type = ""
        for line in text.split(whereSeparator: { $0 == "\r\n" }) {
            guard let colon = line.firstIndex(of: ":") else { throw .malformed }
            let value = line[line.index(after: colon)...].withoutBlanks
            switch line[..<colon].lowercased() {
            case "content-disposition": if value.lowercased().contains("filename") { state = .file }
            case "content-type": type = (value.split(separator: ";").first ?? "").withoutBlanks.lowercased()
            default: break
            }
        }
        if state == .file {
            hasFile = true
            fileType = type
        }
    }

    private func find(_ pattern: [UInt8]) -> Int? {
        let bytes = pending.bytes
        var position = 0
        while position + pattern.count <= bytes.count {
            // Safe because the search stays in the span's bytes, and only an offset is taken from it.
            let found: Int? = unsafe bytes.withUnsafeBufferPointer { buffer in
                guard let base = buffer.baseAddress,
                    let place = unsafe memchr(base + position, CInt(pattern[0]), buffer.count - position)
                else { return nil }
                return unsafe UnsafeRawPointer(place) - UnsafeRawPointer(base)
            }
            guard let found, found + pattern.count <= bytes.count else { return nil }
            var index = 1
            while index < pattern.count, bytes[found + index] == pattern[index] { index += 1 }
            if index == pattern.count { return found }
            position = found + 1
        }
        return nil
    }
}
