import Foundation

/// The clone that the tests run in.
package enum Checkout {
  /// The folder of Package.swift.
  package static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The path of a file of the clone.
  package static func path(_ relative: String) -> String {
    root.appendingPathComponent(relative).path
  }
}

/// What the environment asks of a test run.
package enum TestRun {
  private static let environment = ProcessInfo.processInfo.environment

  /// Whether a missing peer or real model fails its tests (`SKIFF_REQUIRE_PEERS=1`) instead of skipping them.
  package static let requiresPeers = environment["SKIFF_REQUIRE_PEERS"] == "1"
  /// Whether the long sweeps run as well (`SKIFF_FULL=1`).
  package static let isFull = environment["SKIFF_FULL"] == "1"

  /// A variable of the environment; an empty one counts as missing.
  package static func variable(_ name: String) -> String? {
    environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }
}

/// Something that a test needs was not found or did not work.
package struct TestSupportError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
