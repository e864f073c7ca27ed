import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// Products of float32 matrices that are both computed when the graph runs: the right one is packed each time.
struct BatchProductKernel: DirectKernel {
  /// A product's matrices in their operands and in the result, in elements.
  private struct Place: Sendable { let a, b, result: Int }

  private let form: ConvolutionForm
  private let places: [Place]
  /// Whether the left matrices have to be transposed first.
  private let transposesA: Bool

  private var packedByteCount: Int {
    withUnsafePointer(to: form.shape) { skiff_f32_conv_packed_size($0) }.aligned
  }
  private var leftByteCount: Int {
    transposesA ? (form.shape.input_width * form.shape.input_channels * 4).aligned : 0
  }

  var scratchByteCount: Int {
    packedByteCount + leftByteCount + withUnsafePointer(to: form.shape) { skiff_f32_conv_scratch_size($0) }
  }
  var divisibleWork: Int { places.count * form.productCount }

  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard let product = context.operator as? MatrixMultiply, context.isFloat,
      let a = context.inputs[0]?.shape.fixed, let b = context.inputs[1]?.shape.fixed, a.count >= 2,
      b.count >= 2,
      context.outputs[0].shape.elementCount ?? 0 > 0
    else { return nil }
    let geometry = try product.geometry(a, b)
    guard geometry.inner > 0 else { return nil }
    let strides = skiff_weight_strides(output: geometry.bStep.1, tap: 0, input: geometry.bStep.0)
    let form = ConvolutionForm(
      rows: geometry.rows, depth: geometry.inner, units: geometry.columns, weightStrides: strides)
    let size = geometry.rows * geometry.columns
    let places = zip(geometry.starts.0, geometry.starts.1).enumerated().map { index, start in
      Place(a: start.0, b: start.1, result: index * size)
    }
    return BatchProductKernel(form: form, places: places, transposesA: product.transposesA)
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    guard let a = inputs[0]?.start(as: Float.self), let b = inputs[1]?.start(as: Float.self),
      let output = outputs[0].start(as: Float.self), let packed = scratch.baseAddress
    else { return }
    var shape = form.shape
    let left = (packed + packedByteCount).assumingMemoryBound(to: Float.self)
    let rest = packed + packedByteCount + leftByteCount
    for place in places[part.share(of: places.count)] {
      skiff_f32_conv_pack(&shape, b + place.b, form.weightStrides, nil, packed)
      if transposesA { skiff_f32_transpose(shape.input_channels, shape.input_width, a + place.a, left) }
      skiff_f32_conv(
        &shape, transposesA ? UnsafePointer(left) : a + place.a, packed, -.infinity, .infinity,
        skiff_part(index: 0, count: 1), output + place.result, rest)
    }
  }
}
