// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import HTTP
import Net

/// The HTTP engine with the answers that public test suites expect: GET and HEAD of anything say `OK`, POST
/// echoes its body, `/echo` the headers. Prints its port; ends with SIGTERM.
@main enum ReplayServer {
    static func main() throws {
        var configuration = HTTPServer.Configuration(addresses: [try Address(parsing: "127.0.0.1:0")])
        configuration.loopCount = 1
        let server = HTTPServer(configuration: configuration) { _ in Echo() }
        print(try server.start().first?.port ?? 0)
        // All streams: naming stdout is not safe with threads.
        fflush(nil)
        server.waitUntilStopped()
    }
}

private final class Echo: RequestHandler {
    private let router: Router
    private var captures: [String] = []

    init() {
        var router = Router()
        for path in ["/", "/echo", "/{any}"] {
            router.add(.get, path)
            router.add(.post, path)
            router.add(.put, path)
        }
        self.router = router
    }

    func handle(_ request: borrowing Request, _ response: inout Response) {
        response.contentType = .text
        if request.method == .options || request.method == .delete || request.method == .patch {
            _ = router.resolve(request, &captures, &response)
            return
        }
        if request.path.equals("/echo") {
            for index in 0..<request.headerCount {
                response.body.append(request.headerName(at: index))
                response.body.append(": ")
                response.body.append(request.headerValue(at: index))
                response.body.append("\n")
            }
        } else if request.method == .post || request.method == .put {
            response.body.append(request.body)
        } else {
            response.body.append("OK")
        }
    }
}
