// swift-tools-version: 6.2
// The house: one target a noun of the domain; lower lines never import higher ones (Tests/TidyTests checks it).
//
//   7  modeld            modeltrain          modelctl
//   6  DaemonApp         TrainerApp          ControlApp
//   5  Dialects          Training
//   4  Serving
//   3  Registry   HTTP
//   2  Inference  Preprocess  Net
//   1  ModelFormat   LinearAlgebra   Telemetry   Cryptography   YAML
//   0  Tabular   Base   (C doors: CPosix COpenSSL CBLAS CYAML)
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// A library target; `imports` is the whole of what it may import from this package.
func library(_ name: String, imports: [String]) -> Target {
    .target(name: name, dependencies: imports.map { .byName(name: $0) }, swiftSettings: settings)
}

/// A test target; `imports` is the whole of what it may import from this package.
func tests(_ name: String, imports: [String]) -> Target {
    .testTarget(name: name, dependencies: imports.map { .byName(name: $0) }, swiftSettings: settings)
}

let package = Package(
    name: "modeld",
    products: [
        .library(name: "ModelFormat", targets: ["ModelFormat"])
    ],
    targets: [
        .target(name: "CPosix"),
        library("Base", imports: ["CPosix"]),
        library("Tabular", imports: ["Base"]),
        library("Telemetry", imports: ["Base"]),
        .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
        library("Cryptography", imports: ["Base", "COpenSSL"]),
        library("ModelFormat", imports: ["Base", "Tabular", "Cryptography"]),
        library("Preprocess", imports: ["Base", "Tabular", "ModelFormat"]),
        library("Inference", imports: ["Base", "Tabular", "ModelFormat", "Preprocess"]),
        tests("TelemetryTests", imports: ["Base", "Telemetry"]),
        tests("CryptographyTests", imports: ["Base", "Cryptography"]),
    ]
)
