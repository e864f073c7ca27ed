import Foundation
import Testing

/// Models that other people made, which are not part of the repository.
package enum RealModel {
  /// The folder that holds them: `SKIFF_MODELS`, or else `../shared/models` beside the clone.
  package static let folder =
    TestRun.variable("SKIFF_MODELS").map { URL(fileURLWithPath: $0) }
    ?? Checkout.root.deletingLastPathComponent().appendingPathComponent("shared/models")

  /// The folder of those that `Scripts/setup` fetches (`Scripts/models.txt`): the package, then the path in its wheel.
  package static let fetched = Peer.folder.appendingPathComponent("models")

  /// The path of a file in ``folder`` or ``fetched``.
  ///
  /// - Throws: ``TestSupportError`` if it does not exist.
  package static func path(_ relative: String) throws -> String {
    let paths = [folder, fetched].map { $0.appendingPathComponent(relative).path }
    guard let path = paths.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
      throw TestSupportError(
        "the real model \(relative) is missing in \(folder.path) (SKIFF_MODELS) and \(fetched.path) (Scripts/setup)"
      )
    }
    return path
  }

  static func exists(_ relative: String) -> Bool { (try? path(relative)) != nil }
}

extension Trait where Self == ConditionTrait {
  /// Skips the test if one of these files (``RealModel/path(_:)``) is missing, unless a run requires them.
  package static func needsModels(_ paths: String...) -> Self { needsModels(paths) }

  /// Skips the test if one of these files (``RealModel/path(_:)``) is missing, unless a run requires them.
  package static func needsModels(_ paths: [String]) -> Self {
    .enabled("needs the real models \(paths.joined(separator: ", "))") {
      TestRun.requiresPeers || paths.allSatisfy(RealModel.exists)
    }
  }

  /// Skips the test in runs that are not to be long.
  package static var onlyInFullRuns: Self {
    .enabled("runs with SKIFF_FULL=1 only") { TestRun.isFull }
  }
}
