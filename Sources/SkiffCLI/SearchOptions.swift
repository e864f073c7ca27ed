import ArgumentParser
import Skiff
import SkiffBinary
import SkiffIR

/// What is searched for, by what, on what.
struct SearchOptions: ParsableArguments {
  @Option(help: "The most that the score may drop: percentage points of top-1 with labels ('0.5%' or 0.005).")
  var maxDrop: Share?
  @Option(help: "The greatest error of all outputs, as a part of their size ('5%' or 0.05); takes no labels.")
  var maxError: Share?
  @Option(help: "The most bytes of the file (K, M or G): the best one of those is searched for.")
  var maxSize: ByteCount?
  @Option(help: "How long may be searched: 90s, 10m or 2h. What is found then depends on the machine.")
  var maxTime: Period?
  @Option(
    help:
      "Samples to judge by (.npz by input name), perhaps with labels. Without --calibrate the first fifth, up to 100, calibrate."
  )
  var data: String?
  @Option(help: "The array of --data that has the labels: a class for each row, or a row of shares.")
  var labels = "labels"
  @Option(help: "top1, top5, error or cosine; by default top1 with labels, else error.") var metric: Metric?
  @Option(
    help:
      "A command of the shell that gets a .skiff file's path and prints a number, the higher the better; --max-drop counts in it."
  )
  var metricCommand: String?
  @Option(help: "Where the figures are kept; by default the output's name with .search behind it.")
  var journal: String?
  @Option(help: "A table (.csv) of all files that were tried; a picture (.svg) goes beside it.")
  var pareto: String?
  @Option(help: "A file for the recipe that was found.") var saveRecipe: String?

  /// A measure by its name.
  enum Metric: String, CaseIterable, ExpressibleByArgument { case top1, top5, error, cosine }

  private var budgets: [CompressionSearch.Budget] {
    [
      maxDrop.map { .loss(metricCommand == nil ? $0.percent : $0.number) },
      maxError.map { .loss($0.percent) },
      maxSize.map { .bytes($0.bytes) },
    ].compactMap(\.self)
  }

  /// Whether there is something to search for.
  var isGiven: Bool { !budgets.isEmpty }

  func validate() throws {
    guard budgets.count <= 1 else {
      throw ValidationError("A search keeps one of --max-drop, --max-error and --max-size.")
    }
    guard isGiven else {
      let others = [
        data, metricCommand, journal, pareto, saveRecipe, metric?.rawValue, maxTime.map { _ in "" },
      ]
      guard others.allSatisfy({ $0 == nil }) else {
        throw ValidationError("A search needs --max-drop, --max-error or --max-size.")
      }
      return
    }
    guard data != nil else { throw ValidationError("A search judges by samples: --data says which.") }
    guard metric == nil || metricCommand == nil else {
      throw ValidationError("--metric and --metric-command are both measures.")
    }
    if maxError != nil, metricCommand != nil || metric == .top1 || metric == .top5 {
      throw ValidationError(
        "--max-error goes with the measures error and cosine, --max-drop with the others.")
    }
    if maxDrop != nil, metric == .error || metric == .cosine {
      throw ValidationError(
        "--max-drop goes with top1, top5 and --metric-command, --max-error with the others.")
    }
  }

  /// The search; nil if none is asked for.
  ///
  /// - Parameter calibration: What steps look at; nil takes a part of the data.
  func search(recipe: String, name: String, calibration: Samples?) throws -> CompressionSearch? {
    guard let budget = budgets.first, let data else { return nil }
    var samples = try Samples(contentsOf: data)
    var labels: Tensor?
    if let (rest, array) = samples.separating(self.labels) { (samples, labels) = (rest, try array.classes()) }
    var calibrating = calibration
    if calibrating == nil {
      let count = samples.count
      let first = min(100, (count + 4) / 5)
      calibrating = try samples.part(0..<first)
      if first < count {
        samples = try samples.part(first..<count)
        labels = try labels.map { labels throws(ModelError) in
          try labels.rows(first..<max(first, labels.count))
        }
      }
    }
    var search = CompressionSearch(
      recipe: recipe, name: name, budget: budget, measure: try measure(labels), samples: samples,
      calibration: calibrating ?? samples)
    search.timeLimit = maxTime?.duration
    return search
  }

  private func measure(_ labels: Tensor?) throws -> Measure {
    if let metricCommand { return .command(metricCommand) }
    switch metric ?? (labels == nil || maxError != nil ? .error : .top1) {
    case .error where maxDrop != nil, .cosine where maxDrop != nil:
      throw ValidationError("--max-drop needs labels: --data has no array '\(self.labels)'.")
    case .error: return .error
    case .cosine: return .cosine
    case let top:
      guard let labels else {
        throw ValidationError("\(top) needs labels: --data has no array '\(self.labels)'.")
      }
      return .top(top == .top1 ? 1 : 5, labels: labels)
    }
  }

  /// Where the figures are kept.
  func journal(for output: String) -> String { journal ?? output + ".search" }

  /// What is written beside the model.
  func writtenFiles(for output: String) -> [String?] {
    isGiven ? [pareto, picture, saveRecipe, journal(for: output)] : []
  }

  private var picture: String? {
    pareto.map { ($0.hasSuffix(".csv") ? String($0.dropLast(4)) : $0) + ".svg" }
  }

  /// Writes what is asked for beside the model.
  func write(_ outcome: CompressionSearch.Outcome) throws {
    if let pareto, let picture {
      let front = ParetoFront(of: outcome.candidates)
      try Self.write(front.csv, to: pareto)
      try Self.write(front.svg, to: picture)
    }
    if let saveRecipe { try Self.write(outcome.recipe, to: saveRecipe) }
  }

  private static func write(_ text: String, to path: String) throws(ModelError) {
    var file = try OutputFile(path: path)
    try file.write(Array(text.utf8))
    try file.commit()
  }
}

/// A part of a whole: `0.5%` or `0.005`.
struct Share: ExpressibleByArgument {
  let number: Double
  var percent: Double { 100 * number }

  init?(argument: String) {
    let isPercent = argument.hasSuffix("%")
    guard let number = Double(isPercent ? String(argument.dropLast()) : argument), number >= 0,
      number.isFinite
    else {
      return nil
    }
    self.number = isPercent ? number / 100 : number
  }
}

/// Seconds, minutes or hours: `90s`, `10m`, `2h`.
struct Period: ExpressibleByArgument {
  let duration: Duration

  init?(argument: String) {
    let units = ["s": 1.0, "m": 60, "h": 3600]
    guard let unit = units[String(argument.suffix(1))], let number = Double(argument.dropLast()), number > 0,
      number < 1e9
    else { return nil }
    duration = .seconds(number * unit)
  }
}

extension CompressionSearch.Outcome {
  /// What was found, in a line.
  var summary: String {
    let end = isCutShort ? ", ended by --max-time" : ""
    let source = sourceScore.map { " of the source's \(Float($0))" } ?? ""
    return
      "search: \(best.bytes) bytes, loss \(Float(best.loss))\(source), the best of \(candidates.count) files\(end)"
  }
}
