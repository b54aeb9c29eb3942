// SPDX-License-Identifier: Apache-2.0
@testable import HTTP

/// Lines, and what stands in the request line.
extension RequestTable {
    static let messageRules: [RequestRule] = [
        .init(
            "9112 §2.1", "a message is a start line, field lines, an empty line and a body",
            [
                .good("simple get", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                .good("nothing", "", count: 0),
                .good("unfinished line", "GET / HT", count: 0),
                .good("unfinished head", "GET / HTTP/1.1\r\nHost: a\r\n", count: 0),
                .good("unfinished empty line", "GET / HTTP/1.1\r\nHost: a\r\n\r", count: 0),
                .good(
                    "unfinished body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", count: 0),
                .bad("tls on the plain port", "\u{16}\u{3}\u{1}", .methodInvalid),
                .bad("bytes of no protocol", "\0\0\0", .methodInvalid),
                .bad("an answer", "HTTP/1.1 200 OK\r\n\r\n", .methodInvalid),
            ]),
        .init(
            "9112 §2.2", "lines end with CR LF; LF alone need not be taken for it",
            [
                .bad("line feed after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", .bareLineFeed),
                .bad("line feeds everywhere", "GET / HTTP/1.1\nHost: a\n\n", .bareLineFeed),
                .head("line feed after a field", "X: a\nY: b", .bareLineFeed),
                .bad("line feed for the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", .bareLineFeed),
                .head("line feed, then carriage return", "X: a\n\rY: b", .bareLineFeed),
                .bad("line feed for a space", "GET /\nHTTP/1.1\r\nHost: a\r\n\r\n", .bareLineFeed),
            ]),
        .init(
            "9112 §2.2", "a CR that no LF follows makes the message invalid",
            [
                .line("in the target", "GET /\rx HTTP/1.1", .bareCarriageReturn),
                .line("in the method", "GE\rT / HTTP/1.1", .bareCarriageReturn),
                .line("in the version", "GET / HTTP/1\r.1", .bareCarriageReturn),
                .line("for a space", "GET\r/ HTTP/1.1", .bareCarriageReturn),
                .line("twice at the end", "GET / HTTP/1.1\r", .bareCarriageReturn),
                .head("in a value", "X: a\rb", .bareCarriageReturn),
                .head("in a name", "X\r: a", .bareCarriageReturn),
                .head("at a value's end", "X: a\r", .bareCarriageReturn),
                .bad("for all lines", "GET / HTTP/1.1\rHost: a\r\r\n\r\n", .bareCarriageReturn),
                .bad("first", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", .bareCarriageReturn),
            ]),
        .init(
            "9112 §2.2", "at least one empty line before a request is ignored",
            [
                .good("one", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                .good(
                    "one between two",
                    "GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", count: 2),
                .good(
                    "one after a body",
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
                    count: 2),
                .bad("two", "\r\n\r\nGET / HTTP/1.1\r\n", .methodInvalid),
                .bad("one of a line feed alone", "\nGET / HTTP/1.1\r\n", .bareLineFeed),
            ]),
        .init(
            "9112 §2.2", "white space between the request line and the first field is refused",
            [
                .bad("a space", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", .headerFolded),
                .bad("a tab", "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", .headerFolded),
                .bad("a line of spaces", "GET / HTTP/1.1\r\n  \r\nHost: a\r\n\r\n", .headerFolded),
            ]),
        .init(
            "9112 §9.3.2", "pipelined requests are independent and come in order",
            [
                .good(
                    "two", "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", count: 2),
                .good(
                    "body, then another",
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: a\r\n\r\n",
                    count: 2),
                .good(
                    "chunks, then another",
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
                        + "GET / HTTP/1.1\r\nHost: a\r\n\r\n", count: 2),
                .bad(
                    "a good one, then a bad one",
                    "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n", .hostMissing, after: 1),
                .bad(
                    "body without a length, so it is the next request",
                    "POST / HTTP/1.1\r\nHost: a\r\n\r\nhello world\r\n\r\n", .requestLineMalformed, after: 1),
            ]),
    ]

    static let requestLineRules: [RequestRule] = [
        .init(
            "9112 §3", "method, target and version are separated by one space each",
            [
                .line("two spaces", "GET  / HTTP/1.1", .requestLineMalformed),
                .line("two spaces before the version", "GET /  HTTP/1.1", .versionMalformed),
                .line("space at the end", "GET / HTTP/1.1 ", .versionMalformed),
                .line("tab after the method", "GET\t/ HTTP/1.1", .methodInvalid),
                .line("tab before the version", "GET /\tHTTP/1.1", .requestLineMalformed),
                .line("vertical tab between", "GET\u{B}/ HTTP/1.1", .methodInvalid),
                .line("space in the target", "GET /a b HTTP/1.1", .versionMalformed),
                .bad("leading space", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", .methodInvalid),
                .line("method alone", "GET", .requestLineMalformed),
                .line("no target", "GET HTTP/1.1", .requestLineMalformed),
                .line("method and space", "GET ", .requestLineMalformed),
                .line("http 0.9", "GET /", .requestLineMalformed),
                .line("four words", "GET / x HTTP/1.1", .versionMalformed),
            ]),
        .init(
            "9112 §3.1", "the method is a token, and its case counts",
            [
                .line("delimiter", "GE(T / HTTP/1.1", .methodInvalid),
                .line("quotes and brackets", "G=\":<>(e),[T];?\" / HTTP/1.1", .methodInvalid),
                .line("non-ascii", "GÉT / HTTP/1.1", .methodInvalid),
                .line("nul", "G\0T / HTTP/1.1", .methodInvalid),
                .line("colon", "GET: / HTTP/1.1", .methodInvalid),
                .line("lower case", "get / HTTP/1.1", .methodUnknown),
                .line("mixed case", "Get / HTTP/1.1", .methodUnknown),
                .line("every other character of tokens", "!#$%&'*+-.^_`|~09 / HTTP/1.1", .methodUnknown),
            ]),
        .init(
            "9110 §9.1", "a method that is not implemented is answered with 501",
            [
                .line("unknown", "BREW / HTTP/1.1", .methodUnknown),
                .line("trace", "TRACE / HTTP/1.1", .methodUnknown),
                .line("prefix of a known one", "GE / HTTP/1.1", .methodUnknown),
                .line("known one and more", "GETS / HTTP/1.1", .methodUnknown),
                .line("webdav", "PROPFIND / HTTP/1.1", .methodUnknown),
                .line("long", String(repeating: "A", count: 4_000) + " / HTTP/1.1", .methodUnknown),
            ]),
        .init(
            "9110 §9.3", "GET, HEAD, POST, PUT, DELETE, OPTIONS and PATCH are known",
            ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"].map {
                .line($0, "\($0) / HTTP/1.1", nil)
            }),
        .init(
            "9112 §2.3", "the version is HTTP/ in capitals, a digit, a dot and a digit",
            [
                .line("lower case", "GET / http/1.1", .versionMalformed),
                .line("mixed case", "GET / Http/1.1", .versionMalformed),
                .line("two digits", "GET / HTTP/1.10", .versionMalformed),
                .line("leading zeros", "GET / HTTP/01.01", .versionMalformed),
                .line("no minor", "GET / HTTP/1", .versionMalformed),
                .line("dot without minor", "GET / HTTP/1.", .versionMalformed),
                .line("no major", "GET / HTTP/.1", .versionMalformed),
                .line("comma", "GET / HTTP/1,1", .versionMalformed),
                .line("space inside", "GET / HTTP/ 1.1", .versionMalformed),
                .line("sign", "GET / HTTP/+1.1", .versionMalformed),
                .line("hexadecimal digit", "GET / HTTP/1.a", .versionMalformed),
                .line("letter after", "GET / HTTP/1.1x", .versionMalformed),
                .line("other protocol", "GET / HTTPS/1.1", .versionMalformed),
                .line("rtsp", "GET / RTSP/1.0", .versionMalformed),
                .line("nul after", "GET / HTTP/1.1\0", .versionMalformed),
            ]),
        .init(
            "9110 §2.5", "a higher minor version of the same major version is served as ours",
            [
                .line("1.2", "GET / HTTP/1.2", nil), .line("1.9", "GET / HTTP/1.9", nil),
                .bad("1.2 needs a Host as well", "GET / HTTP/1.2\r\n\r\n", .hostMissing),
            ]),
        .init(
            "9110 §15.6.6", "another major version is answered with 505",
            [
                .line("2.0", "GET / HTTP/2.0", .versionUnsupported),
                .line("0.9", "GET / HTTP/0.9", .versionUnsupported),
                .line("9.9", "GET / HTTP/9.9", .versionUnsupported),
                .bad("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .versionUnsupported),
            ]),
    ]

    static let targetRules: [RequestRule] = [
        .init(
            "9112 §3.2.1", "the origin form is an absolute path and an optional query",
            [
                .target("/a/b?c=d&e", nil), .target("/?", nil), .target("//a//b", nil),
                .target("/a?b?c/d", nil),
                .target("/a;v=1,2/b:c@d!$&'()*+=~", nil), .target("/../..", nil),
                .target("a", .targetInvalid), .target("?a", .targetInvalid),
                .target("/a#b", .targetInvalid), .target("/?a#b", .targetInvalid),
                .target("#", .targetInvalid),
            ]),
        .init(
            "3986 §2", "a URL is made of unreserved and reserved characters and escapes",
            [
                .target("/a%2Fb?c=%41", nil), .target("/%c3%a4", nil),
                .target("/a\\b", .targetInvalid), .target("/ä", .targetInvalid),
                .target("/a\"b", .targetInvalid), .target("/a<b>", .targetInvalid),
                .target("/a{b}", .targetInvalid), .target("/a|b", .targetInvalid),
                .target("/a^b", .targetInvalid), .target("/a`b", .targetInvalid),
                .target("/[a]", .targetInvalid), .target("/?[a]", .targetInvalid),
                .line("control", "GET /\u{1} HTTP/1.1", .targetInvalid),
                .line("nul", "GET /a\0 HTTP/1.1", .targetInvalid),
                .line("delete", "GET /\u{7F} HTTP/1.1", .targetInvalid),
                .raw(
                    "a byte that is no UTF-8",
                    [Array("GET /".utf8), [0xFF], Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8)], .targetInvalid
                ),
            ]),
        .init(
            "3986 §2.1", "an escape is % and two hexadecimal digits",
            [
                .target("/%4", .targetPercentEncoding), .target("/%", .targetPercentEncoding),
                .target("/?%zz", .targetPercentEncoding), .target("/%%41", .targetPercentEncoding),
                .target("/%u0041", .targetPercentEncoding), .target("/%-1", .targetPercentEncoding),
                .target("/%4?1", .targetPercentEncoding),
            ]),
        .init(
            "3986 §7.3", "escapes of NUL and of what ends lines are dangerous where they are decoded",
            [
                .target("/%00", .targetControlCharacter), .target("/a%0D%0Ab", .targetControlCharacter),
                .target("/%1f", .targetControlCharacter), .target("/%7F", .targetControlCharacter),
                .target("/%7e%20", nil), .target("/?%0A", nil),
                .target("http://a/%00", .targetControlCharacter),
            ]),
        .init(
            "9112 §3.2.2", "a server accepts the absolute form in requests",
            [
                .target("http://a.example:80/x?y", nil), .target("HTTP://a.example", nil),
                .target("https://a/", nil), .target("http://a?b", nil), .target("http://[::1]:80/", nil),
                .target("http:///x", .targetInvalid), .target("http://", .targetInvalid),
                .target("http:/a", .targetInvalid), .target("ftp://a/", .targetInvalid),
                .target("http://a:b/", .targetInvalid), .target("http://a/#b", .targetInvalid),
                .target("http://a b/", .versionMalformed),
            ]),
        .init(
            "9110 §4.2.4", "a user in an http URL is an error",
            [.target("http://u@a/", .targetInvalid), .target("http://u:p@a/", .targetInvalid)]),
        .init(
            "9112 §3.2.3", "the authority form is for CONNECT, which is not implemented",
            [
                .line("connect", "CONNECT a:443 HTTP/1.1", .methodUnknown),
                .target("a:443", .targetInvalid),
                .target("a.example", .targetInvalid),
            ]),
        .init(
            "9112 §3.2.4", "the asterisk form is for OPTIONS",
            [
                .line("options", "OPTIONS * HTTP/1.1", nil),
                .line("get", "GET * HTTP/1.1", .asteriskMisplaced),
                .line("post", "POST * HTTP/1.1", .asteriskMisplaced),
                .line("two asterisks", "OPTIONS ** HTTP/1.1", .targetInvalid),
                .line("asterisk and query", "OPTIONS *?a HTTP/1.1", .targetInvalid),
            ]),
    ]
}
