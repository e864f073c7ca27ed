// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Skiff",
  platforms: [.macOS(.v15)],
  products: [],
  dependencies: [],
  targets: [
    .target(name: "SkiffBinary"),
    .testTarget(name: "SkiffBinaryTests", dependencies: ["SkiffBinary"]),
  ],
  swiftLanguageModes: [.v6]
)
