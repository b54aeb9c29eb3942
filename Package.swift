// swift-tools-version: 6.2
// The house: one target a noun of the domain; lower lines never import higher ones (Tests/TidyTests checks it).
//
//   7  modeld            modeltrain          modelctl
//   6  DaemonApp         TrainerApp          ControlApp
//   5  Dialects          Training
//   4  Serving
//   3  Registry   HTTP
//   2  Inference  Preprocess  Ingest  Net
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

/// The tests of a target: Tests/<name>.
func tests(_ name: String, imports: [String] = []) -> Target {
    .testTarget(name: name, dependencies: imports.map { .byName(name: $0) }, swiftSettings: settings)
}

let package = Package(
    name: "modeld",
    products: [
        .library(name: "ModelFormat", targets: ["ModelFormat"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .target(name: "CPosix"),
        .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CBLAS"),
        library("Base", imports: ["CPosix"]),
        library("Tabular", imports: ["Base"]),
        library("Cryptography", imports: ["Base", "COpenSSL"]),
        library("YAML", imports: ["Base", "CYAML"]),
        library("Telemetry", imports: ["Base"]),
        library("LinearAlgebra", imports: ["Base", "CBLAS"]),
        library("ModelFormat", imports: ["Base", "Tabular", "Cryptography"]),
        library("Preprocess", imports: ["Base", "Tabular", "ModelFormat"]),
        library("Inference", imports: ["Base", "Tabular", "ModelFormat", "Preprocess", "LinearAlgebra"]),
        library(
            "Registry",
            imports: ["Base", "Tabular", "Telemetry", "Cryptography", "ModelFormat", "Inference"]),
        library("Net", imports: ["Base", "CPosix"]),
        library("HTTP", imports: ["Base", "Net"]),
        library("DaemonApp", imports: ["Base", "YAML"]),
        .target(
            name: "ControlApp",
            dependencies: [
                "Base", "Tabular", "Cryptography", "ModelFormat", "Inference", "Net", "HTTP", "Registry",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "modelctl",
            dependencies: ["ControlApp", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: settings),
        tests("TidyTests"),
        tests("TabularTests", imports: ["Base", "Tabular"]),
        tests("CryptographyTests", imports: ["Base", "Cryptography"]),
        tests("YAMLTests", imports: ["YAML"]),
        tests("TelemetryTests", imports: ["Base", "Telemetry"]),
        tests("LinearAlgebraTests", imports: ["LinearAlgebra"]),
        tests("ModelFormatTests", imports: ["Base", "Tabular", "Cryptography", "ModelFormat"]),
        tests("PreprocessTests", imports: ["Tabular", "ModelFormat", "Preprocess"]),
        tests("InferenceTests", imports: ["Tabular", "ModelFormat", "Preprocess", "LinearAlgebra", "Inference"]),
        tests(
            "RegistryTests",
            imports: ["Base", "Tabular", "Telemetry", "ModelFormat", "Inference", "Registry"]),
        tests("NetTests", imports: ["Base", "Net"]),
        tests("HTTPTests", imports: ["Base", "Net", "HTTP"]),
        tests("DaemonAppTests", imports: ["DaemonApp"]),
        tests("ControlAppTests", imports: ["Base", "Net", "HTTP", "ControlApp", "modelctl"]),
    ]
)
