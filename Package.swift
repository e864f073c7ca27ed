// swift-tools-version: 6.2
import PackageDescription

// Swift's libraries become part of a program: it runs where Swift is not installed and starts in half the time, most of which
// went into finding symbols in sixteen libraries. Foundation, which Yams needs, does not name those that it consists of. What
// depends on a program would be linked so too, tests among them, which cannot be: they find programs beside them, as all are built.
let standalone: [LinkerSetting] = [
  .unsafeFlags(
    [
      "-static-stdlib", "-lCoreFoundation", "-l_FoundationICU",
      "-l_FoundationCShims", "-l_FoundationCollections", "-lstdc++",
    ], .when(platforms: [.linux], configuration: .release))
]

let package = Package(
  name: "Skiff",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Skiff", targets: ["Skiff"]),
    .executable(name: "skiff", targets: ["SkiffCLI"]),
    .executable(name: "skiff-hdf5", targets: ["skiff-hdf5"]),
    .library(name: "SkiffHDF5InProcess", targets: ["SkiffHDF5InProcess"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(
      name: "CProtobufC", pkgConfig: "libprotobuf-c",
      providers: [.apt(["libprotobuf-c-dev"]), .brew(["protobuf-c"])]),
    .systemLibrary(name: "CSystem"),
    .target(name: "CSchemas", dependencies: ["CProtobufC"]),
    .target(name: "SkiffBinary", dependencies: ["CKernels", "CSystem", "CZlib"]),
    .target(name: "SkiffProtobuf", dependencies: ["SkiffBinary", "CProtobufC"]),
    .target(name: "SkiffIR", dependencies: ["SkiffBinary"]),
    .target(name: "SkiffNumPy", dependencies: ["SkiffBinary"]),
    .target(
      name: "SkiffTestSupport", dependencies: ["SkiffIR", "SkiffNumPy"], path: "Tests/SkiffTestSupport"),
    .target(name: "SkiffOperators", dependencies: ["SkiffIR", "CKernels"]),
    .target(name: "CKernels"),
    .target(name: "SkiffInterpreter", dependencies: ["SkiffOperators", "CKernels"]),
    .target(name: "SkiffEdge", dependencies: ["SkiffIR"]),
    .target(name: "SkiffSafetensors", dependencies: ["SkiffIR"]),
    .target(name: "SkiffTFLite", dependencies: ["SkiffPasses"]),
    .systemLibrary(
      name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]),
    .target(name: "SkiffHDF5Index", dependencies: ["SkiffBinary"]),
    .target(name: "SkiffHDF5", dependencies: ["CHDF5", "SkiffHDF5Index"]),
    .target(name: "SkiffHDF5InProcess", dependencies: ["SkiffHDF5"]),
    .executableTarget(name: "skiff-hdf5", dependencies: ["SkiffHDF5"], linkerSettings: standalone),
    .target(name: "SkiffKeras", dependencies: ["SkiffHDF5Index", "SkiffOperators"]),
    .target(name: "SkiffONNX", dependencies: ["SkiffPasses", "SkiffProtobuf", "CSchemas"]),
    .target(name: "SkiffPasses", dependencies: ["SkiffOperators"]),
    .target(name: "SkiffGradient", dependencies: ["SkiffPasses"]),
    .target(
      name: "SkiffCompression",
      dependencies: ["SkiffGradient", "SkiffPasses", "SkiffInterpreter", "CKernels"]),
    .target(
      name: "Skiff",
      dependencies: [
        "CKernels", "SkiffCompression", "SkiffEdge", "SkiffGradient", "SkiffKeras", "SkiffNumPy", "SkiffONNX",
        "SkiffSafetensors", "SkiffTFLite", .product(name: "Yams", package: "Yams"),
      ]),
    .executableTarget(
      name: "SkiffCLI",
      dependencies: [
        "Skiff", "CSystem", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], linkerSettings: standalone),
    .testTarget(name: "SkiffBinaryTests", dependencies: ["SkiffBinary", "SkiffTestSupport"]),
    .testTarget(name: "SkiffIRTests", dependencies: ["SkiffIR", "SkiffTestSupport"]),
    .testTarget(
      name: "SkiffInterpreterTests", dependencies: ["SkiffInterpreter", "CKernels", "SkiffTestSupport"]),
    .testTarget(name: "SkiffNumPyTests", dependencies: ["SkiffNumPy", "SkiffTestSupport"]),
    .testTarget(
      name: "SkiffONNXTests",
      dependencies: ["SkiffONNX", "SkiffInterpreter", "SkiffNumPy", "SkiffTestSupport"],
      exclude: ["Conformance/expected-failures.txt", "Conformance/unwritten.txt"]),
    .testTarget(
      name: "SkiffOperatorsTests", dependencies: ["SkiffOperators", "SkiffNumPy", "SkiffTestSupport"]),
    .testTarget(
      name: "SkiffPassesTests", dependencies: ["SkiffPasses", "SkiffInterpreter", "SkiffTestSupport"]),
    .testTarget(
      name: "SkiffGradientTests",
      dependencies: ["SkiffGradient", "SkiffInterpreter", "SkiffNumPy", "SkiffTestSupport"]),
    .testTarget(name: "SkiffCompressionTests", dependencies: ["SkiffCompression", "SkiffTestSupport"]),
    .testTarget(
      name: "SkiffTests",
      dependencies: ["Skiff", "SkiffKeras", "SkiffONNX", "SkiffTFLite", "SkiffTestSupport"]),
    .executableTarget(
      name: "skiff-robustness", dependencies: ["Skiff", "SkiffHDF5Index", "SkiffKeras", "SkiffTestSupport"],
      path: "Tests/skiff-robustness"),
    .testTarget(
      name: "SkiffRobustnessTests",
      dependencies: ["Skiff", "SkiffTestSupport", "skiff-robustness"]),
    .testTarget(name: "SkiffTestSupportTests", dependencies: ["SkiffTestSupport"]),
    .testTarget(
      name: "SkiffEdgeTests", dependencies: ["SkiffEdge", "SkiffOperators", "SkiffTestSupport"]),
    .testTarget(name: "SkiffSafetensorsTests", dependencies: ["SkiffSafetensors", "SkiffTestSupport"]),
    .testTarget(
      name: "SkiffTFLiteTests",
      dependencies: ["SkiffTFLite", "SkiffInterpreter", "SkiffNumPy", "SkiffTestSupport"]),
    .testTarget(
      name: "SkiffKerasTests",
      dependencies: [
        "SkiffKeras", "SkiffHDF5InProcess", "SkiffInterpreter", "SkiffNumPy", "SkiffTestSupport",
      ],
      exclude: ["Fixtures"]),
  ],
  swiftLanguageModes: [.v6]
)

// Scripts/fuzz builds with the fuzzer of the compiler.
if Context.environment["SKIFF_FUZZ"] == "1",
  let target = package.targets.first(where: { $0.name == "skiff-robustness" })
{
  package.targets.append(.systemLibrary(name: "CFuzzer", path: "Tests/CFuzzer"))
  target.dependencies += ["CFuzzer", "SkiffHDF5InProcess"]
  target.swiftSettings = [.define("SKIFF_FUZZ")]
}
