import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// An operator that only moves elements: copies with strides from its first operand, or from each of its operands.
struct CopyKernel: DirectKernel {
  /// One copy.
  struct Copy: Sendable {
    var source: Int
    var target: Int
    /// Where it starts on either side, in bytes.
    var sourceOffset: Int
    var targetOffset: Int
    /// Where it ends on either side, in bytes.
    var sourceEnd: Int
    var targetEnd: Int
    var form: skiff_copy_form
  }

  let copies: [Copy]
  /// What results are filled with first: the bytes of one element.
  var filling: [UInt8]?

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    if let filling { outputs[0].fill(with: filling) }
    for copy in copies {
      guard let source = inputs[copy.source]?.start(as: CChar.self),
        let target = outputs[copy.target].start(as: CChar.self)
      else { continue }
      var form = copy.form
      skiff_copy(&form, source + copy.sourceOffset, target + copy.targetOffset)
    }
  }
}

extension CopyKernel.Copy {
  /// A copy of `sizes` elements of a width in bytes; strides and offsets are in elements. Nil for more axes than are
  /// copied at once.
  init?(
    source: Int = 0, target: Int = 0, sizes: [Int], sourceStrides: [Int], targetStrides: [Int],
    sourceOffset: Int = 0, targetOffset: Int = 0, width: Int
  ) {
    guard [1, 2, 4, 8].contains(width) else { return nil }
    // Axes of one element do not count, and those that follow each other on both sides are one.
    var axes: [(count: Int, source: Int, target: Int)] = []
    for axis in sizes.indices where sizes[axis] != 1 {
      let next = (count: sizes[axis], source: sourceStrides[axis], target: targetStrides[axis])
      if let last = axes.last, last.source == next.count * next.source,
        last.target == next.count * next.target
      {
        axes[axes.count - 1] = (last.count * next.count, next.source, next.target)
      } else {
        axes.append(next)
      }
    }
    while axes.count < 2 { axes.insert((1, 0, 0), at: 0) }
    if axes[axes.count - 1].count == 1 { axes[axes.count - 1] = (1, 1, 1) }
    guard axes.count <= Int(SKIFF_COPY_AXES) else { return nil }
    var form = skiff_copy_form()
    form.axes = axes.count
    form.element_size = width
    withUnsafeMutableBytes(of: &form.counts) { counts in
      for (index, axis) in axes.enumerated() {
        counts.storeBytes(of: axis.count, toByteOffset: index * MemoryLayout<Int>.stride, as: Int.self)
      }
    }
    withUnsafeMutableBytes(of: &form.source_strides) { strides in
      for (index, axis) in axes.enumerated() {
        strides.storeBytes(
          of: axis.source * width, toByteOffset: index * MemoryLayout<Int>.stride, as: Int.self)
      }
    }
    withUnsafeMutableBytes(of: &form.target_strides) { strides in
      for (index, axis) in axes.enumerated() {
        strides.storeBytes(
          of: axis.target * width, toByteOffset: index * MemoryLayout<Int>.stride, as: Int.self)
      }
    }
    // Sizes are above 0 and strides at least 0, so that the last element is the outermost on both sides.
    let sourceEnd = axes.reduce(sourceOffset) { $0 + ($1.count - 1) * $1.source } + 1
    let targetEnd = axes.reduce(targetOffset) { $0 + ($1.count - 1) * $1.target } + 1
    self.init(
      source: source, target: target, sourceOffset: sourceOffset * width, targetOffset: targetOffset * width,
      sourceEnd: sourceEnd * width, targetEnd: targetEnd * width, form: form)
  }
}

extension UnsafeMutableRawBufferPointer {
  /// Repeats the bytes of one element; whole elements fit.
  fileprivate func fill(with element: [UInt8]) {
    if let first = element.first, element.allSatisfy({ $0 == first }) {
      for index in indices { self[index] = first }
      return
    }
    for index in indices { self[index] = element[index % element.count] }
  }
}
