import CKernels
import SkiffBinary
import SkiffIR

/// A computation that reads and writes memory of the session's arena, with every constant packed beforehand.
package protocol DirectKernel: Sendable {
  /// The bytes of working memory that each part of ``run(_:_:scratch:part:)`` wants.
  var scratchByteCount: Int { get }
  /// Whether the kernel holds its constant operands itself, so that the plan need not.
  var packsConstants: Bool { get }

  /// About how many operations the parts have together; 0 if the work cannot be divided.
  var divisibleWork: Int { get }

  /// Computes a part of the results; sizes and types are those that the kernel was made for.
  ///
  /// - Parameters:
  ///   - inputs: The operands' elements; nil for one that is left out or that was packed.
  ///   - outputs: Where the results go; never overlaps the inputs.
  ///   - scratch: Working memory, 64-byte aligned.
  ///   - part: Which part; others may be computed at the same time.
  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part)
}

extension DirectKernel {
  package var scratchByteCount: Int { 0 }
  package var packsConstants: Bool { false }
  package var divisibleWork: Int { 0 }
}

extension skiff_part {
  /// The part's share of `count` steps.
  func share(of count: Int) -> Range<Int> {
    let (each, more) = count.quotientAndRemainder(dividingBy: self.count)
    let start = index * each + min(index, more)
    return start..<start + each + (index < more ? 1 : 0)
  }
}

extension Int {
  /// The next multiple of 64, where memory for vectors begins.
  var aligned: Int { (self + 63) & ~63 }
}

/// What a kernel is chosen by: an operator and everything known of its operands before the graph runs.
package struct KernelContext: Sendable {
  /// What is applied.
  package let `operator`: any Operator
  /// The types of the operands, nil for one that is left out.
  package let inputs: [TensorType?]
  /// The operands that are constants.
  package let constants: [Constant?]
  /// The types of the results.
  package let outputs: [TensorType]
  /// What kernels of the same plan have packed.
  let packedWeights: PackedWeights

  /// Whether the sizes of all operands and results are known.
  package var isFixed: Bool {
    outputs.allSatisfy { $0.shape.isFixed } && inputs.allSatisfy { $0?.shape.isFixed ?? true }
  }

  /// Whether an operand or a result is made of integers that stand for real numbers.
  package var isQuantized: Bool {
    outputs.contains(where: \.isQuantized) || inputs.contains { $0?.isQuantized == true }
  }
}

/// A family of direct kernels: makes one, or says that it has none for this context.
package typealias KernelFactory = @Sendable (KernelContext) throws(ModelError) -> (any DirectKernel)?
