import Foundation

/// Runs a program to its end and returns its standard output.
///
/// Output goes to files, so that a program which prints much never waits for a reader.
///
/// - Throws: ``TestSupportError`` with the end of its error output if it exits with another code than 0, is killed by a
///   signal, or takes longer than `timeout`, after which it is killed.
@discardableResult
package func runProcess(
  _ program: String, _ arguments: [String], environment: [String: String] = [:],
  timeout: Duration = .seconds(120)
) throws -> String {
  let result = try processResult(program, arguments, environment: environment, timeout: timeout)
  guard result.exitCode == 0 else {
    let name = ([program] + arguments).joined(separator: " ")
    throw TestSupportError("\(name): \(result.ending)\n\(result.errorOutput.suffix(4000))")
  }
  return result.output
}

/// How a program ended and what it printed.
package struct ProcessResult: Sendable {
  /// The exit code, or nil if a signal or the time limit ended it.
  package let exitCode: Int32?
  /// A sentence about the ending.
  package let ending: String
  package let output: String
  package let errorOutput: String
}

/// Runs a program to its end, whatever it is.
package func processResult(
  _ program: String, _ arguments: [String], environment: [String: String] = [:],
  timeout: Duration = .seconds(120)
) throws -> ProcessResult {
  let folder = try TemporaryFolder()
  let streams = try ["out", "err"].map { name in
    _ = FileManager.default.createFile(atPath: folder.path(name), contents: nil)
    return try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path(name)))
  }
  let process = Process()
  process.executableURL = URL(fileURLWithPath: program)
  process.arguments = arguments
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  process.standardInput = FileHandle.nullDevice
  process.standardOutput = streams[0]
  process.standardError = streams[1]
  let finished = DispatchSemaphore(value: 0)
  process.terminationHandler = { _ in finished.signal() }
  try process.run()
  let seconds = Double(timeout.components.seconds) + Double(timeout.components.attoseconds) * 1e-18
  let isLate = finished.wait(timeout: .now() + seconds) == .timedOut
  if isLate {
    kill(process.processIdentifier, SIGKILL)
    finished.wait()
  }
  func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: folder.path(name))), as: UTF8.self)
  }
  let exited = !isLate && process.terminationReason == .exit
  let ending =
    isLate
    ? "took longer than \(timeout)"
    : exited ? "exited with \(process.terminationStatus)" : "was ended by signal \(process.terminationStatus)"
  return ProcessResult(
    exitCode: exited ? process.terminationStatus : nil, ending: ending, output: try text("out"),
    errorOutput: try text("err"))
}
