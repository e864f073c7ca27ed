import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// A sum or difference of int8 tensors with broadcasting.
struct IntegerAdditionKernel: DirectKernel {
  private let runs: BroadcastRuns
  private let form: skiff_qs8_addition

  var divisibleWork: Int { 8 * runs.length * runs.starts.count }

  static let factory: KernelFactory = { (context) throws(ModelError) in
    let twin: QuantizedAddition?
    switch context.operator {
    case let add as Add: twin = add.quantized(context.quantized)
    case let subtract as Subtract: twin = subtract.quantized(context.quantized)
    default: return nil
    }
    guard context.outputs[0].dataType == .int8, let twin, let first = context.inputs[0]?.shape.fixed,
      let second = context.inputs[1]?.shape.fixed,
      let runs = BroadcastRuns(first, second)
    else { return nil }
    let form = skiff_qs8_addition(
      step_a: runs.steps.a, step_b: runs.steps.b, zero_point_a: twin.zeroPoints.first,
      zero_point_b: twin.zeroPoints.second, zero_point_output: twin.zeroPoints.output,
      factor_a: skiff_factor(twin.multipliers.first), factor_b: skiff_factor(twin.multipliers.second),
      factor_output: skiff_factor(twin.multipliers.output), lower: twin.bounds.lower,
      upper: twin.bounds.upper, subtracts: twin.subtracts)
    return IntegerAdditionKernel(runs: runs, form: form)
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    guard let a = inputs[0]?.start(as: Int8.self), let b = inputs[1]?.start(as: Int8.self),
      let output = outputs[0].start(as: Int8.self)
    else { return }
    var form = form
    runs.forEach(of: part) { skiff_qs8_add($0, a + $1.a, b + $1.b, &form, output + $2) }
  }
}

/// A function of int8 by its table.
struct IntegerLookupKernel: DirectKernel {
  private let table: [Int8]
  private let count: Int

  var divisibleWork: Int { 8 * count }

  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard let tabulated = context.operator as? any TabulatedOperator,
      let table = tabulated.table(context.quantized), let count = context.outputs[0].shape.elementCount
    else { return nil }
    return IntegerLookupKernel(table: table.table, count: count)
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    guard let input = inputs[0]?.start(as: Int8.self), let output = outputs[0].start(as: Int8.self) else {
      return
    }
    let share = part.share(of: count)
    skiff_qs8_lookup(share.count, input + share.lowerBound, table, output + share.lowerBound)
  }
}
