import Foundation
import Skiff
import SkiffTestSupport

/// Paths at which models of every format that Skiff writes are written, and nothing is kept.
struct FormatSinks {
  private let folder: TemporaryFolder
  /// A path for each format.
  let paths: [String]

  init() throws {
    let folder = try TemporaryFolder()
    paths = ModelFormat.all.filter(\.isWritable).compactMap { $0.fileExtensions.first }.map {
      folder.path("sink.\($0)")
    }
    for path in paths {
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/null")
    }
    self.folder = folder
  }
}
