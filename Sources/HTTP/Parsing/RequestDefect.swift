// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a request before any handler sees it. The connection is closed after the answer: where
/// a request with faulty framing ends is unknown, and two readers may disagree on it (request smuggling); the
/// rest of one that is too large is not worth reading.
package enum RequestDefect: Error, Hashable, Sendable, CaseIterable {
    case bareLineFeed, bareCarriageReturn, controlCharacter
    case requestLineMalformed, methodInvalid, methodUnknown
    case targetInvalid, targetPercentEncoding, targetControlCharacter, asteriskMisplaced, targetTooLong
    case versionMalformed, versionUnsupported
    case headerFolded, headerNameInvalid, headerColonMissing, headerSpaceBeforeColon
    case headTooLarge, headerCountTooLarge
    case hostMissing, hostDuplicate, hostInvalid
    case contentLengthInvalid, contentLengthDuplicate, contentLengthWithTransferEncoding
    case transferEncodingInvalid, transferEncodingDuplicate, transferEncodingUnsupported,
        transferEncodingInHTTP10
    case chunkSizeInvalid, chunkExtensionInvalid, chunkExtensionTooLarge, chunkEndMissing, chunksTooSmall
    case trailerInvalid, trailersTooLarge
    case expectationUnknown, bodyTooLarge
    case contentCodingUnsupported, contentCodingInvalid, contentRatioTooHigh
    case endedEarly, headerTimeout, bodyTimeout

    package var status: Status {
        switch self {
        case .methodUnknown, .transferEncodingUnsupported: .notImplemented
        case .versionUnsupported: .versionNotSupported
        case .targetTooLong: .uriTooLong
        case .headTooLarge, .headerCountTooLarge, .trailersTooLarge, .chunkExtensionTooLarge:
            .headerFieldsTooLarge
        case .bodyTooLarge, .chunksTooSmall, .contentRatioTooHigh: .contentTooLarge
        case .contentCodingUnsupported: .unsupportedMediaType
        case .expectationUnknown: .expectationFailed
        case .headerTimeout, .bodyTimeout: .requestTimeout
        case .bareLineFeed, .bareCarriageReturn, .controlCharacter, .requestLineMalformed, .methodInvalid,
            .targetInvalid, .targetPercentEncoding, .targetControlCharacter, .asteriskMisplaced,
            .versionMalformed, .headerFolded,
            .headerNameInvalid, .headerColonMissing, .headerSpaceBeforeColon, .hostMissing, .hostDuplicate,
            .hostInvalid, .contentLengthInvalid, .contentLengthDuplicate, .contentLengthWithTransferEncoding,
            .transferEncodingInvalid, .transferEncodingDuplicate, .transferEncodingInHTTP10,
            .chunkSizeInvalid, .chunkExtensionInvalid, .chunkEndMissing, .trailerInvalid,
            .contentCodingInvalid, .endedEarly:
            .badRequest
        }
    }

    /// What is wrong and where, for the person at the other end.
    package var message: StaticString {
        switch self {
        case .bareLineFeed: "a line of the request ends with LF alone; lines end with CR LF"
        case .bareCarriageReturn: "the request's head has a CR that is not followed by LF"
        case .controlCharacter: "the request's head has a control character in a header value"
        case .requestLineMalformed: "the request line is not METHOD SP TARGET SP VERSION"
        case .methodInvalid: "the request method has a character that is not allowed in a method"
        case .methodUnknown: "the request method is not implemented here; methods are case-sensitive"
        case .targetInvalid: "the request target is not a path, an http URL or *"
        case .targetPercentEncoding:
            "the request target has a % that is not followed by two hexadecimal digits"
        case .targetControlCharacter: "the request target's path has an escaped control character"
        case .asteriskMisplaced: "the request target * is for OPTIONS only"
        case .targetTooLong: "the request line is too long"
        case .versionMalformed: "the request line does not end with an HTTP version such as HTTP/1.1"
        case .versionUnsupported: "this server speaks HTTP/1.1 and HTTP/1.0 only"
        case .headerFolded: "a header line starts with white space; folded headers are not accepted"
        case .headerNameInvalid: "a header name is empty or has a character that is not allowed in a name"
        case .headerColonMissing: "a header line has no colon"
        case .headerSpaceBeforeColon: "a header has white space before its colon"
        case .headTooLarge: "the request's head is too large"
        case .headerCountTooLarge: "the request has too many headers"
        case .hostMissing: "the request has no Host header, which HTTP/1.1 demands"
        case .hostDuplicate: "the request has more than one Host header"
        case .hostInvalid: "the Host header is not a host name or address with an optional port"
        case .contentLengthInvalid: "the Content-Length header is not a decimal number"
        case .contentLengthDuplicate: "the request has more than one Content-Length"
        case .contentLengthWithTransferEncoding: "the request has both Content-Length and Transfer-Encoding"
        case .transferEncodingInvalid: "the Transfer-Encoding header does not end with chunked"
        case .transferEncodingDuplicate: "the request has more than one Transfer-Encoding header"
        case .transferEncodingUnsupported: "the only transfer coding implemented here is chunked"
        case .transferEncodingInHTTP10: "Transfer-Encoding does not exist in HTTP/1.0"
        case .chunkSizeInvalid: "a chunk of the body does not start with its size in hexadecimal and CR LF"
        case .chunkExtensionInvalid: "a chunk extension is not ;name or ;name=value"
        case .chunkExtensionTooLarge: "the body's chunk extensions are too large"
        case .chunkEndMissing: "a chunk of the body is not followed by CR LF"
        case .chunksTooSmall: "the body comes in too many too small chunks"
        case .trailerInvalid: "a trailer line after the body is not a header"
        case .trailersTooLarge: "the trailers after the body are too large"
        case .expectationUnknown: "the only expectation known here is 100-continue"
        case .bodyTooLarge: "the request's body is larger than this server accepts"
        case .contentCodingUnsupported:
            "the only content codings implemented here are gzip and deflate, one at a time"
        case .contentCodingInvalid: "the request's body is not what its Content-Encoding says"
        case .contentRatioTooHigh: "the request's body grows too much when it is decompressed"
        case .endedEarly: "the connection ended before the request was complete"
        case .headerTimeout: "the request's head did not arrive in time"
        case .bodyTimeout: "the request's body did not arrive in time"
        }
    }
}
