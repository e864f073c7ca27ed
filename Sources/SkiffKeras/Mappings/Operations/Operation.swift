import SkiffBinary
import SkiffIR
import SkiffOperators

/// A function on tensors: how Keras 3 calls its class, how TensorFlow calls it, and what it computes.
///
/// Its first operand and its parameters are found in the same way for both: Keras 3 has parameters as settings of the
/// operator, Keras 2 as arguments by name.
struct Operation: Sendable {
  /// The class of Keras 3, nil if it has none.
  let className: String?
  /// The names in TensorFlow, without the modules in front of them.
  let functions: [String]
  let makeNodes: @Sendable (LayerCall) throws(ModelError) -> [ValueID]

  /// A function with one result.
  init(
    _ className: String?, _ functions: String...,
    make: @escaping @Sendable (LayerCall) throws(ModelError) -> ValueID
  ) {
    self.init(className, functions, make: make)
  }

  /// A function with one result.
  init(
    _ className: String?, _ functions: [String],
    make: @escaping @Sendable (LayerCall) throws(ModelError) -> ValueID
  ) {
    self.className = className
    self.functions = functions
    makeNodes = { (call: LayerCall) throws(ModelError) in [try make(call)] }
  }

  /// A function with several results.
  init(
    results className: String?, _ functions: String...,
    make: @escaping @Sendable (LayerCall) throws(ModelError) -> [ValueID]
  ) {
    self.className = className
    self.functions = functions
    makeNodes = make
  }

  static let all =
    elementwiseOperations + numericOperations + reductionOperations + shapeOperations + orderingOperations
    + linearOperations + productOperations + imageOperations
}

/// The operators of Keras 3.
let operationMappings: [LayerMapping] = Operation.all.compactMap { operation in
  operation.className.map { name in
    LayerMapping(
      name,
      results: { (call: LayerCall) throws(ModelError) in
        try operation.makeNodes(call).map { KerasTensor(value: $0) }
      }
    ).taking(.anything)
  }
}

/// The functions of TensorFlow that Keras 2 makes layers of.
let tensorFlowMappings: [LayerMapping] = ["TFOpLambda", "SlicingOpLambda"].map { name in
  LayerMapping(
    name,
    results: { (call: LayerCall) throws(ModelError) in
      let function = try call.settings.string("function", default: "")
      guard let operation = operationsByFunction[plainName(function)] else {
        throw ModelError(.unsupported, "the function '\(function)' is not known")
      }
      return try operation.makeNodes(call).map { KerasTensor(value: $0) }
    }
  ).taking(.anything)
}

private let operationsByFunction = Dictionary(
  Operation.all.flatMap { operation in operation.functions.map { ($0, operation) } },
  uniquingKeysWith: { first, _ in first })

/// The name without the modules that TensorFlow has it in; most are in several.
private func plainName(_ function: String) -> String {
  for module in ["compat.v1.", "__operators__.", "math.", "nn.", "linalg.", "keras.backend."]
  where function.hasPrefix(module) {
    return plainName(String(function.dropFirst(module.count)))
  }
  return function
}
