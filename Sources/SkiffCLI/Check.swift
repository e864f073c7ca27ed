import ArgumentParser
import Skiff
import SkiffBinary

/// `skiff check model`.
struct Check: ModelCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Verifies a file: its bytes, its graph, its digests, and the examples that it carries.")

  @Argument(help: "The file to verify.") var model: String
  @OptionGroup var modelOptions: ModelOptions
  @Flag(help: "Prints JSON.") var json = false

  func run() throws {
    let checked = try modelOptions.model(at: model, verifiesContents: false)
    try checked.verifyContents()
    Terminal.printWarnings(checked.warnings)
    let (nodes, examples) = (checked.graph.nodeIDs.count, checked.examples.count)
    if json {
      print(
        JSONText.object([
          ("model", .text(model)), ("format", .text(checked.format.name)), ("nodes", .integer(nodes)),
          ("examples", .integer(examples)),
        ]))
    } else {
      let reproduced = examples == 0 ? "" : ", \(examples) examples reproduced"
      print("\(model): \(checked.format.name), \(nodes) nodes, in order\(reproduced)")
    }
  }
}
