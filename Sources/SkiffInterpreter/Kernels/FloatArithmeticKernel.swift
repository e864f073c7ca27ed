import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// A sum, difference, product or quotient of float32 tensors with broadcasting.
struct FloatArithmeticKernel: DirectKernel {
  private enum Operation: Sendable { case add, subtract, multiply, divide }

  private let operation: Operation
  private let runs: BroadcastRuns
  private let activation: FusedActivation

  var divisibleWork: Int { 8 * runs.length * runs.starts.count }

  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard context.isFloat, context.inputs.count == 2, let first = context.inputs[0]?.shape.fixed,
      let second = context.inputs[1]?.shape.fixed
    else { return nil }
    let operation: Operation
    let activation: FusedActivation
    switch context.operator {
    case let add as Add: (operation, activation) = (.add, add.activation)
    case let subtract as Subtract: (operation, activation) = (.subtract, subtract.activation)
    case let multiply as Multiply: (operation, activation) = (.multiply, multiply.activation)
    case let divide as Divide: (operation, activation) = (.divide, divide.activation)
    default: return nil
    }
    guard let runs = BroadcastRuns(first, second) else { return nil }
    return FloatArithmeticKernel(operation: operation, runs: runs, activation: activation)
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    guard let a = inputs[0]?.start(as: Float.self), let b = inputs[1]?.start(as: Float.self),
      let output = outputs[0].start(as: Float.self)
    else { return }
    var form = skiff_f32_binary(
      step_a: runs.steps.a, step_b: runs.steps.b, lower: activation.lowerBound, upper: activation.upperBound)
    let compute =
      switch operation {
      case .add: skiff_f32_add
      case .subtract: skiff_f32_sub
      case .multiply: skiff_f32_mul
      case .divide: skiff_f32_div
      }
    runs.forEach(of: part) { compute($0, a + $1.a, b + $1.b, &form, output + $2) }
  }
}
