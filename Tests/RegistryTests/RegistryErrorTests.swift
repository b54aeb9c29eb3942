// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Registry

struct RegistryErrorTests {
    /// Registry, what was said, what those hear who ask over a network.
    @Test(
        arguments: [
            ("/srv/models", "/srv/models/churn/3/model.json: bad", "churn/3/model.json: bad"),
            ("/srv/models", "open /srv/models/a: no, and '/srv/models/b'", "open a: no, and 'b'"),
            ("/srv/models", "(/srv/models/a) is no file", "(a) is no file"),
            ("/srv/models", "/srv/models holds no model file", "models holds no model file"),
            ("/srv/models", "open /srv/models: gone", "open models: gone"),
            ("/srv/models", "in /srv/models", "in models"),
            // Other places that only look alike.
            ("/srv/models", "/srv/models2/a: bad", "/srv/models2/a: bad"),
            ("/srv/models", "/mnt/srv/models/a: bad", "/mnt/srv/models/a: bad"),
            ("models", "models/a/1: bad; keep mymodels/x", "a/1: bad; keep mymodels/x"),
            ("./models", "./models/a/1: bad", "a/1: bad"),
            // A root that names nothing.
            ("/", "/a/1: bad", "/a/1: bad"), (".", "./a/1: bad. Keep one.", "./a/1: bad. Keep one."),
            ("", "a/1: bad", "a/1: bad"),
        ])
    func paths_areNamedAsSeenFromTheRegistry(root: String, text: String, expected: String) {
        #expect(RegistryError.text(text, below: root) == expected)
    }

    @Test func reasons_doNotSayWhereTheRegistryStands() throws {
        let store = try TestStore()
        try store.write([1, 2, 3], to: "broken/1/model")
        try store.write(TestModel.native(1), to: "m/1/model")
        try store.write(Array("nonsense: 1".utf8), to: "m/model.yaml")
        try store.settle()
        let reports = store.registry.reports
        let reasons = reports.compactMap(\.reason) + [store.registry.unavailabilityReason(of: "m")]
        #expect(reasons.count == 2)
        for reason in reasons { #expect(!reason.contains(store.root), "\(reason)") }
        #expect(reasons.contains { $0.hasPrefix("broken/1/model") }, "\(reasons)")
        #expect(reasons.contains { $0.hasPrefix("m/model.yaml") }, "\(reasons)")
        // Who operates the machine wants to know.
        #expect(store.log.contains { $0.contains("\(store.root)/broken/1/model") })
    }
}
