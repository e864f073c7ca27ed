import Skiff
import SkiffBinary

/// What `skiff convert` says when it is done.
struct ConversionReport {
  let input: String
  let output: String
  let inputBytes: Int
  let outputBytes: Int
  let model: Model
  let compression: CompressionReport?
  let certificate: Certificate?

  /// Reads how large the files are.
  init(
    from input: String, to output: String, _ model: Model, _ compression: CompressionReport?,
    _ certificate: Certificate?
  ) throws(ModelError) {
    (self.input, self.output, self.model) = (input, output, model)
    (self.compression, self.certificate) = (compression, certificate)
    inputBytes = try model.sourceByteCount()
    outputBytes = try ByteRegion(mapping: output).count
  }

  /// Prints what was done, for programs or for people.
  func show(asJSON: Bool) {
    if asJSON { return print(json) }
    Terminal.printWarnings(model.warnings)
    print(text)
  }

  /// For people.
  var text: String {
    var lines = ["\(input) (\(model.format.name), \(inputBytes) bytes) -> \(output) (\(outputBytes) bytes)"]
    if let compression { lines.append(compression.description) }
    lines.append(
      model.transpositions.isEmpty ? "transpositions: none" : "transpositions: \(model.transpositions.count)")
    lines += model.transpositions.map { "  \($0)" }
    if let certificate {
      lines += certificateLines(certificate)
    } else {
      lines.append("certificate: not asked for")
    }
    return lines.joined(separator: "\n")
  }

  private func certificateLines(_ certificate: Certificate) -> [String] {
    var lines = ["certificate: \(certificate.holds ? "holds" : "FAILS") on \(certificate.inputs)"]
    if certificate.exactTensors > 0 {
      lines.append(
        "  read back: equal to the graph in memory, bit for bit, in \(certificate.exactTensors) tensors; nothing was run"
      )
    } else if certificate.isSameGraph {
      lines.append("  read back: the graph in memory, node for node and constant for constant")
    } else if certificate.exactRuns > 0 {
      lines.append("  read back: equal to the graph in memory, bit for bit, in \(certificate.exactRuns) runs")
    } else {
      let names = certificate.expressedOperators.joined(separator: ", ")
      let others = names.isEmpty ? "" : ", where others stand for \(names)"
      lines.append("  read back: equal to the graph in memory but for rounding\(others)")
    }
    if !certificate.failures.isEmpty { lines.removeLast() }
    lines += certificate.comparison.outputs.map { "  '\($0.name)' against the source: \($0.summary)" }
    if certificate.roundsByOwnRange {
      lines.append(
        "  the source rounds by ranges that it finds when it runs: two steps of 8 bits may be lost")
    }
    lines += certificate.sensitivities.sorted { $0.key < $1.key }.map {
      "  '\($0.key)' moves by \(Float($0.value)) of its range with the last digits of the weights: four times that is rounding, up to 0.01"
    }
    if certificate.roundsElsewhere {
      lines.append(
        "  the file computes real numbers between its integers: the last digit of these may differ")
    }
    if certificate.isLowerPrecision {
      let worst = certificate.comparison.values.filter { $0.signalToNoise.isFinite }
        .sorted { $0.signalToNoise < $1.signalToNoise }.prefix(3)
      lines += worst.map { "  worst inside: '\($0.name)': \($0.summary)" }
    }
    return lines + certificate.failures.map { "  FAILS: \($0)" }
  }

  /// For programs.
  var json: JSONText {
    var members: [(String, JSONText)] = [
      ("input", .text(input)), ("inputFormat", .text(model.format.name)),
      ("inputBytes", .integer(inputBytes)),
      ("output", .text(output)), ("outputBytes", .integer(outputBytes)),
      ("warnings", .list(model.warnings.map { .text($0.description) })),
      ("transpositions", .list(model.transpositions.map { .text($0.description) })),
    ]
    if let compression { members.append(("compression", compression.json)) }
    if let certificate {
      members.append(
        (
          "certificate",
          .object([
            ("holds", .boolean(certificate.holds)), ("inputs", .text(certificate.inputs)),
            ("isSameGraph", .boolean(certificate.isSameGraph)),
            ("exactRuns", .integer(certificate.exactRuns)),
            ("exactTensors", .integer(certificate.exactTensors)),
            ("expressedOperators", .list(certificate.expressedOperators.map(JSONText.text))),
            ("outputs", .list(certificate.comparison.outputs.map(\.json))),
            (
              "sensitivities",
              .object(certificate.sensitivities.sorted { $0.key < $1.key }.map { ($0.key, .real($0.value)) })
            ),
            ("failures", .list(certificate.failures.map(JSONText.text))),
          ])
        ))
    }
    return .object(members)
  }
}

extension OutputMetrics {
  /// The figures for programs.
  var json: JSONText {
    .object([
      ("name", .text(name)), ("elements", .integer(count)), ("differing", .integer(differingCount)),
      ("incomparable", .integer(incomparableCount)),
      ("maxError", .real(maximumError)), ("meanError", .real(meanError)), ("range", .real(range)),
      ("cosine", .real(cosine)), ("sqnr", .real(signalToNoise)),
      ("top1", top1Agreement.map(JSONText.real) ?? .null),
    ])
  }
}
