import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// A function of float32 element by element.
struct FloatFunctionKernel: DirectKernel {
  private typealias Function = @Sendable (Int, UnsafePointer<Float>?, UnsafeMutablePointer<Float>?) -> Void

  private let function: Function
  private let count: Int

  var divisibleWork: Int { 32 * count }

  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard context.isFloat, let function = function(of: context.operator),
      let count = context.outputs[0].shape.elementCount
    else { return nil }
    return FloatFunctionKernel(function: function, count: count)
  }

  private static func function(of node: any Operator) -> Function? {
    switch node {
    case is Exp: { skiff_f32_exp($0, $1, $2) }
    case is Erf: { skiff_f32_erf($0, $1, $2) }
    case is Tanh: { skiff_f32_tanh($0, $1, $2) }
    case is Sigmoid: { skiff_f32_sigmoid($0, $1, $2) }
    case is Swish: { skiff_f32_swish($0, $1, $2) }
    case let gelu as Gelu:
      switch gelu.approximation {
      case .none: { skiff_f32_gelu($0, $1, $2) }
      case .tanh: { skiff_f32_gelu_tanh($0, $1, $2) }
      }
    default: nil
    }
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    guard let input = inputs[0]?.start(as: Float.self), let output = outputs[0].start(as: Float.self) else {
      return
    }
    let share = part.share(of: count)
    function(share.count, input + share.lowerBound, output + share.lowerBound)
  }
}
