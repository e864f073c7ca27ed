import ArgumentParser
import Skiff

/// `skiff benchmark model`.
struct Benchmark: ModelCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Times runs of a model, and tells where the time goes.",
    discussion:
      "Inputs are random numbers if none are given. Sizes that are open are 1 along the first axis; others must be given by --input-shape."
  )

  @Argument(help: "The model to time.") var model: String
  @OptionGroup var modelOptions: ModelOptions
  @Option(help: "Samples (.npz by input name, or .npy), of which the first is run.") var input: String?
  @Option(help: "The number of threads.") var threads = 1
  @Option(help: "The number of runs that are timed, after one that is not.") var runs = 20
  @Flag(help: "Adds the share of each operator.") var perOperator = false
  @Flag(help: "Adds the share of each node.") var perNode = false
  @Flag(help: "Times how the constants are decoded instead of runs.") var decoding = false
  @Flag(help: "Prints JSON.") var json = false

  func validate() throws {
    guard runs > 0 else { throw ValidationError("--runs takes a positive number.") }
    guard !decoding || !(perOperator || perNode || input != nil) else {
      throw ValidationError("--decoding runs nothing: no --input, --per-operator or --per-node.")
    }
  }

  func run() throws {
    let model = try modelOptions.model(at: model)
    if decoding { return try timeDecoding(of: model) }
    let timing = try model.timing(
      runs: runs, threads: threads,
      samples: input.map { path throws(ModelError) in try Samples(contentsOf: path) })
    var rows: [(name: String, share: Double)] = []
    if perOperator { rows += timing.operators.map { ("\($0.count) × \($0.name)", $0.share) } }
    if perNode { rows += timing.nodes.map { ($0.node.location.description, $0.share) } }
    if json {
      print(
        JSONText.object([
          ("model", .text(self.model)), ("runs", .integer(runs)), ("medianSeconds", .real(timing.median)),
          ("leastSeconds", .real(timing.least)),
          ("shares", .object(rows.map { ($0.name, .real($0.share)) })),
        ]))
      return
    }
    print("median \(milliseconds(timing.median)) ms, least \(milliseconds(timing.least)) ms of \(runs) runs")
    for row in rows { print("  \((1000 * row.share).rounded() / 10) %  \(row.name)") }
  }

  private func timeDecoding(of model: Model) throws {
    let (bytes, seconds) = try model.decodingTime(runs: runs)
    if json {
      print(
        JSONText.object([
          ("model", .text(self.model)), ("runs", .integer(runs)), ("medianSeconds", .real(seconds)),
          ("bytes", .integer(bytes)),
        ]))
    } else {
      let rate = (Double(bytes) / seconds / 1e7).rounded() / 100
      print("\(bytes) bytes in \(milliseconds(seconds)) ms: \(rate) GB/s")
    }
  }

  private func milliseconds(_ seconds: Double) -> Double { (seconds * 1e6).rounded() / 1e3 }
}
