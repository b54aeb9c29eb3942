// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

/// A request named for what is special about it, and what the RFC makes of it.
struct RequestCase: CustomTestStringConvertible, Sendable {
    var name: String
    var bytes: [UInt8]
    /// nil: it is accepted.
    var defect: RequestDefect?
    /// Complete requests in the bytes.
    var count = 0

    var testDescription: String { name }

    static func good(_ name: String, _ text: String, count: Int = 1) -> RequestCase {
        RequestCase(name: name, bytes: Array(text.utf8), defect: nil, count: count)
    }

    static func bad(_ name: String, _ text: String, _ defect: RequestDefect, after count: Int = 0)
        -> RequestCase
    {
        RequestCase(name: name, bytes: Array(text.utf8), defect: defect, count: count)
    }

    /// A good request line and Host, then these lines.
    static func head(_ name: String, _ lines: String, _ defect: RequestDefect?, method: String = "POST")
        -> RequestCase
    {
        let text = "\(method) / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n"
        return RequestCase(name: name, bytes: Array(text.utf8), defect: defect, count: defect == nil ? 1 : 0)
    }

    /// A chunked request with this body.
    static func chunked(_ name: String, _ body: String, _ defect: RequestDefect?) -> RequestCase {
        let text = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)"
        return RequestCase(name: name, bytes: Array(text.utf8), defect: defect, count: defect == nil ? 1 : 0)
    }

    static func line(_ name: String, _ line: String, _ defect: RequestDefect?) -> RequestCase {
        let text = "\(line)\r\nHost: a\r\n\r\n"
        return RequestCase(name: name, bytes: Array(text.utf8), defect: defect, count: defect == nil ? 1 : 0)
    }
}

enum RequestTable {
    static let all = good + requestLines + headers + framing + chunks

    static let good: [RequestCase] = [
        .good("simple get", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        .good(
            "two pipelined", "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
            count: 2),
        .good(
            "body, then pipelined",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            count: 2),
        .good(
            "chunked, then pipelined",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
                + "GET / HTTP/1.1\r\nHost: a\r\n\r\n", count: 2),
        .good("one empty line before", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        .good("http 1.0 without host", "GET / HTTP/1.0\r\n\r\n"),
        .good("http 1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"),
        .good("connection close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n"),
        .good(
            "expect continue",
            "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx"),
        .good("expectation in http 1.0 is ignored", "GET / HTTP/1.0\r\nExpect: magic\r\n\r\n"),
        .good("unfinished", "GET / HTTP/1.1\r\nHost: a\r\n", count: 0),
        .good("unfinished body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", count: 0),
        .good("nothing", "", count: 0),
    ]

    static let requestLines: [RequestCase] = [
        .line("query", "GET /a/b?c=d&e HTTP/1.1", nil),
        .line("escapes", "GET /a%2Fb?c=%41 HTTP/1.1", nil),
        .line("absolute form", "GET http://a.example:80/x?y HTTP/1.1", nil),
        .line("absolute form, no path", "GET HTTP://a.example HTTP/1.1", nil),
        .line("asterisk form", "OPTIONS * HTTP/1.1", nil),
        .line("higher minor version", "GET / HTTP/1.9", nil),
        .line("asterisk form with GET", "GET * HTTP/1.1", .asteriskMisplaced),
        .line("authority form", "CONNECT a:443 HTTP/1.1", .methodUnknown),
        .line("authority form with GET", "GET a:443 HTTP/1.1", .targetInvalid),
        .line("absolute form with empty host", "GET http:///x HTTP/1.1", .targetInvalid),
        .line("absolute form with user", "GET http://u@a/ HTTP/1.1", .targetInvalid),
        .line("other scheme", "GET ftp://a/ HTTP/1.1", .targetInvalid),
        .line("unknown method", "BREW / HTTP/1.1", .methodUnknown),
        .line("lower-case method", "get / HTTP/1.1", .methodUnknown),
        .line("method with a delimiter", "GE(T / HTTP/1.1", .methodInvalid),
        .line("no target", "GET HTTP/1.1", .requestLineMalformed),
        .line("http 0.9", "GET /", .requestLineMalformed),
        .line("two spaces", "GET  / HTTP/1.1", .requestLineMalformed),
        .line("space at the end", "GET / HTTP/1.1 ", .versionMalformed),
        .line("tab between", "GET\t/ HTTP/1.1", .methodInvalid),
        .line("space in the target", "GET /a b HTTP/1.1", .versionMalformed),
        .line("fragment", "GET /a#b HTTP/1.1", .targetInvalid),
        .line("backslash", "GET /a\\b HTTP/1.1", .targetInvalid),
        .line("non-ascii target", "GET /ä HTTP/1.1", .targetInvalid),
        .line("control in the target", "GET /\u{1} HTTP/1.1", .targetInvalid),
        .line("cut escape", "GET /%4 HTTP/1.1", .targetPercentEncoding),
        .line("escape without digits", "GET /?%zz HTTP/1.1", .targetPercentEncoding),
        .line("http 2", "GET / HTTP/2.0", .versionUnsupported),
        .line("http 2 preface", "PRI * HTTP/2.0", .versionUnsupported),
        .line("lower-case version", "GET / http/1.1", .versionMalformed),
        .line("long version", "GET / HTTP/1.10", .versionMalformed),
        .line("version without minor", "GET / HTTP/1", .versionMalformed),
        .line("carriage return in the target", "GET /\rx HTTP/1.1", .bareCarriageReturn),
        .bad("leading space", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", .methodInvalid),
        .bad("tls on the plain port", "\u{16}\u{3}\u{1}", .methodInvalid),
        .bad("line feed first", "\nGET / HTTP/1.1\r\n", .bareLineFeed),
        .bad("bare line feed", "GET / HTTP/1.1\nHost: a\r\n\r\n", .bareLineFeed),
        .bad("two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n", .methodInvalid),
        .bad("too long target", "GET /" + String(repeating: "a", count: 9_000), .targetTooLong),
    ]

    static let headers: [RequestCase] = [
        .head("empty value", "X:", nil),
        .head("white space around the value", "X: \t a b \t", nil),
        .head("obs-text in the value", "X: ä", nil),
        .head("folded", "X: a\r\n b", .headerFolded),
        .head("folded with tab", "X: a\r\n\tb", .headerFolded),
        .bad("white space before the first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", .headerFolded),
        .head("space before the colon", "X : a", .headerSpaceBeforeColon),
        .head("tab before the colon", "X\t: a", .headerSpaceBeforeColon),
        .head("empty name", ": a", .headerNameInvalid),
        .head("delimiter in the name", "X(y): a", .headerNameInvalid),
        .head("non-ascii name", "Ä: a", .headerNameInvalid),
        .head("no colon", "X", .headerColonMissing),
        .head("nul in the value", "X: a\0b", .controlCharacter),
        .head("escape in the value", "X: \u{1B}[1m", .controlCharacter),
        .head("delete in the value", "X: \u{7F}", .controlCharacter),
        .head("carriage return in the value", "X: a\rb", .bareCarriageReturn),
        .head("carriage return in the name", "X\r: a", .bareCarriageReturn),
        .head("line feed alone", "X: a\nY: b", .bareLineFeed),
        .bad("line feed for the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", .bareLineFeed),
        .bad("no host", "GET / HTTP/1.1\r\n\r\n", .hostMissing),
        .head("two hosts", "Host: a", .hostDuplicate),
        .bad("empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", .hostInvalid),
        .bad("host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .hostInvalid),
        .bad("host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", .hostInvalid),
        .bad("host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", .hostInvalid),
        .bad("host with a bad port", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", .hostInvalid),
        .bad("host with a large port", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", .hostInvalid),
        .bad("two hosts in http 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", .hostDuplicate),
        .good("ipv6 host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"),
        .good("host with an empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n"),
        .head("unknown expectation", "Expect: magic", .expectationUnknown),
        .head("too many headers", String(repeating: "X: y\r\n", count: 100) + "Z: y", .headerCountTooLarge),
        .head("too large head", "X: " + String(repeating: "y", count: 40_000), .headTooLarge),
    ]

    static let framing: [RequestCase] = [
        .head("length zero", "Content-Length: 0", nil),
        .head("length with leading zeros", "Content-Length: 000", nil),
        .head("two equal lengths", "Content-Length: 0\r\nContent-Length: 0", .contentLengthDuplicate),
        .head("two lengths", "Content-Length: 0\r\nContent-Length: 1", .contentLengthDuplicate),
        .head("length list", "Content-Length: 0, 0", .contentLengthInvalid),
        .head("empty length", "Content-Length:", .contentLengthInvalid),
        .head("length with plus", "Content-Length: +1", .contentLengthInvalid),
        .head("negative length", "Content-Length: -1", .contentLengthInvalid),
        .head("hexadecimal length", "Content-Length: 0x1", .contentLengthInvalid),
        .head("length with underscore", "Content-Length: 1_0", .contentLengthInvalid),
        .head("length with space", "Content-Length: 1 0", .contentLengthInvalid),
        .head("length with fraction", "Content-Length: 1.0", .contentLengthInvalid),
        .head("length in other digits", "Content-Length: \u{0661}", .contentLengthInvalid),
        .head("length over the limit", "Content-Length: 99999999999", .bodyTooLarge),
        .head("length over all integers", "Content-Length: 1000000000000000000000", .bodyTooLarge),
        .head(
            "length over all integers, then junk", "Content-Length: 1000000000000000000000x",
            .contentLengthInvalid),
        .head(
            "length and chunked", "Content-Length: 5\r\nTransfer-Encoding: chunked",
            .contentLengthWithTransferEncoding),
        .head(
            "chunked and length", "Transfer-Encoding: chunked\r\nContent-Length: 5",
            .contentLengthWithTransferEncoding),
        .head("unknown coding last", "Transfer-Encoding: gzip", .transferEncodingInvalid),
        .head("identity", "Transfer-Encoding: identity", .transferEncodingInvalid),
        .head("gzip, chunked", "Transfer-Encoding: gzip, chunked", .transferEncodingUnsupported),
        .head("chunked, gzip", "Transfer-Encoding: chunked, gzip", .transferEncodingInvalid),
        .head("chunked twice", "Transfer-Encoding: chunked, chunked", .transferEncodingInvalid),
        .head(
            "chunked in two headers", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            .transferEncodingDuplicate),
        .head("comma before chunked", "Transfer-Encoding: ,chunked", .transferEncodingInvalid),
        .head("empty coding", "Transfer-Encoding:", .transferEncodingInvalid),
        .head("xchunked", "Transfer-Encoding: xchunked", .transferEncodingInvalid),
        .head("chunked with a parameter", "Transfer-Encoding: chunked;a=b", .transferEncodingInvalid),
        .head("chunked in quotes", "Transfer-Encoding: \"chunked\"", .transferEncodingInvalid),
        .head("vertical tab before chunked", "Transfer-Encoding: \u{B}chunked", .controlCharacter),
        .head(
            "other white space after chunked", "Transfer-Encoding: chunked\u{A0}", .transferEncodingInvalid),
        .bad(
            "chunked in http 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            .transferEncodingInHTTP10),
    ]

    static let chunks: [RequestCase] = [
        .chunked("two chunks", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", nil),
        .chunked("hexadecimal in both cases", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", nil),
        .chunked("leading zeros", "0005\r\nhello\r\n0000\r\n\r\n", nil),
        .chunked("extension", "5;name=value\r\nhello\r\n0;last\r\n\r\n", nil),
        .chunked("white space before the extension", "5 \t; a\r\nhello\r\n0\r\n\r\n", nil),
        .chunked("trailers", "0\r\nX: a\r\nContent-Length: 5\r\n\r\n", nil),
        .chunked("empty size", "\r\nhello", .chunkSizeInvalid),
        .chunked("size with plus", "+5\r\nhello\r\n", .chunkSizeInvalid),
        .chunked("negative size", "-5\r\nhello\r\n", .chunkSizeInvalid),
        .chunked("size with 0x", "0x5\r\nhello\r\n", .chunkSizeInvalid),
        .chunked("size with underscore", "1_0\r\nhello\r\n", .chunkSizeInvalid),
        .chunked("white space before the size", " 5\r\nhello\r\n", .chunkSizeInvalid),
        .chunked("white space after the size", "5 \r\nhello\r\n", .chunkSizeInvalid),
        .chunked("empty extension", "5;\r\nhello\r\n", .chunkSizeInvalid),
        .chunked("seventeen digits", "00000000000000005\r\nhello\r\n", .chunkSizeInvalid),
        .chunked("size that wraps", "f0000000000000003\r\nabc\r\n", .chunkSizeInvalid),
        .chunked("size of all ones", "ffffffffffffffff\r\nabc\r\n", .bodyTooLarge),
        .chunked("size over the limit", "7fffffff\r\nabc\r\n", .bodyTooLarge),
        .chunked("bare line feed after the size", "5\nhello\r\n", .bareLineFeed),
        .chunked("bare line feed in an extension", "5;a\nb\r\nhello\r\n", .bareLineFeed),
        .chunked("carriage return in an extension", "5;a\rb\r\nhello\r\n", .chunkSizeInvalid),
        .chunked("nul in an extension", "5;a\0\r\nhello\r\n", .chunkSizeInvalid),
        .chunked("no end after the data", "5\r\nhello0\r\n\r\n", .chunkEndMissing),
        .chunked("two other bytes after the data", "5\r\nhelloXX0\r\n\r\n", .chunkEndMissing),
        .chunked("line feed after the data", "5\r\nhello\n0\r\n\r\n", .chunkEndMissing),
        .chunked("carriage return, then other", "5\r\nhello\rX0\r\n\r\n", .chunkEndMissing),
        .chunked(
            "long extensions", "5;" + String(repeating: "a", count: 5_000) + "\r\nhello",
            .chunkExtensionTooLarge),
        .chunked(
            "many extensions",
            String(repeating: "1;" + String(repeating: "a", count: 500) + "\r\nx\r\n", count: 10)
                + "0\r\n\r\n",
            .chunkExtensionTooLarge),
        .chunked("trailer without colon", "0\r\nX\r\n\r\n", .trailerInvalid),
        .chunked("folded trailer", "0\r\nX: a\r\n b\r\n\r\n", .trailerInvalid),
        .chunked(
            "long trailers", "0\r\n" + String(repeating: "X: 0123456789\r\n", count: 700), .trailersTooLarge),
        .chunked("bare line feed ends the trailers", "0\r\n\n", .bareLineFeed),
    ]
}
