// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Skiff",
  platforms: [.macOS(.v15)],
  products: [],
  dependencies: [],
  targets: [
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .target(name: "SkiffBinary", dependencies: ["CZlib"]),
    .target(name: "SkiffIR", dependencies: ["SkiffBinary"]),
    .target(name: "SkiffNumPy", dependencies: ["SkiffBinary"]),
    .target(
      name: "SkiffTestSupport", dependencies: ["SkiffBinary", "SkiffNumPy"], path: "Tests/SkiffTestSupport"),
    .target(name: "SkiffOperators", dependencies: ["SkiffIR"]),
    .target(name: "SkiffInterpreter", dependencies: ["SkiffOperators"]),
    .target(name: "SkiffTFLite", dependencies: ["SkiffIR", "SkiffOperators"]),
    .testTarget(name: "SkiffBinaryTests", dependencies: ["SkiffBinary"]),
    .testTarget(name: "SkiffIRTests", dependencies: ["SkiffIR"]),
    .testTarget(name: "SkiffInterpreterTests", dependencies: ["SkiffInterpreter"]),
    .testTarget(name: "SkiffNumPyTests", dependencies: ["SkiffNumPy", "SkiffTestSupport"]),
    .testTarget(name: "SkiffTestSupportTests", dependencies: ["SkiffTestSupport"]),
    .testTarget(name: "SkiffOperatorsTests", dependencies: ["SkiffOperators", "SkiffTestSupport"]),
    .testTarget(
      name: "SkiffTFLiteTests",
      dependencies: ["SkiffTFLite", "SkiffInterpreter", "SkiffNumPy", "SkiffTestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)
