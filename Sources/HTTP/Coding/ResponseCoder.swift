// SPDX-License-Identifier: Apache-2.0
import Base
import Compression
import Synchronization

/// Compresses answers; takes a quarter of a megabyte, so there are few of them, and they are shared.
///
/// State: belongs to whoever took it from the pool.
// Safe because a coder has one owner at a time, and the pool's lock orders the hand-over.
final class ResponseCoder: @unchecked Sendable {
    private var gzip: Deflater?
    private var deflate: Deflater?
    private(set) var coding = ContentCoding.identity
    /// What has come out so far.
    var output = ByteBuffer()

    /// Starts on another body; false when there is no memory for it, and it goes out as it is.
    func begin(_ coding: ContentCoding) -> Bool {
        self.coding = coding
        output.clear()
        output.releaseMemory(above: 1 << 20)
        switch coding {
        case .gzip:
            if gzip == nil { gzip = try? Deflater(.gzip) }
            gzip?.reset()
            return gzip != nil
        case .deflate:
            if deflate == nil { deflate = try? Deflater(.zlib) }
            deflate?.reset()
            return deflate != nil
        case .identity, .unsupported: return false
        }
    }

    func write(_ bytes: Span<UInt8>) {
        if coding == .gzip { gzip?.write(bytes, into: &output) } else { deflate?.write(bytes, into: &output) }
    }

    /// Brings out what was written, so that the client can read it now.
    func flush() {
        if coding == .gzip { gzip?.flush(into: &output) } else { deflate?.flush(into: &output) }
    }

    func finish() {
        if coding == .gzip { gzip?.finish(into: &output) } else { deflate?.finish(into: &output) }
    }
}

/// The coders that nobody uses at the moment.
///
/// State: small and shared (`Mutex`).
final class ResponseCoderPool: Sendable {
    private static let keptMax = 4
    private let spare = Mutex<[ResponseCoder]>([])

    func take() -> ResponseCoder { spare.withLock { $0.popLast() } ?? ResponseCoder() }

    func giveBack(_ coder: ResponseCoder) {
        spare.withLock { if $0.count < Self.keptMax { $0.append(coder) } }
    }
}

extension ResponseCoderPool {
    /// A coder at the start of a body; nil when it goes out as it is.
    func begin(_ coding: ContentCoding) -> ResponseCoder? {
        if coding == .identity { return nil }
        let coder = take()
        if coder.begin(coding) { return coder }
        giveBack(coder)
        return nil
    }

    /// Compresses the answer's body where that pays and the client wants it; nil: it goes out as it is.
    func encode(
        _ response: borrowing Response, for workspace: Workspace, _ settings: HTTPServer.Compression
    ) -> ResponseCoder? {
        guard response.stream == nil, response.varies(settings),
            let coder = begin(workspace.acceptedCoding)
        else { return nil }
        coder.write(response.body.bytes)
        coder.finish()
        if coder.output.count < response.body.count { return coder }
        giveBack(coder)
        return nil
    }
}

extension Response {
    /// It is worth compressing, so what goes out depends on the request's Accept-Encoding.
    func varies(_ settings: HTTPServer.Compression) -> Bool {
        settings.isEnabled && isCompressible && !status.forbidsContent
            && (stream != nil || body.count >= settings.bodyBytesMin) && contentType.isText
    }
}

extension Workspace {
    /// What the client wants its answer compressed with.
    var acceptedCoding: ContentCoding { Self.acceptedCoding(input, parser) }

    private static func acceptedCoding(
        _ input: borrowing ByteBuffer, _ parser: borrowing RequestParser
    ) -> ContentCoding {
        let bytes = input.bytes.extracting(parser.origin..<input.count)
        var accepted = AcceptedCodings()
        for field in parser.head.fields where field.name.count == 15 {
            if bytes.extracting(field.name.range).equalsIgnoringCase("accept-encoding") {
                accepted.add(bytes.extracting(field.value.range))
            }
        }
        return accepted.best
    }
}
