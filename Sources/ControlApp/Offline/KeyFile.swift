// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography

/// Keys in PEM files.
enum KeyFile {
    private static let sizeLimit = 64 << 10

    static func text(of path: String) throws(ControlError) -> String {
        do {
            return String(decoding: try File.read(path, limit: sizeLimit), as: UTF8.self)
        } catch {
            throw .unreadable(error)
        }
    }

    static func signingKey(_ path: String) throws(ControlError) -> SigningKey {
        let text = try text(of: path)
        do {
            return try SigningKey(pem: text)
        } catch {
            throw .notAKey(path: path, reason: error.description)
        }
    }

    static func verifyingKey(_ path: String) throws(ControlError) -> VerifyingKey {
        let text = try text(of: path)
        do {
            return try VerifyingKey(pem: text)
        } catch {
            throw .notAKey(path: path, reason: error.description)
        }
    }
}
