import CZlib

extension ByteRegion {
  /// The region as raw deflate (RFC 1951) at zlib's best; nil if that is not smaller, or from 2 GiB on.
  package func deflated() throws(ModelError) -> ByteRegion? {
    guard count > 1, count < Int(Int32.max) else { return nil }
    var size = 0
    let target = ByteRegion(count: count - 1) { output in
      size = withBytes { deflateRaw($0, into: output) }
    }
    return size == 0 ? nil : try target.slice(offset: 0, count: size)
  }
}

/// Deflates at once; the result is the size, 0 if the output is too small.
private func deflateRaw(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int {
  // The state inside points back at the stream, which must therefore not move between the calls.
  let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  stream.initialize(to: z_stream())
  defer { stream.deallocate() }
  // What it allocates has the same size for all input; without so little memory the runtime does not go on either.
  guard skiff_deflate_init_raw(stream) == Z_OK else { fatalError("zlib has no memory to deflate with") }
  defer { deflateEnd(stream) }
  stream.pointee.avail_in = uInt(input.count)
  stream.pointee.avail_out = uInt(output.count)
  stream.pointee.next_in =
    UnsafeMutableRawPointer(mutating: input.baseAddress)?.assumingMemoryBound(to: Bytef.self)
  stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: Bytef.self)
  return deflate(stream, Z_FINISH) == Z_STREAM_END ? output.count - Int(stream.pointee.avail_out) : 0
}
