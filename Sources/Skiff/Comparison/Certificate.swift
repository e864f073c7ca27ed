import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffOperators

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Proof that a file computes what its source computes.
///
/// The file is read back and run; of a checkpoint, which has nothing to run, tensors are compared bit for bit. What was
/// written must be the graph in memory, node for node, or equal it bit for bit in every run; where the format lacks an
/// operator and the file says it by others, which round elsewhere, within the same bounds as against the source. Against
/// the source, run in the plainest way, the outputs must be within bounds: of rounding for the same
/// arithmetic, of thresholds for a lower precision.
public struct Certificate: Sendable {
  /// What a candidate must hold against its source.
  public struct Thresholds: Hashable, Sendable {
    /// The greatest error of the same arithmetic as a part of the output's range.
    public var relativeError = 1e-4
    /// The same where the source rounds to 8 bits by ranges that it finds when it runs: a number between two integers becomes
    /// one or the other by the last digit of a sum. Two steps of 8 bits.
    public var roundedError = 2.0 / 255
    /// The same where the source rounds to 16 bits after each operator, and the file in other places: where passes have made one of
    /// several operators, or the format computes in 32 bits.
    public var narrowError = 1.0 / 100
    /// The least signal to noise ratio of a lower precision, in decibels.
    public var signalToNoise = 10.0
    /// The least cosine of a lower precision.
    public var cosine = 0.95
    /// The least share of rows with the same greatest element, for a lower precision; outputs of one number per row
    /// are not held to it. Nil takes 0.8, and leaves one row out of account where errors are a hundredth of the signal: among few
    /// rows one near tie is more than a fifth.
    public var top1Agreement: Double?

    /// Creates the usual thresholds.
    public init() {}
  }

  /// Source against file.
  public let comparison: Comparison
  /// Whether the file has a lower precision than its source.
  public let isLowerPrecision: Bool
  /// What does not hold, each a sentence; empty if the certificate is given.
  public let failures: [String]
  /// Whether the file says by operators what integers stand for, between which real numbers are computed: results are rounded to
  /// integers as often as in memory, but after sums that are rounded elsewhere. They are held to the thresholds of a lower
  /// precision.
  public let roundsElsewhere: Bool
  /// Whether the source rounds to integers by ranges that it finds when it runs.
  public let roundsByOwnRange: Bool
  /// Whether the file holds the graph in memory, node for node and constant for constant.
  public let isSameGraph: Bool
  /// The number of runs in which the file equalled the graph in memory, if it says it by other nodes.
  public let exactRuns: Int
  /// The number of outputs of a checkpoint, which has nothing to run, that the file has as they are in memory.
  public let exactTensors: Int
  /// The operators that the format lacks and that the file says by others.
  public let expressedOperators: [String]
  /// How far outputs that differ by more than rounding usually does move, as parts of their ranges, when each weight of the
  /// source is moved by one unit in the last place. Four times as much is rounding too.
  public let sensitivities: [String: Double]
  /// Where the inputs came from.
  public let inputs: String

  /// Whether everything holds.
  public var holds: Bool { failures.isEmpty }

  /// Checks the file at `path`, which `model` was written to.
  ///
  /// - Parameters:
  ///   - options: How it was written.
  ///   - samples: What is run; nil takes seeded random inputs and those at the bounds of their types, at two sizes
  ///     where a dimension is dynamic.
  ///   - progress: Told of each run beside the source.
  public init(
    of model: Model, writtenTo path: String, options: WritingOptions = WritingOptions(),
    samples: Samples? = nil, thresholds: Thresholds = Thresholds(), runLimit: Int = 16,
    progress: WorkProgress.Observer? = nil
  ) throws(ModelError) {
    let target = try ModelFormat.target(for: path)
    let file = try Model(contentsOf: path)
    let written = try file.withQuantization(of: target)
    isLowerPrecision =
      model.isCompressed
      || model.graph.valueIDs.contains { model.graph[$0].type?.isQuantized == true }
        && !model.source.valueIDs.contains { model.source[$0].type?.isQuantized == true }
    if model.source.isCheckpoint {
      let stored = try model.graph(in: target, options).graph
      (exactTensors, failures) = try Self.tensors(of: stored, readBackAs: written)
      (isSameGraph, exactRuns, expressedOperators, roundsByOwnRange) = (false, 0, [], false)
      (roundsElsewhere, comparison, sensitivities) = (false, .none, [:])
      self.inputs = "its tensors, with which nothing computes"
      return
    }
    exactTensors = 0
    let inputs: CheckInputs
    if let samples {
      inputs = try CheckInputs(of: samples, for: model, limit: runLimit)
    } else {
      inputs = try CheckInputs(seededFor: model.source)
    }
    let form = try WrittenForm(of: model.graph(in: target, options).graph, readBackAs: written, in: target)
    let results = try CertificateRuns(
      of: model, file: file, form, on: inputs, isLowerPrecision: isLowerPrecision, progress)
    comparison = results.comparison
    self.inputs = inputs.description(refused: comparison.refusedRuns)
    (isSameGraph, expressedOperators) = (form.isSameGraph, form.expressedOperators)
    (roundsElsewhere, roundsByOwnRange) = (form.roundsElsewhere, model.source.roundsByOwnRange)
    let copied = results.copy?.allOutputs ?? []
    let isEqual = copied.allSatisfy { $0.differingCount == 0 }
    exactRuns = isEqual ? results.copy?.runCount ?? 0 : 0

    let bounds = thresholds.allowing(for: model.source)
    let isRounded = isLowerPrecision || roundsElsewhere
    let held =
      (form.isSaidOtherwise && !roundsElsewhere ? copied : []) + (isRounded ? [] : comparison.allOutputs)
    let wide = Set(held.filter { $0.relativeError > bounds.relativeError }.map(\.name))
    let moves =
      try wide.isEmpty
      ? [:] : Self.sensitivities(of: model.source, inputs.runs).filter { wide.contains($0.key) }
    sensitivities = moves
    var failures: [String] = []
    let copyBounds = thresholds.allowing(for: model.source, copiedTo: form.stored)
    for output in copied where output.differingCount > 0 {
      // Real numbers that the format says in another way may round in another way.
      let own = copyBounds.allowing(moves[output.name])
      if form.isSaidOtherwise, Self.failures(of: output, roundsElsewhere, own).isEmpty { continue }
      failures.append(
        "output '\(output.name)': the file differs from the graph in memory in \(output.differingCount) elements"
      )
    }
    if !model.source.outputs.isEmpty, comparison.outputs.allSatisfy({ $0.count == 0 }) {
      failures.append("no output has any elements to compare")
    }
    for (output, all) in zip(comparison.outputs, comparison.allOutputs) {
      let own = bounds.allowing(moves[output.name])
      let found = Self.failures(of: output, isRounded, own)
      failures += found
      if found.isEmpty {
        failures += Self.failures(of: all, isRounded, own).map { "\($0), with the run of two at a time" }
      }
    }
    for output in results.untypical?.outputs ?? [] where output.incomparableCount > 0 {
      failures.append(
        "output '\(output.name)': \(output.incomparableCount) elements at another size are infinite or not a number on one side only"
      )
    }
    if !failures.isEmpty,
      let first = comparison.firstDivergence(below: isRounded ? thresholds.signalToNoise : 80)
    {
      failures.append("the first value that diverges is '\(first.name)' (\(first.summary))")
    }
    self.failures = failures
  }

  package static func failures(
    of output: OutputMetrics, _ isLowerPrecision: Bool, _ thresholds: Thresholds
  ) -> [String] {
    let name = "output '\(output.name)'"
    if output.incomparableCount > 0 {
      return ["\(name): \(output.incomparableCount) elements are infinite or not a number on one side only"]
    }
    if output.isNeverFinite {
      return [
        "\(name): no element is a finite number in any run, so nothing is known of it; other samples may tell"
      ]
    }
    guard isLowerPrecision else {
      return output.relativeError <= thresholds.relativeError
        ? [] : ["\(name): error \(output.relativeError) of the range, above \(thresholds.relativeError)"]
    }
    var failures: [String] = []
    if output.signalToNoise < thresholds.signalToNoise {
      failures.append(
        "\(name): \((output.signalToNoise * 100).rounded() / 100) dB, below \(thresholds.signalToNoise)")
    }
    if output.cosine < thresholds.cosine {
      failures.append("\(name): cosine \((output.cosine * 1e5).rounded() / 1e5), below \(thresholds.cosine)")
    }
    let least = thresholds.top1Agreement ?? 0.8
    let strays = thresholds.top1Agreement == nil && output.signalToNoise >= 40 ? 1 : 0
    if let agreement = output.top1Agreement, agreement < least,
      output.top1.rows - output.top1.agreeing > strays
    {
      failures.append(
        "\(name): the greatest element agrees in \(output.top1.agreeing) of \(output.top1.rows) rows, below \(least)"
      )
    }
    return failures
  }
}

extension OutputMetrics {
  /// The figures in one line.
  public var summary: String {
    var parts = [
      "max error \(rounded(maximumError))", "mean error \(rounded(meanError))", "cosine \(rounded(cosine))",
      "SQNR \(rounded(signalToNoise)) dB",
    ]
    if let agreement = top1Agreement {
      let ties = top1.tied == 0 ? "" : " (\(top1.tied) of \(top1.rows) rows by a tie)"
      parts.append("top-1 \(rounded(100 * agreement)) %\(ties)")
    }
    return parts.joined(separator: ", ")
  }

  /// Four significant digits, and six where the number is nearly 1.
  private func rounded(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return "\(value)" }
    let digits = abs(abs(value) - 1) < 0.01 ? 6.0 : 4.0
    let scale = pow(10, digits - 1 - log10(abs(value)).rounded(.down))
    return "\(Float((value * scale).rounded() / scale))"
  }
}
