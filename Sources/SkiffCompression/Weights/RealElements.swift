import CKernels
import SkiffBinary
import SkiffIR

/// The elements of a constant as float32, some at a time.
struct RealElements: Sendable {
  private let constant: Constant
  private let dataType: DataType

  /// Elements that do not come in pieces are materialized.
  init(_ constant: Constant) throws(ModelError) {
    let narrow = constant.widened?.narrow ?? constant
    let types: [DataType] = [.float32, .float16, .bfloat16]
    if narrow.isPlain, narrow.comesInPieces, types.contains(narrow.type.dataType) {
      self.constant = narrow
    } else {
      self.constant = Constant(try constant.materialize())
    }
    dataType = self.constant.type.dataType
  }

  /// Calls `body` with some elements.
  func withFloats(_ range: Range<Int>, _ body: (UnsafeBufferPointer<Float>) -> Void) throws(ModelError) {
    guard let bytes = try constant.finalBytes(of: range) else {
      throw ModelError(.unsupported, "\(constant.type) does not come in pieces")
    }
    let isUsable = bytes.withBytes { bytes in
      dataType == .float32
        && UInt(bitPattern: bytes.baseAddress) % UInt(MemoryLayout<Float>.alignment) == 0
    }
    if isUsable {
      bytes.withBytes { body($0.bindMemory(to: Float.self)) }
    } else {
      let floats = UnsafeMutableBufferPointer<Float>.allocate(capacity: range.count)
      defer { floats.deallocate() }
      bytes.withBytes { widen($0, to: floats) }
      body(UnsafeBufferPointer(floats))
    }
  }

  private func widen(_ bytes: UnsafeRawBufferPointer, to floats: UnsafeMutableBufferPointer<Float>) {
    let halves = bytes.baseAddress?.assumingMemoryBound(to: UInt16.self)
    switch dataType {
    case .float16: skiff_f16_widen(floats.count, halves, floats.baseAddress)
    case .bfloat16: skiff_bf16_widen(floats.count, halves, floats.baseAddress)
    default: UnsafeMutableRawBufferPointer(floats).copyMemory(from: bytes)
    }
  }

  /// Starts to read elements that are wanted soon from their file.
  func prefetch(_ range: Range<Int>) { stored(range)?.prefetchPages() }

  /// Gives back the memory of elements of a file that are not wanted again.
  func release(_ range: Range<Int>) { stored(range)?.releasePages() }

  /// The bytes of elements that are used where they are.
  private func stored(_ range: Range<Int>) -> ByteRegion? {
    constant.transforms.isEmpty ? try? constant.finalBytes(of: range) : nil
  }
}
