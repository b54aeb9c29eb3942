// SPDX-License-Identifier: Apache-2.0
import Base
import Compression
import Net
import Testing

@testable import HTTP

@Suite struct ContentCodingTests {
    /// Python: `gzip.compress(b"hello", mtime=0)` and `zlib.compress(b"hello")`.
    private static let gzip: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 72, 205, 201, 201, 7, 0, 134, 166, 16, 54, 5, 0, 0, 0,
    ]
    private static let deflate: [UInt8] = [120, 156, 203, 72, 205, 201, 201, 7, 0, 6, 44, 2, 21]

    private func post(_ body: [UInt8], _ lines: String, to path: String = "/echo") -> [UInt8] {
        Array("POST \(path) HTTP/1.1\r\nHost: a\r\n\(lines)Content-Length: \(body.count)\r\n\r\n".utf8) + body
    }

    private func exchange(
        _ request: [UInt8], _ change: (inout HTTPServer.Configuration) -> Void = { _ in }
    ) throws -> String {
        let fixture = try ServerFixture(change)
        let client = try fixture.connect()
        client.send(request)
        client.shutdownWrites()
        return client.readToEnd()
    }

    @Test(arguments: [
        ("gzip", Self.gzip), ("x-gzip", Self.gzip), ("GZip", Self.gzip), ("deflate", Self.deflate),
        ("identity", Array("hello".utf8)), ("identity, gzip", Self.gzip), (", gzip,", Self.gzip),
    ])
    func compressedBody_isReadPlain(_ coding: String, _ body: [UInt8]) throws {
        let answer = try exchange(post(body, "Content-Encoding: \(coding)\r\n"))
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.hasSuffix("\r\n\r\nhello"), "\(answer)")
    }

    @Test func compressedBody_isReadInAnyPieces() throws {
        let fixture = try ServerFixture()
        let client = try fixture.connect()
        for size in [1, 3, 10] {
            client.send(
                "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n"
            )
            var start = 0
            while start < Self.gzip.count {
                let piece = Array(Self.gzip[start..<min(start + size, Self.gzip.count)])
                client.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8))
                start += size
            }
            client.send("0\r\n\r\n")
            #expect(client.read(until: "\r\n\r\nhello").hasPrefix("HTTP/1.1 200"))
        }
        client.send(post(Array("plain".utf8), "Connection: close\r\n"))
        #expect(client.readToEnd().hasSuffix("\r\n\r\nplain"))
    }

    @Test(arguments: [
        ("br", Self.gzip, 415), ("gzip, gzip", Self.gzip, 415), ("gzip;q=1", Self.gzip, 415),
        ("gzip", Array(Self.gzip.dropLast()), 400), ("gzip", Array("hello".utf8), 400),
        ("gzip", Self.gzip + [1], 400), ("deflate", Self.gzip, 400), ("deflate", Self.deflate + [0], 400),
        ("deflate", [203, 72, 205, 201, 201, 7, 0], 400),
    ])
    func bodyThatCannotBeRead_isRefused(_ coding: String, _ body: [UInt8], _ status: Int) throws {
        let answer = try exchange(post(body, "Content-Encoding: \(coding)\r\n"))
        #expect(answer.hasPrefix("HTTP/1.1 \(status) ") && answer.contains("Connection: close\r\n"))
        #expect(answer.contains("\r\nAccept-Encoding: gzip, deflate\r\n") == (status == 415))
        #expect(answer.occurrences(of: "HTTP/1.1") == 1)
    }

    @Test func emptyAndMissingBodies_needNoCoding() throws {
        for request in [
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "GET /closing HTTP/1.1\r\nHost: a\r\nContent-Encoding: br\r\n\r\n",
        ] {
            #expect(try exchange(Array(request.utf8)).hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func bodyThatGrowsBeyondTheLimit_isTooLarge() throws {
        var packed = ByteBuffer()
        var deflater = try Deflater(.gzip)
        deflater.write([UInt8](repeating: 0x20, count: 100_000).span, into: &packed)
        deflater.finish(into: &packed)
        let body = packed.bytes.indices.map { packed.bytes[$0] }
        let request = post(body, "Content-Encoding: gzip\r\nConnection: close\r\n")
        #expect(try exchange(request) { $0.limits.bodyBytesMax = 100_000 }.hasPrefix("HTTP/1.1 200"))
        #expect(try exchange(request) { $0.limits.bodyBytesMax = 99_999 }.hasPrefix("HTTP/1.1 413"))
    }

    @Test(arguments: [
        ("gzip", "gzip"), ("deflate", "deflate"), ("gzip, deflate, br", "gzip"), ("*", "gzip"), ("br", nil),
        ("", nil), ("identity", nil), ("gzip;q=0", nil), ("gzip; q=0, deflate", "deflate"), ("*;q=0", nil),
        ("deflate;q=0.9, gzip;q=0.8", "deflate"), ("identity;q=1, gzip;q=0.5", nil),
        ("identity;q=0.5, gzip;q=0.6", "gzip"), ("x-gzip", "gzip"), ("GZIP;Q=1", "gzip"),
        ("gzip;q=1.000", "gzip"), ("gzip;q=0.000", nil), ("gzip;q=1.001", nil), ("gzip;q=x", nil),
        ("gzip;q=0.0001", nil), ("gzip;q=2", nil), ("gzip;level=9", nil), ("*;q=0.1, gzip;q=0", "deflate"),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", "gzip"), (",,gzip,,", "gzip"),
        ("gzip\r\nAccept-Encoding: br", "gzip"),
    ])
    func answer_isCompressedAsTheClientLikes(_ accepted: String, _ coding: String?) throws {
        let text = String(repeating: "0123456789", count: 1_000)
        let request = post(
            Array(text.utf8), "Connection: close\r\nAccept-Encoding: \(accepted)\r\n", to: "/text")
        let answer = try exchange(request)
        #expect(answer.contains("\r\nVary: Accept-Encoding\r\n"))
        #expect(answer.contains("\r\nContent-Encoding: ") == (coding != nil), "\(accepted)")
        if let coding { #expect(answer.contains("\r\nContent-Encoding: \(coding)\r\n"), "\(accepted)") }
        #expect(answer.hasSuffix(text) == (coding == nil))
    }

    @Test func compressedAnswer_isTheAnswer() throws {
        let text = String(repeating: "0123456789", count: 1_000)
        for (coding, format) in [("gzip", CompressionFormat.gzip), ("deflate", .zlib)] {
            let fixture = try ServerFixture()
            var client = HTTPClient(fixture.address)
            let answer = try client.send(
                .post, "/text", headers: [("Accept-Encoding", coding)], body: Array(text.utf8))
            var plain = ByteBuffer()
            try Inflater.inflate(
                answer.body.span, format, limits: InflateLimits(outputBytesMax: 10_000), into: &plain)
            #expect(String(copying: plain.bytes) == text && answer.body.count < 1_000)
        }
    }

    @Test func answersThatDoNotGain_stayAsTheyAre() throws {
        let accept = "Connection: close\r\nAccept-Encoding: gzip\r\n"
        let short = try exchange(post([UInt8](repeating: 0x61, count: 4_095), accept, to: "/text"))
        #expect(!short.contains("Content-Encoding") && !short.contains("Vary"))
        let binary = try exchange(post([UInt8](repeating: 0x61, count: 100_000), accept))
        #expect(!binary.contains("Content-Encoding") && !binary.contains("Vary"))
        var state: UInt32 = 1
        let noise = (0..<10_000).map { _ -> UInt8 in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(truncatingIfNeeded: state >> 24)
        }
        #expect(!(try exchange(post(noise, accept, to: "/text"))).contains("Content-Encoding"))
        let off = try exchange(post([UInt8](repeating: 0x61, count: 100_000), accept, to: "/text")) {
            $0.compression.isEnabled = false
        }
        #expect(!off.contains("Content-Encoding") && !off.contains("Vary"))
    }

    @Test func headOfACompressedAnswer_isThatOfGet() throws {
        let lines = "Host: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
        let get = try exchange(Array("GET /poem HTTP/1.1\r\n\(lines)".utf8))
        let head = try exchange(Array("HEAD /poem HTTP/1.1\r\n\(lines)".utf8))
        let length = try #require(get.firstMatch(of: #/Content-Length: (\d+)\r\n/#)?.1)
        #expect(head.contains("\r\nContent-Length: \(length)\r\n") && head.hasSuffix("\r\n\r\n"))
        #expect(head.contains("\r\nContent-Encoding: gzip\r\n"))
    }
}
