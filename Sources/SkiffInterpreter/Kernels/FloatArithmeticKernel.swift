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
    scratch: UnsafeMutableRawBufferPointer
  ) {
    guard let a = inputs[0]?.start(as: Float.self), let b = inputs[1]?.start(as: Float.self),
      var output = outputs[0].start(as: Float.self)
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
    for start in runs.starts {
      compute(runs.length, a + start.a, b + start.b, &form, output)
      output += runs.length
    }
  }
}

/// `max(x, 0)` of float32.
struct FloatRectifierKernel: DirectKernel {
  private let count: Int

  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard context.operator is Relu, context.isFloat, let count = context.outputs[0].shape.elementCount else {
      return nil
    }
    return FloatRectifierKernel(count: count)
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer
  ) {
    guard let input = inputs[0]?.start(as: Float.self), let output = outputs[0].start(as: Float.self) else {
      return
    }
    skiff_f32_clamp(count, input, 0, .infinity, output)
  }
}
