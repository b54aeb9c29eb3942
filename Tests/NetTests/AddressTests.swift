// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Net

@Suite struct AddressTests {
    @Test(arguments: [
        ("127.0.0.1:8080", Address.ip(host: "127.0.0.1", port: 8080)),
        ("[::1]:0", .ip(host: "::1", port: 0)),
        ("localhost:65535", .ip(host: "localhost", port: 65_535)),
        ("unix:/run/modeld.sock", .unix(path: "/run/modeld.sock")),
    ])
    func wellFormedAddress_isRead(text: String, expected: Address) throws {
        let address = try Address(parsing: text)
        #expect(address == expected)
        #expect(address.description == text)
    }

    @Test(arguments: [
        "", "8080", ":8080", "host:", "host:x", "host:+1", "host:65536", "::1:80", "[::1]", "[::1:80",
        "[host]:80",
        "unix:", "unix:/" + String(repeating: "a", count: 107),
    ])
    func malformedAddress_isRefusedByName(text: String) {
        #expect { try Address(parsing: text) } throws: { "\($0)".contains("'\(text)' is not an address") }
    }

    @Test(arguments: [
        ("max 100000\n", nil), ("150000 100000\n", 2), ("50000 100000", 1), ("", nil), ("0 0", nil),
    ])
    func cpuQuota_roundsUp(text: String, expected: Int?) {
        #expect(ProcessorCount.processors(fromQuota: text) == expected)
    }

    @Test func cgroupPath_isThatOfVersion2() {
        #expect(ProcessorCount.groupPath(from: "4:memory:/a\n0::/kube/pod\n") == "/kube/pod")
        #expect(ProcessorCount.groupPath(from: "4:memory:/a\n") == nil)
        #expect(ProcessorCount.available() >= 1)
    }

    @Test(arguments: [
        ("-1\n", "100000\n", nil), ("150000\n", "100000\n", 2), ("100000", "100000", 1), ("", "", nil),
        ("50000\n", "0\n", nil), ("9223372036854775807", "1", Int.max),
    ])
    func cpuQuotaOfVersion1_roundsUp(quota: String, period: String, expected: Int?) {
        #expect(ProcessorCount.processors(fromQuota: quota, period: period) == expected)
    }

    @Test func cgroupPathOfVersion1_isThatOfTheCPU() {
        let groups = "5:cpuset:/a\n4:cpuacct,cpu:/kube/pod:1\n3:memory:/b\n"
        #expect(ProcessorCount.cpuGroupPath(from: groups) == "/kube/pod:1")
        #expect(ProcessorCount.cpuGroupPath(from: "0::/a\n5:cpuset:/a\n") == nil)
    }

    @Test func parentsQuota_countsToo() {
        let quotas = ["/a/b": 4, "/a": 2, "": 8]
        #expect(ProcessorCount.smallest(from: "/a/b/c") { quotas[$0] } == 2)
        #expect(ProcessorCount.smallest(from: "/") { quotas[$0] } == 8)
        #expect(ProcessorCount.smallest(from: "/x/y") { _ in nil } == nil)
    }
}
