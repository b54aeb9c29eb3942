// SPDX-License-Identifier: Apache-2.0
@testable import HTTP

/// Where a body ends: lengths, transfer codings, chunks.
extension RequestTable {
    private static func sized(_ name: String, _ value: String, _ defect: RequestDefect?) -> RequestCase {
        .head(name, "Content-Length: \(value)", defect)
    }

    private static func coded(_ name: String, _ value: String, _ defect: RequestDefect) -> RequestCase {
        .head(name, "Transfer-Encoding: \(value)", defect)
    }

    static let lengthRules: [RequestRule] = [
        .init(
            "9110 §8.6", "Content-Length is a decimal number of bytes",
            [
                .good(
                    "five", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", body: "hello"),
                .good(
                    "leading zeros", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 005\r\n\r\nhello",
                    body: "hello"),
                .good(
                    "on GET", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", body: "ab"),
                .good(
                    "name in capitals", "POST / HTTP/1.1\r\nHost: a\r\nCONTENT-LENGTH: 2\r\n\r\nab",
                    body: "ab"),
                sized("zero", "0", nil), sized("zeros", "000", nil), sized("tab before", "\t0", nil),
                sized("empty", "", .contentLengthInvalid), sized("plus", "+1", .contentLengthInvalid),
                sized("minus", "-1", .contentLengthInvalid), sized("minus zero", "-0", .contentLengthInvalid),
                sized("0x", "0x1", .contentLengthInvalid), sized("octal", "0o1", .contentLengthInvalid),
                sized("letter", "1a", .contentLengthInvalid), sized("word", "one", .contentLengthInvalid),
                sized("underscore", "1_0", .contentLengthInvalid),
                sized("space inside", "1 0", .contentLengthInvalid),
                sized("fraction", "1.0", .contentLengthInvalid),
                sized("exponent", "1e1", .contentLengthInvalid),
                sized("quotes", "\"1\"", .contentLengthInvalid),
                sized("semicolon", "1;a=b", .contentLengthInvalid),
                sized("other digits", "\u{0661}", .contentLengthInvalid),
                sized("no-break space after", "1\u{A0}", .contentLengthInvalid),
                sized("nul after", "1\0", .controlCharacter),
                sized("vertical tab before", "\u{B}1", .controlCharacter),
            ]),
        .init(
            "9112 §6.3", "several lengths, even equal ones, may be refused with 400",
            [
                sized("two equal", "0\r\nContent-Length: 0", .contentLengthDuplicate),
                sized("two different", "0\r\nContent-Length: 1", .contentLengthDuplicate),
                sized("two in other case", "1\r\ncontent-length: 1", .contentLengthDuplicate),
                sized("list of equal ones", "0, 0", .contentLengthInvalid),
                sized("list of different ones", "0,1", .contentLengthInvalid),
                sized("comma after", "0,", .contentLengthInvalid),
                sized("comma before", ",0", .contentLengthInvalid),
            ]),
        .init(
            "9110 §8.6", "a recipient anticipates large numbers and does not overflow",
            [
                sized("over the limit", "99999999999", .bodyTooLarge),
                sized("2 to the 63 less one", "9223372036854775807", .bodyTooLarge),
                sized("2 to the 63", "9223372036854775808", .contentLengthInvalid),
                sized("2 to the 64", "18446744073709551616", .contentLengthInvalid),
                sized("2 to the 64 and five", "18446744073709551621", .contentLengthInvalid),
                sized("a thousand digits", String(repeating: "9", count: 1_000), .contentLengthInvalid),
                sized("many digits, then junk", "1000000000000000000000x", .contentLengthInvalid),
            ]),
    ]

    static let codingRules: [RequestRule] = [
        .init(
            "9112 §6.3", "a length beside a transfer coding is refused: it may be smuggling",
            [
                .head(
                    "length first", "Content-Length: 5\r\nTransfer-Encoding: chunked",
                    .contentLengthWithTransferEncoding),
                .head(
                    "coding first", "Transfer-Encoding: chunked\r\nContent-Length: 5",
                    .contentLengthWithTransferEncoding),
                .head(
                    "length of zero", "Transfer-Encoding: chunked\r\nContent-Length: 0",
                    .contentLengthWithTransferEncoding),
                .head(
                    "broken length", "Transfer-Encoding: chunked\r\nContent-Length: x", .contentLengthInvalid
                ),
            ]),
        .init(
            "9112 §6.3", "a request whose last coding is not chunked is answered with 400",
            [
                coded("gzip", "gzip", .transferEncodingInvalid),
                coded("identity", "identity", .transferEncodingInvalid),
                coded("chunked, gzip", "chunked, gzip", .transferEncodingInvalid),
                coded("chunked, identity", "chunked, identity", .transferEncodingInvalid),
                coded("nonsense", "xchunked", .transferEncodingInvalid),
                coded("prefix", "chunke", .transferEncodingInvalid),
                coded("empty", "", .transferEncodingInvalid),
                coded("comma", ",", .transferEncodingInvalid),
            ]),
        .init(
            "9112 §6.1", "a coding that is not implemented is answered with 501",
            [
                coded("gzip, chunked", "gzip, chunked", .transferEncodingUnsupported),
                coded("identity, chunked", "identity, chunked", .transferEncodingUnsupported),
                coded("deflate,chunked", "deflate,chunked", .transferEncodingUnsupported),
            ]),
        .init(
            "9112 §6.1", "chunked is applied once",
            [
                coded("twice in a line", "chunked, chunked", .transferEncodingInvalid),
                coded(
                    "in two lines", "chunked\r\nTransfer-Encoding: chunked", .transferEncodingDuplicate),
                coded(
                    "in two lines of other case", "chunked\r\ntransfer-ENCODING: Chunked",
                    .transferEncodingDuplicate),
            ]),
        .init(
            "9112 §7", "codings are tokens in a list, and their case does not count",
            [
                .good(
                    "capitals",
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n1\r\na\r\n0\r\n\r\n",
                    body: "a"),
                .good(
                    "white space around",
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \t chunked \t\r\n\r\n0\r\n\r\n",
                    body: ""),
                coded("comma before", ",chunked", .transferEncodingInvalid),
                coded("comma after", "chunked,", .transferEncodingInvalid),
                coded("parameter", "chunked;a=b", .transferEncodingInvalid),
                coded("quotes", "\"chunked\"", .transferEncodingInvalid),
                coded("two words", "chunked chunked", .transferEncodingInvalid),
                coded("vertical tab before", "\u{B}chunked", .controlCharacter),
                coded("form feed after", "chunked\u{C}", .controlCharacter),
                coded("nul after", "chunked\0", .controlCharacter),
                coded("no-break space after", "chunked\u{A0}", .transferEncodingInvalid),
                coded("next line before", "\u{85}chunked", .transferEncodingInvalid),
            ]),
        .init(
            "9112 §6.1", "HTTP/1.0 has no transfer codings: the framing is faulty",
            [
                .bad(
                    "chunked", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    .transferEncodingInHTTP10),
                .bad(
                    "kept alive",
                    "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
                    .transferEncodingInHTTP10),
            ]),
    ]

    static let chunkRules: [RequestRule] = [
        .init(
            "9112 §7.1", "a body is chunks, a chunk of size zero, trailers and an empty line",
            [
                .chunked("none", "0\r\n\r\n", nil, body: ""),
                .chunked("two", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", nil, body: "hello world"),
                .chunked(
                    "line ends in the data", "4\r\n\r\n\r\n\r\n0\r\n\r\n", nil, body: "\r\n\r\n"),
                .chunked("several zeros", "1\r\na\r\n000\r\n\r\n", nil, body: "a"),
                .chunked("leading zeros", "0005\r\nhello\r\n0\r\n\r\n", nil, body: "hello"),
                .chunked(
                    "both cases", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", nil,
                    body: "01234567890123456789"),
                .chunked("bare line feed ends the body", "0\r\n\n", .bareLineFeed),
                .chunked("carriage return ends the body", "0\r\n\rX\r\n\r\n", .trailerInvalid),
            ]),
        .init(
            "9112 §7.1", "a size is hexadecimal digits and nothing else",
            [
                .chunked("empty", "\r\nhello", .chunkSizeInvalid),
                .chunked("plus", "+5\r\nhello\r\n", .chunkSizeInvalid),
                .chunked("minus", "-5\r\nhello\r\n", .chunkSizeInvalid),
                .chunked("minus zero", "-0\r\n\r\n", .chunkSizeInvalid),
                .chunked("0x", "0x5\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("underscore", "1_0\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("fraction", "5.0\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("letter", "g\r\nhello\r\n", .chunkSizeInvalid),
                .chunked("comma", "5,5\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("quotes", "\"5\"\r\nhello\r\n", .chunkSizeInvalid),
                .chunked("white space before", " 5\r\nhello\r\n", .chunkSizeInvalid),
                .chunked("white space after", "5 \r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("tab after", "5\t\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("vertical tab before", "\u{B}5\r\nhello\r\n", .chunkSizeInvalid),
                .chunked("nul after", "5\0\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("other digits", "\u{0665}\r\nhello\r\n", .chunkSizeInvalid),
                .chunked("no data after the head", "hello\r\n", .chunkSizeInvalid),
            ]),
        .init(
            "9112 §7.1", "a recipient anticipates large sizes and does not overflow",
            [
                .chunked("over the limit", "7fffffff\r\nabc\r\n", .bodyTooLarge),
                .chunked("all ones", "ffffffffffffffff\r\nabc\r\n", .bodyTooLarge),
                .chunked("2 to the 63", "8000000000000000\r\nabc\r\n", .bodyTooLarge),
                .chunked("2 to the 32 and five", "100000005\r\nhello\r\n", .bodyTooLarge),
                .chunked("2 to the 64 and five", "10000000000000005\r\nhello\r\n", .chunkSizeInvalid),
                .chunked("one that wraps", "f0000000000000003\r\nabc\r\n", .chunkSizeInvalid),
                .chunked("seventeen digits", "00000000000000005\r\nhello\r\n", .chunkSizeInvalid),
                .chunked(
                    "two that are too large together", "1\r\na\r\n2000000\r\n", .bodyTooLarge),
            ]),
        .init(
            "9112 §7.1", "size and data end with CR LF",
            [
                .chunked("line feed after the size", "5\nhello\r\n", .bareLineFeed),
                .chunked("carriage return after the size", "5\rhello\r\n", .chunkExtensionInvalid),
                .chunked("two carriage returns after the size", "5\r\r\nhello", .chunkExtensionInvalid),
                .chunked("nothing after the data", "5\r\nhello0\r\n\r\n", .chunkEndMissing),
                .chunked("two other bytes after the data", "5\r\nhelloXX0\r\n\r\n", .chunkEndMissing),
                .chunked("line feed after the data", "5\r\nhello\n0\r\n\r\n", .chunkEndMissing),
                .chunked(
                    "carriage return and another byte", "5\r\nhello\rX0\r\n\r\n", .chunkEndMissing),
                .chunked("too much data", "3\r\nhello\r\n0\r\n\r\n", .chunkEndMissing),
                .chunked("line feed before carriage return", "5\r\nhello\n\r0\r\n\r\n", .chunkEndMissing),
            ]),
        .init(
            "9112 §7.1.2", "trailers are field lines and are dropped unless known",
            [
                .chunked("two", "0\r\nX: a\r\nY: b\r\n\r\n", nil, body: ""),
                .chunked("framing fields have no effect", "0\r\nContent-Length: 5\r\n\r\n", nil, body: ""),
                .chunked(
                    "nor have these", "0\r\nTransfer-Encoding: chunked\r\nHost: b\r\n\r\n", nil, body: ""),
                .chunked("no colon", "0\r\nX\r\n\r\n", .trailerInvalid),
                .chunked("folded", "0\r\nX: a\r\n b\r\n\r\n", .trailerInvalid),
                .chunked("space before the colon", "0\r\nX : a\r\n\r\n", .trailerInvalid),
                .chunked("control", "0\r\nX: \u{1}\r\n\r\n", .trailerInvalid),
                .chunked("line feed alone", "0\r\nX: a\nY: b\r\n\r\n", .bareLineFeed),
                .chunked("a request instead", "0\r\nGET / HTTP/1.1\r\n\r\n", .trailerInvalid),
                .chunked(
                    "too long", "0\r\n" + String(repeating: "X: 0123456789\r\n", count: 700),
                    .trailersTooLarge),
            ]),
    ]

    static let extensionRules: [RequestRule] = [
        .init(
            "9112 §7.1.1", "extensions are ;name or ;name=value, and unknown ones are ignored",
            [
                .chunked("value", "5;name=value\r\nhello\r\n0;last\r\n\r\n", nil, body: "hello"),
                .chunked("several", "1;a;b=c;d\r\nx\r\n0\r\n\r\n", nil, body: "x"),
                .chunked("white space", "5 \t; \ta = b\r\nhello\r\n0\r\n\r\n", nil, body: "hello"),
                .chunked(
                    "quoted value", "1;a=\"b;c \\\" d\"\r\nx\r\n0\r\n\r\n", nil, body: "x"),
                .chunked("empty quoted value", "1;a=\"\"\r\nx\r\n0\r\n\r\n", nil, body: "x"),
                .chunked("no name", "5;\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("no name but a value", "5;=a\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("no value", "5;a=\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("two values", "5;a=b=c\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("two words", "5;a b\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("no semicolon", "5 a\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("semicolon last", "5;a;\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("white space last", "5;a \r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("open quote", "5;a=\"b\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("escape of nothing", "5;a=\"\\\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("bracket in the name", "5;[a]\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("nul", "5;a\0\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("nul in quotes", "5;a=\"\0\"\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("line feed", "5;a\nb\r\nhello\r\n", .bareLineFeed),
                .chunked("carriage return", "5;a\rb\r\nhello\r\n", .chunkExtensionInvalid),
                .chunked("line feed in quotes", "5;a=\"\n\"\r\nhello\r\n", .bareLineFeed),
            ]),
        .init(
            "9112 §7.1.1", "the length of a request's extensions is limited",
            [
                .chunked(
                    "in one chunk", "5;" + String(repeating: "a", count: 5_000) + "\r\nhello",
                    .chunkExtensionTooLarge),
                .chunked(
                    "in many chunks",
                    String(repeating: "1;" + String(repeating: "a", count: 500) + "\r\nx\r\n", count: 10)
                        + "0\r\n\r\n",
                    .chunkExtensionTooLarge),
                .chunked(
                    "just below", "1;" + String(repeating: "a", count: 4_000) + "\r\nx\r\n0\r\n\r\n", nil,
                    body: "x"),
            ]),
    ]
}
