import CZlib

extension ByteRegion {
  /// The `count` bytes that this region, raw deflate (RFC 1951), expands to.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if the stream is damaged, or expands to more or to fewer bytes, or ends
  ///   before the region does.
  package func inflated(count: Int) throws(ModelError) -> ByteRegion {
    let source = self
    return try ByteRegion(count: count) { (output) throws(ModelError) in
      try source.withBytes { (input) throws(ModelError) in
        try inflateRaw(input, into: output, at: Location(byteOffset: source.offset))
      }
    }
  }
}

/// zlib counts what it may read and write in 32 bits, so that long buffers are handed over in portions.
private func inflateRaw(
  _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, at place: Location
) throws(ModelError) {
  // The state inside points back at the stream, which must therefore not move between the calls.
  let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  stream.initialize(to: z_stream())
  defer { stream.deallocate() }
  // What it allocates has the same size for all input; without so little memory the runtime does not go on either.
  guard skiff_inflate_init_raw(stream) == Z_OK else { fatalError("zlib has no memory to inflate with") }
  defer { inflateEnd(stream) }

  var consumed = 0
  var produced = 0
  var status = Z_OK
  while status == Z_OK {
    let readable = min(input.count - consumed, Int(Int32.max))
    let writable = min(output.count - produced, Int(Int32.max))
    stream.pointee.avail_in = uInt(readable)
    stream.pointee.avail_out = uInt(writable)
    stream.pointee.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?
      .advanced(by: consumed).assumingMemoryBound(to: Bytef.self)
    stream.pointee.next_out =
      output.baseAddress?.advanced(by: produced).assumingMemoryBound(to: Bytef.self)
    status = inflate(stream, Z_NO_FLUSH)
    consumed += readable - Int(stream.pointee.avail_in)
    produced += writable - Int(stream.pointee.avail_out)
  }
  // A full buffer and a stream that goes on, or an input at its end, give Z_BUF_ERROR in the end.
  guard status == Z_STREAM_END, consumed == input.count, produced == output.count else {
    let reason =
      switch status {
      case Z_STREAM_END: "ends after \(consumed) of \(input.count) bytes, expanded to \(produced)"
      case Z_BUF_ERROR: "does not end with the \(output.count) bytes that it should expand to"
      default: "is damaged after \(produced) bytes"
      }
    throw ModelError(.malformed, "the deflate stream \(reason)", at: place)
  }
}
