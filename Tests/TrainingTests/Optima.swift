// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Training

/// What scikit-learn 1.9.1 comes to when its tolerances are next to nothing.
enum Optima {
    static func read(_ name: String, from file: String = "optima.json") throws -> [String: Any] {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: Baselines.path(file)))
        let all = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        return try #require(all[name] as? [String: Any])
    }

    static func coefficients(_ name: String, from file: String = "optima.json") throws -> [Double] {
        let values = try read(name, from: file)
        let coefficients = try #require(values["coef"] as? [Double])
        return coefficients + [try #require(values["intercept"] as? Double)]
    }
}
