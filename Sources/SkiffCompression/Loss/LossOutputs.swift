import SkiffBinary
import SkiffGradient
import SkiffIR
import SkiffOperators

/// The outputs of a graph that a loss looks at, and the cotangents with which its derivatives begin.
///
/// With labels the loss is the cross-entropy of the first output. Without, it is the divergence of the outputs from those of the
/// model itself, whose gradient is zero where it starts; what counts is its curvature, the Fisher information of the model's own
/// predictions (Theis and others, "Faster gaze prediction with dense networks and Fisher pruning", 2018): that of a softmax for
/// classes that it predicts, that of other outputs for a normal distribution around them, so that the curvature is half of that of the
/// squared error. Curvatures are products of Jacobians, which random signs estimate without bias (Hutchinson, 1990).
struct LossOutputs: Sendable {
  /// What the loss is told at each run: signs, or a distribution of classes.
  private struct Source: Sendable {
    let name: String
    let shape: [Int]
    let dataType: DataType
  }

  /// What is differentiated: real numbers, or what a softmax makes probabilities of.
  let values: [ValueID]
  /// The derivatives of the loss by these.
  let cotangents: [ValueID]
  private let sources: [Source]

  /// - Parameters:
  ///   - graph: A graph of fixed sizes; gets what computes the cotangents, and inputs for what the loss is told.
  ///   - hasLabels: Whether the loss is the cross-entropy with labels; else it is the divergence from the model itself.
  init(addingTo graph: inout Graph, hasLabels: Bool) throws(ModelError) {
    var losses = graph.outputs.map(\.value).filter { graph[$0].type?.dataType.isFloatingPoint ?? false }
    if hasLabels { losses = Array(losses.prefix(1)) }
    guard !losses.isEmpty else {
      throw ModelError(.unsupported, "a model without outputs of real numbers has no loss")
    }
    var (values, cotangents, sources): ([ValueID], [ValueID], [Source]) = ([], [], [])
    for (index, output) in losses.enumerated() {
      let place = Location(tensor: graph[output].name)
      let (value, softmax) = graph.logits(of: output)
      guard let type = graph[value].type, let shape = type.shape.fixed else {
        throw ModelError(.unsupported, "a loss needs sizes that are fixed", at: place)
      }
      var name = "loss \(index)"
      while graph.inputs.contains(where: { graph[$0].name == name }) { name += "′" }
      let given = graph.addInput(name, type)
      values.append(value)
      sources.append(Source(name: name, shape: shape, dataType: type.dataType))
      if hasLabels {
        guard type.rank > 0, softmax.map({ $0.isLast(in: type.rank) }) ?? true else {
          throw ModelError(
            .unsupported, "labels for an output without an axis of classes at the end", at: place)
        }
        let probabilities = try graph.add(Softmax(), value)
        cotangents.append(try graph.add(Subtract(), probabilities, given))
      } else if let softmax {
        cotangents.append(try graph.addFisherRoot(of: softmax, value, signs: given))
      } else {
        cotangents.append(given)
      }
    }
    (self.values, self.cotangents, self.sources) = (values, cotangents, sources)
  }

  /// Random signs for each of the outputs.
  func signs(seed: UInt64) throws(ModelError) -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (index, source) in sources.enumerated() {
      let numbers = try Tensor(seed: seed &<< 8 ^ UInt64(index), source.dataType, shape: source.shape)
      let signs = try numbers.floats().map { $0 < 0 ? Float(-1) : 1 }
      result[source.name] = try Tensor(floats: signs, as: source.dataType, shape: source.shape)
    }
    return result
  }

  /// The classes of the first output.
  private var classCount: Int { max(1, sources[0].shape.last ?? 1) }

  /// The rows of the first output, each of which has a class.
  var rowCount: Int { sources[0].shape.reduce(1, *) / classCount }

  /// The first of some labels that is no class; nil if there is none.
  func firstWrong(_ labels: ArraySlice<Int>) -> ModelError? {
    let classes = classCount
    guard let row = labels.indices.first(where: { !(0..<classes).contains(labels[$0]) }) else { return nil }
    return ModelError(
      .invalidArgument, "\(labels[row]) is none of the \(classes) classes of the model's first output",
      at: Location(attribute: "label \(row)"))
  }

  /// The distribution that is all in the labelled class, for each row of the first output.
  func target(_ labels: ArraySlice<Int>) throws(ModelError) -> [String: Tensor] {
    let (source, classes) = (sources[0], classCount)
    var elements = [Float](repeating: 0, count: source.shape.reduce(1, *))
    for (row, label) in labels.enumerated() { elements[row * classes + label] = 1 }
    return [source.name: try Tensor(floats: elements, as: source.dataType, shape: source.shape)]
  }
}

extension Softmax {
  fileprivate func isLast(in rank: Int) -> Bool { axis == -1 || axis == rank - 1 }
}

extension Graph {
  /// What an output is a softmax of, and the softmax; the output itself if it is none.
  fileprivate func logits(of output: ValueID) -> (value: ValueID, softmax: Softmax?) {
    guard let node = producer(of: output), let softmax = node.operator as? Softmax, softmax.beta == 1,
      let input = node.inputs[0]
    else { return (output, nil) }
    return (input, softmax)
  }

  /// Adds `B · signs` with `B · Bᵀ = diag(p) − p · pᵀ`, the Fisher information of `p = softmax(x)`: B is `diag(√p) − p · √pᵀ`.
  fileprivate mutating func addFisherRoot(
    of softmax: Softmax, _ logits: ValueID, signs: ValueID
  ) throws(ModelError) -> ValueID {
    let probabilities = try add(softmax, logits)
    let scaled = try add(Multiply(), add(Sqrt(), probabilities), signs)
    let sum = try add(ReduceSum(axes: [softmax.axis], keepsDimensions: true), scaled)
    return try add(Subtract(), scaled, add(Multiply(), probabilities, sum))
  }
}
