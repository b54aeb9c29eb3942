// SPDX-License-Identifier: Apache-2.0
@testable import HTTP

/// Fields, Host, Connection and Expect.
extension RequestTable {
    static let fieldRules: [RequestRule] = [
        .init(
            "9112 §5", "a field line is a name, a colon, optional white space and a value",
            [
                .head("empty value", "X:", nil),
                .head("white space alone", "X: \t ", nil),
                .head("white space around the value", "X: \t a b \t", nil),
                .head("no white space", "X:a", nil),
                .head("colon in the value", "X: a:b", nil),
                .head("same name twice", "X: a\r\nX: b", nil),
                .head("no colon", "X", .headerColonMissing),
                .head("no colon, words", "X y z", .headerSpaceBeforeColon),
            ]),
        .init(
            "9112 §5.1", "white space between name and colon is refused with 400",
            [
                .head("space", "X : a", .headerSpaceBeforeColon),
                .head("tab", "X\t: a", .headerSpaceBeforeColon),
                .head("before Content-Length", "Content-Length : 5", .headerSpaceBeforeColon),
                .head("before Transfer-Encoding", "Transfer-Encoding : chunked", .headerSpaceBeforeColon),
                .bad("before Host", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", .headerSpaceBeforeColon),
            ]),
        .init(
            "9110 §5.1", "a field name is a token",
            [
                .head("every character of tokens", "!#$%&'*+-.^_`|~09azAZ: a", nil),
                .head("empty", ": a", .headerNameInvalid),
                .head("brackets", "X[y]: a", .headerNameInvalid),
                .head("parentheses", "X(y): a", .headerNameInvalid),
                .head("non-ascii", "Ä: a", .headerNameInvalid),
                .head("nul", "X\0: a", .headerNameInvalid),
                .head("control", "X\u{1}: a", .headerNameInvalid),
                .head("delete", "X\u{7F}: a", .headerNameInvalid),
                .head("quote", "\"X\": a", .headerNameInvalid),
                .head("slash", "X/y: a", .headerNameInvalid),
                .head("vertical tab before the colon", "X\u{B}: a", .headerNameInvalid),
                .raw(
                    "a byte that is no UTF-8",
                    [Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8), [0xEF], Array("X: a\r\n\r\n".utf8)],
                    .headerNameInvalid),
            ]),
        .init(
            "9110 §5.5", "a field value holds visible characters, spaces, tabs and obs-text",
            [
                .head("umlaut", "X: ä", nil),
                .raw(
                    "bytes that are no UTF-8",
                    [Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8), [0x80, 0xFF], Array("\r\n\r\n".utf8)],
                    nil),
                .head("tab inside", "X: a\tb", nil),
                .head("nul", "X: a\0b", .controlCharacter),
                .head("nul alone", "X: \0", .controlCharacter),
                .head("bell", "X: \u{7}", .controlCharacter),
                .head("escape", "X: \u{1B}[1m", .controlCharacter),
                .head("vertical tab", "X: a\u{B}b", .controlCharacter),
                .head("form feed", "X: a\u{C}b", .controlCharacter),
                .head("delete", "X: \u{7F}", .controlCharacter),
            ]),
        .init(
            "9112 §5.2", "a folded line is refused with 400 or replaced by spaces",
            [
                .head("space", "X: a\r\n b", .headerFolded),
                .head("tab", "X: a\r\n\tb", .headerFolded),
                .head("nothing but a space", "X: a\r\n ", .headerFolded),
                .head(
                    "Transfer-Encoding", "Transfer-Encoding: chunked,\r\n chunked", .transferEncodingInvalid),
                .head("Content-Length", "Content-Length: 1\r\n 0", .headerFolded),
                .bad("Host", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", .headerFolded),
            ]),
    ]

    static let hostRules: [RequestRule] = [
        .init(
            "9112 §3.2", "HTTP/1.1 without exactly one Host is answered with 400",
            [
                .bad("none", "GET / HTTP/1.1\r\n\r\n", .hostMissing),
                .bad("none with the absolute form", "GET http://a/ HTTP/1.1\r\n\r\n", .hostMissing),
                .head("two equal", "Host: a", .hostDuplicate),
                .head("two different", "Host: b", .hostDuplicate),
                .head("second in other case", "hOST: a", .hostDuplicate),
                .bad(
                    "two in http 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", .hostDuplicate),
                .good("none in http 1.0", "GET / HTTP/1.0\r\n\r\n"),
            ]),
        .init(
            "9110 §7.2", "Host is a host and an optional port, and for http never empty",
            [
                .host("name", "a.example", nil), .host("name and port", "a:8080", nil),
                .host("empty port", "a:", nil), .host("ipv4", "127.0.0.1:80", nil),
                .host("ipv6", "[::1]:80", nil), .host("ipv6 without port", "[2001:db8::1]", nil),
                .host("underscore", "my_host", nil), .host("escape", "a%20b", nil),
                .host("underscore first", "_a", nil), .host("largest port", "a:65535", nil),
                .host("empty", "", .hostInvalid), .host("white space", " \t", .hostInvalid),
                .host("port alone", ":80", .hostInvalid), .host("path", "a/b", .hostInvalid),
                .host("user", "u@a", .hostInvalid), .host("query", "a?b", .hostInvalid),
                .host("fragment", "a#b", .hostInvalid), .host("scheme", "http://a", .hostInvalid),
                .host("list", "a, b", .hostInvalid), .host("two words", "a b", .hostInvalid),
                .host("port of letters", "a:b", .hostInvalid), .host("sign", "a:+80", .hostInvalid),
                .host("large port", "a:65536", .hostInvalid), .host("long port", "a:000080", .hostInvalid),
                .host("two ports", "a:80:80", .hostInvalid), .host("open bracket", "[::1", .hostInvalid),
                .host("brackets alone", "[]", .hostInvalid), .host("not ipv6", "[xyz]", .hostInvalid),
                .host("text after brackets", "[::1]a", .hostInvalid),
                .host("cut escape", "a%2", .hostInvalid), .host("non-ascii", "ä", .hostInvalid),
                .host("quote", "a\"b", .hostInvalid), .host("backslash", "a\\b", .hostInvalid),
                .host("angle brackets", "<a>", .hostInvalid),
            ]),
    ]

    static let connectionRules: [RequestRule] = [
        .init(
            "9110 §7.6.1", "Connection is a list of options, and their case does not count",
            [
                .head("close", "Connection: close", nil),
                .head("in capitals, among others", "Connection: x, CLOSE", nil),
                .head("in two lines", "Connection: x\r\nConnection: close", nil),
                .head("empty elements", "Connection: ,, close ,", nil),
                .good("keep-alive in http 1.0", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"),
            ]),
        .init(
            "9110 §7.8", "an Upgrade that is not taken up is ignored",
            [
                .head(
                    "websocket", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13",
                    nil,
                    method: "GET"),
                .head("h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c", nil, method: "GET"),
            ]),
        .init(
            "9110 §10.1.1", "an expectation that is not 100-continue is answered with 417",
            [
                .good(
                    "100-continue in any case",
                    "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx"),
                .head("100-continue without a body", "Expect: 100-continue", nil),
                .head("unknown", "Expect: magic", .expectationUnknown),
                .head("list", "Expect: 100-continue, magic", .expectationUnknown),
                .head("parameter", "Expect: 100-continue; q=1", .expectationUnknown),
                .head("empty", "Expect:", .expectationUnknown),
                .head(
                    "known and unknown", "Expect: 100-continue\r\nExpect: magic", .expectationUnknown),
                .good("ignored in http 1.0", "GET / HTTP/1.0\r\nExpect: magic\r\n\r\n"),
            ]),
    ]

    static let limitRules: [RequestRule] = [
        .init(
            "9112 §3", "a request line that is too long is answered with 414",
            [
                .bad("target", "GET /" + String(repeating: "a", count: 9_000), .targetTooLong),
                .line(
                    "target at 8,000 bytes", "GET /" + String(repeating: "a", count: 7_980) + " HTTP/1.1",
                    nil),
                .bad("method and target", "GET " + String(repeating: "A", count: 9_000), .targetTooLong),
            ]),
        .init(
            "9112 §3", "a method that is longer than any known one is answered with 501",
            [
                .bad("without an end", String(repeating: "A", count: 9_000), .methodUnknown),
                .bad(
                    "with one", String(repeating: "A", count: 9_000) + " / HTTP/1.1\r\n", .methodUnknown),
            ]),
        .init(
            "6585 §5", "fields that are too large are answered with 431",
            [
                .head(
                    "too many", String(repeating: "X: y\r\n", count: 100) + "Z: y", .headerCountTooLarge),
                .head("a hundred with Host", String(repeating: "X: y\r\n", count: 98) + "Z: y", nil),
                .head("one value", "X: " + String(repeating: "y", count: 40_000), .headTooLarge),
                .head("one name", String(repeating: "y", count: 40_000) + ": x", .headTooLarge),
                .bad(
                    "never ending",
                    "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "y", count: 33_000), .headTooLarge
                ),
            ]),
    ]
}
