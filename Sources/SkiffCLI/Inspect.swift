import ArgumentParser
import Skiff
import SkiffBinary

/// `skiff inspect model`.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Shows what a model consists of.")

  @Argument(help: "The model to look at.") var model: String
  @OptionGroup var modelOptions: ModelOptions
  @Flag(help: "Prints the whole graph as text.") var text = false
  @Flag(help: "Prints the summary as JSON.") var json = false
  @Flag(help: "Prints the graph for Graphviz.") var dot = false

  func run() throws {
    let model = try modelOptions.model(at: model)
    let summary = ModelSummary(model)
    Terminal.printWarnings(model.warnings)
    if text {
      print(try model.graph.text())
    } else if dot {
      print(model.graph.dot)
    } else if json {
      print(summary.json)
    } else {
      print(summary.text)
    }
  }
}
