import SkiffBinary
import SkiffIR

/// A simple recurrent network (Elman, 1990): `h' = f(x·W + h·R)`.
///
/// Results: the hidden state after each step and the last one.
public struct RNN: RecurrentOperator {
  public static let name = "RNN"
  public static let summary = "A simple recurrent network over sequences."
  public static let operands: [Operand] = [
    .required("input"), .required("weights"), .required("recurrentWeights"), .optional("bias"),
    .optional("lengths"), .optional("initialHidden"),
  ]
  public static let attributes: [Attribute<RNN>] = sharedAttributes

  package static let gateCount = 1
  package static let standardActivations: [RecurrentActivation] = [.tanh]
  package static let stateCount = 1
  package static let firstState = 5

  public var direction = RecurrentDirection.forward
  public var isBatchFirst = false
  public var activations: [String] = []
  public var alphas: [Float] = []
  public var betas: [Float] = []
  public var clip: Float = 0

  /// Creates an operator that goes forward.
  public init() {}

  package func step(_ gates: inout [Float], _ states: inout [[Float]], _ pass: RecurrentPass) {
    pass.addProducts(of: states[0], gates: 0..<1, to: &gates)
    for index in 0..<pass.hidden { states[0][index] = pass.functions[0](gates[index] + pass.bias[index]) }
  }
}
