import SkiffBinary
import SkiffIR

/// Long short-term memory (Hochreiter and Schmidhuber, 1997), with peepholes (Gers and Schmidhuber, 2000).
///
/// Gates: input, output, forget, cell. With the functions `f`, `g` and `h`, and `p` the peepholes `[D, 3 · H]` of input,
/// output and forget gate:
///
/// `i = f(x·Wi + h·Ri + pi·c)`, `f = f(x·Wf + h·Rf + pf·c)` or `1 − i`, `c' = f·c + i·g(x·Wc + h·Rc)`,
/// `o = f(x·Wo + h·Ro + po·c')`, `h' = o·h(c')`.
///
/// Results: the hidden state after each step, the last hidden state and the last cell.
public struct LSTM: RecurrentOperator {
  public static let name = "LSTM"
  public static let summary = "Long short-term memory over sequences."
  public static let operands: [Operand] = [
    .required("input"), .required("weights"), .required("recurrentWeights"), .optional("bias"),
    .optional("lengths"), .optional("initialHidden"), .optional("initialCell"), .optional("peepholes"),
  ]
  public static let attributes: [Attribute<LSTM>] =
    sharedAttributes + [
      Attribute(
        "couplesGates", \.couplesGates, "Whether the forget gate is what the input gate leaves of 1."),
      Attribute("cellClip", \.cellClip, "The greatest magnitude of the cell; 0 for any."),
      Attribute(
        "roundsOperands", \.roundsOperands,
        "Whether input and states are rounded to 8 bits of their own range before they are multiplied."),
    ]

  package static let gateCount = 4
  package static let standardActivations: [RecurrentActivation] = [.sigmoid, .tanh, .tanh]
  package static let stateCount = 2
  package static let firstState = 5

  public var direction = RecurrentDirection.forward
  public var isBatchFirst = false
  public var activations: [String] = []
  public var alphas: [Float] = []
  public var betas: [Float] = []
  public var clip: Float = 0
  /// Whether the forget gate is what the input gate leaves of 1.
  public var couplesGates = false
  /// The greatest magnitude of the cell; 0 for any.
  public var cellClip: Float = 0
  /// Whether input and states are rounded to 8 bits of their own range before they are multiplied, as ONNX Runtime's
  /// `DynamicQuantizeLSTM` does it in one thread: the input all at once, the states of all sequences at each step.
  public var roundsOperands = false

  /// Creates an operator that goes forward.
  public init() {}

  package func step(_ gates: inout [Float], _ states: inout [[Float]], _ pass: RecurrentPass) {
    let size = pass.hidden
    pass.addProducts(of: states[0], gates: 0..<4, to: &gates)
    let (f, g, h) = (pass.functions[0], pass.functions[1], unclipped(pass.functions[2]))
    let hasPeepholes = pass.parameters.count == 3 * size
    func gate(_ number: Int, _ index: Int, _ cell: Float?) -> Float {
      let sum = gates[number * size + index] + pass.bias[number * size + index]
      guard let cell, hasPeepholes else { return sum }
      return sum + pass.parameters[number * size + index] * cell
    }
    for index in 0..<size {
      let cell = states[1][index]
      let input = f(gate(0, index, cell))
      let forget = couplesGates ? 1 - input : f(gate(2, index, cell))
      var next = forget * cell + input * g(gate(3, index, nil))
      if cellClip > 0 { next = min(max(next, -cellClip), cellClip) }
      states[1][index] = next
      states[0][index] = f(gate(1, index, next)) * h(next)
    }
  }

  /// Only sums of products are clipped, not the cell.
  private func unclipped(_ function: RecurrentFunction) -> RecurrentFunction {
    RecurrentFunction(
      activation: function.activation, alpha: function.alpha, beta: function.beta, clip: .infinity)
  }
}
