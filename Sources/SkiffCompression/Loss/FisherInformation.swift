import SkiffBinary
import SkiffGradient
import SkiffIR
import SkiffInterpreter

/// The diagonal of the empirical Fisher information of weights: the mean square of the derivative of the loss by each, over samples.
///
/// To second order, errors Δw of the weights of a network that was trained raise the loss by ½ Σ h Δw², where h is the diagonal of
/// the Hessian matrix, for which the Fisher information stands: Choi, El-Khamy and Lee, "Towards the Limit of Network Quantization",
/// 2017, sections 3.3 and 3.4, weigh clusters of weights by it; Kim and others, "SqueezeLLM: Dense-and-Sparse Quantization", 2023,
/// equation 3, estimate it by squared gradients. What a weight that becomes zero costs so, ½ h w², is the saliency of LeCun, Denker and
/// Solla, "Optimal Brain Damage", 1990. What the loss is, ``LossOutputs`` says. Of samples that one run takes together the derivatives are added.
package struct FisherInformation {
  /// A graph that returns the derivatives of a loss by weights.
  private struct WeightLoss: SampledLoss {
    let plan: Plan
    let outputs: LossOutputs

    init(
      _ graph: Graph, _ weights: [WeightTensor], inputShapes: [String: [Int]], hasLabels: Bool
    ) throws(ModelError) {
      var graph = graph
      try graph.setInputShapes(inputShapes)
      outputs = try LossOutputs(addingTo: &graph, hasLabels: hasLabels)
      let gradients = try graph.addGradients(
        of: outputs.values, outputs.cotangents, to: weights.map(\.value))
      graph.removeOutputs(after: 0)
      for (index, gradient) in gradients.enumerated() {
        graph.addOutput(gradient, name: "gradient \(index)")
      }
      graph.removeUnused()
      plan = try Plan(graph, threads: Parallel.processorCount)
    }
  }

  /// For each tensor that of its elements, row by row of its matrix.
  package let diagonals: [ValueID: [Double]]
  /// The greatest mean of a tensor.
  private let unit: Double

  /// The diagonal is added up run by run, so that nothing is kept of a sample.
  ///
  /// - Parameters:
  ///   - labels: The class of each row of the first output, sample by sample; nil: the loss is the divergence from the model itself.
  /// - Throws: ``ModelError/Code/unsupported`` with each operator on the way that has no derivative, and
  ///   ``ModelError/Code/invalidArgument`` for a sample that makes a derivative infinite or not a number.
  package init(
    of weights: [WeightTensor], in graph: Graph, samples: [[String: Tensor]], labels: [Int]?
  ) throws(ModelError) {
    guard !weights.isEmpty else {
      (diagonals, unit) = ([:], 0)
      return
    }
    let runs = try LossRuns(samples, labels: labels) { shapes throws(ModelError) in
      try WeightLoss(graph, weights, inputShapes: shapes, hasLabels: labels != nil)
    }
    var sums = weights.map { [Double](repeating: 0, count: $0.shape.reduce(1, *)) }
    let share = 1 / Double(max(1, runs.count))
    try runs.run { (sample, _, results) throws(ModelError) in
      for index in sums.indices {
        guard let gradient = results["gradient \(index)"] else { continue }
        guard Self.addSquares(of: try gradient.floats(), times: share, to: &sums[index]) else {
          throw ModelError(
            .invalidArgument, "the sample makes a derivative by it infinite or not a number",
            at: Location(attribute: "sample \(sample)", tensor: weights[index].name))
        }
      }
    }
    var diagonals: [ValueID: [Double]] = [:]
    for (weight, sum) in zip(weights, sums) { diagonals[weight.value] = try weight.rowsFirst(sum) }
    self.diagonals = diagonals
    unit = sums.reduce(0) { max($0, $1.reduce(0, +) / Double(max(1, $1.count))) }
  }

  /// Adds squares; false if one is infinite or not a number.
  private static func addSquares(of numbers: [Float], times share: Double, to sums: inout [Double]) -> Bool {
    guard numbers.count == sums.count else { return false }
    var total = 0.0
    for index in numbers.indices {
      let square = Double(numbers[index]) * Double(numbers[index])
      total += square
      sums[index] += square * share
    }
    return total.isFinite
  }

  /// What an error of each weight of a tensor costs; nil if the loss does not depend on the weights.
  func importance(of weight: WeightTensor) -> WeightImportance? {
    guard let diagonal = diagonals[weight.value] else { return nil }
    return WeightImportance(fisher: diagonal, columns: weight.columns, unit: unit)
  }
}
