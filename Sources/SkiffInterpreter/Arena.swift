import SkiffBinary

/// The one block of memory in which direct kernels work.
final class Arena {
  private let block: Block

  init(byteCount: Int) { block = Block(byteCount: byteCount) }

  /// Memory to write to.
  func memory(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: block.memory[range])
  }

  /// The same memory to read; keeps the block alive.
  func region(_ range: Range<Int>) -> ByteRegion {
    let block = block
    return ByteRegion(adopting: UnsafeRawBufferPointer(memory(range))) { _ in withExtendedLifetime(block) {} }
  }

  /// Whether the bytes of `region` lie in this memory.
  func holds(_ region: ByteRegion) -> Bool {
    region.withBytes { bytes in
      guard let start = block.memory.baseAddress, let address = bytes.baseAddress, !bytes.isEmpty else {
        return false
      }
      return UnsafeRawPointer(start) <= address && address < UnsafeRawPointer(start + block.memory.count)
    }
  }

  /// Frees the memory when the last region of it is gone.
  private final class Block: @unchecked Sendable {
    let memory: UnsafeMutableRawBufferPointer

    init(byteCount: Int) { memory = .allocateBlock(byteCount: byteCount) }

    deinit { memory.deallocate() }
  }
}
