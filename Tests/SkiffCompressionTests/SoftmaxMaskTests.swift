import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

/// Masks of attention in integers: scores keep their steps, and masked places get no share.
@Suite struct SoftmaxMaskTests {
  private static let heads = 2
  private static let length = 12

  enum Mask: String, CaseIterable {
    /// `(1 - x) · number` of an input of ones and zeros.
    case computed
    /// The same behind a broadcast axis.
    case reshaped
    /// A triangle that does not depend on inputs.
    case constant
    /// The same with a bias for each head and distance, in one constant.
    case biasedConstant
    /// A bias and a computed mask, added before the scores are.
    case biased
    /// The number instead of the score, where the place does not count.
    case chosen
  }

  /// What a head adds for each distance.
  private static let bias: [Float] = (0..<heads * length * length).map { index in
    let (row, column) = (index / length % length, index % length)
    return 2 - Float(abs(row - column)) / Float(4 + index / (length * length))
  }

  /// The shares of `softmax(scores + mask)`.
  private func network(_ mask: Mask, _ number: Float, maskFirst: Bool) throws -> Graph {
    let (heads, length) = (Self.heads, Self.length)
    var graph = Graph()
    let scores = graph.addInput("scores", TensorType(.float32, [1, heads, length, length]))
    let places = graph.addInput(
      "places", TensorType(.float32, mask == .reshaped ? [1, length] : [1, 1, 1, length]))
    if mask == .chosen {
      let counts = try graph.add(Greater(), places, graph.addConstant(Tensor(scalar: Float(0))))
      let low = graph.addConstant(Tensor(scalar: number))
      let chosen =
        try maskFirst
        ? graph.add(Select(), graph.add(Not(), counts), low, scores)
        : graph.add(Select(), counts, scores, low)
      graph.addOutput(try graph.add(Softmax(), chosen), name: "shares")
      return graph
    }
    var added = places
    let triangle = (0..<length * length).map { $0 % length > $0 / length ? number : 0 }
    if mask == .constant {
      added = graph.addConstant(Tensor(triangle, shape: [1, 1, length, length]))
    } else if mask == .biasedConstant {
      let both = Self.bias.enumerated().map { $1 + triangle[$0 % (length * length)] }
      added = graph.addConstant(Tensor(both, shape: [1, heads, length, length]))
    } else {
      let rest = try graph.add(Subtract(), graph.addConstant(Tensor(scalar: Float(1))), places)
      added = try graph.add(Multiply(), rest, graph.addConstant(Tensor(scalar: number)))
      if mask == .reshaped {
        added = try graph.add(
          Reshape(), added, graph.addConstant(Tensor([1, 1, 1, Int64(length)], shape: [4])))
      }
    }
    if mask == .biased {
      let bias = graph.addConstant(Tensor(Self.bias, shape: [1, heads, length, length]))
      added = try maskFirst ? graph.add(Add(), added, bias) : graph.add(Add(), bias, added)
    }
    let sum = try maskFirst ? graph.add(Add(), added, scores) : graph.add(Add(), scores, added)
    graph.addOutput(try graph.add(Softmax(), sum), name: "shares")
    return graph
  }

  private func sample(_ mask: Mask, count: Int, _ generator: inout SeededGenerator) -> [String: Tensor] {
    let (heads, length) = (Self.heads, Self.length)
    let places = (0..<length).map { Float($0 < count ? 1 : 0) }
    return [
      "scores": Tensor(
        generator.floats(heads * length * length).map { 3 * $0 }, shape: [1, heads, length, length]),
      "places": Tensor(places, shape: mask == .reshaped ? [1, length] : [1, 1, 1, length]),
    ]
  }

  @Test(arguments: Mask.allCases, [-1e3, -1e4, -.greatestFiniteMagnitude] as [Float])
  func sharesAreThoseOfRealNumbers(mask: Mask, number: Float) throws {
    try expectShares(mask, number, [:])
    if mask != .chosen { try expectShares(mask, number, [.operators("Add"): .int16]) }
  }

  private func expectShares(
    _ mask: Mask, _ number: Float, _ exceptions: [SettingScope: Int8Quantization.Activations?]
  ) throws {
    var generator = SeededGenerator(Seed(5))
    for maskFirst in [false, true] {
      // A mask that samples never use is used later.
      for counts in [[12, 7, 3, 9], [12, 12, 12, 12]] {
        let graph = try network(mask, number, maskFirst: maskFirst)
        let samples = counts.map { sample(mask, count: $0, &generator) }
        let calibration = try Calibration(graph, samples: samples)
        var quantization = Int8Quantization()
        quantization.exceptions = exceptions
        let (quantized, report) = try quantization.apply(to: graph, calibration: calibration)
        #expect(report.otherNodes == exceptions.count * graph.nodeIDs.count { graph[$0].operator is Add })
        let (plain, integer) = (Session(try Plan(graph)), Session(try Plan(quantized)))
        for count in [12, 8, 5, 1] {
          let sample = sample(mask, count: count, &generator)
          let wanted = try #require(plain.run(sample)["shares"]).floats()
          let found = try #require(integer.run(sample)["shares"]).floats()
          // Half a step of scores of ±3 with 12 below them changes a share by some 4 %, and shares have steps of 1 / 256.
          let worst = zip(wanted, found).map { abs($0 - $1) }.max() ?? 1
          #expect(worst < 0.05, "\(counts) \(count)")
          for (wanted, found) in zip(wanted, found) where wanted == 0 { #expect(found == 0) }
        }
      }
    }
  }
}
