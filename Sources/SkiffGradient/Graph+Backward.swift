import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffPasses

extension Graph {
  /// The graph of the derivatives of some values with respect to others: reverse mode, a cotangent for each output in, a gradient
  /// for each value out.
  ///
  /// Its inputs are those of this graph and `cotangent i` for each of `outputs`, of its type; with a `′` behind it where there is an
  /// input of that name. Its outputs are `gradient i` for each of `values`, of its type: Σ cotangent · ∂output/∂value. What the
  /// graph returned before is no output.
  ///
  /// - Parameters:
  ///   - outputs: What is differentiated: real numbers of fixed sizes, results of nodes.
  ///   - values: What for: inputs, constants or results, real numbers of fixed sizes.
  /// - Throws: ``ModelError/Code/unsupported`` with each node on the way that has no derivative, and
  ///   ``ModelError/Code/invalidArgument`` for a value that is no tensor of real numbers of fixed sizes.
  public func backward(from outputs: [ValueID], to values: [ValueID]) throws(ModelError) -> Graph {
    var result = self
    var cotangents: [ValueID] = []
    for (index, output) in outputs.enumerated() {
      let type = try result.differentiableType(of: output)
      var name = "cotangent \(index)"
      while result.inputs.contains(where: { result[$0].name == name }) { name += "′" }
      cotangents.append(result.addInput(name, type))
    }
    let gradients = try result.addGradients(of: outputs, cotangents, to: values)
    result.removeOutputs(after: 0)
    for (index, gradient) in gradients.enumerated() {
      result.addOutput(gradient, name: "gradient \(index)")
    }
    result.removeUnused()
    return result
  }

  /// Adds nodes that compute gradients, Σ cotangent · ∂output/∂value for each of the values.
  ///
  /// A node on the way whose operator has no rule is replaced by the expression that it is lowered to. What the graph returns stays.
  ///
  /// - Parameters:
  ///   - outputs: What is differentiated.
  ///   - cotangents: A value of the type of each of them.
  ///   - values: What for.
  /// - Returns: The gradients in the order of the values: zeros where nothing depends on one.
  /// - Throws: As ``backward(from:to:)`` does.
  public mutating func addGradients(
    of outputs: [ValueID], _ cotangents: [ValueID], to values: [ValueID]
  ) throws(ModelError) -> [ValueID] {
    guard outputs.count == cotangents.count else {
      throw ModelError(.invalidArgument, "\(cotangents.count) cotangents for \(outputs.count) outputs")
    }
    for (output, cotangent) in zip(outputs, cotangents) {
      guard try differentiableType(of: output) == self[cotangent].type else {
        throw ModelError(
          .invalidArgument, "a cotangent of another type", at: Location(tensor: self[output].name))
      }
    }
    for value in values { _ = try differentiableType(of: value) }
    var copy = self
    let (sources, targets) = try copy.makeDifferentiable(
      from: outputs, to: values, keeping: cotangents)
    let sweep = try ReverseSweep(copy, from: sources, cotangents, to: targets)
    copy = sweep.graph
    var gradients: [ValueID] = []
    for target in targets {
      if let gradient = sweep.gradient(of: target) {
        gradients.append(gradient)
      } else {
        let type = try copy.differentiableType(of: target)
        gradients.append(copy.addConstant(try .zeros(type.dataType, shape: type.shape.fixed ?? [])))
      }
    }
    self = copy
    return gradients
  }

  /// The type of a value that can be differentiated, or differentiated by.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` for another one, and ``ModelError/Code/limitExceeded`` if it is beyond any memory.
  func differentiableType(of value: ValueID) throws(ModelError) -> TensorType {
    let place = Location(tensor: contains(value) ? self[value].name : "")
    guard contains(value), let type = self[value].type,
      type.dataType == .float32 || type.dataType == .float64,
      let sizes = type.shape.fixed
    else {
      throw ModelError(
        .invalidArgument, "only tensors of float32 or float64 and of fixed sizes have gradients", at: place)
    }
    return try locating(place) { () throws(ModelError) in
      _ = try checkedCount(sizes, of: type.dataType)
      // Rules compute with sizes and strides.
      guard sizes.allSatisfy({ $0 < 1 << 31 }) else {
        throw ModelError(.limitExceeded, "a size that 32 bits do not count")
      }
      return type
    }
  }
}
