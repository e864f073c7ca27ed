#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What goes to the error output: errors, warnings and progress.
enum Terminal {
  /// Prints a line to the error output.
  static func printError(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
  }

  /// Prints each warning to the error output.
  static func printWarnings(_ warnings: [some CustomStringConvertible]) {
    for warning in warnings { printError(warning.description) }
  }
}
