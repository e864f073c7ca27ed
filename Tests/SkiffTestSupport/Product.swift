import Foundation

/// The programs of the package, built beside the tests.
package enum Product {
  /// The path of a program.
  ///
  /// - Throws: ``TestSupportError`` if it was not built.
  package static func path(_ name: String) throws -> String {
    let start = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    let folders = sequence(first: start.deletingLastPathComponent()) { folder in
      folder.pathComponents.count > 1 ? folder.deletingLastPathComponent() : nil
    }
    for folder in folders {
      let path = folder.appendingPathComponent(name).path
      if FileManager.default.isExecutableFile(atPath: path), !isFolder(path) { return path }
    }
    throw TestSupportError("the program \(name) is not built beside \(start.path)")
  }

  private static func isFolder(_ path: String) -> Bool {
    (try? URL(fileURLWithPath: path).resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true
  }
}
