// swift-tools-version: 6.2
// The house: one target a noun of the domain; lower lines never import higher ones (TidyTests checks it).
//
//   7  modeld            modeltrain          modelctl
//   6  DaemonApp         TrainerApp          ControlApp
//   5  Dialects          Training
//   4  Serving
//   3  Registry   HTTP
//   2  Inference  Preprocess  Ingest  Net
//   1  ModelFormat   LinearAlgebra   Telemetry   Cryptography   Compression   YAML
//   0  Tabular   Base   FusedProducts   WideProducts   (C doors: CPosix COpenSSL CZlib CBLAS CYAML
//     CONNXRuntime)
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// For the targets on each request's path: classes' run-time exclusivity checks cost 6 % of a small request.
/// Debug builds, and so the tests, keep them.
let unchecked: [SwiftSetting] = [
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
]

/// A library target; `imports` is the whole of what it may import from this package.
func library(
    _ name: String, imports: [String], path: String? = nil, extra: [SwiftSetting] = []
) -> Target {
    .target(
        name: name, dependencies: imports.map { .byName(name: $0) }, path: path,
        swiftSettings: settings + extra)
}

/// The tests of a target: Tests/<name>.
func tests(_ name: String, imports: [String] = []) -> Target {
    .testTarget(name: name, dependencies: imports.map { .byName(name: $0) }, swiftSettings: settings)
}

/// An application: a library that may use swift-argument-parser.
func application(_ name: String, imports: [String]) -> Target {
    .target(
        name: name,
        dependencies: imports.map { .byName(name: $0) } + [
            .product(name: "ArgumentParser", package: "swift-argument-parser")
        ],
        swiftSettings: settings)
}

/// Keeps a megabyte of tables out of memory that the dynamic linker would read at each start: relocations
/// packed (glibc 2.36 and later), and no symbols for plug-ins, of which there are none.
let small: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs", "-Xlinker", "--icf=safe",
            "-Xlinker", "--no-export-dynamic",
        ], .when(platforms: [.linux], configuration: .release))
]

/// An executable: main.swift and nothing else.
func executable(_ name: String, app: String) -> Target {
    .executableTarget(
        name: name, dependencies: [.byName(name: app)], swiftSettings: settings, linkerSettings: small)
}

/// Code for CPUs with AVX2 and FMA, and the same for those with AVX-512, called only where the CPU has them.
#if arch(x86_64)
    let fused: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-mavx2", "-Xcc", "-mfma"])]
    let wide: [SwiftSetting] = [
        .define("WIDE"), .unsafeFlags(["-Xcc", "-mavx2", "-Xcc", "-mfma", "-Xcc", "-mavx512f"]),
    ]
#else
    let fused: [SwiftSetting] = []
    let wide: [SwiftSetting] = []
#endif

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
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CBLAS"),
        .systemLibrary(name: "CONNXRuntime"),
        library("Base", imports: ["CPosix"]),
        library("Tabular", imports: ["Base"]),
        library("Cryptography", imports: ["Base", "COpenSSL"]),
        library("Compression", imports: ["Base", "CZlib"]),
        library("YAML", imports: ["Base", "CYAML"]),
        library("Telemetry", imports: ["Base"], extra: unchecked),
        library("FusedProducts", imports: [], extra: fused),
        library("WideProducts", imports: [], extra: wide),
        library("LinearAlgebra", imports: ["Base", "FusedProducts", "WideProducts", "CBLAS"]),
        library("ModelFormat", imports: ["Base", "Tabular", "Cryptography", "Compression"]),
        library("Net", imports: ["Base", "CPosix", "COpenSSL"], extra: unchecked),
        library("Ingest", imports: ["Base", "Tabular", "Cryptography", "Compression", "YAML"]),
        library("Preprocess", imports: ["Base", "Tabular", "ModelFormat"]),
        library(
            "Inference",
            imports: ["Base", "Tabular", "ModelFormat", "Preprocess", "LinearAlgebra", "CONNXRuntime"]),
        library("HTTP", imports: ["Base", "Net", "Compression"], extra: unchecked),
        library(
            "Registry",
            imports: ["Base", "Telemetry", "Cryptography", "Tabular", "YAML", "ModelFormat", "Inference"]),
        library(
            "Serving",
            imports: ["Base", "Telemetry", "Tabular", "Registry", "ModelFormat", "Inference"],
            extra: unchecked),
        library("Dialects", imports: ["Base", "Tabular", "HTTP", "Serving"], extra: unchecked),
        library(
            "Training",
            imports: [
                "CPosix", "Base", "Tabular", "LinearAlgebra", "ModelFormat", "Preprocess", "Inference",
            ]),
        library(
            "DaemonApp",
            imports: [
                "Base", "Tabular", "Cryptography", "YAML", "Telemetry", "Net", "HTTP", "Inference",
                "Registry", "Serving", "Dialects",
            ],
            extra: unchecked),
        application(
            "TrainerApp",
            imports: [
                "Base", "Tabular", "Cryptography", "YAML", "Ingest", "ModelFormat", "Inference", "Training",
                "Registry",
            ]),
        application(
            "ControlApp",
            imports: [
                "Base", "Tabular", "Cryptography", "Compression", "ModelFormat", "Inference", "Net", "HTTP",
                "Registry", "Serving",
            ]),
        executable("modeld", app: "DaemonApp"),
        executable("modeltrain", app: "TrainerApp"),
        executable("modelctl", app: "ControlApp"),
        library("TestKit", imports: ["Base"], path: "Tests/TestKit"),
        tests("TidyTests"),
        tests("BaseTests", imports: ["Base", "TestKit"]),
        tests("TabularTests", imports: ["Base", "Tabular"]),
        tests("CryptographyTests", imports: ["Base", "Cryptography"]),
        tests("CompressionTests", imports: ["Base", "Compression", "TestKit"]),
        tests("YAMLTests", imports: ["YAML"]),
        tests("TelemetryTests", imports: ["Base", "Telemetry"]),
        tests("FusedProductsTests", imports: ["FusedProducts", "LinearAlgebra", "TestKit"]),
        tests("WideProductsTests", imports: ["FusedProducts", "WideProducts", "LinearAlgebra", "TestKit"]),
        tests("LinearAlgebraTests", imports: ["LinearAlgebra", "TestKit"]),
        tests("ModelFormatTests", imports: ["Base", "Tabular", "Cryptography", "ModelFormat", "TestKit"]),
        tests("IngestTests", imports: ["Base", "Tabular", "Compression", "Ingest", "TestKit"]),
        tests("NetTests", imports: ["Base", "Net", "TestKit"]),
        tests("PreprocessTests", imports: ["Tabular", "ModelFormat", "Preprocess"]),
        tests(
            "InferenceTests",
            imports: [
                "Base", "Tabular", "Compression", "Cryptography", "ModelFormat", "Preprocess",
                "LinearAlgebra",
                "Inference", "TestKit",
            ]),
        tests("HTTPTests", imports: ["Base", "Compression", "Net", "HTTP", "TestKit"]),
        tests(
            "RegistryTests",
            imports: [
                "Base", "Telemetry", "Cryptography", "Tabular", "ModelFormat", "Inference", "Registry",
                "TestKit",
            ]),
        tests(
            "TrainingTests",
            imports: ["Base", "Tabular", "Ingest", "ModelFormat", "Preprocess", "Inference", "Training"]),
        tests(
            "ServingTests",
            imports: [
                "Base", "Telemetry", "Tabular", "ModelFormat", "Inference", "Registry", "Serving", "TestKit",
            ]),
        tests(
            "DialectsTests",
            imports: [
                "Base", "Telemetry", "Tabular", "ModelFormat", "Registry", "HTTP", "Serving", "Dialects",
                "TestKit",
            ]),
        tests(
            "ConformanceTests",
            imports: [
                "Base", "Telemetry", "Net", "HTTP", "Registry", "Serving", "Dialects", "DaemonApp", "TestKit",
            ]),
        tests(
            "TrainerAppTests",
            imports: [
                "Base", "Tabular", "ModelFormat", "Inference", "Registry", "Training", "TestKit",
                "TrainerApp",
                "modeltrain",
            ]),
        tests(
            "DaemonAppTests",
            imports: [
                "Base", "Tabular", "Cryptography", "Telemetry", "Net", "HTTP", "Serving", "Dialects",
                "DaemonApp", "TestKit",
            ]),
        tests("ControlAppTests", imports: ["Base", "Net", "HTTP", "ControlApp", "modelctl"]),
    ]
)

// Fuzz targets need libFuzzer's instrumentation everywhere, so they are built apart: scripts/fuzz.
if Context.environment["MODELD_FUZZ"] != nil {
    package.targets.append(.systemLibrary(name: "CFuzzer", path: "Fuzz/CFuzzer"))
    package.targets.append(
        .executableTarget(name: "YAMLFuzz", dependencies: ["CFuzzer", "YAML"], path: "Fuzz/YAML"))
    let ours = [
        "HTTPRequest": "HTTP", "HTTPChunked": "HTTP", "HTTPConnection": "HTTP", "HTTPHeaders": "HTTP",
        "Inflate": "Compression", "JSON": "Base",
    ]
    for (name, target) in ours {
        package.targets.append(
            .executableTarget(
                name: "\(name)Fuzz", dependencies: ["CFuzzer", .byName(name: target)],
                path: "Fuzz/\(name)"))
    }
    package.targets.append(
        .executableTarget(
            name: "NativeModelFuzz", dependencies: ["CFuzzer", "Cryptography", "ModelFormat"],
            path: "Fuzz/NativeModel"))
    package.targets.append(
        .executableTarget(
            name: "ONNXFuzz", dependencies: ["CFuzzer", "Tabular", "ModelFormat", "Inference"],
            path: "Fuzz/ONNX"))
    package.targets.append(
        .executableTarget(name: "MLflowFuzz", dependencies: ["CFuzzer", "Registry"], path: "Fuzz/MLflow"))
    package.targets.append(
        .target(name: "ImporterFuzzing", dependencies: ["CFuzzer", "ModelFormat"], path: "Fuzz/Importers"))
    for name in ["XGBoost", "XGBoostUBJSON", "LightGBM", "CatBoost", "Skops", "Safetensors"] {
        package.targets.append(
            .executableTarget(
                name: "\(name)Fuzz", dependencies: ["CFuzzer", "ImporterFuzzing"], path: "Fuzz/\(name)"))
    }
}

// Programs that only Benchmarks/run builds: MODELD_BENCHMARKS=1.
if Context.environment["MODELD_BENCHMARKS"] != nil {
    func benchmark(_ folder: String, _ name: String, imports: [String]) -> Target {
        .executableTarget(
            name: name, dependencies: imports.map { .byName(name: $0) }, path: "Benchmarks/\(folder)",
            swiftSettings: settings)
    }
    package.targets += [
        benchmark("Engine", "engine-benchmark", imports: ["Base", "Net", "HTTP"]),
        benchmark(
            "Kernels", "kernels-benchmark",
            imports: ["Base", "Tabular", "ModelFormat", "Inference", "Serving"]),
        benchmark(
            "Batch", "batch-benchmark", imports: ["Base", "Tabular", "ModelFormat", "Inference", "Serving"]),
        benchmark(
            "Graphs", "graphs-benchmark", imports: ["Base", "Tabular", "ModelFormat", "Inference", "Serving"]),
        benchmark("Ingest", "ingest-benchmark", imports: ["Base", "Cryptography", "Tabular", "Ingest"]),
        benchmark("Learners", "learners-benchmark", imports: ["Base", "Training"]),
        benchmark(
            "ModelLoading", "model-loading-benchmark",
            imports: ["Base", "Tabular", "ModelFormat", "Inference"]),
        benchmark("Training", "training-benchmark", imports: ["Base", "ModelFormat", "Training"]),
    ]
}

// What scripts/replay-http sends public test suites to: MODELD_REPLAYS=1.
if Context.environment["MODELD_REPLAYS"] != nil {
    package.targets.append(
        .executableTarget(
            name: "replay-server", dependencies: ["Base", "Net", "HTTP"], path: "Tests/Replays/Server",
            swiftSettings: settings))
}

// The image is built from the sources alone.
if Context.environment["MODELD_WITHOUT_TESTS"] != nil {
    package.targets.removeAll { $0.type == .test || $0.name == "TestKit" }
}
