// SPDX-License-Identifier: Apache-2.0
import Cryptography
import HTTP
import Testing

@testable import DaemonApp

/// Who may change the registry over HTTP.
@Suite struct AdminAuthorizerTests {

    private func keys(_ text: String) throws(AdminKeysError) -> AdminKeys {
        try AdminKeys(text, path: "keys")
    }

    @Test func withoutKeys_nobodyMay() {
        let authorizer = AdminAuthorizer(.none)
        for header in [nil, "Bearer x", "Bearer "] {
            guard case .refused(let status, let reason) = authorizer.decide(header) else {
                Issue.record("\(header ?? "nothing") was let in")
                continue
            }
            #expect(status == .forbidden && reason.contains("admin.keys"))
        }
    }

    @Test func jobs_areOpenUntilThereAreKeys() throws {
        #expect(AdminAuthorizer(.none).decide(nil, for: .jobs) == .allowed(actor: ""))
        let authorizer = AdminAuthorizer(try keys("ada \(sha256("secret"))"))
        #expect(authorizer.decide("Bearer secret", for: .jobs) == .allowed(actor: "ada"))
        for header in [nil, "", "Bearer other"] {
            guard case .refused(.unauthorized, _) = authorizer.decide(header, for: .jobs) else {
                Issue.record("\(header ?? "nothing") was let in")
                continue
            }
        }
    }

    @Test func aKey_letsItsOwnerInAndNobodyElse() throws {
        let authorizer = AdminAuthorizer(
            try keys("ada \(sha256("secret"))\nbob \(sha256("other").uppercased())"))
        #expect(authorizer.decide("Bearer secret") == .allowed(actor: "ada"))
        #expect(authorizer.decide("bearer  other") == .allowed(actor: "bob"))
        for header in [
            nil, "", "Bearer", "Bearer ", "Bearer secret ", "Bearer Secret", "Basic secret", "secret",
            "Bearer \(sha256("secret"))",
        ] {
            guard case .refused(let status, _) = authorizer.decide(header) else {
                Issue.record("\(header ?? "nothing") was let in")
                continue
            }
            #expect(status == .unauthorized)
        }
        authorizer.replace(try keys("bob \(sha256("other"))"))
        #expect(authorizer.decide("Bearer secret") != .allowed(actor: "ada"))
    }

    @Test func theFile_holdsNamesAndDigests() throws {
        let text = "# who\n\n  ada\t\(sha256("secret"))  \r\n"
        #expect(try keys(text).keys.map(\.name) == ["ada"])
        for (broken, line) in [
            ("ada", 1), ("# x\nada secret", 2), ("ada \(sha256("a")) more", 1),
            ("ada \(sha256("a"))\nada \(sha256("b"))", 2),
        ] {
            do {
                _ = try keys(broken)
                Issue.record("\(broken) was read")
            } catch {
                #expect(error.description.contains("line \(line):"), "\(error.description)")
            }
        }
    }

    private func sha256(_ text: String) -> String {
        let bytes = Array(text.utf8)
        return SHA256.digest(of: bytes.span).hexadecimal
    }
}
