import SkiffIR
import SkiffOperators

extension DiagnosedOperator {
  /// Above this signal to noise ratio, in decibels, nothing has to be done.
  private static let good = 40.0
  /// The share of all noise, or of integers that depend on the runtime, that makes an operator one to look at.
  private static let notableShare = 0.05
  /// Of fewer integers a share tells nothing.
  private static let leastCount = 100
  /// What arithmetic in fixed point is off by at most, in a few steps one after the other.
  private static let mostStepsOfRounding = 16

  /// What to do about the operator: about causes that are seen where they are, else to keep it as it was.
  func findings(
    of node: Node, in graph: Graph, _ records: [ValueID: ValueRecord], totalNoise: Double
  ) -> [Finding] {
    var findings: [Finding] = []
    if let range, range.saturatedShare > 0.001, !node.hasFixedRange, signalToNoise ?? 0 < Self.good {
      findings.append(
        Finding(
          .saturated, at: name, "\(range.saturatedShare.percentText) of its elements lie beyond its range",
          remedy: "calibrate with range: min-max or a higher percentile, on samples like those that are run"))
    }
    if let rounding, rounding.count >= Self.leastCount {
      let isMore = rounding.largest > Self.mostStepsOfRounding
      if isMore || rounding.largest > 1 || rounding.share > Self.notableShare {
        let what =
          "\(rounding.share.percentText) of its integers are others, by up to \(rounding.largest), where a runtime rounds once"
        findings.append(
          isMore
            ? Finding(
              .rounding, at: name, what + ": that is no rounding, its scales are too far apart",
              remedy: "keep it in real numbers (exclude), or give it activations of another kind")
            : Finding(.rounding, at: name, what, remedy: "score the file with the runtime that it is for"))
      }
    }
    guard let noiseAdded, noiseAdded > noiseRatio(ofDecibels: Self.good),
      noiseAdded == .infinity || noiseAdded > Self.notableShare * totalNoise
    else { return findings }
    if let range, range.unusedShare > 0.5 {
      findings.append(
        Finding(
          .unusedRange, at: name, "\(range.unusedShare.percentText) of its integers never occur",
          remedy:
            "look for outliers in the calibration (diagnose --calibrate), or calibrate with a lower percentile"
        ))
    }
    guard uncomparedBefore == 0 else { return findings + [costlyTogether] }
    findings += weightFindings(of: node, in: graph)
    let spread = node.inputs.compactMap { $0.flatMap { records[$0]?.channelSpread } }.max() ?? 1
    if isQuantized, node.operator is Convolution || node.operator is FullyConnected, spread > 16 {
      findings.append(
        Finding(
          .unevenChannels, at: name,
          "one channel of its input reaches \(spread.shortText) times as far as the middle one",
          remedy: "equalize or smooth before int8"))
    }
    if findings.isEmpty || signalToNoise ?? 0 < 10 { findings.append(costly) }
    return findings
  }

  private var costlyTogether: Finding {
    Finding(
      .costly, at: name,
      "\(decibels(ofNoise: noiseAdded ?? 0).shortText) dB together with \(uncomparedBefore) operators before it, whose results have no name of the source",
      remedy: "compare a file that has the source's names, to tell which of them it is")
  }

  private var costly: Finding {
    let message = "\(decibels(ofNoise: noiseAdded ?? 0).shortText) dB by itself"
    let remedy: String
    if operatorName == Quantize.name {
      remedy = "calibrate on samples like those that are run, with another range"
    } else if isQuantized {
      remedy =
        recipeName.map { "keep it in real numbers, in the step int8: exclude: ['\($0)']" }
        ?? "keep it in real numbers (exclude), for which it needs a name"
    } else if parameters > 0 {
      remedy = "change its weights less: more bits, smaller blocks, less pruning, or names: {'\(name)': keep}"
    } else {
      remedy = "compare it with the source's, which computes something else"
    }
    return Finding(.costly, at: name, message, remedy: remedy)
  }

  /// What the integers of its weights tell.
  private func weightFindings(of node: Node, in graph: Graph) -> [Finding] {
    guard node.inputs.count > 1, let weights = node.inputs[1], let constant = graph[weights].constant?.stored,
      let parameters = constant.type.quantization, constant.type.dataType.isInteger,
      let codes = try? constant.materialize().integers(), let outputs = constant.shape.first, outputs > 0,
      codes.count >= outputs, codes.count >= 64
    else { return [] }
    var findings: [Finding] = []
    let reach = max(codes.max() ?? 0, -(codes.min() ?? 0) - 1)
    let bits = Int.bitWidth - reach.leadingZeroBitCount + 1
    if bits < 7 {
      findings.append(
        Finding(
          .fewBits, at: name, "its weights have \(bits) bits",
          remedy: "give them more bits or blocks, or feedback or adaptive rounding, in the step weights"))
    }
    if node.operator is Convolution || node.operator is FullyConnected,
      let zero = parameters.perTensor?.zeroPoint, outputs > 1
    {
      let size = codes.count / outputs
      let ranges = (0..<outputs).map { output in
        codes[output * size..<(output + 1) * size].reduce(0) { max($0, abs($1 - zero)) }
      }.sorted()
      let (middle, widest) = (ranges[outputs / 2], ranges[outputs - 1])
      if middle > 0, widest >= 8 * middle {
        findings.append(
          Finding(
            .sharedScale, at: name,
            "one scale for weights of which the middle channel reaches \(middle) of \(widest)",
            remedy: "a scale for each channel (per: channel), or equalize before"))
      }
    }
    return findings
  }
}

extension Node {
  /// Whether its result has the same range whatever samples are.
  fileprivate var hasFixedRange: Bool {
    if case .fixed = (`operator` as? any QuantizedKernel)?.parameterRule { true } else { false }
  }
}
