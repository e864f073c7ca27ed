import CSystem

extension UnsafeMutableRawBufferPointer {
  /// A block of memory, 64-byte aligned, to be deallocated like any other.
  ///
  /// A large one is in huge pages where the system has them: to get a page when it is first written to takes about as long for
  /// 4 KB as for 2 MB, and for 4 KB longer than to decode the weights that go there.
  package static func allocateBlock(byteCount: Int) -> Self {
    let block = allocate(byteCount: byteCount, alignment: 64)
    if byteCount >= 4 << 20, let address = block.baseAddress { skiff_prefer_huge_pages(address, byteCount) }
    return block
  }
}
