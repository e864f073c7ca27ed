import ArgumentParser
import Skiff
import SkiffBinary

/// `skiff inspect model`.
struct Inspect: ModelCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what a model consists of.",
    discussion: "With --passes or --stop-after the graph is shown as those passes leave it.")

  @Argument(help: "The model to look at.") var model: String
  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var passOptions: PassOptions
  @Flag(help: "Prints the whole graph as text.") var text = false
  @Flag(help: "Prints the summary, or with --bytes the account, as JSON.") var json = false
  @Flag(help: "Prints the graph for Graphviz.") var dot = false
  @Flag(help: "Prints what each constant takes of the file, and what it would take in the next best form.")
  var bytes = false

  func validate() throws {
    guard [text, json || bytes, dot].count(where: { $0 }) <= 1 else {
      throw ValidationError("--text, --dot, and --json or --bytes exclude each other.")
    }
  }

  func run() throws {
    let passes = try passOptions.selection()
    var model = try modelOptions.model(at: model, verifiesContents: false)
    if passOptions.isGiven {
      model.passes = passes
      try model.prepare()
    }
    let summary = ModelSummary(model)
    Terminal.printWarnings(model.warnings)
    if text {
      print(try model.graph.text())
    } else if dot {
      print(model.graph.dot)
    } else if bytes {
      let ledger = ByteLedgerText(try ByteLedger(of: model))
      print(json ? ledger.json.description : ledger.text)
    } else if json {
      print(summary.json)
    } else {
      print(summary.text)
    }
  }
}
