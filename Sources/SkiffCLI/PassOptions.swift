import ArgumentParser
import Skiff
import SkiffBinary

/// Which passes run, the same for every command that runs them.
struct PassOptions: ParsableArguments {
  @Option(help: "The passes that run, divided by commas; `skiff passes` lists them.")
  var passes: String?

  @Option(help: "The pass after which no other one runs.")
  var stopAfter: String?

  /// Whether anything is chosen.
  var isGiven: Bool { passes != nil || stopAfter != nil }

  func validate() throws {
    do {
      _ = try selection()
    } catch {
      throw ValidationError("\(error.message); \(error.notes.joined(separator: "; ")).")
    }
  }

  /// The passes that are chosen.
  func selection() throws(ModelError) -> PassSelection {
    try PassSelection(
      names: passes.map { $0.split(separator: ",").map(String.init) }, stoppingAfter: stopAfter)
  }
}

/// `skiff passes`.
struct Passes: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "passes",
    abstract: "Lists the passes that simplify a model before it is written.")

  func run() { print(PassSelection.names.joined(separator: "\n")) }
}
