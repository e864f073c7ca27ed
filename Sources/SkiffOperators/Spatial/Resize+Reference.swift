import SkiffBinary
import SkiffIR

extension Resize: ReferenceKernel {
  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let axes = try resizedAxes(rank: input.rank)
    let plans = try plans(input.shape, axes, inputs)
    var shape = input.shape
    for plan in plans { shape[plan.axis] = plan.resized }
    if mode == .nearest, coordinates != .tfCropAndResize {
      var positions = input.shape.map { Array(0..<$0) }
      for plan in plans { positions[plan.axis] = plan.positions }
      let offsets = combinedOffsets(positions, strides: Tensor.strides(of: input.shape))
      return [try input.quantized(with: nil).selecting(offsets, shape: shape)]
    }
    if input.dataType == .float64 {
      return [Tensor(interpolated(try input.doubles(), input.shape, shape, plans), shape: shape)]
    }
    let values = interpolated(try input.floats(), input.shape, shape, plans)
    if input.dataType.isInteger {
      return [try Cast(to: input.dataType).evaluate([Tensor(values, shape: shape)])[0]]
    }
    return [try Tensor(floats: values, as: input.dataType, shape: shape)]
  }

  private func interpolated<Real: RealNumber>(
    _ elements: [Real], _ old: [Int], _ new: [Int], _ plans: [ResizeAxis]
  ) -> [Real] {
    var (values, current) = (elements, old)
    for plan in plans { values = plan.apply(values, &current) }
    for plan in plans where plan.outside.contains(true) {
      let lines = Lines(new, axis: plan.axis)
      lines.forEach { start in
        for index in 0..<lines.count where plan.outside[index] {
          values[start + index * lines.stride] = Real(extrapolation)
        }
      }
    }
    return values
  }

  /// How each axis whose elements change is resized; the tensors are those of the operands, of which that of the
  /// input is not needed.
  package func plans(_ shape: [Int], _ axes: [Int], _ inputs: [Tensor?]) throws(ModelError) -> [ResizeAxis] {
    let old = axes.map { shape[$0] }
    let sizes: [Int]
    let scales: [Float]
    if let given = try inputs.optional(2)?.floats(), !given.isEmpty {
      guard given.count == axes.count else {
        throw ModelError(.invalidGraph, "\(given.count) scales for \(axes.count) axes")
      }
      scales = given
      var scaled: [Int] = []
      for (size, scale) in zip(old, given) {
        scaled.append(try Self.scaled(.fixed(size), by: scale).fixed ?? 0)
      }
      sizes = scaled
    } else {
      let wanted = try inputs.required(3).integers()
      guard wanted.count == axes.count else {
        throw ModelError(.invalidGraph, "\(wanted.count) sizes for \(axes.count) axes")
      }
      (sizes, scales) = try resized(old, to: wanted)
    }
    guard zip(old, sizes).allSatisfy({ $0 > 0 || $1 == 0 }), sizes.allSatisfy({ $0 < 1 << 31 }) else {
      throw ModelError(.invalidGraph, "\(Shape(old)) cannot become \(Shape(sizes))")
    }
    var resized = shape
    for (axis, size) in zip(axes, sizes) { resized[axis] = size }
    _ = try checkedCount(resized, of: .float64)
    let region = try inputs.optional(1)?.floats() ?? []
    if coordinates == .tfCropAndResize {
      // Within these bounds a place in a tensor is a number of 64 bits.
      guard region.count == 2 * axes.count, region.allSatisfy({ abs($0) < 0x1p20 }) else {
        throw ModelError(.invalidGraph, "a region \(region) for \(axes.count) axes")
      }
    }
    var plans: [ResizeAxis] = []
    for (index, axis) in axes.enumerated() {
      let isSame = sizes[index] == old[index] && scales[index] == 1 && coordinates != .tfHalfPixelForNN
      if old[index] == 0 || isSame, coordinates != .tfCropAndResize { continue }
      let part = coordinates == .tfCropAndResize ? (region[index], region[axes.count + index]) : (0, 1)
      plans.append(
        ResizeAxis(
          self, axis: axis, size: old[index], resized: sizes[index], scale: scales[index], region: part))
    }
    return plans
  }
}
