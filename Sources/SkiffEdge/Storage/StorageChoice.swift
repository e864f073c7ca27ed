import SkiffBinary
import SkiffIR

/// The forms in which a tensor can be stored without loss, and what each takes in a file.
package struct StorageChoice {
  /// One of them.
  package struct Form {
    /// What it takes: its segments with what aligns them, and what the graph says of it.
    package let byteCount: Int
    /// What it is called.
    package let name: String
    fileprivate let make: () throws(ModelError) -> Constant

    /// The tensor in this form.
    package func constant() throws(ModelError) -> Constant { try make() }
  }

  /// All forms, the simplest first.
  package private(set) var forms: [Form] = []

  /// The simplest form that takes hardly more than the smallest: a gain below one percent is not worth decoding.
  package var chosen: Form {
    let least = forms.map(\.byteCount).min() ?? 0
    return forms.first { $0.byteCount <= least + least / 100 } ?? forms[0]
  }

  /// Measures the forms of `tensor`.
  package init(of tensor: Tensor) throws(ModelError) { try self.init(of: tensor, triesSparse: true) }

  /// The elements of a sparse tensor are not sparse again.
  private init(of tensor: Tensor, triesSparse: Bool) throws(ModelError) {
    add(Constant(tensor))
    guard tensor.count > 0, tensor.dataType.bitWidth > 0 else { return }
    let bits = Constant.fewestBits(of: tensor)
    let palette = try Constant(palettizing: tensor)
    if let bits { add(packing: tensor, bits: bits) }
    if let palette, palette.bytes.count < tensor.bytes.count { add(palette) }
    if tensor.dataType.bitWidth <= 8 {
      addCoded(Constant(tensor))
    } else {
      if let bits, bits <= 8 { addCoded(try Constant(packing: tensor, bits: 8)) }
      if let palette = try Constant(palettizing: tensor, bits: 8) { addCoded(palette) }
    }
    if triesSparse { try addSparse(tensor) }
  }

  /// The best form of a constant after its transforms; what is dense may still have to be moved.
  package static func smallest(of constant: Constant) throws(ModelError) -> Constant {
    if case .blocked(let blocks) = constant.encoding, constant.transforms.isEmpty {
      return try smallest(of: constant, blocks)
    }
    if case .codebook(let codebook) = constant.encoding, constant.transforms.isEmpty {
      var choice = try StorageChoice(of: constant.materialize())
      try choice.add(codebook, of: constant)
      return try choice.chosen.constant()
    }
    let plain =
      constant.isPlain && constant.comesInPieces ? constant : Constant(try constant.materialize())
    guard try mayShrink(plain) else { return plain }
    let smallest = try StorageChoice(of: plain.materialize()).chosen.constant()
    return smallest.isPlain ? plain : smallest
  }

  /// The most bytes of integers that are entropy-coded: large tensors are read piece by piece.
  private static let mostCodedBytes = 1 << 20

  /// The best form of blocks of integers, which stay integers.
  private static func smallest(
    of constant: Constant, _ blocks: Constant.Blocks
  ) throws(ModelError) -> Constant {
    let form = try Constant(
      constant.type.dataType, shape: constant.shape, bytes: constant.entropyDecoded().bytes,
      encoding: .blocked(
        Constant.Blocks(
          bits: blocks.bits, axis: blocks.axis, size: blocks.size, scales: smallest(ofPart: blocks.scales),
          zeroPoints: blocks.zeroPoints.map(smallest(ofPart:)))))
    guard form.bytes.count <= mostCodedBytes else { return form }
    let histogram = ByteHistogram(of: form.bytes)
    guard histogram.entropy < 7.96 else { return form }
    let coded = form.entropyCoded(histogram)
    return form.edgeByteCount <= coded.edgeByteCount + coded.edgeByteCount / 100 ? form : coded
  }

  /// The best form of a part of another constant.
  private static func smallest(ofPart part: Constant) throws(ModelError) -> Constant {
    let plain = Constant(try part.materialize())
    guard try mayShrink(plain) else { return plain }
    return try StorageChoice(of: plain.materialize(), triesSparse: false).chosen.constant()
  }

  /// Adds the vectors of tables as which a constant is stored, in as few bits as their codes need; and entropy-coded, up to 8 bits in a byte each.
  private mutating func add(_ codebook: Constant.Codebook, of constant: Constant) throws(ModelError) {
    let tight = codebook.tightened(try Self.smallest(ofPart: codebook.tables))
    let codes = try codebook.codes(constant.entropyDecoded().bytes, shape: constant.shape)
    func form(_ codebook: Constant.Codebook) throws(ModelError) -> Constant {
      try Constant(
        codes: codes, of: codebook, constant.type.dataType, shape: constant.shape,
        quantization: constant.type.quantization)
    }
    add(try form(tight))
    addCoded(try form(tight.withBits(max(8, tight.bits))))
  }

  /// Elements that are looked at before all are.
  private static let sampleCount = 4096

  /// Whether there is hope for another form, by some of the elements. Those of more than 8 bits need few different ones,
  /// or zeros.
  package static func mayShrink(_ constant: Constant) throws(ModelError) -> Bool {
    guard let sample = try constant.sample(sampleCount), sample.dataType.bitWidth > 8 else { return true }
    if try Constant(palettizing: sample) != nil { return true }
    return try nonzeroCount(of: sample) < sample.count * 31 / 32
  }

  private static func nonzeroCount(of tensor: Tensor) throws(ModelError) -> Int {
    guard case .sparse(let nonzeros) = try Constant(sifting: tensor)?.encoding else { return tensor.count }
    return nonzeros.shape[0]
  }

  private mutating func add(_ constant: Constant) {
    forms.append(
      Form(
        byteCount: constant.edgeByteCount, name: constant.formName,
        make: { () throws(ModelError) in constant }))
  }

  /// Adds a form whose size is known before it is made.
  private mutating func add(packing tensor: Tensor, bits: Int) {
    let size = (tensor.count * bits + 7) / 8
    forms.append(
      Form(
        byteCount: size + Constant.packedOverhead,
        name: "packed to \(bits) bits",
        make: { () throws(ModelError) in try Constant(packing: tensor, bits: bits) }))
  }

  /// Adds the entropy-coded form, unless its bytes are all but equally frequent.
  private mutating func addCoded(_ constant: Constant) {
    let histogram = ByteHistogram(of: constant.bytes)
    if histogram.entropy < 7.96 { add(constant.entropyCoded(histogram)) }
  }

  private mutating func addSparse(_ tensor: Tensor) throws(ModelError) {
    let isWorthIt = try Self.nonzeroCount(of: tensor) < tensor.count * 31 / 32
    guard isWorthIt,
      let sparse = try Constant(
        sifting: tensor,
        encode: { (elements) throws(ModelError) in
          try StorageChoice(of: elements, triesSparse: false).chosen.constant()
        })
    else { return }
    add(sparse)
    addCoded(sparse)
  }
}

extension Constant {
  /// What a table for the number of bits takes in a graph.
  fileprivate static let packedOverhead = 16

  /// What its segment begins at a multiple of: elements that are used where they are in the file want whole words, and many of them whole
  /// lines of the cache.
  package var segmentAlignment: Int {
    guard isPlain else { return 1 }
    return bytes.count < 1024 ? 8 : EdgeFormat.alignment
  }

  /// The bytes that the constant takes in a file, without its name and type.
  package var edgeByteCount: Int {
    let segment = EdgeFormat.room(for: bytes.count, alignment: segmentAlignment)
    return switch encoding {
    case .dense: segment
    case .packed: segment + Self.packedOverhead
    case .palette(let table, _): segment + Self.packedOverhead + 8 + table.bytes.count
    case .sparse(let nonzeros): segment + 2 * Self.packedOverhead + nonzeros.edgeByteCount
    case .blocked(let blocks):
      segment + 3 * Self.packedOverhead + blocks.scales.edgeByteCount
        + (blocks.zeroPoints?.edgeByteCount ?? 0)
    case .codebook(let codebook): segment + 3 * Self.packedOverhead + codebook.tables.edgeByteCount
    }
  }

  /// The form in which the constant is stored, in words.
  package var formName: String {
    let name =
      switch encoding {
      case .dense: "dense"
      case .packed(let bits): "packed to \(bits) bits"
      case .palette(let table, let bits): "palette of \(table.count) in \(bits) bits"
      case .sparse(let nonzeros): "sparse with \(nonzeros.shape[0]) elements, \(nonzeros.formName)"
      case .blocked(let blocks):
        "blocks of \(blocks.size) of \(blocks.bits) bits, scales \(blocks.scales.formName)"
      case .codebook(let codebook): codebook.formName
      }
    if compression == .none { return name }
    return encoding == .dense ? "entropy-coded" : "\(name), entropy-coded"
  }
}

extension Constant.Codebook {
  fileprivate var formName: String {
    let tables = self.tables.shape.first ?? 0
    return (tables == 1 ? "" : "\(tables) tables of ") + "\(count) vectors of \(length) in \(bits) bits"
  }
}
