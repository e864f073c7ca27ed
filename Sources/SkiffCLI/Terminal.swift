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
  static func printError(_ line: String) { write(line + "\n") }

  /// Writes text as it is to the error output.
  static func write(_ text: String) {
    let bytes = Array(text.utf8)
    #if canImport(Darwin)
      _ = bytes.withUnsafeBytes { Darwin.write(2, $0.baseAddress, $0.count) }
    #elseif canImport(Musl)
      _ = bytes.withUnsafeBytes { Musl.write(2, $0.baseAddress, $0.count) }
    #else
      _ = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
    #endif
  }

  /// Prints each warning to the error output.
  static func printWarnings(_ warnings: [some CustomStringConvertible]) {
    for warning in warnings { printError(warning.description) }
  }
}
