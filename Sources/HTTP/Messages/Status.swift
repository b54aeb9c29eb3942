// SPDX-License-Identifier: Apache-2.0

/// A status code (RFC 9110, section 15).
package struct Status: Hashable, Sendable, ExpressibleByIntegerLiteral {
    package var code: UInt16

    package init(_ code: UInt16) { self.code = code }
    package init(integerLiteral code: UInt16) { self.code = code }

    package static var ok: Status { 200 }
    package static var created: Status { 201 }
    package static var accepted: Status { 202 }
    package static var noContent: Status { 204 }
    package static var partialContent: Status { 206 }
    package static var badRequest: Status { 400 }
    package static var unauthorized: Status { 401 }
    package static var forbidden: Status { 403 }
    package static var notFound: Status { 404 }
    package static var methodNotAllowed: Status { 405 }
    package static var notAcceptable: Status { 406 }
    package static var requestTimeout: Status { 408 }
    package static var conflict: Status { 409 }
    package static var contentTooLarge: Status { 413 }
    package static var uriTooLong: Status { 414 }
    package static var unsupportedMediaType: Status { 415 }
    package static var rangeNotSatisfiable: Status { 416 }
    package static var expectationFailed: Status { 417 }
    package static var unprocessableContent: Status { 422 }
    package static var tooManyRequests: Status { 429 }
    package static var headerFieldsTooLarge: Status { 431 }
    package static var internalServerError: Status { 500 }
    package static var notImplemented: Status { 501 }
    package static var serviceUnavailable: Status { 503 }
    package static var gatewayTimeout: Status { 504 }
    package static var versionNotSupported: Status { 505 }

    package static var insufficientStorage: Status { 507 }

    /// Answers with these codes have no content and no Content-Length.
    var forbidsContent: Bool { code < 200 || code == 204 || code == 304 }

    /// The reason phrase; for people only.
    var reason: StaticString {
        switch code {
        case 100: "Continue"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 424: "Failed Dependency"
        case 428: "Precondition Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        case 507: "Insufficient Storage"
        default: "Unknown"
        }
    }
}
