// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Examples",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Skiff", path: "..")],
  targets: [
    // The program that reads HDF5 for Keras models lands beside this one, where it is looked for.
    .executableTarget(
      name: "Convert",
      dependencies: [
        .product(name: "Skiff", package: "Skiff"), .product(name: "skiff-hdf5", package: "Skiff"),
      ])
  ],
  swiftLanguageModes: [.v6]
)
