// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography
import Foundation
import Testing

@testable import Registry

/// Versions that model_signing (PyPI) signed, and that we sign: Tests/Fixtures/signing.
struct TrustPolicyTests {
    static let fixtures = URL(fileURLWithPath: #filePath).appending(path: "../../Fixtures/signing")
        .standardized
    /// 2026-11-26, in nanoseconds since the epoch.
    static let today: Int64 = 1_795_651_200_000_000_000

    static func text(_ name: String) throws -> String {
        try String(contentsOf: fixtures.appending(path: name), encoding: .utf8)
    }

    static func key(_ name: String, id: String? = nil, from: String? = nil, until: String? = nil) throws
        -> TrustedKeys.Key
    {
        TrustedKeys.Key(
            id: id ?? name, key: try VerifyingKey(pem: try text("\(name).pub")),
            validFrom: from.flatMap { TrustDay($0) }, validUntil: until.flatMap { TrustDay($0) })
    }

    static func require(_ keys: TrustedKeys.Key..., revoked: [String: String] = [:]) -> TrustPolicy {
        TrustPolicy(mode: .require, trusted: TrustedKeys(keys: keys, revoked: revoked))
    }

    /// A registry with the signed stump as `name`/`version`.
    private func store(_ name: String = "stump", _ version: String = "1") throws -> TestStore {
        let store = try TestStore()
        for file in ["model.json", "manifest.json", "model.sig"] {
            let bytes = try Data(contentsOf: Self.fixtures.appending(path: "stump/1/\(file)"))
            try store.write(Array(bytes), to: "\(name)/\(version)/\(file)")
        }
        return store
    }

    private func load(_ store: TestStore, _ trust: TrustPolicy, today: Int64 = today) throws -> LoadedFile {
        let scan = try RegistryScanner(path: store.root).scan()
        let listing = try #require(scan.models.first?.value.first?.value)
        return try ModelLoader(root: store.root, trust: trust).load(listing, wallClock: today)
    }

    private func code(_ store: TestStore, _ trust: TrustPolicy, today: Int64 = today) -> String {
        do {
            _ = try load(store, trust, today: today)
            return "ok"
        } catch let error as RegistryError {
            return error.code
        } catch {
            return "\(error)"
        }
    }

    // MARK: Of the model-signing tool

    @Test func aVersionThatTheToolSigned_isTrusted() throws {
        let file = try load(
            try store(), Self.require(try Self.key("p384"), try Self.key("p256", id: "release")))
        #expect(file.trust == TrustPolicy.Verdict(signer: "release", warning: nil))
    }

    @Test(arguments: ["p384", "p521"])
    func otherCurvesOfTheTool_areTrusted(_ curve: String) throws {
        let store = try store()
        try store.write(Array(try Self.text("\(curve).sig").utf8), to: "stump/1/model.sig")
        #expect(code(store, Self.require(try Self.key(curve))) == "ok")
        #expect(code(store, Self.require(try Self.key("p256"))) == "unknown_signer")
    }

    // MARK: What is wrong

    @Test func whatWasDoneToASignedVersion_isFoundByItsName() throws {
        let trust = Self.require(try Self.key("p256"))
        var store = try store()
        try store.remove("stump/1/model.sig")
        #expect(code(store, trust) == "unsigned")
        store = try self.store()
        try store.write(Array("{}".utf8), to: "stump/1/model.sig")
        #expect(code(store, trust) == "malformed_signature")
        store = try self.store()
        try store.write([1], to: "stump/1/notes.md")
        #expect(code(store, trust) == "manifest_mismatch")
        store = try self.store()
        try store.write([1], to: "stump/1/more/notes.md")
        #expect(code(store, trust) == "unsigned_file")
        store = try self.store()
        var model = Array(try Data(contentsOf: URL(fileURLWithPath: store.path("stump/1/model.json"))))
        model.append(0x20)
        try store.write(model, to: "stump/1/model.json")
        #expect(code(store, trust) == "digest_mismatch")
        // Who can change the model can change the manifest as well.
        try store.remove("stump/1/manifest.json")
        #expect(code(store, trust) == "signed_file_missing")
        try writeManifest(store, "stump/1", model: "stump", version: 1)
        #expect(code(store, trust) == "signed_file_changed")
        store = try self.store()
        try FileManager.default.moveItem(
            atPath: store.path("stump/1/model.json"), toPath: store.path("stump/1/other.json"))
        #expect(code(store, trust) == "manifest_mismatch")
        #expect(code(try self.store("fraud"), trust) == "wrong_binding")
        #expect(code(try self.store("stump", "2"), trust) == "wrong_binding")
    }

    @Test func aSignatureWithoutTheManifest_bindsNothing() throws {
        let store = try store()
        try store.remove("stump/1/manifest.json")
        let digest = try load(store, .off).digest
        let key = try SigningKey(pem: try Self.text("p256.pem"))
        let statement = SignedStatement(subject: "1", files: [.init(name: "model.json", sha256: digest)])
        try store.write(SignatureBundle(signing: statement, with: key).encoded, to: "stump/1/model.sig")
        #expect(code(store, Self.require(try Self.key("p256"))) == "unbound_signature")
    }

    @Test func aStatementThatWasChanged_hasNoGoodSignature() throws {
        let store = try store()
        let text = Array(try Data(contentsOf: URL(fileURLWithPath: store.path("stump/1/model.sig"))))
        var bundle = try SignatureBundle(text.span)
        bundle.payload.append(0x20)
        try store.write(bundle.encoded, to: "stump/1/model.sig")
        #expect(code(store, Self.require(try Self.key("p256"))) == "wrong_signature")
        bundle.fingerprint = nil
        try store.write(bundle.encoded, to: "stump/1/model.sig")
        #expect(code(store, Self.require(try Self.key("p256"))) == "unknown_signer")
    }

    @Test func keys_areTrustedOnTheirDaysOnly() throws {
        let store = try store()
        func code(from: String?, until: String?) throws -> String {
            self.code(store, Self.require(try Self.key("p256", from: from, until: until)))
        }
        #expect(try code(from: "2026-11-26", until: "2026-11-26") == "ok")
        #expect(try code(from: "2026-11-27", until: nil) == "key_not_yet_valid")
        #expect(try code(from: nil, until: "2026-11-25") == "key_expired")
        #expect(try code(from: "2026-01-01", until: "2027-01-01") == "ok")
    }

    @Test func aRevokedDigest_isRefusedAlsoWhereOthersAreOnlyReported() throws {
        let store = try store()
        let digest = try load(store, .off).digest
        var trust = Self.require(try Self.key("p256"), revoked: [digest: "leaked"])
        #expect(code(store, trust) == "revoked")
        trust.mode = .warn
        #expect(code(store, trust) == "revoked")
        trust.trusted = TrustedKeys(keys: [])
        #expect(try load(store, trust).trust.warning?.code == "unknown_signer")
        trust.mode = .off
        #expect(code(store, trust) == "ok")
    }

    @Test func theRegistry_goesOnWithTheOldVersion_whenANewOneIsNotSigned() throws {
        let trust = Self.require(try Self.key("p256"))
        let store = try TestStore { $0.trust = trust }
        _ = try Publisher.publish(
            [.init(name: "m.safetensors", bytes: try TestModel.native(1))], model: "a",
            registryPath: store.root)
        let key = try SigningKey(pem: try Self.text("p256.pem"))
        let signed = try VersionSigner.sign(store.path("a/1"), with: key)
        #expect(signed.files == ["m.safetensors", "manifest.json"])
        try store.settle()
        #expect(store.answer("a") == 1)
        _ = try Publisher.publish(
            [.init(name: "m.safetensors", bytes: try TestModel.native(2))], model: "a",
            registryPath: store.root)
        try store.settle()
        #expect(store.answer("a") == 1)
        #expect(store.log.contains { $0.contains("code=unsigned") })
        _ = try VersionSigner.sign(store.path("a/2"), with: key)
        try store.settle()
        #expect(store.answer("a") == 2)
    }

    // MARK: Signing

    @Test func aCopyByHand_isGivenAManifestAndIsBound() throws {
        let store = try TestStore()
        try store.write(try TestModel.native(1), to: "a/7/m.safetensors")
        let key = try SigningKey(pem: try Self.text("p256.pem"))
        _ = try VersionSigner.sign(store.path("a/7/"), with: key)
        #expect(code(store, Self.require(try Self.key("p256"))) == "ok")
        try FileManager.default.moveItem(atPath: store.path("a"), toPath: store.path("b"))
        #expect(code(store, Self.require(try Self.key("p256"))) == "wrong_binding")
    }

    @Test func whatWouldBeRefused_isNotSigned() throws {
        let store = try store()
        try store.write([1, 2, 3], to: "stump/1/model.json")
        let key = try SigningKey(pem: try Self.text("p256.pem"))
        do {
            _ = try VersionSigner.sign(store.path("stump/1"), with: key)
            Issue.record("a broken version was signed")
        } catch {
            #expect(error.code != "not_a_version")
        }
        for path in ["stump", "stump/01", "/1", "stump/1/model.json"] {
            do {
                _ = try VersionSigner.sign(path, with: key)
                Issue.record("\(path) was signed")
            } catch {
                #expect(error.code == "not_a_version", "\(path)")
            }
        }
    }

    private func writeManifest(_ store: TestStore, _ place: String, model: String, version: Int64) throws {
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: store.path("\(place)/model.json"))))
        let digest = SHA256.digest(of: bytes.span).hexadecimal
        let file = Manifest.File(name: "model.json", size: Int64(bytes.count), sha256: digest)
        var text = ByteBuffer()
        Manifest(model: model, version: ModelVersion(version), files: [file], facts: []).write(into: &text)
        try store.write(Array(copying: text.bytes), to: "\(place)/manifest.json")
    }
}

/// The file of `trust.keys`: docs/reference/signing.md.
struct TrustedKeysTests {
    private func example() throws -> String {
        let page = URL(fileURLWithPath: #filePath).appending(path: "../../../docs/reference/signing.md")
            .standardized
        let text = try String(contentsOf: page, encoding: .utf8)
        let begin = try #require(text.range(of: "```yaml trust\n"))
        let end = try #require(text.range(of: "```", range: begin.upperBound..<text.endIndex))
        return String(text[begin.upperBound..<end.lowerBound])
    }

    private func read(_ text: String) throws(RegistryError) -> TrustedKeys {
        let bytes = Array(text.utf8)
        return try TrustedKeys(bytes.span, path: "trust.yaml") { name throws(SystemError) in
            guard name == "release-2026.pub", let text = try? TrustPolicyTests.text("p384.pub") else {
                throw SystemError("open", on: name, code: 2)
            }
            return text
        }
    }

    @Test func theExample_isReadAsOnThePage() throws {
        let keys = try read(try example())
        #expect(keys.keys.map(\.id) == ["release-2026", "release-2027"])
        #expect(keys.keys.map { $0.validUntil?.description } == ["2026-12-31", nil])
        #expect(keys.keys.last?.key.pem == (try TrustPolicyTests.text("p256.pub")))
        #expect(keys.revoked.values.sorted() == ["trained on leaked data"])
    }

    @Test(arguments: [
        "", "[]", "keys: 1", "key: []", "keys: [{id: a}]", "keys: [{file: x}]", "keys: [{id: a, pem: b}]",
        "keys: [{id: a, file: missing.pub}]", "revoked: [{sha256: ab}]", "revoked: [{reason: x}]",
        "keys: [{id: a, file: release-2026.pub, valid_from: 2026-02-30}]",
        "keys: [{id: a, file: release-2026.pub, pem: x}]",
        "keys: [{id: a, file: release-2026.pub}, {id: a, file: release-2026.pub}]",
        "keys: [{id: a, file: release-2026.pub, vaild_from: 2026-01-01}]",
    ])
    func brokenFiles_areRefused(_ text: String) {
        #expect(throws: RegistryError.self) { try read(text) }
    }

    @Test func days_areThoseOfTheCalendar() {
        #expect(TrustDay("1970-01-01")?.number == 0)
        #expect(
            TrustDay("2026-11-26").map { $0.number == TrustDay.number(at: TrustPolicyTests.today) } == true)
        #expect(TrustDay("2024-02-29")?.number == 19_782)
        let wrong = [
            "2023-02-29", "1900-02-29", "2026-13-01", "2026-00-01", "2026-1-1", "26-01-01", "2026-01-32", "",
        ]
        for text in wrong { #expect(TrustDay(text) == nil, "\(text)") }
    }
}
