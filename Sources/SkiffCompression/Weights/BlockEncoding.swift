import CKernels
import SkiffBinary
import SkiffIR
import SkiffInterpreter

/// Weights become blocks of integers piece by piece: neither a tensor nor what becomes of it has to be in memory.
///
/// The integers are those that rounding a matrix in memory gives. It serves settings that look at nothing but the weights of
/// a block.
struct BlockEncoding {
  private let weight: WeightTensor
  private let quantization: WeightQuantization
  private let layout: BlockLayout

  /// Nil for other settings.
  init?(_ weight: WeightTensor, _ settings: WeightCompression.Settings) {
    guard settings.pruning == nil, !settings.looksAtSamples,
      case .integers(let quantization) = settings.coding.fitting(weight),
      case .block(let size) = quantization.granularity
    else { return nil }
    (self.weight, self.quantization) = (weight, quantization)
    layout = BlockLayout(weight.shape, axis: weight.blockAxis, size: size)
  }

  /// The weights of so many at a time go through a cache.
  private static let pieceCount = 1 << 18
  /// The pieces that are made at a time, by all processors.
  private static let batchCount = max(8, 2 * Parallel.processorCount)

  func apply(
    to graph: inout Graph, _ scratch: inout ScratchFile
  ) throws(ModelError) -> WeightCompression.Change? {
    guard let constant = graph[weight.value].constant else { return nil }
    let bits = quantization.bits
    let scales = try scratch.region(count: 2 * layout.groupCount)
    let zeroPoints = try scratch.region(count: quantization.isSymmetric ? 0 : layout.groupCount)
    let codes = try scratch.region(count: BitCodes.byteCount(layout.count, bits: bits))
    var (packed, hasZeroPoints) = (PackedCodes(bits: bits), false)
    var sums = skiff_code_sums()
    try locating(Location(tensor: weight.name)) { () throws(ModelError) in
      let source = try RealElements(constant)
      let pieces = layout.pieces(of: Self.pieceCount)
      for first in stride(from: 0, to: pieces.count, by: Self.batchCount) {
        let (end, next) = (first + Self.batchCount, first + 2 * Self.batchCount)
        let batch = Array(pieces[first..<min(end, pieces.count)])
        if end < pieces.count {
          let runs = pieces[end].lowerBound..<pieces[min(next, pieces.count) - 1].upperBound
          source.prefetch(layout.elements(of: runs))
        }
        defer { source.release(layout.elements(of: batch[0].lowerBound..<batch[batch.count - 1].upperBound)) }
        for piece in try encoded(batch, source) {
          sums.add(piece.sums)
          guard sums.signal.isFinite else {
            throw ModelError(.invalidArgument, "a weight is infinite or not a number")
          }
          guard weight.isFinite(sums.greatest) else { throw weight.tooLarge(for: "\(bits) bits") }
          let group = layout.groups(of: piece.blocks).lowerBound
          try scales.write(piece.scales, at: 2 * group)
          if !quantization.isSymmetric {
            hasZeroPoints = hasZeroPoints || piece.zeroPoints.contains { $0 != 0 }
            try zeroPoints.write(piece.zeroPoints, at: group)
          }
          try packed.append(piece.codes, to: codes)
        }
      }
      try packed.finish(codes)
    }
    constant.bytes.releasePages()
    let sizes = layout.groupShape
    let blocks = Constant.Blocks(
      bits: bits, axis: weight.blockAxis, size: layout.size,
      scales: try Constant(.bfloat16, shape: sizes, bytes: scales.bytes),
      zeroPoints: hasZeroPoints ? try Constant(.int8, shape: sizes, bytes: zeroPoints.bytes) : nil)
    graph.setConstant(
      weight.value,
      to: try Constant(weight.dataType, shape: weight.shape, bytes: codes.bytes, encoding: .blocked(blocks)))
    return WeightCompression.Change(
      name: weight.name, label: weight.label(in: graph), elements: layout.count, zeros: sums.zeros,
      signalToNoise: WeightError.decibels(signal: sums.signal, noise: sums.noise), coding: "\(bits) bits")
  }

  /// What some blocks became.
  private struct Piece: Sendable {
    let blocks: Range<Int>
    var codes: [UInt8]
    var scales: [UInt16]
    var zeroPoints: [Int8]
    var sums = skiff_code_sums()
  }

  private func encoded(_ batch: [Range<Int>], _ source: RealElements) throws(ModelError) -> [Piece] {
    let workers = min(Parallel.processorCount, batch.count)
    let parts = try Parallel.map(workers: workers) { (worker) throws(ModelError) in
      var pieces: [Piece] = []
      for index in stride(from: worker, to: batch.count, by: workers) {
        pieces.append(try encoded(batch[index], source))
      }
      return pieces
    }
    return parts.joined().sorted { $0.blocks.lowerBound < $1.blocks.lowerBound }
  }

  private func encoded(_ blocks: Range<Int>, _ source: RealElements) throws(ModelError) -> Piece {
    let (elements, groups) = (layout.elements(of: blocks), layout.groups(of: blocks))
    var piece = Piece(
      blocks: blocks, codes: [UInt8](repeating: 0, count: elements.count),
      scales: [UInt16](repeating: 0, count: groups.count),
      zeroPoints: [Int8](repeating: 0, count: groups.count))
    try source.withFloats(elements) { floats in
      piece.codes.withUnsafeMutableBytes { codes in
        piece.scales.withUnsafeMutableBufferPointer { scales in
          piece.zeroPoints.withUnsafeMutableBufferPointer { zeroPoints in
            var form = quantization.form
            layout.forEachRun(of: blocks, floats, codes) { floats, rows, group, codes in
              skiff_f32_encode_blocks(
                floats.count, floats.baseAddress, rows, &form, codes.baseAddress,
                scales.baseAddress.map { $0 + group }, zeroPoints.baseAddress.map { $0 + group }, &piece.sums)
            }
          }
        }
      }
    }
    return piece
  }
}

extension skiff_code_sums {
  fileprivate mutating func add(_ other: skiff_code_sums) {
    signal += other.signal
    noise += other.noise
    zeros += other.zeros
    greatest = max(greatest, other.greatest)
  }
}

/// Codes that are packed as they come.
private struct PackedCodes {
  let bits: Int
  /// Codes behind the last eight that were packed.
  private var rest: [UInt8] = []
  private var place = 0

  init(bits: Int) { self.bits = bits }

  mutating func append(_ codes: [UInt8], to region: borrowing ScratchRegion) throws(ModelError) {
    rest += codes
    let whole = rest.count / 8 * 8
    try write(whole, to: region)
    rest.removeFirst(whole)
  }

  /// Packs what is left.
  mutating func finish(_ region: borrowing ScratchRegion) throws(ModelError) {
    try write(rest.count, to: region)
  }

  private mutating func write(_ count: Int, to region: borrowing ScratchRegion) throws(ModelError) {
    let size = BitCodes.byteCount(count, bits: bits)
    let packed = ByteRegion(count: size) { target in
      rest.withUnsafeBytes {
        BitCodes.pack(UnsafeRawBufferPointer(rebasing: $0[..<count]), bits: bits, to: target)
      }
    }
    try packed.withBytes { (bytes) throws(ModelError) in try region.write(bytes, at: place) }
    place += size
  }
}
