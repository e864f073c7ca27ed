import ArgumentParser
import Skiff
import SkiffBinary

/// `skiff check model`.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Verifies a file: its bytes, its graph, its digests.")

  @Argument(help: "The file to verify.") var model: String
  @OptionGroup var modelOptions: ModelOptions

  func run() throws {
    let checked = try modelOptions.model(at: model)
    try checked.verifyContents()
    Terminal.printWarnings(checked.warnings)
    print("\(model): \(checked.format.name), \(checked.graph.nodeIDs.count) nodes, in order")
  }
}
