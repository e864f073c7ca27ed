import ArgumentParser
import CSystem
import Skiff
import SkiffBinary

/// The command `skiff`.
@main
struct SkiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "skiff",
    abstract: "Converts, compresses and checks neural networks for edge devices.",
    version: SkiffVersion.current,
    subcommands: [
      Convert.self, Compress.self, Inspect.self, Passes.self, Run.self, Compare.self, Check.self,
      Diagnose.self,
      Benchmark.self,
    ])

  /// Runs the command; errors of models are printed as a compiler prints them and end with code 1.
  static func main() {
    // Scripts ask for it often: it is said before the parser looks at all commands.
    if CommandLine.arguments.dropFirst() == ["--version"] { return print(SkiffVersion.current) }
    skiff_set_up_allocator()
    do {
      var command = try parseAsRoot()
      if let limit = MemoryLimit(of: command) {
        throw try limit.run(Array(CommandLine.arguments.dropFirst()))
      }
      try command.run()
    } catch let error as ModelError {
      Terminal.printError("error: \(error)")
      exit(withError: error.code == .checkFailed ? CommandExit.checkFailed : CommandExit.inputBad)
    } catch {
      exit(withError: error)
    }
  }
}

/// The codes that the command ends with, beside 0 for done and 64 for wrong usage.
enum CommandExit {
  /// The input is bad or not supported.
  static let inputBad = ExitCode(1)
  /// A comparison or a certificate did not hold.
  static let checkFailed = ExitCode(2)
}
