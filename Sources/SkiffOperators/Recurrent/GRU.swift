import SkiffBinary
import SkiffIR

/// Gated recurrent units (Cho and others, 2014).
///
/// Gates: update, reset, hidden. With the functions `f` and `g`:
///
/// `z = f(x·Wz + h·Rz)`, `r = f(x·Wr + h·Rr)`, `h' = (1 − z)·n + z·h` with `n = g(x·Wh + (r·h)·Rh)`, or
/// `n = g(x·Wh + r·(h·Rh))` where the reset comes after the product.
///
/// Results: the hidden state after each step and the last one.
public struct GRU: RecurrentOperator {
  public static let name = "GRU"
  public static let summary = "Gated recurrent units over sequences."
  public static let operands: [Operand] = [
    .required("input"), .required("weights"), .required("recurrentWeights"), .optional("bias"),
    .optional("lengths"), .optional("initialHidden"),
  ]
  public static let attributes: [Attribute<GRU>] =
    sharedAttributes + [
      Attribute("resetsAfter", \.resetsAfter, "Whether the reset gate is applied after the product.")
    ]

  package static let gateCount = 3
  package static let standardActivations: [RecurrentActivation] = [.sigmoid, .tanh]
  package static let stateCount = 1
  package static let firstState = 5

  public var direction = RecurrentDirection.forward
  public var isBatchFirst = false
  public var activations: [String] = []
  public var alphas: [Float] = []
  public var betas: [Float] = []
  public var clip: Float = 0
  /// Whether the reset gate is applied after the product with the recurrent weights.
  public var resetsAfter = false

  /// Creates an operator that goes forward.
  public init() {}

  package func step(_ gates: inout [Float], _ states: inout [[Float]], _ pass: RecurrentPass) {
    let size = pass.hidden
    let (f, g) = (pass.functions[0], pass.functions[1])
    pass.addProducts(of: states[0], gates: 0..<2, to: &gates)
    for index in 0..<2 * size { gates[index] = f(gates[index] + pass.bias[index]) }
    // What the state adds to the hidden gate.
    var products = [Float](repeating: 0, count: gates.count)
    let state = resetsAfter ? states[0] : (0..<size).map { gates[size + $0] * states[0][$0] }
    pass.addProducts(of: state, gates: 2..<3, to: &products)
    for index in 0..<size {
      let place = 2 * size + index
      var sum = products[place] + pass.bias[place]
      if resetsAfter { sum *= gates[size + index] }
      let hidden = g(gates[place] + sum)
      let update = gates[index]
      states[0][index] = (1 - update) * hidden + update * states[0][index]
    }
  }
}
