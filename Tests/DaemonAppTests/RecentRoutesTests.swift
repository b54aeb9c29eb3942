// SPDX-License-Identifier: Apache-2.0
import Dialects
import HTTP
import Testing

@testable import DaemonApp

/// The memory of the paths that were asked for last.
struct RecentRoutesTests {
    private func find(_ routes: RecentRoutes, _ path: String) -> Int? {
        let bytes = Array(path.utf8)
        return routes.find(.post, bytes.span)?.route
    }

    private func keep(_ routes: inout RecentRoutes, _ path: String, _ route: Int) {
        let bytes = Array(path.utf8)
        _ = routes.keep(.post, bytes.span, route, PathParameters(model: path, version: nil))
    }

    @Test func aPath_isFoundByAllOfItsBytesAndItsMethod() {
        var routes = RecentRoutes()
        keep(&routes, "/v2/models/m/infer", 3)
        #expect(find(routes, "/v2/models/m/infer") == 3)
        #expect(find(routes, "/v2/models/n/infer") == nil)
        #expect(find(routes, "/v2/models/m/infer/") == nil)
        let bytes = Array("/v2/models/m/infer".utf8)
        let isOther = routes.find(.get, bytes.span) == nil
        #expect(isOther)
    }

    @Test func anEntry_isFoundByItsNumberUntilAnotherTakesItsPlace() {
        var routes = RecentRoutes()
        var numbers: [Int] = []
        for route in 0..<1_000 {
            let path = Array("/v2/models/m\(route)/infer".utf8)
            let entry = routes.keep(.post, path.span, route, PathParameters(model: "m", version: nil))
            numbers.append(entry.number)
        }
        #expect(Set(numbers).count == 1_000 && !numbers.contains(0))
        #expect(routes.find(number: 0) == nil)
        let found = numbers.indices.filter { routes.find(number: numbers[$0]) != nil }
        #expect(found.allSatisfy { routes.find(number: numbers[$0])?.route == $0 })
        #expect((1...64).contains(found.count) && found.last == 999)
    }

    @Test func manyPaths_areForgottenAndNeverMixedUp() {
        var routes = RecentRoutes()
        for number in 0..<10_000 { keep(&routes, "/v2/models/m\(number)/infer", number) }
        var found = 0
        for number in 0..<10_000 {
            guard let route = find(routes, "/v2/models/m\(number)/infer") else { continue }
            #expect(route == number)
            found += 1
        }
        #expect((1...64).contains(found))
    }

    @Test func aLongPath_isNotKept() {
        var routes = RecentRoutes()
        let path = "/" + String(repeating: "a", count: 300)
        keep(&routes, path, 1)
        #expect(find(routes, path) == nil)
    }
}
