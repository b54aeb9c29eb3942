// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dialects
internal import Dispatch
internal import HTTP
internal import Net
internal import Serving

/// Where requests for changes of the registry go: asks whether they may, and has them answered off the loop.
///
/// State: immutable; any loop may call it. Changes are made one after the other.
final class AdminDesk: Sendable {
    private let authorizer: AdminAuthorizer
    private let dialect: AdminDialect
    private let uploadBytesMax: Int
    private let queue = DispatchQueue(label: "admin", qos: .utility)
    private let loads = DispatchQueue(label: "admin.load", qos: .utility, attributes: .concurrent)

    init(authorizer: AdminAuthorizer, dialect: AdminDialect, uploadBytesMax: Int) {
        self.authorizer = authorizer
        self.dialect = dialect
        self.uploadBytesMax = uploadBytesMax
    }

    /// How the body of a request is to come: nobody who may not is listened to.
    func receive(
        _ endpoint: AdminEndpoint, _ path: PathParameters, _ request: borrowing Request,
        _ response: inout Response
    ) -> BodyReception {
        guard authorize(request, &response) != nil else { return .answered }
        guard endpoint == .publish else { return .gathered(bytesMax: 1 << 20) }
        guard let upload = dialect.upload(path, request, &response) else { return .answered }
        return .streamed(UploadReader(upload), bytesMax: uploadBytesMax)
    }

    func answer(
        _ endpoint: AdminEndpoint, _ path: PathParameters, _ request: borrowing Request,
        _ response: inout Response
    ) {
        guard let name = authorize(request, &response) else { return }
        let actor = RepositoryService.Actor(name: name, address: request.origin.peer.host)
        let reader = request.bodyReader as? UploadReader
        let (route, dialect) = (response.route, dialect)
        let job = AdminJob(deferred: request.deferAnswer())
        let work: @Sendable (RepositoryError?) -> Void = { failure in
            job.deferred.answer { request, response in
                response.route = route
                if let failure { return response.fail(failure) }
                dialect.answer(
                    endpoint, path, actor: actor, upload: reader?.upload, request, &response)
            }
            job.deferred.complete()
        }
        // Loading waits, and nobody shall wait for that.
        if endpoint == .load { return loads.async { work(nil) } }
        guard let reader else { return queue.async { work(nil) } }
        reader.whenWritten(work)
    }

    private func authorize(_ request: borrowing Request, _ response: inout Response) -> String? {
        authorizer.authorize(request, for: .registry, &response)
    }

    private struct AdminJob: Sendable { let deferred: DeferredRequest }
}
