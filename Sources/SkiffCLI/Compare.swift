import ArgumentParser
import Skiff
import SkiffBinary

/// `skiff compare a b`.
struct Compare: ModelCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Runs two models of any formats on the same inputs and compares their outputs.",
    discussion: "Ends with code 2 if an error is above --max-error, which by default is not looked at.")

  @Argument(help: "The reference.") var reference: String
  @Argument(help: "The candidate.") var candidate: String
  @OptionGroup var modelOptions: ModelOptions
  @Option(help: "Samples (.npz by input name, or .npy); by default seeded random inputs.") var input: String?
  @Option(
    help: "How many samples to run at a time where the first axis of both is open; by default all at once.")
  var batchSize: Int?
  @Flag(help: "Compares values inside the models too, by name.") var perNode = false
  @Option(help: "The greatest error that is no failure, as a part of the output's range.") var maxError:
    Double?
  @Flag(help: "Prints JSON.") var json = false

  func validate() throws {
    guard batchSize == nil || input != nil else {
      throw ValidationError("--batch-size is a number of samples; give them with --input.")
    }
  }

  func run() throws {
    let (a, b) = (try modelOptions.model(at: reference), try modelOptions.model(at: candidate))
    let samples = try input.map { path throws(ModelError) in try Samples(contentsOf: path) }
    let progress = ProgressLine()
    let comparison = try a.comparison(
      with: b, samples: samples, batchSize: batchSize, watchedRuns: perNode ? .max : 0,
      progress: progress.show)
    progress.clear()
    if json {
      print(
        JSONText.object([
          ("runs", .integer(comparison.runCount)), ("outputs", .list(comparison.outputs.map(\.json))),
          ("values", .list(comparison.values.map(\.json))),
        ]))
    } else {
      print("\(comparison.runCount) runs")
      for output in comparison.outputs { print("output '\(output.name)': \(output.summary)") }
      for value in comparison.values { print("  '\(value.name)': \(value.summary)") }
      if perNode, let first = comparison.firstDivergence(below: 40) {
        print("first below 40 dB: '\(first.name)'")
      }
    }
    if let maxError, comparison.outputs.contains(where: { $0.relativeError > maxError }) {
      throw CommandExit.checkFailed
    }
  }
}
