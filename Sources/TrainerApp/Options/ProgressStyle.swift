// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// How progress is shown.
enum ProgressStyle: String, CaseIterable, ExpressibleByArgument {
    case auto, bar, json, none
}
